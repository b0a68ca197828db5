"""What the schemes that there are say of settings without effect in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from simcluster.scenario.problems import Notice
from simcluster.simulation import load
from tests.scenario.template import BASE


def notices_of(folder: Path, text: str, *overrides: str) -> Sequence[Notice]:
    """Return the notices of a scenario file with a text."""
    file = folder / "x.yaml"
    file.write_text(text)
    return load(file, overrides).notices


@pytest.mark.parametrize(
    ("scheme", "updates", "said"),
    [
        ("async-ps", 3, "3 updates of scheme 'async-ps' are fewer than one for each worker"),
        ("async-ps", 4, ""),
        ("sync-ps", 1, ""),
        ("{scheme: h-adpsgd, workers_per_machine: 2}", 1, "take 2 for each round of all"),
    ],
)
def test_a_run_of_less_than_one_update_of_each_worker_is_remarked_on(scheme, updates, said, tmp_path: Path):
    training = scheme if scheme.startswith("{") else f"{{scheme: {scheme}}}"
    text = BASE.replace(BASE[BASE.index("training:") : BASE.index("compression:")], f"training: {training}\n")
    notices = notices_of(tmp_path, text, f"training.updates={updates}")
    assert [notice.field for notice in notices] == (["training.updates"] if said else [])
    assert all(said in str(notice) for notice in notices)


@pytest.mark.parametrize(
    ("scheme", "settings", "field", "words"),
    [
        ("ring-allreduce", "direction: pull", "compression.codec", "direction pull compresses nothing"),
        ("ring-allreduce", "direction: push", "compression.direction", "everything as a push"),
        ("ring-allreduce", "pull: gzip", "compression.pull", "no parameter server"),
    ],
)
def test_what_servers_would_send_is_nothing_without_servers(scheme, settings, field, words, tmp_path):
    text = BASE.replace("codec: none", f"codec: gzip\n  {settings}").replace("scheme: sync-ps", f"scheme: {scheme}")
    notices = {notice.field: str(notice) for notice in notices_of(tmp_path, text)}
    assert words in notices[field]


@pytest.mark.parametrize(
    ("scheme", "useless"), [("d-psgd", False), ("ad-psgd", True), ("ring-allreduce", True), ("async-ps", True)]
)
def test_more_cores_are_of_use_where_messages_meet(scheme, useless, tmp_path):
    text = BASE.replace("codec: none", "codec: gzip").replace("workers: 4", "workers: 4\n  worker: {cores: 4}")
    notices = notices_of(tmp_path, text.replace("scheme: sync-ps", f"scheme: {scheme}"))
    assert [notice.field for notice in notices if "cores" in notice.field] == ["cluster.worker.cores"] * useless
