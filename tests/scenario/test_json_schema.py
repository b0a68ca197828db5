"""The JSON Schema agrees with the loader: on good files, and on typical mistakes."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from simcluster.scenario import json_schema
from simcluster.scenario.reading import read_text
from simcluster.simulation.registry import Registry
from tests.scenario.template import BASE, FILES, StubRegistry

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SCHEMA = json_schema(StubRegistry())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
REAL = jsonschema.Draft202012Validator(json_schema(Registry()))


def plain(data):
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    return [plain(value) for value in data] if isinstance(data, tuple) else data


def complaints(node):
    return [error.message for error in VALIDATOR.iter_errors(plain(node.data()))]


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_setting_is_described():
    settings = SCHEMA["$defs"]["Settings"]["properties"]
    assert all("description" in schema or "$ref" in schema for schema in settings.values())
    for name in ("Model", "Compute", "Cluster", "Compression", "CodecProfile", "Jitter"):
        for key, schema in SCHEMA["$defs"][name]["properties"].items():
            assert "description" in schema, f"{name}.{key}"


@pytest.mark.parametrize("path", sorted(FILES.glob("good/*.yaml")), ids=lambda path: path.stem)
def test_good_files_validate(path):
    assert not complaints(read_text(path.read_text(encoding="utf-8"), path.name, []))


@pytest.mark.parametrize("path", sorted(SCENARIOS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_all_scenarios_validate_with_the_real_registry(path):
    node = read_text(path.read_text(encoding="utf-8"), path.name, [])
    assert not list(REAL.iter_errors(plain(node.data())))


GOOD = [
    ("model: {parameters: 100 MB}", "model: {profile: alexnet-caffe, parameters: 1 MB}"),
    ("codec: none", "codec: {profile: gzip, rho: 0.5}"),
    ("codec: none", "codec: {ratio: 2, measured_size: null}"),
    ("codec: none", "codec: mine.yaml"),
    ("codec: none", "codec: {profile: folder/mine.yml, rho: 0.5}"),
    ("codec: none", "push: terngrad-shared-epyc\n  pull: {rho: 0.5, agreed_fraction: 0.1}\n  runs_on: device"),
    ("workers: 4", "workers: 4\n  worker: {device_sharing: fifo, aggregation_rate: 1 GB/s}"),
    ("updates: 3", "updates: 3\n  exchange: gradients\n  double_buffering: true\n  slice_size: 4 MiB"),
    ("codec: none", "codec: {rho: 0.1}\n  operation_overhead: {gemm: 1.2}"),
    ("workers: 4", "groups: [{count: 1}]"),
    ("scheme: sync-ps", "scheme: async-ps\n  staleness: 2"),
    ("latency: 100 us", "topology: star\n  ports: 4"),
    ("network:\n  bandwidth: 1 Gbit/s", "network:\n  profile: gigabit-ethernet"),
    ("seed: 1", "sweep: {cluster.workers: 1..25, preset: [a], zip: {seed: [1]}, exclude: [{seed: 1}]}"),
    ("seed: 1", "presets: {a: {network: {latency: 1 us}}}"),
    (BASE, "extends: other.yaml\nnetwork: {latency: 1 us}"),
]


@pytest.mark.parametrize(("old", "new"), GOOD)
def test_what_the_format_allows_validates(old, new):
    assert not complaints(read_text(BASE.replace(old, new), "x", []))


BAD = [
    ("bandwidth:", "bandwith:"),
    ("cluster:", "clutser:"),
    ("seed: 1", "presets: {a: {network: {latencyy: 1 us}}}"),
    ("1 Gbit/s", "1 Gbit"),
    ("1 Gbit/s", "-1 Gbit/s"),
    ("1 Gbit/s", "5"),
    ("0.5 s", "0.5 Ms"),
    ("0.5 s", "nan"),
    ("100 MB", "100 Mb"),
    ("workers: 4", "workers: 0"),
    ("workers: 4", "workers: true"),
    ("workers: 4", "workers: '4'"),
    ("workers: 4", "workers: 4.5"),
    ("workers: 4", "workers: 2000000"),
    ("workers: 4", "workers: 4\n  groups: [{count: 1}]"),
    ("workers: 4", "price: 4"),
    ("workers: 4", "groups: [{speed: 2}]"),
    ("workers: 4", "groups: [{count: 2, speed: 0}]"),
    ("codec: none", "codec: gzipp"),
    ("codec: none", "codec: {rho: 0.5, ratio: 2}"),
    ("codec: none", "codec: {rho: 0}"),
    ("codec: none", "codec: {profile: gzipp}"),
    ("codec: none", "codec: mine.txt"),
    ("codec: none", "push: gzipp"),
    ("codec: none", "codec: {rho: 0.5, agreed_fraction: -0.1}"),
    ("codec: none", "runs_on: gpu"),
    ("workers: 4", "workers: 4\n  worker: {device_sharing: lifo}"),
    ("updates: 3", "updates: 3\n  double_buffering: 1"),
    ("model: {parameters: 100 MB}", "model: mine.yaml"),
    ("codec: none", "usage: sometimes"),
    ("scheme: sync-ps", "scheme: sink-ps"),
    ("scheme: sync-ps", "scheme: async-ps\n  pull: free"),
    ("latency: 100 us", "ports: 4"),
    ("model: {parameters: 100 MB}", "model: alexnet-cafe"),
    ("model: {parameters: 100 MB}\n", ""),
    ("  bandwidth: 1 Gbit/s\n", ""),
    ("name: base", "name: ../x"),
    ("seed: 1", "seed: -1"),
    ("seed: 1", "sweep: {cluster.workers: []}"),
    ("seed: 1", "sweep: {'a b': [1]}"),
    ("seed: 1", "sweep: [1]"),
]


@pytest.mark.parametrize(("old", "new"), BAD)
def test_typical_mistakes_do_not(old, new):
    assert complaints(read_text(BASE.replace(old, new), "x", []))
