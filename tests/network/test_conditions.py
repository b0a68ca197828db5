from __future__ import annotations

import pytest
from pydantic import ValidationError

from simcluster.errors import UserInputError
from simcluster.network.variation import read_trace
from tests.network.running import ends, network

NODES = ("a", "b", "c")


def run(transfers, topology="shared-link", seed=0, **options):
    env, net = network(topology, NODES, seed, **options)
    return ends(env, net, transfers)


@pytest.mark.parametrize("topology", ["shared-link", "star"])
class TestEverywhere:
    def test_goodput_is_a_fraction_of_the_bandwidth(self, topology):
        assert run([(0, "a", "b", 94.0)], topology, bandwidth=100.0, goodput=0.94) == pytest.approx([1.0])

    def test_each_message_costs_bytes_besides(self, topology):
        env, net = network(topology, NODES, bandwidth=100.0, message_overhead=50.0)
        assert ends(env, net, [(0, "a", "b", 100.0), (2, "a", "b", 0.0)]) == pytest.approx([1.5, 2.5])
        assert net.delivered_bytes == 100.0
        assert net.usage()[0].carried_bytes == 200.0

    def test_a_cancelled_message_gives_back_its_own_bytes_alone(self, topology):
        env, net = network(topology, NODES, bandwidth=100.0, message_overhead=100.0)
        transfer = net.transfer("a", ("b",), 100.0)
        env.run(until=1.0)
        assert transfer.cancel() == 50.0

    def test_a_window_caps_a_transfer_by_its_round_trip(self, topology):
        options = {"bandwidth": 100.0, "latency": 0.5, "window": 20.0}
        assert run([(0, "a", "b", 100.0), (0, "a", "b", 60.0)], topology, **options) == pytest.approx([5.5, 3.5])
        with pytest.raises(ValidationError, match="no effect without latency"):
            network(topology, NODES, bandwidth=100.0, window=20.0)

    def test_fifo_serves_one_after_another(self, topology):
        found = run([(0, "a", "b", 100.0), (0.5, "a", "b", 10.0)], topology, bandwidth=100.0, discipline="fifo")
        assert found == pytest.approx([1.0, 1.1])

    def test_priority_is_strict_and_preemptive(self, topology):
        transfers = [(0, "a", "b", 100.0, 1.0, 5), (0.5, "a", "b", 10.0, 1.0, 2), (0.5, "a", "b", 10.0, 3.0, 2)]
        found = run(transfers, topology, bandwidth=100.0, discipline="priority")
        assert found == pytest.approx([1.2, 0.7, 0.5 + 10 / 75])

    def test_unfairness_is_seeded_and_belongs_to_the_endpoints(self, topology):
        options = {"topology": topology, "bandwidth": 100.0, "unfairness": 0.5}
        pair = [(0, "a", "c", 100.0), (0, "b", "c", 100.0)]
        first, second = run(pair, seed=1, **options)
        assert first != second
        assert max(first, second) == pytest.approx(2.0)
        assert run(pair, seed=1, **options) == [first, second]
        assert run(pair, seed=2, **options) != [first, second]
        assert run(pair[::-1], seed=1, **options) == pytest.approx([second, first])

    def test_background_traffic_takes_its_rate_first(self, topology):
        options = {"bandwidth": 100.0, "background": ({"rate": 60.0},)}
        assert run([(0, "a", "b", 100.0), (0, "a", "b", 20.0)], topology, **options) == pytest.approx([3.0, 1.0])

    def test_background_traffic_comes_and_goes(self, topology):
        options = {"bandwidth": 100.0, "background": ({"rate": 50.0, "on": 1.0, "off": 2.0},)}
        # 50 in the first second, 200 in the next two, 50 in the fourth
        assert run([(0, "a", "b", 300.0)], topology, **options) == pytest.approx([4.0])
        # Asleep until the transfer starts, and then in the middle of an off time.
        assert run([(1001.5, "a", "b", 100.0)], topology, **options) == pytest.approx([1003.0])

    def test_background_traffic_takes_its_rate_on_the_wire(self, topology):
        options = {"bandwidth": 100.0, "goodput": 0.5, "background": ({"rate": 60.0},)}
        # (100 - 60) x 0.5 are left; twice the bandwidth leaves (200 - 60) x 0.5.
        assert run([(0, "a", "b", 40.0)], topology, **options) == pytest.approx([2.0])
        options["schedule"] = ({"at": 1.0, "factor": 2.0},)
        assert run([(0, "a", "b", 90.0)], topology, **options) == pytest.approx([2.0])

    def test_a_message_of_no_bytes_feels_bandwidth_that_changes(self, topology):
        schedule = ({"at": 1.1, "factor": 0.0}, {"at": 3.0, "factor": 1.0})
        options = {"bandwidth": 100.0, "message_overhead": 50.0, "schedule": schedule}
        assert run([(1, "a", "b", 0.0)], topology, **options) == pytest.approx([3.4])

    def test_bandwidth_changes_and_a_cut_link_recovers(self, topology):
        schedule = ({"at": 1.0, "factor": 0.0}, {"at": 3.0, "factor": 2.0}, {"at": 4.0, "factor": 1.0})
        found = run([(0, "a", "b", 400.0)], topology, bandwidth=100.0, schedule=schedule)
        assert found == pytest.approx([5.0])

    def test_changes_reach_transfers_that_wait_their_latency(self, topology):
        options = {"bandwidth": 100.0, "latency": 2.0, "schedule": ({"at": 1.0, "factor": 0.5},)}
        assert run([(0, "a", "b", 100.0)], topology, **options) == pytest.approx([4.0])

    def test_traces_are_read_from_csv(self, topology, tmp_path):
        background, schedule = tmp_path / "background.csv", tmp_path / "schedule.csv"
        background.write_text("time_s,rate_bytes_per_s\n0,50\n2,0\n")
        schedule.write_text("time_s,factor\n0,1\n3,0.5\n")
        options = {"background": ({"trace": str(background)},), "schedule": ({"trace": str(schedule)},)}
        assert run([(0, "a", "b", 250.0)], topology, bandwidth=100.0, **options) == pytest.approx([4.0])


def test_patterns_choose_links():
    env, net = network("star", NODES, bandwidth=100.0, background=({"link": "a/*", "rate": 90.0},))
    assert ends(env, net, [(0, "a", "b", 10.0), (0, "c", "b", 90.0)]) == pytest.approx([1.0, 1.0])


def test_an_endless_pattern_does_not_keep_an_idle_simulation_alive():
    env, net = network("star", NODES, bandwidth=100.0, background=({"rate": 50.0, "on": 0.1, "off": 0.1},))
    env.run()
    assert env.now == 0
    assert ends(env, net, [(5, "a", "b", 75.0)]) == pytest.approx([6.0])


@pytest.mark.parametrize("random", [False, True])
def test_a_long_sleep_is_caught_up_with_in_few_steps(random, monkeypatch):
    pattern = {"rate": 50.0, "on": 1e-3, "off": 1e-3, "random": random}
    env, net = network("star", NODES, bandwidth=100.0, background=(pattern,))
    changes = []
    change = net.change_capacity
    monkeypatch.setattr(net, "change_capacity", lambda *args: changes.append(args) or change(*args))
    assert ends(env, net, [(1000.0, "a", "b", 0.1)]) == pytest.approx([1000.0015], abs=1e-3)
    assert len(changes) <= 80


def test_a_regular_pattern_is_on_time_after_a_million_periods():
    # On, and so without any bandwidth left, in [300000.0, 300000.1); off until 300000.3.
    options = {"bandwidth": 100.0, "background": ({"rate": 100.0, "on": 0.1, "off": 0.2},)}
    assert run([(300_000.0, "a", "b", 20.0)], **options) == pytest.approx([300_000.3], abs=1e-6)


def test_a_random_pattern_is_the_same_whether_it_was_slept_through_or_not():
    pattern = {"rate": 50.0, "on": 0.01, "off": 0.02, "random": True}
    options = {"topology": "star", "bandwidth": 100.0, "background": (pattern,), "seed": 3}
    asleep = run([(50.0, "a", "b", 100.0)], **options)
    busy = run([(50.0, "a", "b", 100.0), (0.0, "c", "c", 1.0), (0.0, "b", "a", 5000.0)], **options)
    assert busy[0] == pytest.approx(asleep[0], rel=1e-12)


@pytest.mark.parametrize("times", [{"on": 1e-6, "off": 1.0}, {"on": 1.0, "off": 9e-5}])
def test_bursts_that_no_fluid_feels_are_refused(times):
    with pytest.raises(ValidationError, match="at least 100 us"):
        network("star", NODES, bandwidth=1.0, background=({"rate": 1.0, **times},))


def test_a_network_is_busy_with_a_message_of_no_bytes():
    env, net = network("star", NODES, bandwidth=100.0, message_overhead=50.0)
    transfer, other = (net.transfer("a", ("b",), 0.0) for _ in range(2))
    assert not net.idle
    other.cancel()
    assert not net.idle
    env.run(transfer)
    assert net.idle


@pytest.mark.parametrize("options", [{"unfairness": 0.3}, {"discipline": "fifo"}])
def test_classes_of_transfers_that_are_over_are_forgotten(options):
    env, net = network("star", NODES, bandwidth=100.0, **options)

    def client():
        for _ in range(3000):
            yield net.transfer("a", ("b",), 1.0)

    env.process(client())
    env.run()
    assert len(net._classes) <= 1100


def test_unfairness_needs_somebody_who_shares():
    with pytest.raises(ValidationError, match="unfairness"):
        network("star", NODES, bandwidth=1.0, discipline="fifo", unfairness=0.1)


@pytest.mark.parametrize(
    ("topology", "options", "message"),
    [
        ("star", {"schedule": ({"link": "bb/*", "at": 1.0, "factor": 0.0},)}, r"network.schedule: no link .*'b/\*'"),
        ("shared-link", {"background": ({"link": "lnik", "rate": 1.0},)}, r"network.background: no link .*'link'"),
        (
            "star",
            {"interfaces": ({"node": "worker", "bandwidth": 1.0},)},
            "network.interfaces: no node matches 'worker'",
        ),
        ("racks", {"nodes_per_rack": 2, "apart": ("x",)}, "network.apart: no node matches 'x'$"),
        ("machines", {"nodes_per_machine": 2, "inside": 1.0, "apart": ("x*",)}, "network.apart: no node"),
    ],
)
def test_a_pattern_that_matches_nothing_is_refused(topology, options, message):
    with pytest.raises(UserInputError, match=message):
        network(topology, NODES, bandwidth=1.0, **options)


def test_a_misspelt_pattern_gets_the_nearest_one():
    nodes = [f"worker-{index}" for index in range(12)] + ["server-0"]
    with pytest.raises(UserInputError, match=r"matches 'wroker\*' \(did you mean 'worker-\*'\?\)"):
        network("star", nodes, bandwidth=1.0, schedule=({"link": "wroker*", "at": 1.0, "factor": 0.0},))


def test_random_background_has_the_mean_it_was_given():
    pattern = {"link": "a/up", "rate": 50.0, "on": 1.0, "off": 3.0, "random": True}
    found = run([(0, "a", "b", 87_500.0 * 4)], "star", seed=4, bandwidth=100.0, background=(pattern,))
    assert found == pytest.approx([4000.0], rel=0.03)
    assert run([(0, "a", "b", 350.0)], "star", seed=4, bandwidth=100.0, background=(pattern,)) == run(
        [(0, "a", "b", 350.0)], "star", seed=4, bandwidth=100.0, background=(pattern,)
    )


@pytest.mark.parametrize(
    ("background", "message"),
    [
        ({}, "exactly one of rate and trace"),
        ({"rate": 1.0, "trace": "x"}, "exactly one of rate and trace"),
        ({"rate": 1.0, "on": 1.0}, "belong together"),
        ({"trace": "x", "on": 1.0, "off": 1.0}, "no effect on a trace"),
        ({"rate": 1.0, "random": True}, "no effect without on and off"),
    ],
)
def test_background_options_must_fit_together(background, message):
    with pytest.raises(ValidationError, match=message):
        network("star", NODES, bandwidth=1.0, background=(background,))


@pytest.mark.parametrize("change", [{}, {"at": 1.0}, {"factor": 1.0}, {"at": 1.0, "factor": 1.0, "trace": "x"}])
def test_schedule_options_must_fit_together(change):
    with pytest.raises(ValidationError, match=r"at|factor"):
        network("star", NODES, bandwidth=1.0, schedule=(change,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time_s\n1\n", "'factor' is missing"),
        ("time_s,factor\n0,1\n1,fast\n", "row 2: expected numbers from 0 to"),
        ("time_s,factor\n0,1\n0,2\n", "row 3: times must increase"),
        ("time_s,factor\n0,nan\n", "expected numbers from 0 to"),
        ("time_s,factor\n0\n", "row 1"),
    ],
)
def test_bad_traces_are_refused(tmp_path, text, message):
    path = tmp_path / "trace.csv"
    path.write_text(text)
    with pytest.raises(UserInputError, match=message):
        read_trace(str(path), "factor")
