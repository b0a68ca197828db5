from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from simcluster.errors import UnfinishedError
from simcluster.experiments import to_csv, write_csv, write_parquet


def test_texts_can_not_become_formulas() -> None:
    table = pd.DataFrame({"=name": ["=1+1", "+x", "-x", "@x", "\t=1", "fine", None], "change": [-1.5] * 7})
    lines = to_csv(table).split("\n")
    assert lines[0] == "'=name,change"
    assert lines[1:7] == ["'=1+1,-1.5", "'+x,-1.5", "'-x,-1.5", "'@x,-1.5", "'\t=1,-1.5", "fine,-1.5"]
    assert table.loc[0, "=name"] == "=1+1"


def test_parquet_keeps_types(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    table = pd.DataFrame({"name": ["=1+1", "b"], "value": [1.5, -2.0], "count": [1, 2]})
    write_parquet(table, tmp_path / "t.parquet")
    assert pd.read_parquet(tmp_path / "t.parquet").to_dict() == table.to_dict()


def test_a_file_that_can_not_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(UnfinishedError, match="can't be written"):
        write_csv(pd.DataFrame({"a": [1]}), tmp_path / "there")
    with pytest.raises(UnfinishedError, match="can't be written"):
        write_csv(pd.DataFrame({"a": [1]}), tmp_path / "missing" / "t.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_texts_can_not_reach_a_terminal_or_be_full_width_formulas() -> None:
    table = pd.DataFrame({"name\x1b[2J": ["\x1b[31mred", "\x9b2J", "\uff1d1+1", "a\u202eb"]})
    lines = to_csv(table).split("\n")
    assert lines[:-1] == [r"name\x1b[2J", r"\x1b[31mred", r"\x9b2J", "'\uff1d1+1", r"a\u202eb"]
