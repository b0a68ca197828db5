"""Who may import whom: imports go down the list of DESIGN, and a few rooms are closed to most."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import simcluster

PACKAGE = Path(simcluster.__file__).parent

#: From top to bottom; rooms of one line may not import each other, but for the pairs in SAME_LINE.
LINES = [
    {"__main__"},
    {"__init__"},
    {"cli"},
    {"experiments"},
    {"report"},
    {"plots"},
    {"analysis"},
    {"simulation"},
    {"scenario"},
    {"results", "trace"},
    {"schemes"},
    {"learning"},
    {"cluster"},
    {"codecs"},
    {"network"},
    {"sharing"},
    {"recording"},
    {"protocols"},
    {"options"},
    {"rng", "units", "errors", "theory", "escaping", "files"},
]
RANK = {room: rank for rank, line in enumerate(LINES) for room in line}
#: Rooms that only these may know.
CLOSED = {
    "scenario": {"simulation", "experiments", "cli", "__init__"},
    "theory": {"cli"},
    "plots": {"cli", "report"},
}
#: Rooms that know only third parties.
STANDALONE = {"plots", "theory", "rng", "units", "errors"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported_names(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide who is meant"
            module = node.module or ""
            names += [f"{module}.{alias.name}" for alias in node.names]
    return names


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for name in imported_names(path):
        parts = name.split(".")
        if parts[0] == "simcluster" and len(parts) > 1:
            rooms.add(parts[1] if parts[1] in RANK else "__init__")
    return rooms - {room_of(path)}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    room = room_of(path)
    assert room in RANK, f"{room} has no place in the house"
    for other in imported_rooms(path):
        assert RANK[other] > RANK[room], f"{room} may not import {other}"
        assert room in CLOSED.get(other, {room}), f"{other} is closed to {room}"
        assert room not in STANDALONE, f"{room} must know nobody, but imports {other}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_every_room_of_the_list_exists() -> None:
    assert set(RANK) == {room_of(path) for path in modules()}


def test_simpy_is_known_to_the_simulated_world_only() -> None:
    users = {room_of(path) for path in modules() if any(n.split(".")[0] == "simpy" for n in imported_names(path))}
    assert users == {"simulation", "schemes", "cluster", "network"}
