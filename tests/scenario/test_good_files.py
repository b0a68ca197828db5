"""Files that must be accepted, and what they come to."""

from __future__ import annotations

import sys

import pytest

from simcluster.cli import main
from simcluster.scenario import ScenarioError, canonical_key, load, load_grid, resolved, to_yaml
from tests.scenario.template import BASE, FILES

#: With a trace of the link's capacity.
TRACED = BASE.replace("latency: 100 us", "schedule: [{trace: FILE}]")

GOOD_FILES = sorted((FILES / "good").glob("*.yaml"))

CONTROLS = [
    ("as it is", BASE, {}),
    ("byte order mark", "\ufeff" + BASE, {}),
    ("Windows line ends", BASE.replace("\n", "\r\n"), {}),
    ("old Macintosh line ends", BASE.replace("\n", "\r"), {}),
    ("no line end at the end", BASE.rstrip(), {}),
    ("micro sign", BASE.replace("100 us", "100 \u00b5s"), {}),
    ("Greek mu", BASE.replace("100 us", "100 \u03bcs"), {}),
    ("quoted quantity", BASE.replace("1 Gbit/s", '"1 Gbit/s"'), {}),
    ("no space before the unit", BASE.replace("1 Gbit/s", "1Gbit/s"), {}),
    ("flow style", "{name: base, model: {parameters: 100 MB}, compute: {minibatch_time: 0.5 s, minibatch: 64}, "
        "cluster: {workers: 4}, network: {bandwidth: 1 Gbit/s, latency: 100 us}, training: {updates: 3}, seed: 1}", {}),
    ("comments and blank lines", "# one\n\n" + BASE.replace("seed: 1", "seed: 1  # two"), {}),
    ("one document with its mark", "---\n" + BASE + "...\n", {}),
    ("whole number for a float", BASE.replace("workers: 4", "groups: [{count: 4, speed: 1}]"), {"workers": 4}),
    ("exponents", BASE.replace("100 MB", "1e8 B"), {}),
    ("anchors", BASE.replace("workers: 4", "groups: [&g {count: 2}, *g]"), {"workers": 4}),
    ("4,096 workers", BASE.replace("workers: 4", "workers: 4096"), {"workers": 4096}),
    ("1,000,000 workers", BASE.replace("workers: 4", "workers: 1000000"), {"workers": 1_000_000}),
    ("4,096 groups", BASE.replace("workers: 4", "groups:\n" + "  - {count: 1, speed: 1.5}\n" * 4096),
        {"workers": 4096}),
    ("the largest seed", BASE.replace("seed: 1", f"seed: {2**63 - 1}"), {}),
    ("the largest minibatch", BASE.replace("minibatch: 64", f"minibatch: {10**12}"), {}),
    ("an alias for a text", BASE.replace("name: base", "name: &n base") + "description: *n\n", {}),
    ("quoted keys", BASE.replace("seed: 1", "'seed': 1"), {}),
    ("names that only look hostile", BASE.replace("name: base", "name: v1.0, A+B - 2_x"), {"name": "v1.0, A+B - 2_x"}),
    ("letters of all languages", BASE.replace("name: base", "name: Größe 大"), {"name": "Größe 大"}),
    ("long description", BASE + f"description: '{'word ' * 1900}'\n", {}),
    ("literal text", BASE + "description: |\n  two\n  lines\n", {}),
    ("null takes a default away", BASE.replace("minibatch: 64", "minibatch: 64\n  jitter: null"), {}),
    ("numbers written by others", BASE.replace("seed: 1", "seed: +1"), {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in CONTROLS], ids=[case[0] for case in CONTROLS])
def test_controls_are_accepted(text, expected, write, registry):
    loaded = load(write(text), registry)
    scenario = loaded.scenario
    assert scenario.name == expected.get("name", "base")
    assert scenario.cluster.total_workers == expected.get("workers", 4)
    assert scenario.model.parameters == 100e6
    assert scenario.network.bandwidth == 125e6
    assert scenario.network.latency == 100e-6
    assert scenario.training.updates == 3
    assert scenario.compression.codec.profile == "none"
    assert not loaded.notices


@pytest.mark.parametrize("text", [case[1] for case in CONTROLS], ids=[case[0] for case in CONTROLS])
def test_controls_are_valid_on_the_command_line(text, write, monkeypatch, capsys):
    monkeypatch.chdir(write(text).parent)
    monkeypatch.setattr(sys, "argv", ["simcluster", "validate", "x.yaml"])
    main()
    assert capsys.readouterr().out == "x.yaml: valid\n"


BESIDE = [
    ("an extended file in a folder", "extends: sub/y.yaml\n", "sub/y.yaml", BASE),
    ("an extended file by a link within", "extends: link.yaml\n", "y.yaml", BASE),
    ("data in a folder", TRACED.replace("FILE", "sub/t.csv"), "sub/t.csv", "time_s,factor\n0,1\n"),
    ("data of a spreadsheet", TRACED.replace("FILE", "t.csv"), "t.csv", "\ufefftime_s,factor\r\n0,1\r\n"),
]


@pytest.mark.parametrize(("text", "name", "content"), [case[1:] for case in BESIDE], ids=[case[0] for case in BESIDE])
def test_files_beside_are_read(text, name, content, write, monkeypatch, capsys):
    write(content, name)
    folder = write(text).parent
    (folder / "link.yaml").symlink_to(name)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["simcluster", "run", "x.yaml"])
    main()
    assert "update time" in capsys.readouterr().out


def test_the_example_of_the_design_means_what_it_says(registry):
    scenario = load(FILES / "good" / "alexnet-gige.yaml", registry).scenario
    assert scenario.name == "alexnet-gige"
    assert scenario.model.name == "alexnet-caffe"
    assert scenario.model.parameters == 243_860_896
    assert (scenario.compute.minibatch_time, scenario.compute.minibatch) == (0.45, 256)
    assert scenario.training.local_iterations == 200
    assert scenario.overhead == 1


def test_everything_means_what_it_says(registry):
    loaded = load(FILES / "good" / "everything.yaml", registry)
    scenario = loaded.scenario
    assert scenario.model.parameters == 4 * 2**20
    assert scenario.compute.minibatch_time == pytest.approx(0.05)  # 10 + 20 + 5 + 5 + 10 ms
    assert [(group.count, group.speed, group.cores) for group in scenario.cluster.worker_groups] == [
        (3, 1.0, 2), (1, 0.5, 4),
    ]  # fmt: skip
    assert scenario.overhead == pytest.approx(1 + 0.9 * 0.2 + 0.1 * 1.0)
    codec = scenario.compression.codec
    assert (codec.profile, codec.rho, codec.ratio) == ("gzip", 0.2, None)
    assert (codec.compress_time, codec.compress_rate) == (None, 1e9)
    assert codec.decompress_time == 1.898
    assert [notice.field for notice in loaded.notices] == [
        "cluster.server.cores", "cluster.worker.cores", "cluster.groups", "sweep",
    ]  # fmt: skip


def test_a_device_gives_the_time_of_a_model(registry):
    loaded = load(FILES / "good" / "device.yaml", registry)
    assert (loaded.scenario.compute.minibatch_time, loaded.scenario.compute.minibatch) == (0.45, 256)
    assert [notice.message for notice in loaded.notices if notice.field == "compute.device"] == [
        "minibatch_time 0.45 s is an assumption of the catalogue, not a measurement"
    ]
    assert loaded.scenario.name == "device"


def test_a_device_without_that_minibatch_is_refused(write, registry):
    text = (FILES / "good" / "device.yaml").read_text().replace("gtx-970", "gtx-970, minibatch: 128")
    with pytest.raises(
        ScenarioError, match=r"no time of that minibatch on it, only of 256 \(give compute.minibatch_time"
    ):
        load(write(text), registry)


def test_a_device_without_that_model_is_refused(write, registry):
    text = (FILES / "good" / "device.yaml").read_text().replace("alexnet-caffe", "resnet50")
    with pytest.raises(ScenarioError, match="no time of model 'resnet50' on it, only of alexnet-caffe, street"):
        load(write(text), registry)


def test_the_file_wins_over_the_device(write, registry):
    text = (FILES / "good" / "device.yaml").read_text()
    given = load(write(text.replace("device: gtx-970", "device: gtx-970, minibatch_time: 1 s")), registry)
    assert (given.scenario.compute.minibatch_time, given.scenario.compute.minibatch) == (1.0, 256)
    assert "compute.device" not in [notice.field for notice in given.notices]


@pytest.mark.parametrize("path", GOOD_FILES, ids=lambda path: path.stem)
def test_what_is_dumped_loads_as_an_equal_scenario(path, write, registry):
    scenario = load(path, registry).scenario
    again = load(write(to_yaml(scenario)), registry).scenario
    assert again == scenario
    assert resolved(again) == resolved(scenario)
    assert canonical_key(again) == canonical_key(scenario)


@pytest.mark.parametrize("path", GOOD_FILES, ids=lambda path: path.stem)
def test_every_good_file_is_a_grid_too(path, registry):
    assert len(load_grid(path, registry)) >= 1


def test_provenance_says_where_each_setting_comes_from(write, registry):
    write(BASE, "base.yaml")
    path = write("extends: base.yaml\npresets:\n  fast:\n    network: {bandwidth: 10 Gbit/s}\nseed: 3\n")
    loaded = load(path, registry, ["cluster.workers=8"], ["fast"])
    places = {key: str(place).rpartition("/")[2] for key, place in loaded.provenance.items()}
    assert places["seed"] == "x.yaml:5:7"
    assert places["network.bandwidth"] == "x.yaml:4:26"
    assert places["network.latency"] == "base.yaml:10:12"
    assert places["cluster.workers"] == "--set cluster.workers=8"


def test_numbers_and_words_follow_the_own_grammar(write, registry):
    text = BASE.replace("codec: none", "codec: {rho: 1e-1, decompress_time: 0 s, expands: false}")
    codec = load(write(text), registry).scenario.compression.codec
    assert codec.rho == 0.1
    assert codec.decompress_time == 0


def test_layers_without_times_leave_the_minibatch_time_open(write, registry):
    text = BASE.replace("{parameters: 100 MB}", "{layers: [{name: a, parameters: 100 MB, forward_time: 2 s}]}")
    timed = text.replace("  minibatch_time: 0.5 s\n", "")
    assert load(write(timed), registry).scenario.compute.minibatch_time == 2
    assert load(write(text), registry).scenario.compute.minibatch_time == 0.5


def test_the_catalogues_minibatch_goes_with_its_times(write, registry):
    text = BASE.replace("model: {parameters: 100 MB}", "model: resnet50").replace("  minibatch_time: 0.5 s\n", "")
    assert load(write(text.replace("minibatch: 64", "scaling: weak")), registry).scenario.compute.minibatch == 128
    with pytest.raises(ScenarioError, match="times of the layers are for a minibatch of 128"):
        load(write(text), registry)
