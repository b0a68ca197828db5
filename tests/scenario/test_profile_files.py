"""Codecs' profiles in files that scenarios name: what is taken over, what is refused, and where that is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simcluster.scenario import ScenarioError, canonical_key, from_mapping, load, to_yaml
from simcluster.scenario.candidates import load_candidate
from simcluster.scenario.catalogue import entry
from simcluster.scenario.profile_files import MOST_BYTES
from simcluster.simulation import Registry
from tests.building import BASE as MAPPING
from tests.scenario.template import BASE

PROFILE = """\
description: What my codec does to my gradients.
source: my machine
ratio: 4
compress_rate: 25 MB/s
decompress_rate: 50 MB/s
"""
NAMED = BASE.replace("codec: none", "codec: {profile: mine.yaml}")


def refused(path, registry, **options):
    with pytest.raises(ScenarioError) as caught:
        load(path, registry, **options)
    return [str(problem).removeprefix(f"{path.parent}{os.sep}") for problem in caught.value.problems]


@pytest.mark.parametrize("codec", ["mine.yaml", "{profile: mine.yaml}"])
def test_what_the_file_says_is_taken_over(codec, write, registry):
    write(PROFILE, "mine.yaml")
    loaded = load(write(BASE.replace("codec: none", f"codec: {codec}")), registry)
    found = loaded.scenario.compression.codec
    assert (found.ratio, found.compress_rate, found.decompress_rate) == (4, 25e6, 50e6)
    assert not loaded.notices


def test_amendments_win_over_the_file(write, registry):
    write(PROFILE, "mine.yaml")
    path = write(BASE.replace("codec: none", "codec: {profile: mine.yaml, rho: 0.5, compress_time: 3 s}"))
    codec = load(path, registry, overrides=["compression.codec.decompress_rate=1GB/s"]).scenario.compression.codec
    assert (codec.rho, codec.ratio) == (0.5, None)
    assert (codec.compress_time, codec.compress_rate, codec.decompress_rate) == (3, None, 1e9)


def test_each_direction_can_name_a_file_and_so_can_an_override(write, registry):
    write(PROFILE, "folder/up.yaml")
    write("rho: 0.5\n", "down.yml")
    path = write(BASE.replace("codec: none", "push: folder/up.yaml\n  pull: {profile: down.yml}"))
    compression = load(path, registry).scenario.compression
    assert (compression.push.ratio, compression.pull.rho) == (4, 0.5)
    over = load(path, registry, overrides=["compression.pull=folder/up.yaml"]).scenario
    assert over.compression.pull.ratio == 4


def test_a_scenario_is_what_its_profile_holds_not_what_it_is_called(write, registry):
    write(PROFILE, "mine.yaml")
    write(PROFILE.replace("my machine", "yours"), "other.yaml")
    write(PROFILE.replace("25 MB", "26 MB"), "faster.yaml")

    def key(codec):
        return canonical_key(load(write(BASE.replace("codec: none", f"codec: {codec}")), registry).scenario)

    inline = key("{ratio: 4, compress_rate: 25 MB/s, decompress_rate: 50 MB/s}")
    assert key("mine.yaml") == key("other.yaml") == inline != key("faster.yaml")


def test_the_resolved_scenario_needs_the_file_no_more(write, registry, tmp_path):
    write(PROFILE, "mine.yaml")
    scenario = load(write(NAMED), registry).scenario
    (tmp_path / "mine.yaml").unlink()
    assert load(write(to_yaml(scenario), "again.yaml"), registry).scenario == scenario


def test_names_are_relative_to_the_scenario_s_folder_wherever_one_stands(write, registry, tmp_path, monkeypatch):
    write(PROFILE, "folder/mine.yaml")
    write(NAMED, "folder/x.yaml")
    monkeypatch.chdir(tmp_path)
    assert load("folder/x.yaml", registry).scenario.compression.codec.ratio == 4


def test_python_code_names_files_as_they_are(write, tmp_path):
    path = write(PROFILE, "mine.yaml")
    scenario = from_mapping(MAPPING | {"compression": {"codec": str(path)}}, Registry())
    assert scenario.compression.codec.ratio == 4


OVERHEAD = [
    ("usage: homomorphic", 1.5),
    ("usage: homomorphic\n  operation_overhead: 1.2", 1.2),
    ("usage: every-update", 1.0),
    ("usage: one-time", 1.0),
]


@pytest.mark.parametrize(("usage", "overhead"), OVERHEAD)
def test_the_overhead_of_computing_comes_along_where_it_counts(usage, overhead, write, registry):
    write(PROFILE + "operation_overhead: 1.5\n", "mine.yaml")
    loaded = load(write(NAMED.replace("\nseed", f"\n  {usage}\nseed")), registry)
    assert loaded.scenario.overhead == overhead
    assert loaded.scenario.compression.operation_overhead == overhead
    assert not loaded.notices
    assert load(write(to_yaml(loaded.scenario), "again.yaml"), registry).scenario == loaded.scenario


def test_the_catalogues_overhead_is_said(write, registry):
    text = BASE.replace("codec: none", "codec: dct-epyc\n  usage: homomorphic")
    loaded = load(write(text), registry, overrides=["model.operation_shares={gemm: 0.5}"])
    factor = entry("codecs", "dct-epyc")["operation_overhead"]["gemm"]
    assert loaded.scenario.overhead == pytest.approx(1 + 0.5 * (factor - 1))
    (notice,) = [one for one in loaded.notices if one.field == "compression.operation_overhead"]
    assert notice.message == f"gemm {factor}, as of 'dct-epyc' of the catalogue, where it was measured"
    # What was not measured is not passed off as the ideal, and what a model can't compose is not taken for one.
    loaded = load(write(text.replace("dct-epyc", "fp16-epyc")), registry)
    assert "which has not measured any" in str(loaded.notices)
    (found,) = refused(write(text), registry)
    assert "no share of operation 'gemm' (give model.operation_shares, or one number for all)" in found


def test_a_profile_can_be_a_candidate(write, registry):
    base = write(BASE.replace("compression:\n  codec: none\n", ""))
    profile = write(PROFILE + "operation_overhead: 1.5\n", "mine.yaml")
    compression = load_candidate(profile, base, registry).scenario.compression
    assert (compression.codec.ratio, compression.operation_overhead) == (4, 1.5)


WRONG = [
    ("a wrong unit", PROFILE.replace("25 MB/s", "25 MBs"), [
        "mine.yaml:4:16: compression.codec.compress_rate: '25 MBs': unknown unit 'MBs'; "
        "expected a rate, such as '1 Gbit/s' (did you mean 'MB/s'?)",
    ]),
    ("an unknown key", PROFILE + "compres_time: 3 s\n", ["mine.yaml:6:1: compression.codec.compres_time: unknown key"]),
    ("two at once", PROFILE + "expands: 1\nagreed_fraction: -1\n", [
        "mine.yaml:6:10: compression.codec.expands: 1: expected true or false",
        "mine.yaml:7:18: compression.codec.agreed_fraction: -1: must be at least 0",
    ]),
    ("what doesn't fit together", PROFILE + "compress_time: 1 s\n", [
        "compression.codec: give at most one of compress_time and compress_rate",
    ]),
    ("an encoder that isn't", PROFILE + "encoder: {codec: qsdg}\n", [
        "mine.yaml:6:18: compression.codec.encoder.codec: 'qsdg': no such codec (did you mean 'qsgd'?)",
    ]),
    ("a scenario", BASE, ["mine.yaml:1:1: compression.codec.profile: not the profile of a codec"]),
    ("a profile of a profile", PROFILE + "profile: gzip\n", [
        "mine.yaml:6:1: compression.codec.profile.profile: a profile in a file is complete, and amends no other",
    ]),
    ("a list", "- 1\n", ["mine.yaml:1:1: compression.codec.profile: not the profile of a codec"]),
    ("nothing", "", ["mine.yaml:1:1: nothing in it"]),
    ("no YAML", "ratio: [4\n", ["mine.yaml:2:1: not valid YAML"]),
    ("a key twice", PROFILE + "ratio: 5\n", ["mine.yaml:6:1: ratio: the key was given before (first in line 3)"]),
    ("no text", b"ratio: \xff\n", ["mine.yaml:1: not UTF-8 text"]),
    ("a tag", "ratio: !!python/object:os.system 4\n", ["mine.yaml:1:8: ratio: tags are not taken"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_is_wrong_in_the_file_is_said_at_its_line(text, expected, write, registry):
    write(text, "mine.yaml")
    found = refused(write(NAMED), registry)
    assert len(found) == len(expected)
    assert all(words in line for words, line in zip(expected, found, strict=True)), found


def test_an_overhead_that_is_wrong_is_said_at_its_line(write, registry):
    write(PROFILE + "operation_overhead: fast\n", "mine.yaml")
    (found,) = refused(write(NAMED.replace("\nseed", "\n  usage: homomorphic\nseed")), registry)
    assert found.startswith("mine.yaml:6:21: compression.operation_overhead: 'fast': expected a number")


REFUSED = [
    ("missing.yaml", "no such file"),
    ("mien.yaml", "no such file (did you mean 'mine.yaml'?)"),
    ("../outside.yaml", "lies outside of the scenario's folder (move the file there, or use --allow-path)"),
    ("/etc/outside.yaml", "lies outside of the scenario's folder"),
    ("link.yaml", "lies outside of the scenario's folder"),
    ("circle.yaml", "no such file"),
    ("folder.yaml", "not a regular file"),
    ("fifo.yaml", "not a regular file"),
    ("http://example.org/x.yaml", "expected the name of a file, not an address"),
    ("n" * 5000 + ".yaml", "far too long"),
]


@pytest.mark.parametrize(("name", "words"), REFUSED, ids=[name[:20] for name, _ in REFUSED])
def test_what_can_t_be_named_is_said_where_it_was_named(name, words, write, registry, tmp_path):
    folder = tmp_path / "scenario"
    write(PROFILE, "outside.yaml")
    write(PROFILE, "scenario/mine.yaml")
    (folder / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (folder / "circle.yaml").symlink_to(folder / "circle.yaml")
    (folder / "folder.yaml").mkdir()
    os.mkfifo(folder / "fifo.yaml")
    path = write(BASE.replace("codec: none", f"codec: {{profile: '{name}'}}"), "scenario/x.yaml")
    (found,) = refused(path, registry)
    assert found.startswith("x.yaml:15:20: compression.codec.profile: ")
    assert words in found


def test_the_user_may_allow_files_outside(write, registry):
    write(PROFILE, "outside.yaml")
    path = write(NAMED.replace("mine.yaml", "../outside.yaml"), "scenario/x.yaml")
    assert load(path, registry, allow_path=True).scenario.compression.codec.ratio == 4


def test_profiles_together_are_no_larger_than_a_scenario_may_be(write, registry):
    filler = "# " + "x" * 1000 + "\n"
    half = PROFILE + filler * (MOST_BYTES * 6 // 10 // len(filler))
    write(half, "one.yaml")
    write(half, "two.yaml")
    (found,) = refused(write(BASE.replace("codec: none", "push: one.yaml\n  pull: two.yaml")), registry)
    assert found.startswith("x.yaml:16:9: compression.pull: 'two.yaml': together with the other profiles larger than")


def test_other_sections_name_no_files(write, registry):
    write("parameters: 1 MB\n", "model.yaml")
    (found,) = refused(write(BASE.replace("{parameters: 100 MB}", "model.yaml")), registry)
    assert "no such model in the catalogue" in found


def test_a_hidden_place_of_the_profile_is_never_read(write, registry, monkeypatch):
    opened = []
    monkeypatch.setattr("simcluster.scenario.profile_files.read_file", lambda path, *_: opened.append(Path(path)))
    refused(write(NAMED.replace("mine.yaml", "../../etc/mine.yaml")), registry)
    assert not opened
