"""Tables as a simulation would give them, worked out by hand: AlexNet on Gigabit Ethernet, with and without gzip."""

from collections.abc import Iterable

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.text import Text

from simcluster.plots import style

ONE_NODE = 90.0
ONE_WAY = 243.86e6 / 125e6
GZIP, GUNZIP = 8.079, 1.898


def learning(workers: int = 2) -> pd.DataFrame:
    """A model that gets better by half of what is missing in each of ten seconds; its workers lag behind."""
    rows = []
    for update in range(11):
        for entity, lag in (("server", 0.0), *((f"worker-{worker}", 0.5 + worker) for worker in range(workers))):
            left = 0.5 ** max(update - lag, 0.0)
            rows.append((float(update), 10 * update, entity, 2.3 * left, 1 - 0.9 * left, left, 0.1 * lag, "own"))
    columns = ["time_s", "update", "entity", "loss", "accuracy", "gradient_norm", "consensus_distance", "coupling"]
    return pd.DataFrame(rows, columns=columns)


def trainings() -> pd.DataFrame:
    """Four codecs: two that nobody beats, one that is beaten, and one that never reached the target."""
    columns = ["compression.codec", "time_to_target_s", "final_accuracy"]
    points = [("none", 40.0, 0.97), ("1-bit", 10.0, 0.95), ("gzip", 60.0, 0.96), ("sbc", float("nan"), 0.5)]
    return pd.DataFrame(points, columns=columns)


def sweep(workers: Iterable[int], *, gzip: bool = False, rho: float = 1.0, h: float = 1.0, **columns: object):
    rows = []
    for m in workers:
        parts = dict.fromkeys(style.PARTS, 0.0)
        parts |= {"computation": ONE_NODE / m * h, "push": m * ONE_WAY * rho, "pull": m * ONE_WAY * rho}
        if gzip:
            parts |= {"encode": GZIP, "server_encode": GZIP, "decode": GUNZIP, "server_decode": m * GUNZIP}
        update = sum(parts.values())
        vanilla = ONE_NODE / m + 2 * m * ONE_WAY
        row = {"cluster.workers": m, "compression.codec.rho": rho, "compression.operation_overhead": h}
        row |= {f"{part}_s": seconds for part, seconds in parts.items()}
        row |= {"update_time_s": update, "transfer_s": update - parts["computation"], "speedup": ONE_NODE / update}
        row |= {"ideal_speedup": m, "ideal_computation_s": ONE_NODE / m, "single_node_update_time_s": ONE_NODE}
        row |= {"vanilla_update_time_s": vanilla, "total_time_s": 1000 * update, "bytes_on_wire": 2e9 * m * rho}
        row |= {"max_operation_overhead": (vanilla - 2 * m * ONE_WAY * rho) * m / ONE_NODE, **columns}
        rows.append(row)
    return pd.DataFrame(rows)


def presets(workers: Iterable[int] = (16,)):
    workers = list(workers)
    tables = [
        sweep(workers, preset="vanilla"),
        sweep(workers, gzip=True, preset="gzip"),
        sweep(workers, rho=0.2, h=1.3, preset="homomorphic"),
    ]
    return pd.concat(tables, ignore_index=True)


def candidates():
    """Return a homomorphic map on 16 workers: Eq. 5 with i = 200 and both directions is h <= 12.1 - 11.1 rho."""
    rows = [
        ("hashing", "homomorphic", 0.0627, 3.1, True),
        ("int8", "homomorphic", 0.25, 1.8, True),
        ("binary", "recoded", 0.0316, 1.3, True),
        ("squeezenet1_0", "model", 0.0205, 3.34, True),
        ("csr", "homomorphic", 0.19, 60.0, False),
    ]
    table = pd.DataFrame(rows, columns=["candidate", "way", "rho", "charged_overhead", "inside"])
    slope = 16 * 2 * 16 * ONE_WAY / ONE_NODE
    return table.assign(workers=16, slope=slope, bound=1 + slope)


def published():
    """Return a validation page of two systems, of which one is predicted thirty times too fast; one row is not."""
    table = pd.DataFrame({"published_efficiency": [0.9, 0.8, 0.03], "speed_ratio": [1.03, 1.05, 30]})
    unknown = pd.DataFrame({"system": ["unknown"]})
    return pd.concat([table.assign(system=["all-reduce", "all-reduce", "servers"]), unknown], ignore_index=True)


def points(workers: int = 16):
    tables = [sweep([workers], rho=rho, h=h) for rho in (0.2, 0.5, 0.8) for h in (1.0, 4.0, 8.0, 12.0)]
    return pd.concat(tables, ignore_index=True)


def spans(workers: int, slow: int = 0):
    """Give one update in which worker ``slow`` computes for 12 s and the others for 10 s, and the start of the next."""
    rows = []

    def add(entity: str, lane: str, activity: str, start: float, end: float, update: int = 1, cause: str = "") -> None:
        values = (entity, lane, activity, update, start, end, 0.0, cause)
        names = ("entity", "lane", "activity", "update", "start_s", "end_s", "size_bytes", "cause")
        rows.append(dict(zip(names, values, strict=True)))

    for index in range(workers):
        name, ready = f"worker-{index}", 12.0 if index == slow else 10.0
        add(name, "compute", "compute", 0.0, ready)
        add(name, "compute", "wait", ready, 40.0, cause="other workers")
        add(name, "core-0", "wait", 0.0, ready, update=0, cause="no work")
        add(name, "core-0", "encode", ready, ready + 3)
        add(name, "send", "push", ready + 3, 20.0)
        add(name, "receive", "pull", 30.0, 38.0)
        add(name, "core-0", "decode", 38.0, 40.0)
        add(name, "compute", "compute", 40.0, 50.0, update=2)
    add("server-0", "core-0", "decode", 20.0, 26.0)
    add("server-0", "core-0", "aggregate", 26.0, 27.0)
    add("server-0", "core-0", "encode", 27.0, 30.0)
    return pd.DataFrame(rows)


def bandwidths(many: Iterable[float] = (1.25e8, 1.25e9, 1.25e10), rhos: Iterable[float] = (0.1, 0.5, 0.9)):
    """Give 16 nodes with a codec that takes 10 s an update: it breaks even at rho = 1 - 10 s * bandwidth / 2MW."""
    rhos, rows = list(rhos), []
    for bandwidth in many:
        for rho in rhos:
            wire = 2 * 16 * 243.86e6 / bandwidth
            row = {"network.bandwidth_bytes_per_s": bandwidth, "compression.codec.rho": rho}
            rows.append(row | {"update_time_s": 6 + wire * rho + 10, "vanilla_update_time_s": 6 + wire})
    return pd.DataFrame(rows)


def links(count: int = 3, steps: int = 4):
    """Give links of which number k is busy in every other of some stretches of 1 s, at 1/(k + 1) Gbit/s."""
    rows = []
    for index in range(count):
        for step in range(steps):
            busy = step % 2
            rate = busy * 125e6 / (index + 1)
            row = {"link": f"worker-{index}/up", "start_s": float(step), "end_s": step + 1.0}
            rows.append(row | {"rate_bytes_per_s": rate, "flows": busy})
    return pd.DataFrame(rows)


def shares():
    return pd.DataFrame({"operation": ["pooling", "gemm", "relu"], "share": [0.2, 0.7, 0.1]})


def legend_texts(figure: Figure) -> list[str]:
    legend = figure.axes[0].get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def remark(figure: Figure) -> str:
    found: list[Artist] = figure.findobj(lambda artist: artist.get_gid() == "remark")
    return " ".join(artist.get_text() for artist in found if isinstance(artist, Text))


def shown_texts(figure: Figure) -> list[Text]:
    """Return the texts that a reader sees, after a layout."""
    figure.draw_without_rendering()
    ax = figure.axes[0]
    ticks = []
    for axis, (low, high) in ((ax.xaxis, sorted(ax.get_xlim())), (ax.yaxis, sorted(ax.get_ylim()))):
        slack = 1e-9 * (high - low)
        inside = [tick for tick in axis.get_major_ticks() if low - slack <= tick.get_loc() <= high + slack]
        ticks += [tick.label1 for tick in inside]
    legend = ax.get_legend()
    texts = [*ticks, *ax.texts, ax.xaxis.label, ax.yaxis.label, *(legend.get_texts() if legend else [])]
    return [text for text in texts if text.get_text() and text.get_visible()]


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Return the pairs of texts whose boxes overlap, and texts that leave the figure."""
    texts = shown_texts(figure)
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    page = figure.bbox
    bad = [(name, "the page's edge") for name, box in boxes if box.x0 < page.x0 - 1 or box.x1 > page.x1 + 1]
    bad += [(name, "the page's edge") for name, box in boxes if box.y0 < page.y0 - 1 or box.y1 > page.y1 + 1]
    # Boxes hold room for descenders and may touch by a pixel.
    for first, (name, box) in enumerate(boxes):
        for other_name, other in boxes[first + 1 :]:
            wide = min(box.x1, other.x1) - max(box.x0, other.x0)
            high = min(box.y1, other.y1) - max(box.y0, other.y0)
            if wide > 1 and high > 1.5 and text_is_level(texts, name) and text_is_level(texts, other_name):
                bad.append((name, other_name))
    return bad


def text_is_level(texts: list[Text], name: str) -> bool:
    return all(text.get_rotation() % 90 == 0 for text in texts if text.get_text() == name)


def staleness():
    """Return ten applied updates of a staleness of 0 to 3, and one that was never applied."""
    return pd.DataFrame({"update": [*range(1, 11), 0], "staleness": [0, 1, 1, 2, 2, 2, 2, 3, 3, 1, 9]})


def compute_lanes(workers: int = 2, updates: int = 4):
    """Return workers that compute for 1 s each, and wait for a push of 1 s and for others for 1 s."""
    rows = []
    for worker in range(workers):
        for update in range(updates):
            start = 3.0 * update
            for offset, activity, cause in ((0, "compute", ""), (1, "wait", "push"), (2, "wait", "staleness bound")):
                at = start + offset
                rows.append((f"worker-{worker}", "compute", activity, update + 1, at, at + 1, 0.0, cause))
        rows.append((f"worker-{worker}", "send", "push", 1, 1.0, 2.0, 8.0, ""))
    columns = ["entity", "lane", "activity", "update", "start_s", "end_s", "size_bytes", "cause"]
    return pd.DataFrame(rows, columns=columns)
