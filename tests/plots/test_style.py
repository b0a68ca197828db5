import itertools

import pytest
from matplotlib.colors import to_rgb

from simcluster.plots import style


def lightness(color):
    """Return the grey of a colour, 0 to 255, as printers and ITU-R BT.601 make it."""
    red, green, blue = to_rgb(color)
    return 255 * (0.299 * red + 0.587 * green + 0.114 * blue)


@pytest.mark.parametrize("pair", list(itertools.combinations([*style.PARTS.values(), style.TWO_PARTS["transfer"]], 2)))
def test_two_parts_differ_in_grey_or_in_their_hatch(pair):
    first, second = pair
    assert abs(lightness(first.color) - lightness(second.color)) > 20 or first.hatch != second.hatch


@pytest.mark.parametrize("look", [look for look in style.PARTS.values() if look.hatch])
def test_hatches_are_seen_on_their_colour(look):
    assert abs(lightness(look.color) - lightness(look.ink)) > 60


def test_computation_has_one_look_in_both_views():
    assert style.PARTS["computation"].color == style.TWO_PARTS["computation"].color


def test_categories_differ_in_more_than_colour():
    for number in (1, 2):
        assert len({style.category(index)[number] for index in range(7)}) == 7
        assert len({(style.category(index)[0], style.category(index)[number]) for index in range(49)}) == 49


def test_text_widths_grow_with_text_and_size():
    assert style.text_width("worker-10") > style.text_width("worker-1") > 0
    assert style.text_width("worker", 14) == pytest.approx(2 * style.text_width("worker", 7), rel=0.02)
    assert style.text_width(" ") == 0


def test_long_names_lose_their_middle():
    assert style.shorten("homomorphic", 28) == "homomorphic"
    assert style.shorten("a" * 20 + "b" * 20, 11) == "aaaaa…bbbbb"
