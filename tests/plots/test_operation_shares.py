import numpy as np
import pandas as pd
import pytest

from simcluster.plots import draw

from . import builders


def test_the_largest_share_is_on_top_with_its_value():
    (ax,) = draw("operation-shares", builders.shares()).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["gemm", "pooling", "relu"]
    assert [text.get_text() for text in ax.texts] == ["70.0 %", "20.0 %", "10.0 %"]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([70, 20, 10])
    assert ax.get_xlabel() == "Share of the minibatch's time [%]"


def test_small_shares_are_drawn_as_one():
    table = pd.DataFrame({"operation": [f"op{n}" for n in range(20)], "share": [0.05] * 20})
    (ax,) = draw("operation-shares", table, most=5).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["op0", "op1", "op2", "op3", "16 others"]
    assert ax.patches[-1].get_width() == pytest.approx(80)


def test_bad_tables_are_refused_and_bad_rows_said():
    table = builders.shares()
    with pytest.raises(ValueError, match="2 rows share operation = gemm"):
        draw("operation-shares", table.assign(operation=["gemm", "gemm", "relu"]))
    with pytest.raises(ValueError, match="2 or more"):
        draw("operation-shares", table, most=1)
    figure = draw("operation-shares", table.assign(share=[np.nan, 0.7, 0.1]))
    assert "1 of 3 rows" in builders.remark(figure)
