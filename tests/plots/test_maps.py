import numpy as np
import pandas as pd
import pytest

from simcluster.plots import draw, labels, style

from . import builders


def grid(workers=(1, 2, 4), rhos=(0.2, 0.8)):
    return pd.concat([builders.sweep(workers, rho=rho) for rho in rhos], ignore_index=True)


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts if text.get_gid() is None]


def test_cells_hold_the_values_of_their_pair():
    table = grid()
    figure = draw("heat-map", table.sample(frac=1, random_state=1))
    (mesh,) = figure.axes[0].collections
    assert np.allclose(mesh.get_array(), table["update_time_s"].to_numpy().reshape(2, 3))
    assert texts(figure) == [labels.three_digits(value) for value in table["update_time_s"]]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["0.2", "0.8"]
    assert figure.axes[1].get_xlabel() == "Time per update [s]"


def test_numbers_that_do_not_fit_are_left_to_the_colours():
    figure = draw("heat-map", grid(range(1, 41), np.arange(1, 31) / 30), log="value")
    assert texts(figure) == []
    assert builders.overlaps(figure) == []


def test_missing_cells_are_grey_and_said():
    figure = draw("heat-map", grid().drop(index=[4]))
    assert builders.remark(figure) == "grey: no value"
    assert len(texts(figure)) == 5


def test_names_stand_from_top_to_bottom():
    figure = draw("heat-map", builders.presets([2, 4]), by="preset", value="speedup")
    (ax,) = figure.axes[:1]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["vanilla", "gzip", "homomorphic"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "cluster.workers"}, "two parameters"),
        ({"log": "x"}, "'' or 'value', not 'x'"),
        ({"value": "encode_s", "log": "value"}, "'encode_s' has others"),
        ({"by": "compression.operation_overhead"}, "share"),
    ],
)
def test_maps_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        draw("heat-map", grid(), **options)


def test_the_line_lies_where_both_are_equal():
    bandwidths, rhos = np.geomspace(5e7, 5e8, 40), np.linspace(0.02, 1.0, 40)
    figure = draw("break-even", builders.bandwidths(bandwidths, rhos), log="x")
    line = figure.axes[0].collections[-1]
    corners = np.concatenate([path.vertices for path in line.get_paths()])
    assert len(corners) > 20
    gbits, rho = corners.T
    # 10 s for the codec against 2MW(1 - rho)/bandwidth saved
    assert np.allclose(rho, 1 - 10 * gbits * 125e6 / (2 * 16 * 243.86e6), atol=0.005)
    assert builders.remark(figure) == "line: break-even"
    assert figure.axes[1].get_xlabel() == "Times as fast as vanilla"
    assert builders.overlaps(figure) == []


def test_what_is_faster_is_blue():
    for bandwidth, color in ((1e6, style.BLUE), (1e12, style.ORANGE)):
        table = builders.bandwidths([bandwidth, 2 * bandwidth], [0.01, 0.02])
        (filled,) = draw("break-even", table).axes[0].collections
        drawn = [path for path in filled.get_paths() if len(path.vertices)]
        (shade,) = {tuple(filled.get_facecolor()[filled.get_paths().index(path)][:3]) for path in drawn}
        assert any(np.allclose(shade, style.tint(color, share)) for share in (0.25, 0.5, 0.75, 1.0))


def test_without_a_break_even_there_is_no_line():
    figure = draw("break-even", builders.bandwidths([5e6, 1e7], [0.1, 0.2]))
    assert builders.remark(figure) == "no break-even in this range"
    assert len(figure.axes[0].collections) == 1


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (builders.bandwidths([1e8]), {}, "two or more numbers of 'network.bandwidth"),
        (builders.presets([2, 4]), {"x": "cluster.workers", "by": "preset"}, "two or more numbers of 'preset'"),
        (builders.bandwidths().assign(update_time_s=0.0), {}, "a gain needs positive numbers"),
        (builders.bandwidths(rhos=[0.0, 1.0]), {"log": "y"}, "'compression.codec.rho' has others"),
        (builders.bandwidths(), {"log": "z"}, "'xy', not 'z'"),
    ],
)
def test_break_evens_that_make_no_sense_are_refused(table, options, message):
    with pytest.raises(ValueError, match=message):
        draw("break-even", table, **options)


def test_columns_with_a_unit_are_called_by_their_setting():
    assert labels.axis_label("network.bandwidth_bytes_per_s") == "Bandwidth"
    assert labels.axis_label("update_time_s") == "Time per update"
    assert labels.value_label("compute.minibatch_time_s", 2.0) == "C = 2 s"
