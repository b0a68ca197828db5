"""Files that extend others: what is inherited, what is replaced, what is refused."""

from __future__ import annotations

import os

import pytest

from simcluster.scenario import ScenarioError, load
from tests.scenario.template import BASE


def refused(path, registry, **options):
    with pytest.raises(ScenarioError) as caught:
        load(path, registry, **options)
    return [(problem.place.line, problem.field, str(problem)) for problem in caught.value.problems]


def test_mappings_merge_and_scalars_replace(write, registry):
    write(BASE, "base.yaml")
    scenario = load(write("extends: base.yaml\nnetwork: {latency: 5 us}\nseed: 9\n"), registry).scenario
    assert scenario.network.latency == 5e-6
    assert scenario.network.bandwidth == 125e6
    assert scenario.seed == 9


def test_the_name_is_not_inherited(write, registry):
    write(BASE, "base.yaml")
    assert load(write("extends: base.yaml\n", "my file (2).yaml"), registry).scenario.name == "my file -2-"


def test_chains_go_through_folders_below(write, registry):
    write(BASE, "sub/a.yaml")
    write("extends: a.yaml\nseed: 2\n", "sub/b.yaml")
    scenario = load(write("extends: sub/b.yaml\ncluster: {workers: 9}\n"), registry).scenario
    assert (scenario.seed, scenario.cluster.workers) == (2, 9)


REPLACED = [
    ("a name over a mapping", "model: street", lambda s: s.model.name == "street"),
    ("a mapping over a name", "compression: {codec: {rho: 0.5}}", lambda s: s.compression.codec.profile is None),
    ("groups over workers", "cluster: {groups: [{count: 2}]}", lambda s: s.cluster.total_workers == 2),
    ("layers over parameters", "model: {layers: [{name: a, parameters: 1 MB}]}", lambda s: s.model.parameters == 1e6),
    ("another topology", "network: {topology: star}", lambda s: s.network.ports == 8),
]


@pytest.mark.parametrize(("text", "check"), [case[1:] for case in REPLACED], ids=[case[0] for case in REPLACED])
def test_what_changes_its_kind_is_replaced(text, check, write, registry):
    write(BASE, "base.yaml")
    assert check(load(write(f"extends: base.yaml\n{text}\n"), registry).scenario)


def test_inherited_settings_of_another_topology_are_left_out_and_said(write, registry):
    write(BASE, "base.yaml")
    loaded = load(write("extends: base.yaml\nnetwork: {topology: star}\n"), registry)
    (notice,) = loaded.notices
    assert notice.field == "network.latency"
    assert "no effect with topology 'star'; 'shared-link' takes it: left out" in notice.message
    assert notice.place.line == 10


def test_inherited_settings_of_another_scheme_are_left_out_and_said(write, registry):
    write(BASE.replace("updates: 3", "updates: 3\n  pull: free"), "base.yaml")
    loaded = load(write("extends: base.yaml\ntraining: {scheme: async-ps}\n"), registry)
    assert loaded.scenario.training.updates == 3
    assert [notice.field for notice in loaded.notices] == ["training.pull"]


def test_own_settings_of_another_scheme_stay_an_error(write, registry):
    write(BASE, "base.yaml")
    found = refused(write("extends: base.yaml\ntraining: {scheme: async-ps, pull: free}\n"), registry)
    assert [(line, field) for line, field, _ in found] == [(2, "training.pull")]


def test_amendments_of_one_profile_don_t_reach_another(write, registry):
    write(BASE.replace("codec: none", "codec: {profile: gzip, rho: 0.5, compress_rate: 1 GB/s}"), "base.yaml")
    path = write("extends: base.yaml\ncompression: {codec: {profile: gzip-xeon, decompress_rate: 2 GB/s}}\n")
    codec = load(path, registry).scenario.compression.codec
    assert (codec.rho, codec.ratio) == (None, 1.0791)
    assert (codec.compress_rate, codec.decompress_rate) == (21.8e6, 2e9)


def test_what_is_missing_in_both_is_reported_at_the_last(write, registry):
    write(BASE.replace("  bandwidth: 1 Gbit/s\n", ""), "base.yaml")
    ((line, field, report),) = refused(write("extends: base.yaml\nnetwork: {latency: 1 us}\n"), registry)
    assert (line, field) == (2, "network.bandwidth")
    assert "x.yaml:2:1" in report


def test_problems_of_the_base_are_reported_at_their_file(write, registry):
    write(BASE.replace("1 Gbit/s", "1 Gbitt/s"), "base.yaml")
    ((line, field, report),) = refused(write("extends: base.yaml\n"), registry)
    assert (line, field) == (9, "network.bandwidth")
    assert "base.yaml:9:14" in report


REFUSED = [
    ("missing file", "bse.yaml", "no such file (did you mean 'base.yaml'?)"),
    ("itself", "x.yaml", "extends itself: x.yaml -> x.yaml"),
    ("outside", "../other.yaml", "lies outside of the scenario's folder"),
    ("absolute", "/etc/passwd", "lies outside of the scenario's folder"),
    ("a folder", "sub", "not a regular file"),
    ("the folder itself", ".", "not a regular file"),
    ("an address", "https://example.com/x.yaml", "expected the name of a file, not an address"),
    ("a number", "7", "expected the name of a file"),
    ("a list", "[base.yaml]", "expected the name of a file"),
    ("nothing", "", "expected the name of a file"),
    ("a link out", "link.yaml", "lies outside of the scenario's folder"),
    ("a FIFO", "fifo.yaml", "not a regular file"),
    ("a name that is too long", "n" * 5000, "far too long"),
]


@pytest.mark.parametrize(("target", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_can_t_be_extended_is_said_at_its_line(target, words, write, registry, tmp_path):
    write(BASE, "base.yaml")
    write(BASE, "sub/base.yaml")
    (tmp_path / "link.yaml").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "fifo.yaml")
    found = refused(write(BASE + f"extends: {target}\n"), registry)
    assert [(line, field) for line, field, _ in found] == [(17, "extends")]
    assert words in found[0][2]


def test_a_cycle_ends(write, registry):
    write("extends: b.yaml\n", "a.yaml")
    write("extends: c.yaml\n", "b.yaml")
    write("extends: b.yaml\n", "c.yaml")
    with pytest.raises(
        ScenarioError, match=r"c\.yaml:1:10: extends: 'b\.yaml': extends itself: b\.yaml -> c\.yaml -> b"
    ):
        load(write("extends: a.yaml\n"), registry)


def test_a_chain_has_an_end(write, registry):
    for number in range(20):
        write(f"extends: f{number + 1}.yaml\n", f"f{number}.yaml")
    write(BASE, "f20.yaml")
    with pytest.raises(ScenarioError, match="more than 16 files extend each other"):
        load(write("extends: f0.yaml\n"), registry)


def test_the_user_may_allow_more(write, registry):
    write(BASE, "base.yaml")
    path = write("extends: ../base.yaml\n", "deep/x.yaml")
    ((_, _, report),) = refused(path, registry)
    assert "use --allow-path" in report
    assert load(path, registry, allow_path=True).scenario.seed == 1


UNREADABLE = [("a missing file", "nothing.yaml", "no such file"), ("a folder", ".", "not a regular file"),
    ("a FIFO", "fifo", "not a regular file"), ("NUL", "a\x00b", "not the name of a file"),
    ("a long name", "n" * 5000, "too long")]  # fmt: skip


@pytest.mark.parametrize(("name", "words"), [case[1:] for case in UNREADABLE], ids=[case[0] for case in UNREADABLE])
def test_what_is_no_file_is_refused(name, words, registry, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ScenarioError, match=words):
        load(f"{tmp_path}/{name}", registry)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/stdin", "/proc/self/mem"])
def test_devices_are_refused(device, registry):
    with pytest.raises(ScenarioError):
        load(device, registry)
