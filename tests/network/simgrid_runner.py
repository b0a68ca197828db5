"""Run flows in SimGrid: reads JSON from stdin, prints the end of each flow. A program of its own: SimGrid runs once."""

from __future__ import annotations

import json
import sys

import simgrid  # ty: ignore

job = json.load(sys.stdin)
ends: list[float | None] = [None] * len(job["flows"])


def flow(index, start, source, destination, size):
    simgrid.this_actor.sleep_for(start)
    simgrid.Comm.sendto(simgrid.Host.by_name(source), simgrid.Host.by_name(destination), int(size))
    ends[index] = simgrid.Engine.clock


settings = (
    "network/model:CM02",
    "network/bandwidth-factor:1",
    "network/latency-factor:1",
    "network/weight-S:0",
    "network/TCP-gamma:0",
    "network/crosstraffic:0",
    "network/optim:Full",
    "maxmin/precision:1e-12",
    "surf/precision:1e-12",
)
engine = simgrid.Engine(["flows", "--log=root.threshold:error", *(f"--cfg={setting}" for setting in settings)])
engine.load_platform(job["platform"])
for index, (start, source, destination, size) in enumerate(job["flows"]):
    simgrid.Actor.create(f"flow-{index}", simgrid.Host.by_name(source), flow, index, start, source, destination, size)
engine.run()
print(json.dumps(ends))
