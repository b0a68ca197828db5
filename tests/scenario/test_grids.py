"""Grids: sweep blocks, overrides and presets with several values."""

from __future__ import annotations

import time

import pytest

from simcluster.scenario import ScenarioError, load, load_grid
from tests.scenario.template import BASE, FILES

PRESETS = """\
presets:
  vanilla: {compression: {codec: none}}
  gzip: {compression: {codec: gzip}}
"""


def settings(grid):
    return [tuple(point.settings.values()) for point in grid]


def test_the_last_axis_changes_fastest(write, registry):
    grid = load_grid(write(BASE), registry, ["cluster.workers=1..2", "network.bandwidth=1Gbit/s,10Gbit/s"])
    assert settings(grid) == [(1, "1Gbit/s"), (1, "10Gbit/s"), (2, "1Gbit/s"), (2, "10Gbit/s")]
    assert [point.scenario.cluster.workers for point in grid] == [1, 1, 2, 2]
    assert [point.scenario.network.bandwidth for point in grid] == [125e6, 1.25e9] * 2
    assert grid.axes == {"cluster.workers": [1, 2], "network.bandwidth": ["1Gbit/s", "10Gbit/s"]}
    assert len(grid) == 4


def test_every_point_is_what_load_makes_of_it(write, registry):
    path = write(BASE + PRESETS)
    overrides = ["cluster.workers=1..3", "compression.codec.rho=0.5,0.25", "seed=7"]
    for point in load_grid(path, registry, overrides, ["vanilla,gzip"]):
        values = {**point.settings}
        preset = values.pop("preset")
        alone = load(path, registry, [*(f"{key}={value}" for key, value in values.items()), "seed=7"], [preset])
        assert point.scenario == alone.scenario
        assert point.scenario.seed == 7


def test_a_block_has_products_zips_and_exclusions(write, registry):
    text = BASE + (
        "sweep:\n"
        "  cluster.workers: 1..2\n"
        "  network.bandwidth: [1 Gbit/s, 10 Gbit/s]\n"
        "  zip:\n"
        "    seed: [1, 2]\n"
        "    training.updates: 5,6\n"
        "  exclude:\n"
        "    - {cluster.workers: 1, network.bandwidth: 10Gbit/s}\n"
        "    - {seed: 2, cluster.workers: [2, 3]}\n"
    )
    grid = load_grid(write(text), registry)
    assert settings(grid) == [
        (1, "1 Gbit/s", 1, 5),
        (1, "1 Gbit/s", 2, 6),
        (2, "1 Gbit/s", 1, 5),
        (2, "10 Gbit/s", 1, 5),
    ]
    assert len(grid) == 4


def test_run_ignores_the_block(write, registry):
    assert load(write(BASE + "sweep: {cluster.workers: 1..9}\n"), registry).scenario.cluster.workers == 4


def test_an_override_replaces_the_axis_of_the_file(write, registry):
    path = write(BASE + "sweep: {cluster.workers: 1..9, seed: [1, 2]}\n")
    assert load_grid(path, registry, ["cluster.workers=5,6"]).axes == {"seed": [1, 2], "cluster.workers": [5, 6]}
    fixed = load_grid(path, registry, ["cluster.workers=5"])
    assert fixed.axes == {"seed": [1, 2]}
    assert {point.scenario.cluster.workers for point in fixed} == {5}


def test_presets_are_an_axis(write, registry):
    path = write(BASE + PRESETS + "sweep: {preset: [vanilla, gzip], seed: [1, 2]}\n")
    grid = load_grid(path, registry)
    assert settings(grid) == [("vanilla", 1), ("vanilla", 2), ("gzip", 1), ("gzip", 2)]
    assert [point.scenario.compression.codec.profile for point in grid] == ["none", "none", "gzip", "gzip"]
    assert load_grid(path, registry, (), ["gzip,vanilla"]).axes["preset"] == ["gzip", "vanilla"]


def test_models_can_be_swept_and_bring_their_times(write, registry):
    text = BASE.replace("  minibatch_time: 0.5 s\n  minibatch: 64\n", "  scaling: weak\n")
    grid = load_grid(write(text), registry, ["model=resnet50,vgg16"])
    times = {point.scenario.model.name: point.scenario.compute.minibatch_time for point in grid}
    assert times == {point.scenario.model.name: point.scenario.model.layers_time for point in grid}
    assert times["resnet50"] != times["vgg16"]


def test_mappings_can_be_swept(write, registry):
    text = BASE + "sweep:\n  compression.codec: [none, {rho: 0.5}, {rho: 0.25, compress_rate: 1 GB/s}]\n"
    grid = load_grid(write(text), registry)
    assert [point.scenario.compression.codec.compressed_fraction for point in grid] == [1, 0.5, 0.25]


def test_a_file_without_axes_is_a_grid_of_one(write, registry):
    (point,) = load_grid(write(BASE), registry)
    assert point.settings == {}


BAD_BLOCKS = [
    ("sweep: 7", 17, "sweep", "expected a mapping of settings to values"),
    ("sweep: {cluster.wokers: 1..3}", 17, "cluster.wokers", "did you mean 'workers'?"),
    ("sweep: {cluster.workers: 0..3}", 17, "cluster.workers", "0: must be at least 1 [at cluster.workers=0]"),
    ("sweep: {cluster.workers: 3..1}", 17, "sweep.cluster.workers", "write 1..3"),
    ("sweep: {cluster.workers: 1..x}", 17, "sweep.cluster.workers", "expected a range"),
    ("sweep: {cluster.workers: 1..1e12}", 17, "sweep.cluster.workers", "more than 25000 values"),
    ("sweep: {cluster.workers: []}", 17, "sweep.cluster.workers", "expected at least one value"),
    ("sweep: {cluster.workers: {a: 1}}", 17, "sweep.cluster.workers", "expected a list of values, or a range"),
    ("sweep: {cluster.workers: [1, true]}", 17, "cluster.workers", "true: expected a whole number"),
    ("sweep: {cluster.workers: ['1']}", 17, "cluster.workers", "remove the quotes"),
    ("sweep: {extends: [a]}", 17, "extends", "belongs to a file and can't be set"),
    ("sweep: {'a b': [1]}", 17, "", "expected the path of a setting"),
    ("sweep: {cluster.workers: 1..400, seed: 1..400}", 17, "sweep", "more than 25000 points"),
    ("sweep: {zip: 7}", 17, "sweep.zip", "expected a mapping"),
    ("sweep: {zip: {seed: [1, 2], cluster.workers: [1]}}", 17, "sweep.zip", "not seed 2, cluster.workers 1"),
    ("sweep: {seed: [1], zip: {seed: [2]}}", 17, "sweep.seed", "swept twice (the other is in line 17)"),
    ("sweep: {compression.codec.rho: [0.5], compression.codec.ratio: [2]}", 17, "sweep.compression.codec.ratio",
        "swept twice"),
    ("sweep: {preset: [fast]}", 17, "preset", "no such preset (the file has no presets)"),
    ("sweep: {" + ", ".join(f"a{number}.b: 1" for number in range(101)) + "}", 17, "sweep", "more than 100 settings"),
    ("sweep: {seed: 1..5001, exclude: [" + "{seed: 1}, " * 200 + "]}", 17, "sweep.exclude",
        "exclusions with 200 values are too many"),
    ("sweep: {seed: [1], exclude: 7}", 17, "sweep.exclude", "expected a list of mappings"),
    ("sweep: {seed: [1], exclude: [7]}", 17, "sweep.exclude", "expected a mapping"),
    ("sweep: {seed: [1], exclude: [{sed: 1}]}", 17, "sweep.exclude.sed", "not swept (did you mean 'seed'?)"),
    ("sweep: {seed: [1], exclude: [{seed: 1}]}", 17, "sweep.exclude", "no point is left"),
]  # fmt: skip


@pytest.mark.parametrize(("block", "line", "field", "words"), BAD_BLOCKS, ids=[case[0][:60] for case in BAD_BLOCKS])
def test_a_bad_block_is_refused_where_it_is_bad(block, line, field, words, write, registry):
    start = time.process_time()
    with pytest.raises(ScenarioError) as caught:
        load_grid(write(BASE + block + "\n"), registry)
    (problem,) = caught.value.problems
    assert (problem.place.line, problem.field) == (line, field)
    assert words in str(problem)
    assert time.process_time() - start < 1


def test_errors_name_the_first_point_at_which_they_arise(write, registry):
    path = write(BASE)
    with pytest.raises(ScenarioError) as caught:
        load_grid(path, registry, ["cluster.workers=1..3", "network.bandwidth=1 Gbit/s,2 Gbitt/s"])
    (problem,) = caught.value.problems
    assert problem.point == "cluster.workers=1, network.bandwidth=2 Gbitt/s"
    assert problem.place.column == len("network.bandwidth=1 Gbit/s,") + 1


def test_problems_of_the_file_are_said_once(write, registry):
    with pytest.raises(ScenarioError) as caught:
        load_grid(write(BASE.replace("seed: 1", "sedd: 1")), registry, ["cluster.workers=1..50"])
    assert [problem.field for problem in caught.value.problems] == ["sedd"]


def test_presets_that_clash_are_refused(write, registry):
    with pytest.raises(ScenarioError, match="set by the presets 'gzip' and 'vanilla'"):
        load_grid(write(BASE + PRESETS), registry, (), ["gzip", "vanilla,gzip"])
    with pytest.raises(ScenarioError, match="two lists of presets"):
        load_grid(write(BASE + PRESETS), registry, (), ["gzip,vanilla", "vanilla,gzip"])


def test_notices_are_said_once(write, registry):
    grid = load_grid(write(BASE + "sweep: {cluster.server.cores: [1, 2, 4]}\n"), registry)
    assert [notice.field for notice in grid.notices] == ["cluster.server.cores"] * 2  # for 2 and for 4


def test_a_thousand_points_take_at_most_a_millisecond_each(registry):
    path = FILES / "good" / "alexnet-gige.yaml"
    start = time.process_time()
    grid = load_grid(path, registry, ["cluster.workers=1..25", "network.bandwidth=1..40 Gbit/s"])
    assert len(grid) == 1000
    assert time.process_time() - start < 1
