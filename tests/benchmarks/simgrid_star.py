"""Synchronous SGD on a star in SimGrid: prints the seconds of CPU time that it takes, and the simulated time.

A program of its own: SimGrid runs once. Arguments: workers, updates, spread of the computing time [s], and the file of
the platform. Each message is put and got by actors of its own, as programs for SimGrid are written.
"""

from __future__ import annotations

import random
import sys
import time

import simgrid  # ty: ignore

workers, updates, spread = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
draw = random.Random(1).random
SIZE = 1_000_000


def train(push, pull):
    """Compute, push and pull."""
    for _ in range(updates):
        simgrid.this_actor.sleep_for(1.0 + draw() * spread)
        push.put("gradient", SIZE)
        pull.get()


def serve(push, pull, together):
    """Serve one worker, together with those who serve the others."""
    for _ in range(updates):
        push.get()
        together.wait()
        pull.put("parameters", SIZE)


settings = ("network/model:CM02", "network/crosstraffic:0", "network/optim:Full", "contexts/stack-size:64")
engine = simgrid.Engine(["star", "--log=root.threshold:error", *(f"--cfg={setting}" for setting in settings)])
engine.load_platform(sys.argv[4])
server = simgrid.Host.by_name("h0")
barrier = simgrid.Barrier(workers)
for index in range(1, workers + 1):
    host = simgrid.Host.by_name(f"h{index}")
    boxes = simgrid.Mailbox.by_name(f"push-{index}"), simgrid.Mailbox.by_name(f"pull-{index}")
    simgrid.Actor.create(f"worker-{index}", host, train, *boxes)
    simgrid.Actor.create(f"server-{index}", server, serve, *boxes, barrier)
begin = time.process_time()
engine.run()
print(time.process_time() - begin, simgrid.Engine.clock)
