"""Synchronous SGD on a star in SimGrid: prints the seconds of CPU time that it takes. A program of its own.

Arguments: workers, updates, spread of the computing time [s]; as ``workloads.parameter_server``, on a cluster of
interfaces that are full duplex. The platform is the file of the last argument.
"""

from __future__ import annotations

import random
import sys
import time

import simgrid  # ty: ignore

workers, updates, spread = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
draw = random.Random(1).random
SIZE = 1_000_000


def worker(me, server, barrier):
    for _ in range(updates):
        simgrid.this_actor.sleep_for(1.0 + draw() * spread)
        simgrid.Comm.sendto(me, server, SIZE)
        barrier.wait()
        simgrid.Comm.sendto(server, me, SIZE)


settings = ("network/model:CM02", "network/crosstraffic:0", "network/optim:Full", "contexts/stack-size:64")
engine = simgrid.Engine(["star", "--log=root.threshold:error", *(f"--cfg={setting}" for setting in settings)])
engine.load_platform(sys.argv[4])
hosts = [simgrid.Host.by_name(f"h{index}") for index in range(workers + 1)]
together = simgrid.Barrier(workers)
for index, host in enumerate(hosts[1:]):
    simgrid.Actor.create(f"worker-{index}", host, worker, host, hosts[0], together)
begin = time.process_time()
engine.run()
print(time.process_time() - begin, simgrid.Engine.clock)
