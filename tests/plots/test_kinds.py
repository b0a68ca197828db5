import subprocess
import sys
from xml.etree import ElementTree

import pandas as pd
import pytest

from simcluster.plots import KINDS, draw, save, to_svg

from . import builders

TABLES = {
    "breakdown": builders.sweep(range(1, 26), gzip=True),
    "speedup": builders.presets([1, 2, 4, 8, 16]),
    "overhead": builders.points().iloc[:4],
    "totals": builders.presets(),
    "feasible-region": builders.points(),
    "homomorphic-map": builders.candidates(),
    "lines": builders.sweep([1, 2, 4, 8]),
    "heat-map": pd.concat([builders.sweep([1, 2, 4, 8], rho=rho) for rho in (0.2, 0.5, 0.8)]),
    "break-even": builders.bandwidths(),
    "comparison": builders.presets(),
    "timeline": builders.spans(3),
    "workers": builders.compute_lanes(),
    "staleness": builders.staleness(),
    "links": builders.links(),
    "published": builders.published(),
    "operation-shares": builders.shares(),
    "learning-curve": builders.learning(),
    "pareto": builders.trainings(),
}
OPTIONS = {"speedup": {"by": "preset"}}


def picture(kind):
    return draw(kind, TABLES[kind], **OPTIONS.get(kind, {}))


def test_every_kind_is_tried_here():
    assert set(TABLES) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_saved_twice_as_the_same_bytes(kind, tmp_path):
    first = [path.read_bytes() for path in save(picture(kind), tmp_path / "first")]
    figure = picture(kind)
    second = [path.read_bytes() for path in save(figure, tmp_path / "second")]
    again = [path.read_bytes() for path in save(figure, tmp_path / "again")]
    assert first == second == again
    assert first[0].startswith(b"\x89PNG")
    assert b"<dc:date>" not in first[1]
    ElementTree.fromstring(first[1])


@pytest.mark.parametrize("kind", KINDS)
def test_type_is_legible_and_nothing_overlaps_at_column_width(kind):
    figure = picture(kind)
    assert figure.get_figwidth() == 3.4
    assert builders.overlaps(figure) == []
    assert min(text.get_fontsize() for text in builders.shown_texts(figure)) >= 7


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_table_is_refused(kind):
    with pytest.raises(ValueError, match="no rows"):
        draw(kind, TABLES[kind].iloc[:0], **OPTIONS.get(kind, {}))


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("breakdown", "server_decode_s"),
        ("speedup", "speedup"),
        ("overhead", "transfer_s"),
        ("totals", "total_time_s"),
        ("feasible-region", "max_operation_overhead"),
        ("homomorphic-map", "slope"),
        ("lines", "update_time_s"),
        ("heat-map", "update_time_s"),
        ("break-even", "vanilla_update_time_s"),
        ("comparison", "pull_s"),
        ("timeline", "cause"),
        ("links", "rate_bytes_per_s"),
        ("operation-shares", "share"),
    ],
)
def test_a_missing_column_is_named(kind, column):
    with pytest.raises(ValueError, match=f"no column '{column}'"):
        draw(kind, TABLES[kind].drop(columns=column), **OPTIONS.get(kind, {}))


def test_unknown_kinds_and_options_list_the_known_ones():
    with pytest.raises(
        ValueError, match=r"no plot 'brakdown' \(did you mean 'breakdown'\?\); there are breakdown, speed"
    ):
        draw("brakdown", TABLES["breakdown"])
    with pytest.raises(ValueError, match=r"no option 'part' \(did you mean 'parts'\?\); it has x, parts, lines"):
        draw("breakdown", TABLES["breakdown"], part="two")


def test_save_adds_both_endings_or_keeps_the_one_that_is_given(tmp_path):
    figure = picture("operation-shares")
    assert [path.name for path in save(figure, tmp_path / "h1.3")] == ["h1.3.png", "h1.3.svg"]
    assert [path.name for path in save(figure, str(tmp_path / "one.svg"))] == ["one.svg"]
    with pytest.raises(ValueError, match=r"not \.pdf"):
        save(figure, tmp_path / "one.pdf")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["h1.3.png", "h1.3.svg", "one.svg"]


def test_the_text_of_a_picture_is_that_of_its_file(tmp_path):
    (path,) = save(picture("heat-map"), tmp_path / "one.svg")
    assert to_svg(picture("heat-map")) == path.read_text()


def test_png_has_300_dots_an_inch(tmp_path):
    (path,) = save(picture("lines"), tmp_path / "lines.png")
    assert int.from_bytes(path.read_bytes()[16:20], "big") == round(3.4 * 300)


def test_width_is_an_option_of_every_kind():
    assert draw("lines", TABLES["lines"], width=7.0).get_figwidth() == 7.0


def test_a_title_stands_above_the_legend():
    figure = draw("lines", builders.presets([2, 4]), by="preset", title="costs $5 and $6")
    figure.draw_without_rendering()
    assert figure.get_suptitle() == r"costs \$5 and \$6"
    title = next(text for text in figure.texts if "costs" in text.get_text())
    assert title.get_window_extent().y0 >= figure.axes[0].get_legend().get_window_extent().y1 - 1


def test_a_long_legend_makes_a_higher_figure_not_smaller_axes():
    tables = [builders.sweep([2, 4], rho=n / 10, preset=f"a rather long name of preset {n}") for n in range(1, 11)]
    figure = draw("lines", pd.concat(tables, ignore_index=True), by="preset")
    figure.draw_without_rendering()
    assert figure.axes[0].bbox.height / figure.dpi == pytest.approx(KINDS["lines"].height, rel=0.02)
    assert builders.overlaps(figure) == []


def test_more_rows_make_a_higher_figure():
    assert draw("timeline", builders.spans(6)).get_figheight() > draw("timeline", builders.spans(2)).get_figheight() + 1


def test_the_table_of_kinds_loads_neither_matplotlib_nor_pandas_and_drawing_loads_no_pyplot():
    code = (
        "import sys; from simcluster.plots import KINDS, draw; "
        "heavy = {'matplotlib', 'pandas', 'numpy'} & set(sys.modules); assert not heavy, heavy; "
        "import pandas; draw('operation-shares', pandas.DataFrame({'operation': ['gemm'], 'share': [1.0]})); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["a $b$ \\frac{", "_hidden", "100% & <b>", "two\nlines", "$", "ρ = 0.2"])
def test_names_are_drawn_letter_by_letter(name, tmp_path):
    table = builders.presets([4, 8]).replace({"preset": {"gzip": name}})
    shown = name.replace("\n", "\N{REPLACEMENT CHARACTER}").replace("$", r"\$")
    for kind, options in (("lines", {"by": "preset"}), ("totals", {"x": "cluster.workers", "by": "preset"})):
        figure = draw(kind, table, **options)
        assert shown in builders.legend_texts(figure)
        save(figure, tmp_path / kind)
    bars = draw("breakdown", table.iloc[[0, 2, 4]], x="preset")
    assert shown in [label.get_text() for label in bars.axes[0].get_xticklabels()]
    save(bars, tmp_path / "bars")
