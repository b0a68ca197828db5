"""The validation page: every published result is on it, predicted from stated inputs or with the reason why not."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from simcluster.cli import cli
from simcluster.experiments.validation import errors_by_system, validate
from simcluster.experiments.validation.metrics import Pace, in_terms_of, published_value, speed_ratio
from simcluster.experiments.validation.rules import Rule, read_rules, rule_of
from simcluster.experiments.validation.scenarios import Question, question_of
from simcluster.scenario import catalogue
from simcluster.scenario.catalogue import published

ROWS = published.rows()
RULES = read_rules()
OUTCOMES = {"predicted", "input", "no-time", "unknown", "not-modelled"}
#: GB/s and Gbit/s times goodput, worked out here once more.
TCP = 1448 / 1538
PCIE = 15.754e9 * 128 / 154


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("validation") / "runs.db"


@pytest.fixture(scope="module")
def page(store: Path) -> pd.DataFrame:
    return validate(jobs=2, store=store)


def predicted_rows() -> list[tuple[published.PublishedRow, Rule]]:
    return [(row, rule) for row in ROWS if (rule := rule_of(row, RULES)).predict]


def question(number: int) -> Question:
    row = ROWS[number - 1]
    predict = rule_of(row, RULES).predict
    assert predict is not None
    return question_of(row, predict)


def numbered(model: str, scheme: str, workers: str) -> int:
    return next(row.row for row in ROWS if (row.model, row.scheme, row.workers) == (model, scheme, workers))


def test_the_data_is_whole_and_every_result_has_its_source() -> None:
    assert [row.row for row in ROWS] == list(range(1, 214))
    assert all(len(row.source) > 5 and row.table_or_figure and row.model for row in ROWS)
    found = ROWS[numbered("VGG-16", "Horovod NCCL all-reduce on GPU, RDMA", "16 (4x4)") - 1]
    assert found.result_value == "1787.4"
    assert found.source == "horovod/horovod@d54e3a88 README.md"
    assert sum(float(row.result_value) for row in ROWS if row.source.startswith("apache/mxnet")) == pytest.approx(
        457.07 + 870.43 + 1514.8 + 2852.5 + 4244.18 + 7945.57 + 15840.52 + 31334.88 + 61938.36
        + 30.4 + 59.61 + 117.9 + 233.39 + 447.61 + 882.57 + 1761.24 + 3416.2 + 6660.98
        + 20.08 + 38.76 + 77.01 + 153.07 + 298.03 + 595.53 + 1179.86 + 2333.47 + 4630.42
    )


def test_every_result_has_a_rule_and_every_rule_a_result() -> None:
    used = [RULES.index(rule_of(row, RULES)) for row in ROWS]
    assert sorted(set(used)) == list(range(len(RULES)))
    for rule in RULES:
        assert rule.outcome in OUTCOMES
        assert (rule.predict is None) == (rule.outcome != "predicted") == bool(rule.reason)


def test_a_result_that_no_rule_is_about_is_an_error_not_dropped() -> None:
    with pytest.raises(LookupError, match="published result 213"):
        rule_of(ROWS[-1], RULES[:3])


def test_nothing_measured_between_machines_is_called_an_input() -> None:
    for row in ROWS:
        if rule_of(row, RULES).outcome == "input" and "train" in row.result_metric + row.result_value:
            assert row.workers.startswith("1")


def test_the_kinds_of_network_are_the_only_assumptions_about_networks() -> None:
    kinds = published.network_kinds()
    used = set()
    for row, rule in predicted_rows():
        predict = rule.predict
        assert predict is not None
        network = question(row.row).scenario.network
        assert network.ideal
        used |= {predict.between, predict.inside} - {None}
        known = {kinds[name]["goodput"] * 1e9 * speed / 8 for name in kinds for speed in (10, 20, 25, 40)}
        inside = [kind for kind in kinds.values() if "bandwidth" in kind]
        known |= {kind["goodput"] * 1e9 * float(str(kind["bandwidth"]).split()[0]) for kind in inside}
        rates = [network.bandwidth, *([network.inside] if network.topology == "machines" else [])]
        for rate in rates:
            assert any(math.isclose(rate, each) for each in known)
    assert used == set(kinds)
    assert all(len(kind["source"]) > 50 for kind in kinds.values())


def test_stated_bandwidths_are_used_as_stated() -> None:
    for row, rule in predicted_rows():
        predict = rule.predict
        assert predict is not None
        stated = row.bandwidth_gbit_s[:2].strip()
        if stated.isdigit():
            assert predict.bandwidth is None
            if predict.between and int(row.workers.split()[0]) > (predict.per_machine or 1):
                network = question(row.row).scenario.network
                goodput = published.network_kinds()[predict.between]["goodput"]
                assert network.bandwidth == pytest.approx(int(stated) * 1e9 / 8 * goodput)


def test_what_no_source_states_is_said() -> None:
    for row, _ in predicted_rows():
        assumed = question(row.row).assumed
        assert any("goodput" in one for one in assumed)
        assert not any(";" in one for one in assumed), "the page separates them by semicolons"
        if "not stated" in row.bandwidth_gbit_s and row.workers.startswith(("16", "32", "64", "128", "256")):
            assert any("Gbit/s" in one or "a PCIe" in one for one in assumed)
        if not row.compute_s_per_iter:
            assert any("minibatch time" in one or "rate of one device" in one for one in assumed)
        if not row.params_millions and not row.model_MB:
            assert any("size of the model" in one for one in assumed)


def test_layers_keep_their_shares_when_they_are_scaled_to_a_stated_size() -> None:
    number = numbered("AlexNet", "kvstore dist_device_sync (sync PS)", "2")
    model = question(number).scenario.model
    usual = catalogue.entry("models", "alexnet")["layers"]
    assert model.parameters == pytest.approx(4 * 50.8e6)
    assert isinstance(usual, list)
    first, last = (next(layer for layer in order if layer.parameters) for order in (model.layers, model.layers[::-1]))
    sizes = {layer["name"]: float(layer["parameters"].split()[0]) for layer in usual}
    assert last.parameters / first.parameters == pytest.approx(sizes[last.name] / sizes[first.name])


def test_a_machine_computes_at_its_published_rate() -> None:
    number = numbered("AlexNet", "kvstore dist_device_sync (sync PS)", "64")
    found = question(number)
    assert found.workers == 4
    assert found.scenario.compute.minibatch == 16 * 512
    assert found.worker_rate == pytest.approx(4244.18)


def test_a_message_between_machines_waits_the_latency_of_its_kind_in_all() -> None:
    network = question(numbered("VGG-16", "Horovod NCCL all-reduce on GPU, RDMA", "16 (4x4)")).scenario.network
    assert network.inside_latency == pytest.approx(5.7e-6)
    assert network.latency + network.inside_latency == pytest.approx(9.6e-6)


def test_the_host_is_never_the_bottleneck() -> None:
    network = question(numbered("ResNet-50", "single node (PS on CPU or NCCL)", "4")).scenario.network
    (host,) = network.interfaces
    assert (host.node, host.bandwidth) == ("server-0", pytest.approx(4 * PCIE / 2, rel=1e-3))


def test_servers_are_as_many_as_the_source_says() -> None:
    counts = {}
    for row, rule in predicted_rows():
        if rule.system == "TensorFlow on EC2, several machines":
            counts[row.model, row.batch_per_worker, row.workers[:2]] = question(row.row).scenario.servers
    exceptions = {("Inception V3", "64"): 6, ("Inception V3", "32"): 6, ("ResNet-50", "32"): 4, ("ResNet-152", "32"): 4}
    for (model, batch, workers), servers in counts.items():
        assert servers == (exceptions.get((model, batch), 8) if workers == "64" else int(workers) // 8)


def test_fp16_halves_what_travels() -> None:
    row = next(row for row in ROWS if row.source.startswith("aws-samples") and row.workers.startswith("16"))
    assert question(row.row).scenario.model.parameters == pytest.approx(102228128 / 2)


# Theano-MPI computes, and then adds up on a ring of two GPUs, each with half of a x16 link: both halves of the
# parameters go one way, and come the other way. 20 updates of 2 x 128 images are 5,120 images.
def test_a_row_without_overlap_is_what_it_comes_to_by_hand(page: pd.DataFrame) -> None:
    number = numbered("AlexNet", "BSP NCCL all-reduce", "2")
    exchange = 2 * (5.7e-6 + 244.403360e6 / 2 / (PCIE / 2))
    assert page["predicted"][number - 1] == pytest.approx(20 * (0.5125 + exchange), rel=1e-3)
    assert page["perfect"][number - 1] == pytest.approx(20 * 0.5125)
    assert page["published"][number - 1] == pytest.approx(10.35 + 0.78)


def test_a_row_that_hides_all_communication_scales_perfectly_but_for_its_tail(page: pd.DataFrame) -> None:
    number = numbered("ResNet-152", "kvstore dist_device_sync (sync PS)", "32")
    assert page["perfect"][number - 1] == pytest.approx(2 * 298.03)
    assert 0.99 < page["predicted_efficiency"][number - 1] < 1


def test_all_results_are_on_the_page(page: pd.DataFrame) -> None:
    assert page["row"].tolist() == list(range(1, 214))
    assert set(page["outcome"]) == OUTCOMES
    predicted = page[page["outcome"] == "predicted"]
    assert len(predicted) == len(predicted_rows())
    numbers = ["published", "predicted", "relative_error", "perfect", "perfect_error", "speed_ratio"]
    assert predicted[numbers].notna().all(axis=None)
    assert (predicted["assumed"].str.len() > 0).all()
    others = page[page["outcome"] != "predicted"]
    assert others[numbers].isna().all(axis=None)
    assert (others["reason"].str.len() > 10).all()


def test_no_prediction_is_faster_than_perfect_scaling(page: pd.DataFrame) -> None:
    predicted = page[page["outcome"] == "predicted"]
    assert (predicted["predicted_efficiency"] <= 1 + 1e-9).all()
    assert (predicted["predicted_efficiency"] > 0).all()
    shares = predicted["predicted_efficiency"] / predicted["published_efficiency"]
    assert shares.tolist() == pytest.approx(predicted["speed_ratio"].tolist())


def test_errors_are_summed_up_by_system_and_overall() -> None:
    table = pd.DataFrame(
        {
            "outcome": ["predicted"] * 3 + ["input"],
            "system": ["a", "a", "b", "b"],
            "relative_error": [0.1, -0.3, 2.0, math.nan],
            "perfect_error": [0.2, 0.4, 3.0, math.nan],
            "speed_ratio": [1.1, 0.7, 3.0, math.nan],
        }
    )
    found = errors_by_system(table)
    assert found["system"].tolist() == ["a", "b", "all"]
    assert found["results"].tolist() == [2, 1, 3]
    assert found["median_error"].tolist() == pytest.approx([0.2, 2.0, 0.3])
    assert found["worst_error"].tolist() == pytest.approx([0.3, 2.0, 2.0])
    assert found["median_perfect_error"].tolist() == pytest.approx([0.3, 3.0, 0.4])
    assert found["median_speed_ratio"].tolist() == pytest.approx([0.9, 3.0, 1.1])


# Four workers of 100 samples/s each need 0.5 s for 128 samples: 256 samples/s, 64 % of 400.
PACE = Pace(update_time=0.5, samples=128, worker_rate=100, workers=4)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("images_per_s", 256),
        ("kframes_per_s", 0.256),
        ("speedup", 2.56),
        ("scaling_efficiency", 0.64),
        ("ms_per_batch", 500),
        ("train+comm_s_per_5120_images", 20),
        ("hours for 90 epochs", 90 * 1281167 / 256 / 3600),
    ],
)
def test_metrics(metric: str, value: float) -> None:
    assert in_terms_of(metric, PACE) == pytest.approx(value)


def test_a_prediction_is_too_fast_where_rates_are_higher_or_times_shorter() -> None:
    assert speed_ratio("images_per_s", 300, 200) == pytest.approx(1.5)
    assert speed_ratio("ms_per_batch", 200, 300) == pytest.approx(1.5)


def test_published_values() -> None:
    assert published_value("10.35+0.78") == (pytest.approx(11.13), False)
    assert published_value(">5") == (5.0, True)
    assert published_value("0.68") == (0.68, False)


def test_the_command_prints_every_result_and_writes_the_page(page: pd.DataFrame, store: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["published", "--jobs", "1", "--store", str(store), "--out", str(tmp_path / "page")])
    assert done.exit_code == 0, done.output
    written = pd.read_csv(tmp_path / "page" / "published.csv")
    assert written["row"].tolist() == page["row"].tolist()
    assert written["predicted"].tolist() == pytest.approx(page["predicted"].tolist(), nan_ok=True)
    assert pd.read_csv(tmp_path / "page" / "errors.csv")["system"].tolist()[-1] == "all"
    assert (tmp_path / "page" / "published.png").stat().st_size > 10_000
    for system in page["system"].unique():
        assert system in done.output
    for reason in page["reason"].unique():
        assert " ".join(str(reason).split()) in done.output
    assert f"{page.loc[page['outcome'] == 'predicted', 'relative_error'].abs().median():.1%}" in done.output


def test_the_documented_errors_are_those_of_the_page(page: pd.DataFrame) -> None:
    text = (Path(__file__).parents[2] / "docs" / "validation.md").read_text()
    for row in errors_by_system(page).to_dict("records"):
        name = "**all**" if row["system"] == "all" else row["system"]
        shares = [f"{row[error]:.1%}" for error in ("median_error", "worst_error", "median_perfect_error")]
        line = f"| {name} | {row['results']} | {' | '.join(shares)} | {row['median_speed_ratio']:.3f} |"
        assert line in text.splitlines(), f"docs/validation.md should say: {line}"
