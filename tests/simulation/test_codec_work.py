"""Where codecs work and when, worked out by hand: by direction, on cores and devices, in slices, double-buffered."""

from __future__ import annotations

from typing import Any

import pytest

from simcluster.scenario import ScenarioError
from tests.building import run

#: Encode 4 s, decode 2 s, 100 MB -> 25 MB; and 1 s, 3 s, 100 MB -> 50 MB.
UP = {"rho": 0.25, "compress_time": "4 s", "decompress_time": "2 s"}
DOWN = {"rho": 0.5, "compress_time": "1 s", "decompress_time": "3 s"}


class TestByDirection:
    """W/B = 1 s; 4 workers; c = 8/4 = 2 s."""

    def test_each_direction_has_its_own_codec(self) -> None:
        result = run({"compression": {"push": UP, "pull": DOWN}})
        # 2 compute, 4 encode, 4 * 0.25 push, 4 * 2 decode in turn, 1 encode, 4 * 0.5 pull, 3 decode.
        parts = {"computation": 2, "encode": 4, "push": 1, "server_decode": 8}
        parts |= {"server_encode": 1, "pull": 2, "decode": 3}
        assert {name: result.metrics[f"{name}_s"] for name in parts} == parts
        assert result.metrics["update_time_s"] == sum(parts.values()) == 21
        assert result.metrics["bytes_on_wire"] == 2 * 4 * (25e6 + 50e6)

    @pytest.mark.parametrize(
        "compression",
        [{"push": UP}, {"codec": UP, "pull": "none"}, {"codec": UP, "direction": "push"}, {"push": UP, "codec": DOWN,
            "direction": "push"}],
    )  # fmt: skip
    def test_a_direction_can_stay_plain(self, compression: dict[str, Any]) -> None:
        metrics = run({"compression": compression}).metrics
        assert metrics["update_time_s"] == 2 + 4 + 1 + 8 + 4
        assert metrics["bytes_on_wire"] == 2 * 4 * (25e6 + 100e6)

    @pytest.mark.parametrize("compression", [{"pull": DOWN}, {"codec": UP, "direction": "push", "pull": DOWN}])
    def test_a_codec_of_its_own_is_used_whatever_the_direction_of_the_other(self, compression: dict[str, Any]) -> None:
        metrics = run({"compression": compression}).metrics
        pushed = 4 + 1 + 8 if "codec" in compression else 4
        assert metrics["update_time_s"] == 2 + pushed + 1 + 2 + 3

    @pytest.mark.parametrize("scheme", ["ring-allreduce", "all-gather", "direct"])
    def test_workers_among_themselves_push(self, scheme: str) -> None:
        training = {"training": {"scheme": scheme}}
        one = run({**training, "compression": {"codec": UP}}).metrics
        assert run({**training, "compression": {"push": UP}}).metrics == one
        assert one["bytes_on_wire"] < run(training).metrics["bytes_on_wire"]


#: One worker that computes 4 s; its push of 50 MB takes 0.5 s, nothing else takes time, nothing comes back.
ALONE: dict[str, Any] = {
    "cluster": {"workers": 1},
    "compute": {"minibatch_time": "4 s"},
    "compression": {"codec": {"rho": 0.5, "compress_time": "2 s", "decompress_time": "0 s"}, "direction": "push"},
    "training": {"updates": 3, "pull": "free", "exchange": "gradients", "double_buffering": True},
}


def alone(runs_on: str, sharing: str = "fair", **training: object) -> Any:
    compression = {**ALONE["compression"], "runs_on": runs_on}
    cluster = {"workers": 1, "worker": {"device_sharing": sharing}}
    return run(ALONE | {"compression": compression, "cluster": cluster, "training": ALONE["training"] | training})


def encodes(result: Any, lane: str) -> list[tuple[float, float]]:
    spans = result.spans.query(f"lane == '{lane}' and activity == 'encode'")
    return list(spans[["start_s", "end_s"]].itertuples(index=False, name=None))


class TestOnTheDevice:
    def test_what_waits_for_the_device_anyway_costs_the_same(self) -> None:
        times = {
            alone(where, sharing, double_buffering=False).metrics["update_time_s"]
            for where in ("core", "device")
            for sharing in ("fair", "fifo")
        }
        assert times == {4 + 2 + 0.5}

    def test_a_core_encodes_behind_the_next_minibatch(self) -> None:
        result = alone("core")
        assert encodes(result, "core-0") == [(4, 6), (8, 10), (12, 14)]
        assert result.metrics["total_time_s"] == 12 + 2 + 0.5

    def test_a_fair_device_halves_both(self) -> None:
        result = alone("device")
        # Both at half speed from 4 s to 8 s, then the other 2 s of computing: 6 s an update, and no core works.
        assert encodes(result, "codec") == [(4, 8), (10, 14), (16, 18)]
        assert not encodes(result, "core-0")
        assert result.updates["end_s"].tolist() == [4, 10, 18.5]
        assert result.updates["computation_s"].tolist() == [4, 6, 6]

    def test_a_serial_device_takes_what_came_first(self) -> None:
        result = alone("device", "fifo")
        # The encoding of 2 s came first, so that computing begins 2 s late.
        assert encodes(result, "codec") == [(4, 6), (10, 12), (16, 18)]
        assert result.updates["end_s"].tolist() == [4, 10, 18.5]

    def test_decoding_contends_too(self) -> None:
        codec = {"rho": 0.5, "compress_time": "0 s", "decompress_time": "1 s"}
        compression = {"codec": codec, "direction": "pull", "runs_on": "device"}
        training = ALONE["training"] | {"pull": "unicast", "updates": 2}
        result = run(ALONE | {"compression": compression, "training": training})
        # Pushed from 4 to 5, pulled until 5.5, decoded at half speed until 7.5, so that computing takes a second more.
        spans = result.spans.query("lane == 'codec' and activity == 'decode'")
        assert spans[["start_s", "end_s"]].to_numpy().tolist() == [[5.5, 7.5], [10.5, 11.5]]
        assert result.metrics["total_time_s"] == 11.5

    def test_a_slow_device_encodes_slowly_too(self) -> None:
        fault = {"kind": "slow", "on": "worker-0", "at": "0 s", "lasts": "100 s", "factor": 0.5}
        compression = {**ALONE["compression"], "runs_on": "device"}
        training = ALONE["training"] | {"double_buffering": False, "updates": 1}
        slow = run(ALONE | {"compression": compression, "training": training, "faults": [fault]})
        assert slow.metrics["update_time_s"] == 8 + 4 + 0.5


#: Two slices; on the wire a slice takes 2.5 s, to encode 2 s, to decode 0.5 s; one worker computes 2 s.
SLICED: dict[str, Any] = {
    "cluster": {"workers": 1},
    "compute": {"minibatch_time": "2 s"},
    "network": {"bandwidth": "10 MB/s"},
    "compression": {"codec": {"rho": 0.5, "compress_time": "4 s", "decompress_time": "1 s"}, "direction": "push"},
    "training": {"updates": 1, "pull": "free", "slice_size": "50 MB"},
}


class TestInSlices:
    def test_one_is_sent_while_the_next_is_encoded(self) -> None:
        result = run(SLICED)
        spans = result.spans
        assert encodes(result, "core-0") == [(2, 4), (4, 6)]
        # The connection carries one message at a time: the second slice waits for its turn from 6 s to 6.5 s.
        sent = result.links.query("rate_bytes_per_s > 0")
        assert (sent["start_s"].min(), sent["end_s"].max()) == (4, 9)
        decodes = spans.query("entity == 'server-0' and activity == 'decode'")
        assert decodes[["start_s", "end_s"]].to_numpy().tolist() == [[6.5, 7], [9, 9.5]]
        row = result.updates.iloc[0]
        # While the worker waits for the first slice, and then for the second.
        assert (row["computation_s"], row["encode_s"], row["push_s"], row["server_decode_s"]) == (2, 2, 2.5 + 2, 1)
        assert result.metrics["update_time_s"] == 9.5
        whole = run(SLICED | {"training": {"updates": 1, "pull": "free"}})
        assert whole.metrics["update_time_s"] == 2 + 4 + 5 + 1
        assert whole.metrics["bytes_on_wire"] == result.metrics["bytes_on_wire"] == 50e6

    def test_the_server_answers_slice_by_slice(self) -> None:
        compression = {**SLICED["compression"], "direction": "both"}
        training = {"updates": 1, "slice_size": "50 MB"}
        result = run(SLICED | {"compression": compression, "training": training})
        # Slice 1: averaged at 7, encoded at 9, pulled at 11.5, decoded at 12. Slice 2: decoded at 9.5, encoded at 11.5,
        # pulled at 14, decoded at 14.5.
        encoded = result.spans.query("entity == 'server-0' and activity == 'encode'")
        assert encoded[["start_s", "end_s"]].to_numpy().tolist() == [[7, 9], [9.5, 11.5]]
        decoded = result.spans.query("entity == 'worker-0' and activity == 'decode'")
        assert decoded[["start_s", "end_s"]].to_numpy().tolist() == [[11.5, 12], [14, 14.5]]
        assert result.metrics["update_time_s"] == 14.5

    def test_more_cores_encode_slices_side_by_side(self) -> None:
        cluster = {"workers": 1, "worker": {"cores": 2}}
        result = run(SLICED | {"cluster": cluster})
        assert encodes(result, "core-0") == encodes(result, "core-1") == [(2, 4)]
        assert result.metrics["update_time_s"] == 4 + 5 + 0.5

    def test_slices_share_a_fair_device(self) -> None:
        compression = {**SLICED["compression"], "runs_on": "device"}
        result = run(SLICED | {"compression": compression})
        # Both slices at half speed, ready at 6 s: nothing is gained until then.
        assert result.metrics["update_time_s"] == 6 + 5 + 0.5

    def test_dust_is_refused(self) -> None:
        with pytest.raises(ScenarioError) as caught:
            run(SLICED | {"training": {"slice_size": "1 B"}})
        assert str(caught.value) == (
            "mapping: training.slice_size: '1 B': cuts the parameters into 100,000,000 slices; at most 100,000 are "
            "simulated (take larger ones)"
        )

    def test_the_last_slice_is_what_is_left(self) -> None:
        training = {"updates": 1, "pull": "free", "slice_size": "40 MB"}
        sizes = run(SLICED | {"training": training}).spans.query("activity == 'encode'")["size_bytes"].tolist()
        assert sum(sizes) == 100e6
        assert max(sizes) <= 40e6
        assert len(sizes) == 3


def buffered(updates: int, bandwidth: str) -> Any:
    training = {"updates": updates, "exchange": "gradients", "double_buffering": True}
    return run({"training": training, "network": {"bandwidth": bandwidth}})


class TestDoubleBuffering:
    """Four workers that compute 2 s; all pushes and pulls of an update take 8 s at 100 MB/s, 0.8 s at 1 GB/s."""

    def test_computing_hides_what_is_shorter(self) -> None:
        result = buffered(6, "1 GB/s")
        ends = result.updates.groupby("update")["end_s"].max()
        assert ends.diff().tolist()[1:5] == pytest.approx([2] * 4)
        # The last averages travel behind nothing.
        assert result.metrics["total_time_s"] == pytest.approx(6 * 2 + 0.8)

    def test_communication_bounds_what_is_longer(self) -> None:
        for updates in (2, 5, 9):
            # From the first gradients on the link is never idle.
            total = buffered(updates, "100 MB/s").metrics["total_time_s"]
            assert total == pytest.approx(2 + 8 * updates)

    @pytest.mark.parametrize("bandwidth", ["100 MB/s", "1 GB/s"])
    def test_every_gradient_but_the_first_is_one_update_old(self, bandwidth: str) -> None:
        result = buffered(4, bandwidth)
        staleness = result.updates.groupby("update")["staleness"].agg(["min", "max"])
        assert staleness.to_numpy().tolist() == [[0, 0], [1, 1], [1, 1], [1, 1]]
        assert len(result.updates) == 4 * 4

    def test_one_update_has_nothing_to_hide_behind(self) -> None:
        assert buffered(1, "100 MB/s").metrics["total_time_s"] == 2 + 8


#: A proposal of 10 MB, and a message of 40 MB after it.
AGREED = {"rho": 0.5, "agreed_fraction": 0.1, "compress_time": "4 s", "decompress_time": "2 s"}


LATENCY = {"latency": "0.5 s"}


class TestAgreements:
    """Four workers that compute 2 s; 100 MB/s, 0.5 s of latency."""

    def test_all_agree_before_they_encode(self) -> None:
        result = run({"compression": {"codec": AGREED, "direction": "push"}, "network": LATENCY})
        proposed = agreed = 0.5 + 4 * 0.1
        assert encodes(result, "core-0")[0] == (2 + proposed + agreed, 2 + proposed + agreed + 4)
        metrics = result.metrics
        assert metrics["push_s"] == pytest.approx(proposed + 0.5 + 4 * 0.4)
        assert metrics["pull_s"] == pytest.approx(agreed + 0.5 + 4 * 1)
        assert metrics["update_time_s"] == pytest.approx(2 + proposed + agreed + 4 + 2.1 + 8 + 4.5)
        assert metrics["bytes_on_wire"] == pytest.approx(2 * 4 * (10e6 + 10e6 + 40e6 + 100e6))

    def test_a_server_agrees_with_itself(self) -> None:
        both = run({"compression": {"codec": AGREED}, "network": LATENCY}).metrics
        # 50 MB come back, and no proposal is asked for.
        assert both["bytes_on_wire"] == pytest.approx(2 * 4 * (10e6 + 10e6 + 40e6 + 50e6))
        assert both["update_time_s"] == pytest.approx(2 + 0.9 + 0.9 + 4 + 2.1 + 8 + 4 + 2.5 + 2)

    def test_all_wait_for_the_last_proposal(self) -> None:
        groups = [{"count": 1, "speed": 1.0}, {"count": 1, "speed": 0.5}]
        change = {"cluster": {"groups": groups}, "compression": {"codec": AGREED, "direction": "push"}}
        result = run(change | {"training": {"updates": 1}})
        # Computed at 4 and 8 s; proposed at 4.1 and 8.1; agreed at 8.3, both at the link; encoded at 12.3.
        assert result.updates["wait_s"].iloc[0] == pytest.approx(4)
        assert result.spans.query("activity == 'encode'")["start_s"].tolist() == pytest.approx([8.3, 8.3])

    def test_each_slice_has_an_agreement(self) -> None:
        training = {"updates": 1, "slice_size": "50 MB"}
        change = {"compression": {"codec": AGREED, "direction": "push"}, "training": training}
        result = run(change)
        assert result.metrics["bytes_on_wire"] == pytest.approx(4 * (10e6 + 10e6 + 40e6 + 100e6))
        assert len(result.spans.query("activity == 'encode'")) == 4 * 2

    def test_each_server_has_the_agreement_of_its_share(self) -> None:
        cluster = {"workers": 4, "server": {"shards": 2}}
        result = run({"compression": {"codec": AGREED, "direction": "push"}, "cluster": cluster})
        assert result.metrics["bytes_on_wire"] == pytest.approx(2 * 4 * (10e6 + 10e6 + 40e6 + 100e6))

    @pytest.mark.parametrize("buffered", [False, True])
    def test_all_gather_agrees_by_an_all_gather_of_its_own(self, buffered: bool) -> None:
        codec = {**AGREED, "compress_time": "1 s"}
        training = {"scheme": "all-gather", "updates": 1, "exchange": "gradients", "double_buffering": buffered}
        star = {"topology": "star", "bandwidth": "100 MB/s", "latency": "0.5 s"}
        result = run({"compression": {"codec": codec}, "training": training, "network": star})
        # Three steps of the ring with 10 MB each; encoded in 1 s; the first of three messages of 40 MB takes 0.9 s,
        # and the others arrive while it and they are decoded, 2 s each.
        proposed, hop = 3 * (0.5 + 0.1), 0.5 + 0.4
        assert encodes(result, "core-0")[0] == pytest.approx((2 + proposed, 2 + proposed + 1))
        assert result.metrics["update_time_s"] == pytest.approx(2 + proposed + 1 + hop + 3 * 2)
        assert result.metrics["bytes_on_wire"] == pytest.approx(4 * 3 * (10e6 + 40e6))

    @pytest.mark.parametrize("scheme", ["async-ps", "ssp", "ring-allreduce", "direct", "d-psgd"])
    def test_where_there_is_no_moment_for_it_it_is_refused(self, scheme: str) -> None:
        with pytest.raises(ScenarioError) as caught:
            run({"compression": {"codec": AGREED}, "training": {"scheme": scheme, "updates": 3}})
        assert str(caught.value) == (
            "mapping: compression.codec: its workers agree on something before each of them encodes its own "
            f"contribution, and in scheme '{scheme}' there is no moment for that (take another codec, or sync-ps or "
            "all-gather; or say 'agreed_fraction: 0' if each agrees with itself)"
        )

    @pytest.mark.parametrize("usage", ["homomorphic", "one-time"])
    def test_what_is_encoded_once_needs_no_agreement(self, usage: str) -> None:
        training = {"scheme": "ring-allreduce", "updates": 1}
        assert run({"compression": {"codec": AGREED, "usage": usage}, "training": training}).metrics["updates"] == 1

    def test_slow_encoders_propose_in_turn(self) -> None:
        # Encoding takes longer than computing: the second proposal waits until the first message is encoded.
        training = {"updates": 2, "exchange": "gradients", "double_buffering": True}
        result = run({"compression": {"codec": AGREED, "direction": "push"}, "training": training, "cluster": {
            "workers": 1}, "compute": {"minibatch_time": "1 s"}})  # fmt: skip
        # Agreed from 1 to 1.2, encoded until 5.2; pushed until 5.6, but for the proposal of 0.1 s that shares the link.
        first, second = encodes(result, "core-0")
        assert first == pytest.approx((1.2, 5.2))
        assert second[0] >= 5.2 + 0.2
