"""The pages about runs and sweeps: what they say, and that a browser shows them without asking for anything."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from simcluster.report import RunTables, run_page, sweep_page
from simcluster.report.pieces import number, settings
from tests.browser import needs_chromium, open_page
from tests.building import run
from tests.plots import builders

CODEC = {"rho": 0.5, "compress_time": "4 s", "decompress_time": "2 s"}
NASTY = "<script>document.title = 'broken'</script> & $x$ <img src=http://127.0.0.1:9/x>"


def jittery(**sections: Any) -> RunTables:
    change = {
        "description": NASTY,
        "compute": {"jitter": {"distribution": "gamma", "cv": 0.5, "per": "update"}},
        "training": {"updates": 5},
        "compression": {"codec": CODEC},
        **sections,
    }
    return RunTables.of(run(change))


def sweep() -> pd.DataFrame:
    tables = [builders.sweep([2, 4, 8], rho=rho, preset=NASTY) for rho in (0.1, 0.2, 0.8)]
    return pd.concat(tables, ignore_index=True).assign(limited_by="network", efficiency=0.5)


def text_of(page: str) -> str:
    """Return what a reader reads, without pictures."""
    return re.sub(r"<svg.*?</svg>|<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)


def test_a_run_with_spans_has_every_section() -> None:
    page = run_page(jittery())
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    assert titles == ["Where the time of an update goes", "What limits it", "Timeline", "Links", "The scenario"]
    # Times of updates, timeline, links.
    assert page.count("<svg") == 3
    text = text_of(page)
    assert "What would help most: a faster codec, or none." in text
    assert re.search(r"compute\.jitter\.cv\s+0\.5", text)
    assert re.search(r"decode × 3", text)


@pytest.mark.parametrize("scheme", ["async-ps", "ad-psgd"])
def test_a_run_of_an_asynchronous_scheme_tells_workers_updates_from_those_of_all(scheme: str) -> None:
    page = run_page(RunTables.of(run({"training": {"scheme": scheme, "updates": 40}})))
    text = text_of(page)
    assert "How stale updates were when they were applied." in text
    assert re.search(r"Update \d of each worker by its own count; update \d+ of all, one of median length, is", text)


def test_numbers_are_those_of_the_run() -> None:
    result = run({"compression": {"codec": CODEC}, "cluster": {"price": 3.6}})
    text = text_of(run_page(RunTables.of(result)))
    # 2 + 4 + 2 + 4*2 + 4 + 2 + 2 s; two updates on five machines at 3.6 an hour; 8 s on one device
    assert re.search(r"time per update\s+24 s\s+the same for all updates", text)
    assert re.search(r"server decode\s+8 s\s+33\.3%", text)
    assert re.search(r"speed-up\s+0\.3333", text)
    assert re.search(r"cost\s+0\.24\s", text)
    assert re.search(r"codec\s+12 s\s+50\.0%\s+6 s", text)


def test_without_spans_the_page_says_how_to_get_more() -> None:
    page = run_page(RunTables.of(run(record=False)))
    assert "simcluster run --record" in page
    assert "<svg" not in page


def test_pages_are_the_same_bytes_again_and_name_nothing_twice() -> None:
    axes = ["cluster.workers", "compression.codec.rho"]
    for make in (lambda: run_page(jittery()), lambda: sweep_page("s", sweep(), axes)):
        page = make()
        assert page == make()
        names = re.findall(r'\bid="([^"]*)"', page)
        assert len(names) == len(set(names)) > 0
        assert set(re.findall(r'href="#([^"]*)"', page)) | set(re.findall(r"url\(#([^)]*)\)", page)) <= set(names)
        assert "<metadata" not in page


def test_a_sweep_over_two_numbers_has_lines_a_map_and_break_evens() -> None:
    page = sweep_page("title", sweep(), ["cluster.workers", "compression.codec.rho"])
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert captions == [
        "Time per update.", "Speed-up.", "Time per update.",
        "Where it is faster than the same cluster without compression.",
    ]
    text = text_of(page)
    assert "A sweep of 9 points." in text
    assert re.search(r"Compressed size / original size ρ\s+0\.1, 0\.2, 0\.8", text)
    assert re.search(r"shortest update\s+14\.\d+ s\s+M = \d, ρ = 0\.1", text)


def test_a_sweep_over_names_has_bars_and_a_comparison() -> None:
    points = builders.presets().assign(limited_by="network", efficiency=0.5)
    page = sweep_page("presets", points, ["preset"])
    assert "The parts of an update, side by side." in page
    assert page.count("<svg") == 3
    many = builders.presets([2, 4]).assign(limited_by="network", efficiency=0.5)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", sweep_page("both", many, ["cluster.workers", "preset"]))
    parts = [f"The parts of an update: {name}." for name in ("vanilla", "gzip", "homomorphic")]
    assert captions == ["Time per update.", "Speed-up.", *parts]


def test_a_third_setting_makes_a_set_of_pictures_each() -> None:
    points = pd.concat([sweep().assign(seed=seed) for seed in range(8)], ignore_index=True)
    page = sweep_page("three", points, ["cluster.workers", "compression.codec.rho", "seed"])
    assert re.findall(r"<h3>(.*?)</h3>", page) == [f"seed {seed}" for seed in range(6)]
    assert "Pictures of further combinations are left out" in page


def test_pictures_come_by_size_whichever_point_is_done_first() -> None:
    points = pd.concat([sweep().assign(seed=seed) for seed in (2, 0, 1)], ignore_index=True)
    page = sweep_page("three", points, ["cluster.workers", "compression.codec.rho", "seed"])
    assert re.findall(r"<h3>(.*?)</h3>", page) == ["seed 0", "seed 1", "seed 2"]


def test_a_long_list_of_failures_is_cut() -> None:
    planned = {"cluster.workers": range(2, 153), "replication": 0, "seed": 7, "status": "failed", "error": NASTY}
    page = sweep_page("failed", sweep().iloc[:0], ["cluster.workers"], runs=pd.DataFrame(planned))
    assert "0 of 151 runs done, 151 failed." in page
    assert "The first 100 of 151." in page
    assert page.count("127.0.0.1") == 100
    assert NASTY not in page


def test_a_sweep_of_one_point_is_a_table() -> None:
    page = sweep_page("one", sweep().iloc[:1], [])
    assert "<svg" not in page
    with pytest.raises(ValueError, match="no points"):
        sweep_page("none", sweep().iloc[:0], ["cluster.workers"])


def test_settings_are_flat_and_in_words() -> None:
    scenario = {"a": {"b": True, "c": None}, "layers": [{"name": "x", "size": 1}, 5]}
    layers = [("layers[0]", "name x, size 1"), ("layers[1]", "5")]
    assert list(settings(scenario)) == [("a.b", "true"), ("a.c", ""), *layers]


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("update_time_s", 1e-7, "0.1 µs"),
        ("update_time_s", 159.5087, "159.5 s"),
        ("network.bandwidth_bytes_per_s", 1.25e8, "1 Gbit/s"),
        ("bytes_on_wire", 123456789012, "123.5 GB"),
        ("workers", 12345, "12345"),
        ("speedup", float("nan"), ""),
        ("preset", "<b>", "<b>"),
        ("flag", True, "True"),
    ],
)
def test_numbers_in_words(column: str, value: object, text: str) -> None:
    assert number(column, value) == text


@needs_chromium
def test_a_browser_shows_the_pages_and_asks_for_nothing(tmp_path: Path) -> None:
    pages = {
        "run": run_page(jittery(cluster={"workers": 16})),
        "sweep": sweep_page(NASTY, sweep(), ["cluster.workers", "compression.codec.rho", "preset"]),
    }
    with open_page() as browser:
        for name, text in pages.items():
            file = tmp_path / f"{name}.html"
            file.write_text(text, encoding="utf-8")
            browser.open(file.as_uri())
            assert browser.evaluate("document.querySelectorAll('figure svg').length") > 2
            assert browser.evaluate("document.title") != "broken"
            assert browser.evaluate("document.scripts.length + document.images.length") == 0
            assert NASTY in browser.evaluate("document.body.innerText")
            # Every picture is drawn, and nothing is wider than the page.
            assert browser.evaluate(
                "[...document.querySelectorAll('figure svg')].every(svg => svg.getBBox().width > 100)"
            )
            assert browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert browser.errors() == []
        assert browser.requests_outside() == []


@needs_chromium
def test_the_browser_would_notice_requests_and_errors(tmp_path: Path) -> None:
    file = tmp_path / "bad.html"
    file.write_text("<img src='http://127.0.0.1:9/x.png'><script>console.error('a'); throw Error('b')</script>")
    with open_page() as browser:
        browser.open(file.as_uri())
        assert browser.requests_outside() == ["http://127.0.0.1:9/x.png"]
        assert len(browser.errors()) >= 2
