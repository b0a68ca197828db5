"""The homomorphic map: candidates, whether they reach the goal, and from where on."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from simcluster.errors import UserInputError
from simcluster.experiments import CandidateSet, homomorphic_map, load_candidates, names_inside
from simcluster.scenario.catalogue import entry

#: One update of the plain model on 4 workers: 4 * 1 s / 4 of computing, and 2 * 4 * 100 MB at 125 MB/s = 6.4 s.
BASE = """
model: {parameters: 100 MB}
compute: {minibatch_time: 1 s, minibatch: 32}
cluster: {workers: 4}
network: {topology: shared-link, bandwidth: 1 Gbit/s, latency: 0 s}
training: {scheme: sync-ps, local_iterations: 4, updates: 2}
presets:
  small: {compression: {codec: {rho: 0.25}, operation_overhead: 3}}
  recoded: {compression: {codec: {rho: 0.25, compress_time: 0.1 s, decompress_time: 0.2 s, averages_compressed: false}}}
  squeezed: {model: {parameters: 10 MB}, compute: {minibatch_time: 2 s}}
  slow: {compression: {usage: homomorphic, codec: {rho: 0.25}, operation_overhead: 9}}
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.yaml"
    path.write_text(BASE)
    return path


def rows_of(field: CandidateSet, **options: object) -> dict[str, dict[str, object]]:
    table = homomorphic_map(field, **options)  # type: ignore[arg-type]
    return {str(row["candidate"]): row for row in table.to_dict("records")}  # type: ignore[misc]


def test_candidates_are_what_their_numbers_say(base: Path) -> None:
    field = load_candidates(base)
    found = {one.name: (one.way, one.fraction, one.overhead) for one in field.candidates}
    assert found == {
        "small": ("homomorphic", 0.25, 3.0),
        "recoded": ("recoded", 0.25, 1.0),
        "squeezed": ("model", 0.1, 2.0),
        "slow": ("homomorphic", 0.25, 9.0),
    }
    assert [one.scenario.compression.usage for one in field.candidates[:2]] == ["homomorphic", "every-update"]
    # Nothing is said of an overhead without effect: the usage is chosen so that it has one.
    assert {notice.field for notice in field.notices} == {"compression.codec"}


def test_times_by_hand(base: Path) -> None:
    rows = rows_of(load_candidates(base), bandwidths=None, workers=None)
    assert [row["plain_update_time_s"] for row in rows.values()] == pytest.approx([7.4] * 4)
    expected = {
        "small": 3 + 1.6,
        "recoded": 1 + 1.6 + 0.1 + 4 * 0.2 + 0.1 + 0.2,
        "squeezed": 2 + 0.64,
        "slow": 9 + 1.6,
    }
    assert {name: row["update_time_s"] for name, row in rows.items()} == pytest.approx(expected)
    charged = {"small": 3, "recoded": 2.2, "squeezed": 2, "slow": 9}
    assert {name: row["charged_overhead"] for name, row in rows.items()} == pytest.approx(charged)
    assert {name: row["speedup"] for name, row in rows.items()} == pytest.approx(
        {name: 4 / time for name, time in expected.items()}
    )
    assert [name for name, row in rows.items() if row["inside"]] == ["small", "recoded", "squeezed"]


def test_edges_are_found_by_simulations(base: Path) -> None:
    rows = rows_of(load_candidates(base, named=["small", "slow"]), bandwidths="network.bandwidth=0.1..10 Gbit/s")
    # h = 1 + (1 - rho) * 800 MB / chi, and h = 1 + (1 - rho) * M^2 * 200 MB / (4 s * chi).
    assert rows["small"]["inside_from_bytes_per_s"] == -math.inf
    assert rows["small"]["inside_to_bytes_per_s"] == pytest.approx(300e6, rel=1e-3)
    assert rows["slow"]["inside_to_bytes_per_s"] == pytest.approx(75e6, rel=1e-3)
    assert (rows["small"]["inside_from_workers"], rows["small"]["inside_to_workers"]) == (3, math.inf)
    assert rows["slow"]["inside_from_workers"] == 6


def test_a_speedup_is_counted_from_the_plain_model_on_one_device(base: Path) -> None:
    rows = rows_of(load_candidates(base), speedup=1.0, bandwidths="network.bandwidth=0.1..100 Gbit/s")
    assert [name for name, row in rows.items() if row["inside"]] == ["recoded", "squeezed"]
    # 4 s = 3 s + 200 MB / chi; 4 s = 2 s + 80 MB / chi.
    assert rows["small"]["inside_from_bytes_per_s"] == pytest.approx(200e6, rel=1e-3)
    assert rows["small"]["inside_to_bytes_per_s"] == math.inf
    assert rows["squeezed"]["inside_from_bytes_per_s"] == pytest.approx(40e6, rel=1e-3)
    assert math.isnan(rows["slow"]["inside_from_bytes_per_s"])  # type: ignore[arg-type]
    # 12 / M + 0.4 * M <= 4 nowhere; on one device the plain model computes alone, but h = 2 never has a speed-up of 1.
    assert math.isnan(rows["slow"]["inside_to_workers"])  # type: ignore[arg-type]
    # 8 / M + 0.16 * M <= 4 from 2.2 to 22.8.
    assert (rows["squeezed"]["inside_from_workers"], rows["squeezed"]["inside_to_workers"]) == (3, 22)


def test_those_inside_are_named_from_the_fastest(base: Path) -> None:
    table = homomorphic_map(load_candidates(base), bandwidths=None, workers=None)
    assert names_inside(table) == ["squeezed", "recoded", "small"]


def test_an_entry_of_the_catalogue_brings_its_overhead(base: Path) -> None:
    path = base.parent / "catalogued.yaml"
    path.write_text("compression: {codec: dct-epyc}\nmodel: {operation_shares: {gemm: 1.0}}\n")
    (only,) = load_candidates(base, named=[str(path)]).candidates
    assert (only.way, only.overhead) == ("homomorphic", entry("codecs", "dct-epyc")["operation_overhead"]["gemm"])


def test_files_beside_the_scenario_are_candidates(base: Path) -> None:
    (base.parent / "half.yaml").write_text("extends: base.yaml\ncompression: {codec: {rho: 0.5}}\n")
    profile = base.parent / "measured.yaml"
    profile.write_text("compression: {codec: {rho: 0.4}}\n")
    assert [one.name for one in load_candidates(base).candidates][-1] == "half"
    (only,) = load_candidates(base, named=[str(profile)]).candidates
    assert (only.name, only.fraction) == ("measured", 0.4)


def test_overrides_hold_for_all(base: Path) -> None:
    field = load_candidates(base, ["cluster.workers=8"])
    assert {one.scenario.cluster.total_workers for one in field.candidates} == {8}
    assert field.plain.cluster.total_workers == 8


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ("cluster: {workers: 3}", "cluster.workers is 3, but 4"),
        ("training: {local_iterations: 5}", "training.local_iterations is 5, but 4"),
        ("network: {bandwidth: 2 Gbit/s}", "network.bandwidth"),
        ("compute: {minibatch: 64}", "compute.minibatch is 64, but 32"),
    ],
)
def test_a_candidate_on_another_cluster_is_refused(base: Path, patch: str, words: str) -> None:
    path = base.parent / "unfair.yaml"
    path.write_text(patch)
    with pytest.raises(UserInputError, match=words):
        load_candidates(base, named=[str(path)])


def test_a_candidate_may_be_averaged_at_its_own_rate(base: Path) -> None:
    path = base.parent / "averaged.yaml"
    path.write_text("cluster: {server: {aggregation_rate: 100 MB/s}}\ncompression: {codec: {rho: 0.25}}\n")
    rows = rows_of(load_candidates(base, named=[str(path)]), bandwidths=None, workers=None)
    assert rows["averaged"]["update_time_s"] == pytest.approx(1 + 1.6 + 1)
    assert rows["averaged"]["charged_overhead"] == pytest.approx(2)


def test_what_makes_no_map_is_refused(base: Path) -> None:
    with pytest.raises(UserInputError, match="begins from plain parameters"):
        load_candidates(base, ["compression.codec=gzip"])
    with pytest.raises(UserInputError, match=r"'smal': neither a preset.*small"):
        load_candidates(base, named=["smal"])
    with pytest.raises(UserInputError, match="two candidates"):
        load_candidates(base, named=["small", "small"])
    empty = base.parent / "empty.yaml"
    empty.write_text(BASE[: BASE.index("presets")])
    with pytest.raises(UserInputError, match="no candidates"):
        load_candidates(empty)
