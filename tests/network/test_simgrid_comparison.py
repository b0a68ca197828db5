"""The same flows on the same platforms as SimGrid's raw flow model (CM02, correction factors off).

CM02 shares in inverse proportion to the latency of a route, so that the flows get weights of 1 / latency here.
Debian's python3-simgrid is looked for too, where it fits this Python.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from simcluster.network.simgrid import read_platform
from tests.network.running import ends, network

RUNNER = Path(__file__).with_name("simgrid_runner.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": "/usr/lib/python3/dist-packages"}


@cache
def missing() -> str:
    """Return why SimGrid can't be used, or nothing."""
    command = [sys.executable, "-c", "import simgrid"]
    found = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    return found.stderr.strip().splitlines()[-1] if found.returncode else ""


def platform(draw, hosts, latency):
    """Return a platform of random links and routes."""
    count = draw.randint(2, 6)
    links = [
        f'<link id="l{index}" bandwidth="{draw.choice([1e6, 3e6, draw.uniform(1e5, 1e7)])}Bps"'
        f' latency="{draw.uniform(1e-3, 1e-1) if latency else 0}s"/>'
        for index in range(count)
    ]
    routes = [
        f'<route src="h{a}" dst="h{b}">'
        + "".join(f'<link_ctn id="l{index}"/>' for index in draw.sample(range(count), draw.randint(1, min(count, 3))))
        + "</route>"
        for a in range(hosts)
        for b in range(a + 1, hosts)
    ]
    machines = [f'<host id="h{index}" speed="1Gf"/>' for index in range(hosts)]
    body = "\n".join(machines + links + routes)
    head = "<?xml version='1.0'?><!DOCTYPE platform SYSTEM 'https://simgrid.org/simgrid.dtd'><platform version='4.1'>"
    return f'{head}<zone id="z" routing="Full">{body}</zone></platform>'


CLUSTER = """<?xml version='1.0'?><!DOCTYPE platform SYSTEM 'https://simgrid.org/simgrid.dtd'><platform version='4.1'>
<cluster id="c" prefix="h" suffix="" radical="0-7" speed="1Gf" bw="1MBps" lat="1ms" bb_bw="2.5MBps" bb_lat="2ms"/>
</platform>"""


def simgrid(path, flows):
    job = json.dumps({"platform": str(path), "flows": flows})
    run = subprocess.run(
        [sys.executable, str(RUNNER)],
        input=job,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize("case", ["latency-0", "latency-1", "latency-2", "instant-0", "instant-1", "cluster"])
def test_flows_end_when_simgrid_ends_them(case, tmp_path):
    if missing():
        pytest.skip(f"SimGrid is missing: {missing()}")
    kind, _, _ = case.partition("-")
    draw = random.Random(case)
    hosts = 8 if kind == "cluster" else 5
    path = tmp_path / "platform.xml"
    path.write_text(CLUSTER if kind == "cluster" else platform(draw, hosts, kind == "latency"))
    flows = []
    for _ in range(40):
        source, destination = draw.sample(range(hosts), 2)
        start = draw.choice([0.0, draw.uniform(0, 20)])
        flows.append((start, f"h{source}", f"h{destination}", float(draw.randint(10_000, 10_000_000))))
    names = [f"h{index}" for index in range(hosts)]
    description = read_platform(str(path))

    def weight(source, destination):
        latency = sum(description.links[name].latency for name in description.route(source, destination))
        return 1.0 / latency if latency else 1.0

    env, net = network("custom", names, platform=str(path))
    found = ends(env, net, [(*flow[:4], weight(flow[1], flow[2])) for flow in flows])
    assert found == pytest.approx(simgrid(path, flows), rel=1e-6)
