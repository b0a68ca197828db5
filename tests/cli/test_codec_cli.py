"""``simcluster codec measure`` and ``simcluster list encoders`` as a user calls them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from simcluster.cli.codec_command import DISTRIBUTIONS
from simcluster.codecs import synthetic
from simcluster.scenario import catalogue
from simcluster.simulation import Registry, load_scenario
from tests.cli.test_commands import ROOT, simcluster
from tests.codecs.cases import MODULES

SMALL = ["--parameters", "5000", "--repeat", "2"]


def test_every_codec_of_the_package_has_its_name_in_the_registry() -> None:
    registry = Registry()
    assert {name: registry.module("codec", name) for name in registry.names("codec")} == MODULES
    assert all(registry.module("codec", name).OPTIONS().codec == name for name in registry.names("codec"))


def test_the_report_says_how_small_how_fast_and_how_exact(tmp_path: Path) -> None:
    done = simcluster("codec", "measure", "fp16", *SMALL, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {line[:18].strip(): line[18:].split() for line in done.stdout.splitlines()}
    assert rows["ratio"][:1] == ["2"]
    assert rows["plain"] == ["20", "kB"]
    assert rows["sent"] == ["10", "kB"]
    assert rows["encode"][1] == rows["decode"][1] == rows["average undecoded"][1] == "MB/s"
    assert 0 < float(rows["relative error"][0]) < 2**-11
    assert "2 repeats, seed 0" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_what_is_agreed_on_is_told_and_what_can_not_be_averaged() -> None:
    shared = simcluster("codec", "measure", "terngrad", "--option", "share_scaler=true", *SMALL).stdout
    assert re.search(r"agreed on before +4 B", shared)
    assert re.search(r"average undecoded +not possible", simcluster("codec", "measure", "gzip", *SMALL).stdout)


def test_the_line_of_the_report_is_a_scenario_s_own_profile(tmp_path: Path) -> None:
    done = simcluster("codec", "measure", "qsgd", "--option", "coding=gamma", "--option", "levels=3", *SMALL)
    profile = yaml.safe_load(done.stdout.splitlines()[-1])["codec"]
    assert profile["averages_compressed"] is False
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(_scenario() | {"compression": {"codec": profile}}))
    assert load_scenario(path).compression.codec.ratio == profile["ratio"]


def test_the_written_profile_can_be_named(tmp_path: Path) -> None:
    arguments = ["--shape", "64x100", "--repeat", "1", "-o", "here.yaml"]
    done = simcluster("codec", "measure", "1-bit", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "wrote here.yaml\n"
    text = (tmp_path / "here.yaml").read_text()
    assert re.search(r"Measured with simcluster on \d{4}-\d\d-\d\d: one core of ", " ".join(text.split()))
    assert re.search(r"python [\d.]+, numpy [\d.]+", " ".join(text.split()))
    assert "seed 0" in text
    assert max(map(len, text.splitlines())) <= 120
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(_scenario() | {"compression": {"codec": "here.yaml"}}))
    codec = load_scenario(tmp_path / "own.yaml").compression.codec
    assert codec.ratio == 64 * 100 * 4 / (100 * (8 + 64 / 8))
    assert codec.compress_rate is not None
    assert codec.encoder is not None
    assert codec.encoder["codec"] == "1-bit"


def test_the_written_profile_is_as_the_catalogue_has_them(tmp_path: Path) -> None:
    done = simcluster("codec", "measure", "none", *SMALL, "-o", "here.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    entry = yaml.safe_load((tmp_path / "here.yaml").read_text())
    assert list(entry)[:3] == ["description", "source", "ratio"]
    assert entry["ratio"] == 1


def _scenario() -> dict[str, object]:
    shared = {"model": {"parameters": "1 MB"}, "compute": {"minibatch_time": "1 s", "minibatch": 8}}
    return shared | {"cluster": {"workers": 2}, "network": {"bandwidth": "1 Gbit/s"}}


REPRESENTATION = ["cer", "--distribution", "low-entropy", "--shape", "40x300", "--repeat", "2"]


def test_computing_on_payloads_is_measured(tmp_path: Path) -> None:
    done = simcluster("codec", "measure", *REPRESENTATION, "--columns", "8", "-o", "cer-here.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {line[:20].strip(): line[20:] for line in done.stdout.splitlines()}
    assert {"add *", "axpy *", "matvec", "matmul", "rmatmul", "elementwise", "minibatch *"} <= rows.keys()
    assert re.search(r" 1,320 \(x0\.11\)", simcluster("codec", "measure", "csr", *REPRESENTATION[1:]).stdout)
    assert "on 40 x 300:" in done.stdout
    assert re.search(r"times as long as dense, 8 columns, with an update that .*, BLAS on 1 thread$", done.stdout, re.M)
    written = yaml.safe_load((tmp_path / "cer-here.yaml").read_text())
    assert written["operation_overhead"].keys() == {"gemm"}
    assert written["operation_overhead"]["gemm"] > 0
    codec = {"profile": "cer-here.yaml", "averages_compressed": True}
    own = _scenario() | {"compression": {"usage": "homomorphic", "codec": codec}}
    own["model"] = {"parameters": "1 MB", "operation_shares": {"gemm": 0.9}}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(own))
    assert load_scenario(tmp_path / "own.yaml").compression.operation_overhead == written["operation_overhead"]


def test_the_shares_of_a_model_make_the_overhead_one_number(tmp_path: Path) -> None:
    done = simcluster("codec", "measure", *REPRESENTATION, "--shares", "alexnet", "-o", "here.yaml", cwd=tmp_path)
    said = re.search(r"with gemm's share of alexnet, 88\.4%: h = ([\d.e+]+)$", done.stdout, re.M)
    assert said
    overhead = yaml.safe_load((tmp_path / "here.yaml").read_text())["operation_overhead"]
    assert overhead == float(said[1])
    assert done.stdout.splitlines()[-1].split() == ["operation_overhead:", str(overhead)]
    # Any scenario of any model can be told so, if it says how it is used; what can't be averaged is refused.
    compression = {"usage": "homomorphic", "codec": {"profile": "here.yaml", "averages_compressed": True}}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(_scenario() | {"compression": compression}))
    assert load_scenario(tmp_path / "own.yaml").overhead == overhead


def test_tensors_of_a_file_are_measured(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", a=np.zeros((30, 10), np.float32), b=np.ones(50, np.float32), c=np.arange(3))
    done = simcluster("codec", "measure", "none", "--on", "two.npz", "--repeat", "1", cwd=tmp_path)
    assert done.stdout.startswith("none on the 2 tensors of two.npz, 350 elements\n")


def test_the_same_seed_gives_the_same_payloads() -> None:
    def errors(seed: str) -> list[str]:
        done = simcluster("codec", "measure", "qsgd", "--distribution", "laplace", "--seed", seed, *SMALL)
        rows = [" ".join(line.split()) for line in done.stdout.splitlines()]
        return [row for row in rows if row.startswith(("ratio", "relative", "largest", "bias"))]

    assert errors("3") == errors("3")
    assert errors("3") != errors("4")


def test_numpy_is_kept_on_one_core() -> None:
    code = (
        "import os, sys\nfrom simcluster.cli import cli\nimport simcluster.cli.codec_command\n"
        "assert 'numpy' not in sys.modules\n"
        "cli(['codec', 'measure', 'none', '--parameters', '10', '--repeat', '1'], standalone_mode=False)\n"
        "assert 'numpy' in sys.modules and os.environ['OMP_NUM_THREADS'] == '1'"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


def test_the_distributions_are_those_that_can_be_made() -> None:
    assert DISTRIBUTIONS == synthetic.DISTRIBUTIONS


BAD_CALLS = [
    (["gzi"], "no such codec: 'gzi' (did you mean 'gzip'?)"),
    (["???"], "known: none, fp16"),
    (["gzip", "--option", "levle=3"], "--option levle=3: levle: no such option (did you mean 'level'?)"),
    (["gzip", "--option", "level=12"], "--option level=12: level: 12: must be at most 9"),
    (["gzip", "--option", "level=six"], "level: 'six': expected a whole number"),
    (["gzip", "--option", "level"], "expected key=value, where key is one of level, container"),
    (["gzip", "--option", "codec=zstd"], "codec: no such option"),
    (["gzip", "--option", "level=1", "--option", "level=2"], "level: set twice"),
    (["gzip", "--option", "level=" + "9" * 50], "a number of more than 40 characters"),
    (["gzip", "--option", "level=1,2"], "level: a list: expected a whole number"),
    (["gzip", "--option", "container=\x1b[2J"], "expected key=value"),
    (["none", "--option", "level=1"], "there are no options here"),
    (["qsgd", "--option", "gaps=true"], "give coding gamma or omega"),
    (["gzip", "--distribution", "cauchy"], "cauchy"),
    (["gzip", "--shape", "2500by4000"], "such as 2500x4000"),
    (["gzip", "--shape", "0x3"], "at least one element"),
    (["gzip", "--shape", "100000x100000"], "at most 2,147,483,648 bytes"),
    (["gzip", "--shape", "2x2", "--parameters", "4"], "not both"),
    (["gzip", "--on", "missing.npy"], "missing.npy"),
    (["gzip", "--on", "missing.pt"], ".safetensors"),
    (["gzip", "--on", "missing.npy", "--distribution", "laplace"], "brings its own tensors"),
    (["gzip", "--repeat", "0"], "--repeat"),
    (["gzip", "--seed", "-1"], "--seed"),
    (["gzip", "-o", "here.txt"], "-o here.txt: a profile that scenarios name ends in .yaml"),
    (["gzip", "--columns", "8"], "payloads of gzip can't be computed on: leave out --columns and --shares"),
    (["fp16", "--shares", "alexnet"], "payloads of fp16 can't be computed on"),
    (["csr", "--shares", "alexnt"], "no shares of operations of 'alexnt' (did you mean 'alexnet'?)"),
    (["csr", "--shares", "street"], "no shares of operations of 'street'"),
    (["csr", "--columns", "0"], "--columns"),
    (["gzip", "-o", "missing/x.yaml"], "there is no folder missing"),
    ([], "Missing argument"),
]


@pytest.mark.parametrize(("arguments", "hint"), BAD_CALLS, ids=[" ".join(arguments) for arguments, _ in BAD_CALLS])
def test_what_is_wrong_is_said_and_nothing_is_written(arguments: list[str], hint: str, tmp_path: Path) -> None:
    output = [] if "-o" in arguments else ["-o", "x.yaml"]
    done = simcluster("codec", "measure", *arguments, *output, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert hint in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_all_wrong_options_are_reported_together() -> None:
    done = simcluster("codec", "measure", "gzip", "--option", "level=12", "--option", "container=gzp")
    assert len(done.stderr.splitlines()) == 2


def test_list_tells_encoders_from_the_profiles_of_the_catalogue() -> None:
    profiles, encoders = simcluster("list", "codecs").stdout, simcluster("list", "encoders").stdout
    assert "\n  gzip-epyc\n" in profiles
    assert "powersgd-4-epyc" not in encoders
    assert re.search(r"^  powersgd +Sends two factors of low rank\.$", encoders, re.MULTILINE)
    assert "      rank [4]: Columns of each factor." in encoders
    everything = simcluster("list").stdout
    assert re.search(r"^  powersgd +Sends", everything, re.MULTILINE)
    assert "rank [4]" not in everything


MEASURED = [name for name in catalogue.names("codecs") if name.endswith("-epyc")]


@pytest.mark.parametrize("name", MEASURED)
def test_a_measured_profile_of_the_catalogue_names_its_machine_and_no_place(name: str) -> None:
    entry = catalogue.entry("codecs", name)
    codec = str(entry["description"]).split()[0]
    assert codec in Registry().names("codec")
    assert str(entry["source"]).startswith("Measured with simcluster on 2026-")
    assert "the project's reference machine" in str(entry["source"])
    assert "/" not in str(entry["source"])
    assert entry.get("encoder", {"codec": codec})["codec"] == codec
    assert set(entry) - {"expands", "encoder", "agreed_fraction", "operation_overhead"} == {
        "description", "source", "ratio", "compress_rate", "decompress_rate", "averages_compressed",
    }  # fmt: skip


def test_the_reference_machine_has_measured_every_codec_that_compresses() -> None:
    measured = {str(catalogue.entry("codecs", name)["description"]).split()[0] for name in MEASURED}
    assert measured == set(Registry().names("codec")) - {"none"}
