"""The end of a training whose workers don't end together: when the last update is applied, everybody is sent home."""

from __future__ import annotations

from collections.abc import Sequence

import simpy

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Worker
from simcluster.recording import words
from simcluster.schemes.crew import Crew
from simcluster.schemes.seams import Cluster


def end(cluster: Cluster, over: simpy.Event, crews: Sequence[Crew]) -> Process:
    """Wait for the end, dismiss all workers wherever they are, and let each do what comes after its last update.

    What is under way is lost: its bytes are discarded, and its rows are kept as updates that were never applied.

    Parameters
    ----------
    cluster : Cluster
    over : simpy.Event
        Happens when the last update has taken effect.
    crews : sequence of Crew
    """
    yield over
    for crew in crews:
        crew.dismiss_all("the training is over")
    for worker in cluster.workers:
        worker.device.clear()
    cluster.journal.cut()
    # Dismissals come before anything else at this instant; who is dismissed still lets go of cores and connections.
    yield cluster.env.timeout(0)
    yield cluster.env.all_of([cluster.env.process(_finish(cluster, worker)) for worker in cluster.workers])


def _finish(cluster: Cluster, worker: Worker) -> Process:
    worker.compute_lane.enter(words.WAIT, cause=words.FINISHED)
    yield from cluster.pull.finish(worker)
