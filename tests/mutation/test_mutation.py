"""How bugs are planted; that they are caught is for ``python -m tests.mutation`` to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation.mutation import Mutation, StaleError


def planted(tmp_path: Path, text: str, old: str, new: str) -> str:
    (tmp_path / "simcluster").mkdir()
    module = tmp_path / "simcluster" / "m.py"
    module.write_text(text)
    Mutation("a bug", "m.py", old, new, "a b/c.py").plant(tmp_path)
    return module.read_text()


def test_one_text_is_replaced(tmp_path: Path) -> None:
    assert planted(tmp_path, "x = 1\ny = 2\n", "y = 2", "y = 3") == "x = 1\ny = 3\n"


@pytest.mark.parametrize(
    ("text", "old", "new", "why"),
    [
        ("x = 1\n", "x = 2", "x = 3", "0 times"),
        ("x = 1\ny = 1\n", "= 1", "= 2", "2 times"),
        ("x = 1\n", "x = 1", "x = (", "no Python"),
    ],
)
def test_what_does_not_fit_is_stale_and_changes_nothing(
    tmp_path: Path, text: str, old: str, new: str, why: str
) -> None:
    with pytest.raises(StaleError, match=why):
        planted(tmp_path, text, old, new)
    assert (tmp_path / "simcluster" / "m.py").read_text() == text


def test_tests_are_named_below_the_folder_of_tests() -> None:
    assert Mutation("a bug", "m.py", "", "", "a b/c.py").targets == ["tests/a", "tests/b/c.py"]
