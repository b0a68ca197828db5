"""Settings without effect are said, and only those."""

from __future__ import annotations

import pytest

from simcluster.scenario import load
from tests.scenario.template import BASE

SAID = [
    ("codec: none", "codec: none\n  direction: push", 16, "compression.direction", "codec 'none'"),
    ("codec: none", "codec: none\n  usage: homomorphic", 16, "compression.usage", "codec 'none'"),
    ("codec: none", "codec: none\n  usage: one-time", 16, "compression.usage", "codec 'none'"),
    ("codec: none", "codec: gzip\n  operation_overhead: 1.3", 16, "compression.operation_overhead", "only usage homom"),
    ("codec: none", "codec: {rho: 0.5, compress_time: 0 s, decompress_time: 0 s}\n  usage: one-time\n  direction: pull",
        17, "compression.direction",
        "with usage one-time both directions"),
    ("workers: 4", "workers: 4\n  server: {cores: 2}", 8, "cluster.server.cores", "codec 'none'"),
    ("workers: 4", "workers: 4\n  worker: {cores: 2}", 8, "cluster.worker.cores", "one message at a time"),
    ("workers: 4", "groups: [{count: 1, cores: 2}]", 7, "cluster.groups", "one message at a time"),
    ("workers: 4", "groups: [{count: 1, bandwidth: 1 Gbit/s}]", 7, "cluster.groups", "no own interface"),
    ("minibatch: 64", "minibatch: 64\n  jitter: {cv: 0}", 6, "compute.jitter", "a cv of 0 is no jitter"),
    ("codec: none", "codec: none\n  runs_on: device", 16, "compression.runs_on", "codec 'none'"),
    ("workers: 4", "workers: 4\n  worker: {device_sharing: fifo}", 8, "cluster.worker.device_sharing",
        "nothing but computing runs on the device"),
    ("codec: none", "codec: gzip-xeon\n  push: gzip\n  pull: gzip", 15, "compression.codec", "push and pull say"),
    ("codec: none", "push: gzip\n  pull: gzip\n  direction: push", 17, "compression.direction", "push and pull say"),
    ("codec: none", "pull: {profile: gzip, agreed_fraction: 0.1}", 15, "compression.pull.agreed_fraction",
        "only workers agree, on what they push"),
    ("codec: none", "codec: {profile: gzip, agreed_fraction: 0.1}\n  direction: pull", 15,
        "compression.codec.agreed_fraction", "only workers agree"),
    ("codec: none", "codec: {rho: 0.5, compress_time: 0 s, decompress_time: 0 s, agreed_fraction: 0.1}\n"
        "  usage: one-time", 15, "compression.codec.agreed_fraction", "workers encode once, and agree on nothing"),
    ("codec: none", "pull: {profile: gzip-xeon, compress_rate: 1 MB/s, decompress_rate: 1 MB/s, measured_size: 9 B}",
        15, "compression.pull.measured_size", "rates are for all sizes"),
    ("codec: none", "push: {profile: gzip, expands: true}", 15, "compression.push.expands", "makes its input smaller"),
    ("codec: none", "push: {profile: gzip, encoder: {codec: gzip}}", 15, "compression.push.encoder",
        "nothing is learned"),
    ("updates: 3", "updates: 3\n  slice_size: 100 MB", 14, "training.slice_size", "nothing that is sent is larger"),
    ("updates: 3", "updates: 3\n  exchange: gradients", 14, "training.exchange", "nothing is learned"),
    ("updates: 3", "updates: 3\n  order: priority", 14, "training.order", "no part is needed earlier than another"),
    ("updates: 3", "updates: 3\n  bucket_size: 1 MB", 14, "training.bucket_size", "only with overlap"),
    ("{parameters: 100 MB}", "{parameters: 1 MB, operation_shares: {gemm: 1}}", 2, "model.operation_shares",
        "does not name operations"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "field", "words"), SAID)
def test_a_setting_without_effect_is_said(old, new, line, field, words, write, registry):
    notices = load(write(BASE.replace(old, new)), registry).notices
    assert [(notice.place.line, notice.field) for notice in notices] == [(line, field)]
    assert words in str(notices[0])
    assert notices[0].message.startswith("no effect: ")


def test_a_server_that_only_encodes_needs_no_cores_to_decode(write, registry):
    text = BASE.replace("codec: none", "codec: gzip\n  direction: pull")
    text = text.replace("workers: 4", "workers: 4\n  server: {cores: 2}")
    (notice,) = load(write(text), registry).notices
    assert "the server decodes nothing: what workers push is not compressed" in str(notice)


@pytest.mark.parametrize(
    ("codec", "message"),
    [
        ("{ratio: 4}", "compress and decompress at no cost"),
        ("{ratio: 4, compress_rate: 1 GB/s}", "decompress at no cost"),
        ("{ratio: 4, compress_time: 0 s, decompress_time: 0 s, expands: true}", "makes its input smaller"),
        ("{ratio: 4, compress_rate: 1 GB/s, decompress_rate: 1 GB/s, measured_size: 1 MB}", "only times are for the"),
    ],
)
def test_a_codec_says_what_it_leaves_out(codec, message, write, registry):
    (notice,) = load(write(BASE.replace("codec: none", f"codec: {codec}")), registry).notices
    assert message in str(notice)


def test_a_sweep_that_a_run_leaves_alone_is_said(write, registry):
    (notice,) = load(write(BASE + "\nsweep: {cluster.workers: 1..3}\n"), registry).notices
    assert notice.message == "its points are not run; simcluster sweep runs them"


SILENT = [
    ("model: {parameters: 100 MB}", "model: resnet50"),  # has operation_shares of its own
    ("codec: none", "codec: none\n  direction: both\n  usage: every-update\n  operation_overhead: 1"),
    ("codec: none", "codec: gzip\n  direction: push"),
    (
        "codec: none",
        "codec: {rho: 0.5, compress_time: 0 s, decompress_time: 0 s}\n  usage: homomorphic\n  operation_overhead: 1.3",
    ),
    ("codec: none", "push: gzip\n  pull: gzip-xeon\n  runs_on: device"),
    ("codec: none", "push: {profile: gzip, agreed_fraction: 0.1}"),
    ("updates: 3", "updates: 3\n  slice_size: 99 MB"),
    ("workers: 4", "workers: 4\n  server: {cores: 1}\n  worker: {cores: 1}"),
    ("minibatch: 64", "minibatch: 64\n  jitter: {cv: 0.1}"),
    ("minibatch: 64", "minibatch: 64\n  jitter: {distribution: exponential}"),
    ("seed: 1", "seed: 1\npresets: {a: {seed: 2}}"),
]


@pytest.mark.parametrize(("old", "new"), SILENT)
def test_settings_with_effect_and_defaults_are_not(old, new, write, registry):
    assert not load(write(BASE.replace(old, new)), registry).notices


def test_an_override_without_effect_is_said_too(write, registry):
    (notice,) = load(write(BASE), registry, ["cluster.server.cores=4"]).notices
    assert str(notice) == "--set cluster.server.cores=4: cluster.server.cores: no effect: codec 'none' sends the " \
        "parameters as they are"  # fmt: skip


@pytest.mark.parametrize("key", ["codec", "push", "pull"])
def test_a_codec_that_costs_nothing_is_said_in_its_direction(key, write, registry):
    (notice,) = load(write(BASE.replace("codec: none", f"{key}: {{rho: 0.5, compress_time: 1 s}}")), registry).notices
    assert (notice.field, notice.place.line) == (f"compression.{key}", 15)
    assert notice.message == "decompress at no cost: neither a time nor a rate is given"


def test_a_device_is_shared_where_several_things_happen_at_once(write, registry):
    text = BASE.replace("codec: none", "codec: gzip\n  runs_on: device").replace(
        "workers: 4", "workers: 4\n  worker: {device_sharing: fifo}"
    )
    assert load(write(text), registry).notices
    assert not load(write(text.replace("updates: 3", "updates: 3\n  slice_size: 9 MB")), registry).notices
