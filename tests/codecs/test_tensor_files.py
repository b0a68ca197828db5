"""Tensors from files, sound and hostile ones."""

from __future__ import annotations

import contextlib
import io
import json
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcluster.codecs.tensor_files import read_tensors
from simcluster.errors import UserInputError
from tests.codecs.cases import gaussian


def safetensors(header: Any, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy(tmp_path: Path, dtype: str, order: Any) -> None:
    array = np.asarray(gaussian((5, 6)), dtype=dtype, order=order)
    np.save(tmp_path / "weights.npy", array)
    tensors = read_tensors(tmp_path / "weights.npy")
    assert list(tensors) == ["weights"]
    assert (tensors["weights"] == array).all()
    assert tensors["weights"].dtype == dtype


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_gives_its_floats(tmp_path: Path, save: Any) -> None:
    save(tmp_path / "model.npz", a=gaussian((5, 6)), b=gaussian((0, 3)), steps=np.arange(3))
    with zipfile.ZipFile(tmp_path / "model.npz", "a") as archive:
        archive.writestr("README", "no array")
    tensors = read_tensors(tmp_path / "model.npz")
    assert {name: tensor.shape for name, tensor in tensors.items()} == {"a": (5, 6), "b": (0, 3)}
    assert (tensors["a"] == gaussian((5, 6))).all()


def test_safetensors_of_the_package(tmp_path: Path) -> None:
    package = pytest.importorskip("safetensors.numpy")
    tensors = {"a": gaussian((5, 6)), "b": gaussian((7,), "float16"), "steps": np.arange(4)}
    package.save_file(tensors, tmp_path / "model.safetensors")
    found = read_tensors(tmp_path / "model.safetensors")
    assert set(found) == {"a", "b"}
    assert all((found[name] == tensors[name]).all() for name in found)


def test_safetensors_by_hand(tmp_path: Path) -> None:
    header = {
        "__metadata__": {"format": "pt"},
        "brain": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]},
        "whole": {"dtype": "I64", "shape": [1], "data_offsets": [4, 12]},
        "plain": {"dtype": "F32", "shape": [1, 1], "data_offsets": [12, 16]},
    }
    data = struct.pack("<HHqf", 0x3F80, 0xC020, 7, 0.5)
    (tmp_path / "x.safetensors").write_bytes(safetensors(header, data))
    found = read_tensors(tmp_path / "x.safetensors")
    assert {name: tensor.tolist() for name, tensor in found.items()} == {"brain": [1.0, -2.5], "plain": [[0.5]]}


def entry(dtype: Any = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"x": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234567",
        struct.pack("<Q", 2**63),
        struct.pack("<Q", 100) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 2) + b"{]",
        struct.pack("<Q", 200_000) + b"[" * 200_000,
        safetensors({}),
        safetensors({"x": 3}),
        safetensors({"x": {"dtype": "F32"}}),
        safetensors(entry(shape=[3]), bytes(8)),
        safetensors(entry(shape=[-2]), bytes(8)),
        safetensors(entry(shape=["a"]), bytes(8)),
        safetensors(entry(shape=[True, 2]), bytes(8)),
        safetensors(entry(offsets=[0, 8]), bytes(4)),
        safetensors(entry(offsets=[-8, 0]), bytes(8)),
        safetensors(entry(offsets=[8, 0]), bytes(8)),
        safetensors(entry(shape=[0, 10**30], offsets=[0, 0])),
        safetensors(entry(shape=[10**6, 10**6], offsets=[0, 4 * 10**12])),
        safetensors(entry(dtype="I8", shape=[8]), bytes(8)),
        safetensors(entry(shape=[1] * 65, offsets=[0, 4]), bytes(4)),
        safetensors(entry(shape=[2**63, 0], offsets=[0, 0])),
        # Fifteen minutes, if it were multiplied.
        safetensors(entry(shape=[10**4000] * 900)),
        struct.pack("<Q", 5 * 2**20) + b" " * (5 * 2**20),
    ],
)
def test_hostile_safetensors_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserInputError, match=r"x\.safetensors: "):
        read_tensors(path)


HUGE = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000)}"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x07\x00",
        npy("nonsense"),
        npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {(1,) * 65}}}", bytes(4)),
        npy("{'descr': '<f4'}"),
        npy(HUGE),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", bytes(8)),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", bytes(8)),
        npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"cos\nsystem\n(S'true'\ntR."),
        npy("{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}", bytes(8)),
        npy("(" * 5000),
        npy("-" * 60000 + "1"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}", bytes(8)),
        npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", bytes(8)),
    ],
)
def test_hostile_npy_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    with pytest.raises(UserInputError, match=r"x\.npy: "):
        read_tensors(path)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", content)
    with pytest.raises(UserInputError, match=r"x\.npz: "):
        read_tensors(tmp_path / "x.npz")


def archive_of(name: str, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(name, content)
    return file.getvalue()


ZEROS = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000,)}", bytes(4 * 10**6))


def test_an_archive_is_stored_or_deflated(tmp_path: Path) -> None:
    for method, words in ((zipfile.ZIP_BZIP2, "neither"), (zipfile.ZIP_LZMA, "neither"), (zipfile.ZIP_DEFLATED, "")):
        (tmp_path / "x.npz").write_bytes(archive_of("x.npy", ZEROS, method))
        if words:
            with pytest.raises(UserInputError, match=r"'x\.npy' is neither stored nor deflated"):
                read_tensors(tmp_path / "x.npz")
        else:
            assert read_tensors(tmp_path / "x.npz")["x"].shape == (10**6,)


def test_an_archive_can_not_declare_more_than_deflate_makes_of_it(tmp_path: Path) -> None:
    content = archive_of("x.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (100000000,)}", bytes(100)))
    # The size that the list of contents declares: 400 MB, where there are some hundred bytes.
    at = content.rindex(b"PK\x01\x02") + 24
    (tmp_path / "x.npz").write_bytes(content[:at] + struct.pack("<I", 4 * 10**8 + 200) + content[at + 4 :])
    with pytest.raises(UserInputError, match=r"declares 400,000,000 bytes of a tensor, but has [0-9]{2},[0-9]{3}$"):
        read_tensors(tmp_path / "x.npz")


@pytest.mark.parametrize("large", [False, True])
def test_the_list_of_contents_of_an_archive_is_bounded(tmp_path: Path, large: bool) -> None:
    content = archive_of("x.npy", ZEROS)
    if large:
        record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 2**40, 0)
        content = content[:-22] + record + struct.pack("<4sLQL", b"PK\x06\x07", 0, len(content) - 22, 1) + content[-22:]
    else:
        content = content[:-10] + struct.pack("<I", 2**30) + content[-6:]
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(UserInputError, match="declares a list of contents of"):
        read_tensors(tmp_path / "x.npz")
    (tmp_path / "x.npz").write_bytes(archive_of("x.npy", ZEROS) + b"comment")
    with pytest.raises(UserInputError, match="comment"):
        read_tensors(tmp_path / "x.npz")


def test_a_large_archive_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)  # beyond it zipfile writes the records of large archives
    content = archive_of("x.npy", ZEROS)
    assert b"PK\x06\x06" in content
    (tmp_path / "x.npz").write_bytes(content)
    assert read_tensors(tmp_path / "x.npz")["x"].shape == (10**6,)


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.safetensors"])
def test_nobody_waits_for_a_fifo(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserInputError, match="not a regular file"):
        read_tensors(tmp_path / name)


def test_the_limit_holds_for_all_tensors_together(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "zeros.npz", a=np.zeros(10**6), b=np.zeros(10**6))
    assert len(read_tensors(tmp_path / "zeros.npz", limit=1.6e7)) == 2
    with pytest.raises(UserInputError, match="limit"):
        read_tensors(tmp_path / "zeros.npz", limit=1.5e7)
    np.save(tmp_path / "zeros.npy", np.zeros(10**6))
    with pytest.raises(UserInputError, match="limit"):
        read_tensors(tmp_path / "zeros.npy", limit=7e6)


def test_other_files_are_refused(tmp_path: Path) -> None:
    for name in ("missing.npy", "weights.pt", "weights"):
        with pytest.raises(UserInputError, match=name):
            read_tensors(tmp_path / name)
    (tmp_path / "folder.npy").mkdir()
    with pytest.raises(UserInputError, match="folder"):
        read_tensors(tmp_path / "folder.npy")


def sound_files() -> dict[str, bytes]:
    files = {"x.safetensors": safetensors(entry(), bytes(8))}
    for name, save in (("x.npy", np.save), ("x.npz", np.savez_compressed)):
        file = io.BytesIO()
        save(file, gaussian((3, 4)))  # type: ignore[operator]
        files[name] = file.getvalue()
    return files


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(sound_files())), st.integers(0, 10**6), st.binary(min_size=1, max_size=8), st.booleans())
def test_damaged_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, position: int, value: bytes, cut: bool
) -> None:
    content = sound_files()[name]
    at = position % len(content)
    path = tmp_path_factory.mktemp("damaged") / name
    path.write_bytes(content[:at] + value + (b"" if cut else content[at + len(value) :]))
    with contextlib.suppress(UserInputError):
        read_tensors(path, limit=10**6)
