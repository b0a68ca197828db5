"""Files that are opened: regular ones, and no more of them than is asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simcluster.files import lowered, open_regular, read_regular


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("a")
    assert read_regular(tmp_path / "a", 3) == b"abc"
    assert read_regular(str(tmp_path / "link"), 10) == b"abc"
    with open_regular(tmp_path / "a", 3) as file:
        assert file.read() == b"abc"


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    os.truncate(os.open(tmp_path / "hole", os.O_CREAT | os.O_WRONLY), 10**12)
    with pytest.raises(OSError, match="larger than 2 KiB"):
        read_regular(tmp_path / "hole", 2048)
    with pytest.raises(OSError, match=r"larger than 1\.5 MiB"):
        open_regular(tmp_path / "hole", 1.5 * 2**20)


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="needs the files of a Linux kernel")
def test_files_that_declare_no_size_have_a_limit_too() -> None:
    assert Path("/proc/cpuinfo").stat().st_size == 0
    with pytest.raises(OSError, match="larger than"):
        read_regular("/proc/cpuinfo", 10)


@pytest.mark.parametrize("kind", ["fifo", "folder", "device"])
def test_nothing_else_is_opened(tmp_path: Path, kind: str) -> None:
    path = Path("/dev/zero") if kind == "device" else tmp_path / kind
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(OSError, match="not a regular file") as caught:
        open_regular(path, 100)
    assert lowered(caught.value) == "not a regular file"


def test_a_fifo_in_the_place_of_a_file_makes_nobody_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"")
    os.mkfifo(tmp_path / "fifo")
    regular = os.stat(tmp_path / "a")
    monkeypatch.setattr(os, "stat", lambda path: regular)  # looked at before it was exchanged
    with pytest.raises(OSError, match="not a regular file"):
        open_regular(tmp_path / "fifo", 100)


def test_reasons_begin_small() -> None:
    assert lowered(FileNotFoundError(2, "No such file or directory")) == "no such file or directory"
    assert lowered(OSError()) == "unknown reason"
