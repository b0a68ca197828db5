"""The catalogue: every entry says where its numbers come from, and they are the numbers of the sources."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import pytest

from simcluster import units
from simcluster.codecs.profile import CodecProfile
from simcluster.scenario.catalogue import ABOUT, KINDS, entry, layer_table, names

ALL = [(kind, name) for kind in KINDS for name in names(kind)]

#: Parameters of AlexNet's layers in Caffe (facts/paper.md).
ALEXNET = {
    "conv1": 34_944,
    "conv2": 307_456,
    "conv3": 885_120,
    "conv4": 663_936,
    "conv5": 442_624,
    "fc6": 37_752_832,
    "fc7": 16_781_312,
    "fc8": 4_097_000,
}
#: Bytes, forward and backward milliseconds and minibatch of PipeDream's profiles: sums over their graph.txt.
PROFILES = {
    "alexnet": (244_403_360, 44.801, 40.520, 256),
    "densenet121": (31_915_424, 177.404, 148.751, 64),
    "gnmt": (775_063_808, 33.533, 55.883, None),
    "inception_v3": (108_645_056, 289.269, 399.769, 128),
    "resnet101": (178_196_640, 197.306, 213.786, 64),
    "resnet50": (102_228_128, 182.488, 260.931, 128),
    "squeezenet1_0": (4_993_696, 113.247, 172.119, 256),
    "vgg16": (553_430_176, 233.902, 438.633, 128),
}
KEYS = {
    "models": {"parameters", "layers", "operation_shares"},
    "devices": {"measurements"},
    "codecs": {*CodecProfile.model_fields, "operation_overhead"},
    "networks": {"topology", "bandwidth", "latency"},
}


def layers_of(model: str) -> list[dict[str, str]]:
    return cast("list[dict[str, str]]", entry("models", model)["layers"])


def measurements() -> list[tuple[str, Mapping[str, Any]]]:
    return [(name, one) for name in names("devices") for one in cast("Any", entry("devices", name)["measurements"])]


def settings(kind: str, name: str) -> dict[str, Any]:
    return {key: value for key, value in entry(kind, name).items() if key not in ABOUT}


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_entry_says_what_it_is_and_whence(kind: str, name: str) -> None:
    found = entry(kind, name)
    assert len(str(found["description"])) > 20
    assert len(str(found["source"])) > 15
    assert isinstance(found.get("assumption", False), bool)


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_an_entry_has_the_keys_of_its_section_alone(kind: str, name: str) -> None:
    assert set(settings(kind, name)) <= KEYS[kind]


def test_alexnet_in_caffe_is_the_papers_233_mebibytes() -> None:
    sizes = {layer["name"]: units.parse_size(layer["parameters"]) for layer in layers_of("alexnet-caffe")}
    assert sizes == {name: 4 * parameters for name, parameters in ALEXNET.items()}
    assert sum(sizes.values()) == 243_860_896
    assert round(sum(sizes.values()) / 2**20, 1) == 232.6


def test_street() -> None:
    assert units.parse_size(str(entry("models", "street")["parameters"])) == 4 * 1_968_006


@pytest.mark.parametrize("model", PROFILES)
def test_a_profile_has_the_totals_of_its_source(model: str) -> None:
    size, forward, backward, minibatch = PROFILES[model]
    layers = layers_of(model)
    assert sum(units.parse_size(layer["parameters"]) for layer in layers) == size
    assert math.fsum(units.parse_duration(layer["forward_time"]) for layer in layers) == pytest.approx(forward / 1e3)
    assert math.fsum(units.parse_duration(layer["backward_time"]) for layer in layers) == pytest.approx(backward / 1e3)
    assert entry("models", model).get("minibatch") == minibatch
    assert len({layer["name"] for layer in layers}) == len(layers)


@pytest.mark.parametrize("model", PROFILES)
def test_shares_are_those_of_the_layers_and_sum_to_one(model: str) -> None:
    shares = cast("dict[str, float]", entry("models", model)["operation_shares"])
    spent = dict.fromkeys(shares, 0.0)
    for layer in layers_of(model):
        both = units.parse_duration(layer["forward_time"]) + units.parse_duration(layer["backward_time"])
        if both:
            spent[layer["operation"]] += both
    total = math.fsum(spent.values())
    assert math.fsum(shares.values()) == pytest.approx(1, rel=0, abs=1e-12)
    assert {operation: time / total for operation, time in spent.items()} == pytest.approx(shares, rel=1e-12)
    assert min(shares.values()) > 0


def test_shares_of_a_table_worked_out_by_hand() -> None:
    table = "node,operation,parameter_bytes,forward_ms,backward_ms\n"
    rows = layer_table.read(table + "2,Conv2d,40,1.0,2.0\n3,ReLU,0,0.5,0.5\n4,Linear,8,1.5,2.5\n5,View,0,0.0,0.0\n")
    assert layer_table.operation_shares(rows) == {"gemm": 0.875, "relu": 0.125}
    assert layer_table.layers(rows)[3] == {
        "name": "View-5",
        "operation": "reshape",
        "parameters": "0 B",
        "forward_time": "0.0 ms",
        "backward_time": "0.0 ms",
    }


def test_alexnets_warm_up_is_said() -> None:
    assert "warm-up" in str(entry("models", "alexnet")["description"])


@pytest.mark.parametrize(("device", "measured"), measurements())
def test_a_measurement_is_complete(device: str, measured: Mapping[str, Any]) -> None:
    assert set(measured) - {"bracket"} == {"model", "minibatch", "minibatch_time", "assumption", "source"}
    assert measured["model"] in names("models")
    assert measured["minibatch"] >= 1
    assert len(measured["source"]) > 15
    spent = units.parse_duration(measured["minibatch_time"])
    low, high = (units.parse_duration(text) for text in measured.get("bracket", [measured["minibatch_time"]] * 2))
    assert 0 < low <= spent <= high
    assert ("bracket" not in measured) or measured["assumption"]


def test_a_device_has_one_time_for_a_model_and_minibatch() -> None:
    keys = [(device, measured["model"], measured["minibatch"]) for device, measured in measurements()]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("device", "seconds", "assumption"),
    [
        ("gtx-970", 0.45, True),
        ("titan-x-cudnn", 0.257, True),
        ("k40-cudnn", 0.96, False),
        ("gtx-770-cudnn", 1.215, False),
        ("k40-native", 1.325, False),
    ],
)
def test_alexnets_time_on_a_device(device: str, seconds: float, assumption: bool) -> None:
    [found] = [one for name, one in measurements() if (name, one["model"]) == (device, "alexnet-caffe")]
    assert found["minibatch"] == 256
    assert units.parse_duration(found["minibatch_time"]) == seconds
    assert found["assumption"] is assumption


@pytest.mark.parametrize("name", names("codecs"))
def test_a_codec_is_a_cost_profile(name: str) -> None:
    found = settings("codecs", name)
    overhead = found.pop("operation_overhead", None)
    profile = CodecProfile.model_validate(found)
    assert profile.compressed_fraction <= 1
    # What can be computed on was measured at it, and is averaged compressed only if nothing of it decodes.
    computes = "a minibatch does" in str(entry("codecs", name)["description"])
    assert computes == (overhead is not None)
    assert overhead is None or 0.5 < overhead["gemm"] < 1000
    if computes and profile.averages_compressed:
        assert "nothing decoded" in str(entry("codecs", name)["description"])


def test_gzip_is_table_1() -> None:
    gzip = CodecProfile.model_validate(settings("codecs", "gzip"))
    size = 243_860_896.0
    assert gzip.compressed_size(size) == size / 1.079
    assert (gzip.encode_time(size, size), gzip.decode_time(size, size)) == (8.079, 1.898)
    assert not gzip.averages_compressed
    assert gzip.encode_time(size / 2, size / 2) == 8.079 / 2


def test_none_costs_nothing() -> None:
    none = CodecProfile.model_validate(settings("codecs", "none"))
    assert (none.compressed_size(7), none.encode_time(7, 7), none.decode_time(7, 7)) == (7, 0, 0)


@pytest.mark.parametrize("name", names("networks"))
def test_a_network_is_a_shared_link_at_line_rate(name: str) -> None:
    found = settings("networks", name)
    assert set(found) == KEYS["networks"]
    assert found["topology"] == "shared-link"
    gigabits = int(name.removesuffix("gigabit-ethernet").rstrip("-") or 1)
    assert units.parse_rate(found["bandwidth"]) == gigabits * 125e6
    assert 0 < units.parse_duration(found["latency"]) <= 1e-3


def test_an_unknown_name_or_kind_lists_the_known_ones() -> None:
    with pytest.raises(KeyError, match="none"):
        entry("codecs", "gzipp")
    with pytest.raises(KeyError, match="gigabit-ethernet"):
        entry("networks", "../codecs/gzip")
    with pytest.raises(KeyError, match="models, devices, codecs, networks"):
        names("schemes")


def test_changing_an_entry_changes_no_other() -> None:
    cast("Any", entry("models", "alexnet-caffe")["layers"])[0]["name"] = "changed"
    assert layers_of("alexnet-caffe")[0]["name"] == "conv1"
