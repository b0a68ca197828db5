"""What `show` prints, and the key of a run."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from simcluster.scenario import canonical_key, from_mapping, load, resolved, to_yaml, with_settings
from simcluster.scenario.scalars import needs_quotes, parse_scalar
from tests.scenario.template import BASE, StubRegistry


def test_everything_is_spelled_out_with_units(write, registry):
    assert resolved(load(write(BASE), registry).scenario) == {
        "name": "base",
        "description": "",
        "model": {"parameters": "100 MB"},
        "compute": {"minibatch_time": "0.5 s", "minibatch": 64, "scaling": "strong"},
        "cluster": {
            "workers": 4, "worker": {"cores": 1, "device_sharing": "fair"},
            "server": {"cores": 1, "placement": "separate"},
        },
        "network": {"topology": "shared-link", "bandwidth": "1 Gbit/s", "latency": "0.1 ms", "duplex": "half"},
        "training": {
            "scheme": "sync-ps", "updates": 3, "local_iterations": 1, "pull": "unicast", "exchange": "parameters",
            "overlap": "none", "order": "fifo", "double_buffering": False,
        },
        "compression": {
            "codec": "none", "usage": "every-update", "direction": "both", "operation_overhead": 1, "runs_on": "core",
        },
        "recovery": {"policy": "wait", "restore_time": "0 s", "rebuild_time": "0 s", "checkpoint_time": "0 s"},
        "seed": 1,
    }  # fmt: skip


def test_the_dump_is_plain_yaml(write, registry):
    scenario = load(write(BASE), registry).scenario
    assert yaml.safe_load(to_yaml(scenario)) == resolved(scenario)
    assert to_yaml(scenario).startswith("name: base\n")


@pytest.mark.parametrize(
    "description", ["7", "1e5", "true", "null", "", "10:30", "- a", "a: b", "# a", "'", '"', " a "]
)
def test_texts_stay_texts(description, write, registry):
    scenario = load(write(BASE), registry).scenario.update(description=description)
    assert load(write(to_yaml(scenario)), registry).scenario == scenario


AMENDED = [
    "codec: gzip",
    "codec: {profile: gzip, rho: 0.5}",
    "codec: {profile: gzip, compress_rate: 1 GB/s}",
    "codec: {profile: gzip, measured_size: null}",
    "codec: {profile: gzip, compress_time: null}",
    "codec: {profile: none, rho: 0.5}",
    "codec: {rho: 2, expands: true}",
    "codec: {ratio: 3, compress_time: 0 s}",
]


@pytest.mark.parametrize("codec", AMENDED)
def test_amended_profiles_survive_dump_and_load(codec, write, registry):
    scenario = load(write(BASE.replace("codec: none", codec)), registry).scenario
    again = load(write(to_yaml(scenario)), registry).scenario
    assert again == scenario
    assert canonical_key(again) == canonical_key(scenario)


def test_the_key_depends_on_what_is_said_not_on_how_or_by_whom(write, registry):
    key = canonical_key(load(write(BASE), registry).scenario)
    assert len(key) == 64
    same = [
        BASE.replace("name: base", "name: other") + "description: words\npresets: {a: {seed: 4}}\n",
        BASE.replace("1 Gbit/s", "125 MB/s").replace("100 us", "0.1 ms"),
        BASE.replace("updates: 3", "updates: 3\n  local_iterations: 1"),
        BASE.replace("compression:\n  codec: none\n", ""),
        "\n".join(reversed(BASE.split("compute:\n")[0].splitlines())) + "\ncompute:\n" + BASE.split("compute:\n")[1],
    ]
    assert {canonical_key(load(write(text), registry).scenario) for text in same} == {key}


CHANGES = {
    "seed": 2,
    "cluster.workers": 5,
    "cluster.server.cores": 2,
    "network.latency": "101 us",
    "network.duplex": "full",
    "training.pull": "free",
    "compression.codec": "gzip",
    "compute.jitter": {"cv": 0.1},
    "model.parameters": "100000001 B",
}


def test_every_setting_changes_the_key(write, registry):
    scenario = load(write(BASE), registry).scenario
    keys = {canonical_key(with_settings(scenario, {path: value}, registry)) for path, value in CHANGES.items()}
    assert len(keys | {canonical_key(scenario)}) == len(CHANGES) + 1


POSITIVE = st.floats(1e-12, 1e12)


@settings(max_examples=50, deadline=None)
@given(
    size=st.floats(1, 1e15),
    time=POSITIVE,
    rate=st.floats(1, 1e15),
    speeds=st.lists(POSITIVE, min_size=1, max_size=3),
    description=st.text(max_size=30),
)
def test_any_scenario_survives_dump_and_load(tmp_path_factory, size, time, rate, speeds, description):
    registry = StubRegistry()
    scenario = from_mapping(
        {
            "description": description,
            "model": {"parameters": size},
            "compute": {"minibatch_time": time, "minibatch": 3},
            "cluster": {"groups": [{"count": 1, "speed": speed} for speed in speeds]},
            "network": {"bandwidth": rate},
        },
        registry,
        name="x",
    )
    assert with_settings(scenario, {}, registry) == scenario
    if description.isprintable():
        path = tmp_path_factory.mktemp("dump") / "x.yaml"
        path.write_text(to_yaml(scenario), encoding="utf-8")
        assert load(path, registry).scenario == scenario


@pytest.mark.parametrize("text", ["1", "1e5", "1.5", "true", "null", "~", "", "-", "+1", ".5", "1e999", "9" * 50])
def test_texts_that_look_like_something_else_are_quoted(text):
    assert needs_quotes(text) == (text not in ("-",))


SCALARS = [
    ("0", 0), ("-1", -1), ("+7", 7), ("1.5", 1.5), ("-.5", -0.5), ("5.", 5.0), ("1e9", 1e9), ("1E-3", 1e-3),
    ("true", True), ("false", False), ("null", None), ("~", None), ("", None),
    ("True", "True"), ("yes", "yes"), ("no", "no"), ("on", "on"), ("NULL", "NULL"),
    ("10:30", "10:30"), ("1_000", "1_000"), ("0x1F", "0x1F"), ("0o17", "0o17"), ("017", "017"), ("1,000", "1,000"),
    (".inf", ".inf"), ("-.inf", "-.inf"), (".nan", ".nan"), ("nan", "nan"), ("inf", "inf"),
    ("2026-11-22", "2026-11-22"),
    (".", "."), ("-", "-"), ("+", "+"), ("e9", "e9"), (".e9", ".e9"), ("1e", "1e"), ("--1", "--1"), ("1 GB", "1 GB"),
    ("\u0661", "\u0661"), ("1.5.2", "1.5.2"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_plain_scalars(text, value):
    found = parse_scalar(text)
    assert found == value
    assert type(found) is type(value)
