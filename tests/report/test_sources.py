"""What ``simcluster report`` makes of stores and folders, and that a folder of ``run --out`` is complete."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from simcluster.cli.run_output import write_scenario
from tests.building import BASE, scenario
from tests.cli.test_commands import simcluster
from tests.report.test_pages import text_of

ERROR = "<b>no</b> <script>alert(1)</script>"
JITTER = {"jitter": {"distribution": "gamma", "cv": 0.2}}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with 2 x 2 points of 3 replications each; not to be changed."""
    folder = tmp_path_factory.mktemp("sweep")
    data = {**BASE, "name": "my-cluster", "description": "As we have it.", "compute": {**BASE["compute"], **JITTER}}
    (folder / "s.yaml").write_text(yaml.safe_dump(data))
    axes = ("--set", "cluster.workers=2,4", "--set", "network.bandwidth=1Gbit/s,10Gbit/s")
    done = simcluster(
        "sweep", "s.yaml", *axes, "--replications", "3", "--store", "store", "--out", "out", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return folder


def interrupted(whole: Path, store: Path, *, done: int, failed: int) -> Path:
    """Return a copy of a store in which only the first runs were tried."""
    shutil.copy(whole / "store", store)
    with closing(sqlite3.connect(store)) as base:
        keys = [(key,) for (key,) in base.execute("SELECT key FROM points ORDER BY point, replication")]
        base.executemany("DELETE FROM summary WHERE key = ?", keys[done:])
        base.executemany("DELETE FROM tables WHERE key = ?", keys[done:])
        base.executemany("DELETE FROM runs WHERE key = ?", keys[done + failed :])
        update = "UPDATE runs SET status = 'failed', scenario = '', error = ? WHERE key = ?"
        base.executemany(update, [(ERROR, key) for (key,) in keys[done : done + failed]])
        base.commit()
    return store


def reported(source: Path) -> str:
    """Return the page about a store or folder."""
    page = source.parent / f"{source.name}.html"
    done = simcluster("report", str(source), "-o", str(page))
    assert done.returncode == 0, done.stderr
    return page.read_text()


def test_the_page_of_a_store_says_what_was_swept_and_how_often(whole: Path) -> None:
    page = reported(whole / "store")
    assert "<h1>my-cluster</h1>" in page
    text = text_of(page)
    assert "As we have it." in text
    assert "A sweep of 4 points. 3 replications of each. 12 of 12 runs done, 0 failed." in text
    assert "Failed runs" not in text
    # The first point, as it was resolved: its own values, and defaults that the file doesn't say.
    resolved = text.partition("The scenario")[2].partition("All points")[0]
    for setting in (r"cluster\.workers\s+2", r"network\.bandwidth\s+1 Gbit/s", r"compute\.jitter\.cv\s+0\.2"):
        assert re.search(rf"{setting}\s", resolved), setting
    assert re.search(r"compression\.usage\s+every-update\s", resolved)
    points = text.partition("All points")[2]
    assert "at a confidence of 95 %" in points
    assert re.search(r"2\s+1 Gbit/s\s+3\s+[\d.]+ s\s+± [\d.]+ m?s\s", points)


def test_the_page_of_an_interrupted_store_says_so(whole: Path, tmp_path: Path) -> None:
    page = reported(interrupted(whole, tmp_path / "store", done=4, failed=2))
    text = text_of(page)
    assert "A sweep of 4 points. 3 replications of each. 4 of 12 runs done, 2 failed, 6 still to do." in text
    # The values that are still to be tried, too.
    assert re.search(r"Workers M\s+2, 4\s", text)
    assert ERROR not in page
    failures = page.partition("Failed runs")[2].partition("<h2>")[0]
    assert failures.count("&lt;b&gt;no&lt;/b&gt; &lt;script&gt;") == 2
    assert re.search(r"M = 2, Bandwidth 10 Gbit/s\s+1\s+\d+\s", text_of(failures))
    # One point has all replications, another one of them, and so no interval.
    assert re.search(r"2\s+1 Gbit/s\s+3\s+[\d.]+ s\s+±", text)
    assert re.search(r"2\s+10 Gbit/s\s+1\s+[\d.]+ s\s+[^±\s]", text)


def test_runs_that_all_failed_are_a_page_and_runs_that_none_was_tried_are_not(whole: Path, tmp_path: Path) -> None:
    page = reported(interrupted(whole, tmp_path / "failed", done=0, failed=12))
    assert "0 of 12 runs done, 12 failed." in page
    assert "<h1>my-cluster</h1>" in page
    assert "All points" not in page
    untried = interrupted(whole, tmp_path / "untried", done=0, failed=0)
    done = simcluster("report", str(untried), "-o", str(tmp_path / "o.html"))
    assert done.returncode == 2
    assert "no points that are done" in done.stderr


def test_the_page_is_about_the_last_sweep_of_a_store(whole: Path, tmp_path: Path) -> None:
    shutil.copy(whole / "store", tmp_path / "store")
    (tmp_path / "other.yaml").write_text(yaml.safe_dump({**BASE, "name": "other"}))
    done = simcluster("sweep", "other.yaml", "--set", "cluster.workers=3,5,7", "--store", "store", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = text_of(reported(tmp_path / "store"))
    assert "A sweep of 3 points. 3 of 3 runs done, 0 failed." in text
    assert re.search(r"name\s+other\s", text)
    assert "confidence" not in text


def test_the_page_of_a_folder_tells_replications_and_where_more_is_told(whole: Path) -> None:
    text = text_of(reported(whole / "out"))
    assert "A sweep of 4 points. 3 replications of each." in text
    assert "simcluster sweep --store" in text
    assert re.search(r"2\s+1 Gbit/s\s+3\s+[\d.]+ s\s+±", text)


PLATFORM = """<?xml version="1.0"?>
<platform version="4.1"><zone id="z" routing="Full">
<host id="a" speed="1Gf"/><host id="b" speed="1Gf"/><host id="c" speed="1Gf"/>
<link id="l" bandwidth="125MBps" latency="0s"/>
<route src="a" dst="b"><link_ctn id="l"/></route><route src="a" dst="c"><link_ctn id="l"/></route>
<route src="b" dst="c"><link_ctn id="l"/></route>
</zone></platform>
"""


def with_data_files(folder: Path) -> None:
    """Write a scenario that names four files: two of one name, two the same."""
    (folder / "deep").mkdir()
    (folder / "links.csv").write_text("time_s,rate_bytes_per_s\n0,1e6\n5,2e6\n")
    (folder / "deep" / "Links.csv").write_text("time_s,factor\n0,1\n3,0.5\n")
    (folder / "deep" / "p.xml").write_text(PLATFORM)
    background = [{"link": "*", "trace": "links.csv"}, {"link": "*", "trace": "links.csv"}]
    network = {"topology": "custom", "platform": "deep/p.xml", "background": background}
    network["schedule"] = [{"trace": "deep/Links.csv"}, {"at": "1 s", "factor": 0.9}]
    data = {**BASE, "cluster": {"workers": 2}, "network": network}
    (folder / "s.yaml").write_text(yaml.safe_dump(data))


def test_a_run_s_folder_has_the_data_files_and_can_be_run_and_reported_anywhere(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    with_data_files(here)
    first = simcluster("run", "s.yaml", "--record", "--out", "o", cwd=here)
    assert first.returncode == 0, first.stderr
    moved = tmp_path / "moved"
    (here / "o").rename(moved)
    shutil.rmtree(here)
    network = yaml.safe_load((moved / "scenario.yaml").read_text())["network"]
    assert network["platform"] == "data/p.xml"
    assert [one["trace"] for one in network["background"]] == ["data/links.csv"] * 2
    assert network["schedule"][0]["trace"] == "data/Links-2.csv"
    assert {path.name for path in (moved / "data").iterdir()} == {"p.xml", "links.csv", "Links-2.csv"}
    assert "data/Links-2.csv" in text_of(reported(moved))
    # Into the folder itself, too: what is read there is not written over before.
    again = simcluster("run", "scenario.yaml", "--record", "--out", ".", cwd=moved)
    assert again.returncode == 0, again.stderr
    assert again.stdout == first.stdout
    assert yaml.safe_load((moved / "scenario.yaml").read_text())["network"] == network


def test_a_run_without_data_files_makes_no_folder_for_them(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(BASE))
    assert simcluster("run", "s.yaml", "--out", "o", cwd=tmp_path).returncode == 0
    assert not (tmp_path / "o" / "data").exists()


def test_data_files_that_can_not_be_written_are_one_message(tmp_path: Path) -> None:
    with_data_files(tmp_path)
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "data").write_text("in the way")
    done = simcluster("run", "s.yaml", "--out", "o", cwd=tmp_path)
    assert done.returncode == 2
    assert "--out o/data" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_file_in_the_folder_is_read_before_one_of_its_name_is_written(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    old, new = "time_s,factor\n0,1\n", "time_s,factor\n0,0.5\n"
    (tmp_path / "data" / "a.csv").write_text(old)
    (tmp_path / "a.csv").write_text(new)
    schedule = [{"trace": str(tmp_path / name)} for name in ("a.csv", "data/a.csv")]
    written = list(write_scenario(tmp_path, scenario({"network": {"schedule": schedule}})))
    assert written == [tmp_path / name for name in ("scenario.yaml", "data/a.csv", "data/a-2.csv")]
    assert [path.read_text() for path in written[1:]] == [new, old]
