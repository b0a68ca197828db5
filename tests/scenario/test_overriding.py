"""Overrides and presets: what they set, who wins, and how a bad one points into its own text."""

from __future__ import annotations

import pytest

from simcluster.scenario import Scenario, ScenarioError, from_mapping, load, with_settings
from simcluster.scenario.loading import Loaded
from tests.scenario.template import BASE

PRESETS = """\
presets:
  fast:
    network: {bandwidth: 10 Gbit/s}
  faster:
    network: {bandwidth: 100 Gbit/s}
  gzip:
    compression: {codec: gzip}
  halved:
    compression: {codec: {rho: 0.5}}
  ratio:
    compression: {codec: {profile: gzip, ratio: 4}}
"""

TAKEN = [
    ("cluster.workers=8", lambda s: s.cluster.workers == 8),
    ("cluster.workers = 8", lambda s: s.cluster.workers == 8),
    ("network.bandwidth=10Gbit/s", lambda s: s.network.bandwidth == 1.25e9),
    ("network.bandwidth=10 Gbit/s", lambda s: s.network.bandwidth == 1.25e9),
    ("cluster.server.cores=4", lambda s: s.cluster.server.cores == 4),
    ("compute.jitter.cv=0.1", lambda s: s.compute.jitter.cv == 0.1),
    ("compute.jitter={distribution: gamma, cv: 0.2}", lambda s: s.compute.jitter.distribution == "gamma"),
    ("compute.jitter=null", lambda s: s.compute.jitter is None),
    ("model=street", lambda s: s.model.name == "street"),
    ("model.parameters=5 MB", lambda s: s.model.parameters == 5e6),
    ("compression.codec=gzip", lambda s: s.compression.codec.ratio == 1.079),
    ("compression.codec.rho=0.5", lambda s: s.compression.codec.rho == 0.5),
    ("compression.codec={rho: 0.5, compress_rate: 1 GB/s}", lambda s: s.compression.codec.compress_rate == 1e9),
    ('description="a, b: c"', lambda s: s.description == "a, b: c"),
    ("name=other", lambda s: s.name == "other"),
    ("name='7'", lambda s: s.name == "7"),
]


@pytest.mark.parametrize(("text", "check"), TAKEN, ids=lambda case: case[:40] if isinstance(case, str) else "")
def test_an_override_sets_its_path(text, check, write, registry):
    assert check(load(write(BASE), registry, [text]).scenario)


AMENDED = [
    ("codec: gzip", ["compression.codec.rho=0.5"], {"profile": "gzip", "rho": 0.5, "ratio": None}),
    ("codec: {ratio: 2}", ["compression.codec.rho=0.25"], {"profile": None, "rho": 0.25, "ratio": None}),
    ("codec: {rho: 0.5}", ["compression.codec.ratio=4"], {"profile": None, "rho": None, "ratio": 4}),
    ("codec: {profile: gzip, rho: 0.5}", ["compression.codec.profile=gzip-xeon"], {"rho": None, "ratio": 1.0791}),
    (
        "codec: gzip",
        ["compression.codec.rho=0.5", "compression.codec.profile=gzip-xeon"],
        {"profile": "gzip-xeon", "rho": 0.5},
    ),
    ("codec: none", ["compression.codec=gzip", "compression.codec.rho=0.5"], {"profile": "gzip", "rho": 0.5}),
    ("codec: none", ["compression.codec.rho=0.5", "compression.codec=gzip"], {"profile": "gzip", "rho": 0.5}),
    ("codec: none", ["compression.codec.rho=0.5"], {"profile": None, "rho": 0.5, "compress_time": 0.0}),
    ("codec: gzip", ["compression.codec.compress_rate=1 GB/s"], {"compress_time": None, "compress_rate": 1e9}),
    ("codec: gzip", ["compression.codec={rho: 0.5}"], {"profile": None, "rho": 0.5, "compress_time": None}),
]


@pytest.mark.parametrize(("codec", "overrides", "expected"), AMENDED)
def test_a_codec_is_amended_and_keys_replace_what_says_the_same(codec, overrides, expected, write, registry):
    profile = load(write(BASE.replace("codec: none", codec)), registry, overrides).scenario.compression.codec
    assert {key: getattr(profile, key) for key in expected} == expected


def test_a_model_by_name_is_amended_and_says_what_is_lost(write, registry):
    path = write(BASE.replace("model: {parameters: 100 MB}", "model: alexnet-caffe"))
    loaded = load(path, registry, ["model.parameters=5 MB"])
    assert (loaded.scenario.model.name, loaded.scenario.model.parameters) == ("alexnet-caffe", 5e6)
    assert [notice.message for notice in loaded.notices] == ["replaces the layers of 'alexnet-caffe', and their times"]


def test_lists_are_reached_by_number(write, registry):
    path = write(BASE.replace("workers: 4", "groups: [{count: 2}, {count: 3}]"))
    groups = load(path, registry, ["cluster.groups.1.count=9"]).scenario.cluster.groups
    assert [group.count for group in groups] == [2, 9]


REFUSED = [
    ("cluster.workers", 1, "", "expected path=value, such as cluster.workers=8"),
    ("=8", 1, "", "expected the path of a setting"),
    ("a b=8", 1, "", "expected the path of a setting"),
    ("cluster..workers=8", 1, "", "expected the path of a setting"),
    ("cluster.workers=", 17, "cluster.workers", "a value is missing (write null for none)"),
    ("cluster.workers=4,", 19, "cluster.workers", "a value is missing"),
    ("cluster.wokers=8", 9, "cluster.wokers", "did you mean 'workers'?"),
    ("clutser.workers=8", 1, "clutser", "did you mean 'cluster'?"),
    ("cluster.server.coers=8", 16, "cluster.server.coers", "did you mean 'cores'?"),
    ("network.bandwidth=1Gbitt/s", 19, "network.bandwidth", "did you mean 'Gbit/s'?"),
    ("cluster.workers='8'", 17, "cluster.workers", "'8': expected a whole number (remove the quotes)"),
    ("cluster.workers=true", 17, "cluster.workers", "true: expected a whole number"),
    ("cluster.workers.x=1", 9, "cluster.workers", "expected a whole number"),
    ("cluster.groups=[{count: 1}]", 16, "cluster.workers", "exactly one of workers and groups"),
    ("compression.codec=gzipp", 19, "compression.codec", "did you mean 'gzip'?"),
    ("compression.codec.rho=3", 23, "compression.codec", "expands: true"),
    ("compute.jitter={cv: [}", 22, "compute.jitter", "not valid YAML"),
    ("compute.jitter={cv: !!int 1}", 21, "compute.jitter.cv", "tags are not taken"),
    ("compute.jitter={cv: 1, cv: 2}", 24, "compute.jitter.cv", "was given before"),
    ("compute.jitter={cv: -1}", 21, "compute.jitter.cv", "must be at least 0"),
    ("presets.a.seed=1", 1, "presets.a.seed", "belongs to a file and can't be set"),
    ("extends=x.yaml", 1, "extends", "belongs to a file and can't be set"),
    ("seed=1..5", 1, "seed", "5 values (a sweep takes several; run takes one)"),
    ("seed=1,2", 1, "seed", "2 values (a sweep takes several; run takes one)"),
    ("seed=1..x", 6, "seed", "expected a range"),
    ("name=\x1b[2J", 1, "", "U+001B is not allowed"),
    ("seed=" + "9" * 50, 6, "seed", "more than 40 characters"),
    ("seed=1e999", 6, "seed", "too large"),
    ("a" * 200_000, 1, "", "far too long"),
    ("a." * 100 + "a=1", 1, "", "expected the path of a setting"),
]


@pytest.mark.parametrize(("text", "column", "field", "words"), REFUSED, ids=[case[0][:40] for case in REFUSED])
def test_a_bad_override_points_into_its_own_text(text, column, field, words, write, registry):
    with pytest.raises(ScenarioError) as caught:
        load(write(BASE), registry, [text])
    (problem,) = caught.value.problems
    assert problem.place.override
    assert (problem.place.column, problem.field) == (column, field)
    assert words in str(problem)
    assert str(problem).endswith("^")


def test_the_caret_stands_under_the_value(write, registry):
    with pytest.raises(ScenarioError) as caught:
        load(write(BASE), registry, ["network.bandwidth=1Gbitt/s"])
    assert str(caught.value).splitlines() == [
        "--set network.bandwidth=1Gbitt/s: network.bandwidth: '1Gbitt/s': unknown unit 'Gbitt/s'; expected a rate, "
        "such as '1 Gbit/s' (did you mean 'Gbit/s'?)",
        "    network.bandwidth=1Gbitt/s",
        "                      ^",
    ]


def test_overrides_have_a_limit(write, registry):
    with pytest.raises(ScenarioError, match="more than 200 overrides"):
        load(write(BASE), registry, [f"a{number}=1" for number in range(201)])


CONFLICTS = [
    (["seed=1", "seed=1"], []),
    (["seed=1", "seed=2"], []),
    (["compute.jitter={cv: 1}", "compute.jitter.cv=2"], []),
    (["compression.codec.rho=0.5", "compression.codec.ratio=2"], []),
    (["cluster.workers=2", "cluster.groups=[{count: 1}]"], []),
    ([], ["fast", "faster"]),
    ([], ["gzip", "halved"]),
    ([], ["halved", "ratio"]),
]


@pytest.mark.parametrize(("overrides", "presets"), CONFLICTS)
def test_two_settings_of_one_key_on_one_level_are_an_error(overrides, presets, write, registry):
    with pytest.raises(ScenarioError, match=r"set twice|set by the presets"):
        load(write(BASE + PRESETS), registry, overrides, presets)


def test_overrides_win_over_presets_and_presets_over_the_file(write, registry):
    def bandwidth(*arguments) -> float:
        loaded: Loaded = load(path, registry, *arguments)
        return loaded.scenario.network.bandwidth * 8

    path = write(BASE + PRESETS)
    assert bandwidth() == 1e9
    assert bandwidth((), ["fast"]) == 10e9
    assert bandwidth((), ["fast", "gzip"]) == 10e9
    assert bandwidth(["network.bandwidth=7 Gbit/s"], ["fast"]) == 7e9


def test_unknown_presets_are_said_with_the_known(write, registry):
    with pytest.raises(ScenarioError, match=r"--preset fats: preset: 'fats': no such preset \(did you mean 'fast'\?\)"):
        load(write(BASE + PRESETS), registry, (), ["fats"])
    with pytest.raises(ScenarioError, match=r"2 presets \(a sweep takes alternatives"):
        load(write(BASE + PRESETS), registry, (), ["fast,gzip"])
    with pytest.raises(ScenarioError, match="the file has no presets"):
        load(write(BASE), registry, (), ["fast"])


def test_a_preset_may_rest_on_another(write, registry):
    text = BASE.replace("  bandwidth: 1 Gbit/s\n", "") + PRESETS + "  full:\n    network: {duplex: full}\n"
    assert load(write(text), registry, (), ["fast", "full"]).scenario.network.duplex == "full"


def test_a_preset_of_another_scheme_leaves_out_what_it_does_not_take(write, registry):
    text = BASE.replace("updates: 3", "updates: 3\n  pull: free") + "presets: {async: {training: {scheme: async-ps}}}\n"
    loaded = load(write(text), registry, (), ["async"])
    assert loaded.scenario.training.scheme == "async-ps"
    assert [notice.field for notice in loaded.notices] == ["training.pull"]


def test_an_inherited_preset_can_be_amended(write, registry):
    write(BASE + PRESETS, "base.yaml")
    path = write("extends: base.yaml\npresets:\n  fast:\n    network: {latency: 1 us}\n")
    network = load(path, registry, (), ["fast"]).scenario.network
    assert (network.bandwidth, network.latency) == (1.25e9, 1e-6)


MAPPING = {
    "model": {"parameters": 100e6},
    "compute": {"minibatch_time": 0.5, "minibatch": 64},
    "cluster": {"groups": [{"count": 1}, {"count": 2, "speed": 2}]},
    "network": {"bandwidth": "1 Gbit/s"},
}


def test_python_code_may_leave_units_out(registry):
    scenario = from_mapping(MAPPING, registry)
    assert scenario.model.parameters == 100e6
    assert scenario.cluster.total_workers == 3
    assert scenario.name == "scenario"


def test_python_code_gets_the_same_errors(registry):
    with pytest.raises(ScenarioError, match=r"mapping: network.bandwith: unknown key \(did you mean 'bandwidth'\?\)"):
        from_mapping({**MAPPING, "network": {"bandwidth": 1.0, "bandwith": 1.0}}, registry)
    with pytest.raises(ScenarioError, match="expected a mapping of sections"):
        from_mapping([1], registry)  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match="expected a finite number"):
        from_mapping({**MAPPING, "network": {"bandwidth": float("nan")}}, registry)


def test_a_copy_with_settings_is_checked_and_leaves_the_original_alone(registry):
    scenario = from_mapping(MAPPING, registry)
    assert with_settings(scenario, {}, registry) == scenario
    changed = with_settings(scenario, {"compression.codec.rho": 0.5, "network.latency": 1e-3, "seed": 5}, registry)
    assert (changed.compression.codec.rho, changed.network.latency, changed.seed) == (0.5, 1e-3, 5)
    assert (scenario.compression.codec.rho, scenario.network.latency, scenario.seed) == (1, 0, 0)
    with pytest.raises(ScenarioError, match="exactly one of workers and groups"):
        with_settings(scenario, {"cluster.workers": 8}, registry)
    with pytest.raises(ScenarioError, match="did you mean 'latency'"):
        with_settings(scenario, {"network.latencyy": 8.0}, registry)
    assert with_settings(scenario, {"training.scheme": "async-ps"}, registry).training.scheme == "async-ps"
    with pytest.raises(ScenarioError, match="no such scheme"):
        with_settings(scenario, {"training.scheme": "asynk-ps"}, registry)


def test_update_returns_a_checked_copy(registry):
    scenario: Scenario = from_mapping(MAPPING, registry)
    assert scenario.update(seed=9).seed == 9
    with pytest.raises(ValueError, match="seed"):
        scenario.update(seed=-1)
    with pytest.raises(ValueError, match="frozen"):
        scenario.seed = 3  # type: ignore[misc]
