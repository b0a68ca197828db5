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
