"""Elastic averaging SGD in the order of DeepSpark (``easgd``; Zhang et al. 2015; Kim et al. 2016).

Modelled: after its local iterations (the period) a worker opens a connection to the server. First the server encodes
and sends its parameters s as they are then; the worker decodes them, encodes and sends its own parameters w, moves
towards the server's, w <- (1 - a) w + a s, and computes on as soon as its own are sent. Then the server decodes them,
and moves towards them, s <- (1 - a f) s + a f w, with the same w as the worker: without a lock, on as many cores as
are free. Nobody waits for other workers. Shares of several servers, buckets of layers and slices go that way
independently of each other. So W bytes travel each way in a period.

Assumed: opening a connection, and moving the worker's parameters, cost nothing; moving the server's reads one message
at the aggregation rate. An update is one period of one worker, and is applied when the server has moved; its staleness
is the number of other workers' updates between the server's sending and that. The training is over when the last
update is applied: what is under way then is dismissed.

Faults: a worker that crashes takes its transfers along, and nobody waits for it; it comes back by taking over the
server's parameters. A server that crashes stops everybody (see ``supervision``).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from simcluster.cluster.cores import Process
from simcluster.cluster.machines import Server, Worker
from simcluster.cluster.messages import Message, Part
from simcluster.options import FieldError, PositiveNumber
from simcluster.recording import ENCODE, PUSH, SERVER_DECODE, Contribution, Piece, words
from simcluster.schemes.parameter_server.applying import LockFree
from simcluster.schemes.parameter_server.asynchronous import Asynchronous, OpenGate
from simcluster.schemes.parameter_server.options import ParameterServerOptions
from simcluster.schemes.seams import Cluster, Scheme


class EasgdOptions(ParameterServerOptions):
    """The ``training`` section of ``easgd``."""

    goes_on: ClassVar[bool] = True

    scheme: Literal["easgd"] = "easgd"
    moving_rate: Annotated[PositiveNumber, Field(le=1)] = Field(
        default=0.1, description="How far a worker moves towards the server's parameters (a)."
    )
    server_factor: PositiveNumber = Field(
        default=1.0, description="How far the server moves towards the worker's, in moving rates (f)."
    )

    def contributions(self, workers: int) -> int:
        """Return how many workers' contributions one update has: one."""
        return 1

    @model_validator(mode="after")
    def _check_rates(self) -> Self:
        if self.exchange != "parameters":
            raise FieldError("scheme 'easgd' moves parameters towards each other, not gradients", "exchange")
        if self.moving_rate * self.server_factor > 1:
            raise FieldError(
                f"moving_rate * server_factor is above 1: the server would jump over the worker's parameters; "
                f"expected at most {1 / self.moving_rate:g}",
                "server_factor",
            )
        return self


OPTIONS = EasgdOptions


class Easgd(Asynchronous):
    """The processes of elastic averaging.

    Parameters
    ----------
    options : EasgdOptions
    cluster : Cluster
        The machines, channels and clock that the scheme orchestrates.
    """

    def __init__(self, options: EasgdOptions, cluster: Cluster) -> None:
        super().__init__(options, cluster, LockFree(), OpenGate())
        self._moving_rate = options.moving_rate
        self._servers_rate = options.moving_rate * options.server_factor

    def _exchange(
        self, worker: Worker, server: Server, update: int, share: Part, follower: Contribution
    ) -> Process:
        """Get the server's parameters, send one's own, and move towards each other."""
        push, replica = self._cluster.push, self._cluster.learner.replica(worker.index)
        theirs = yield from self._receive(worker, server, update, share, follower)
        own = yield from push.encode(worker, share, replica.parameters(share), follower, ENCODE)
        replica.blend(share, theirs.values, self._moving_rate)
        follower.enter(PUSH)
        with worker.send.during(words.PUSH, update, own.size):
            yield from self._delivery.send(push, worker, (server,), own, follower)
        self._crew.begin(worker.index, self._move(worker, server, update, own))

    def _move(self, worker: Worker, server: Server, update: int, message: Message) -> Process:
        """Move the server towards what a worker has sent."""
        nobody = Piece(update)
        yield from self._cluster.push.decode(server, message, nobody, SERVER_DECODE)
        yield from self._applying.apply(server, message.part, self._cluster.push.averaged_size(message.part), nobody)
        if not self._versions.over:
            self._store.blend(message.part, message.values, self._servers_rate)
            self._versions.apply(worker.index, update, message.part)


def build(options: EasgdOptions, cluster: Cluster) -> Scheme:
    """Return the scheme, ready to start."""
    return Easgd(options, cluster)
