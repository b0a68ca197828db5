"""Makes measured.csv and the candidates beside alexnet.yaml: formats of AlexNet, and what computing on them costs.

    python scenarios/homomorphic_map/measure.py [CANDIDATE ...]

The weights are synthetic, made as Deep Compression makes those of AlexNet in Caffe (Han, Mao, Dally 2015, arXiv
1510.00149, Table 4): Gaussian, the largest kept, and what is kept rounded to equidistant values. Nothing is trained.

Each layer is measured as 'simcluster codec measure --on' would measure its weights, with as many columns as 16 samples
have, but at most 256. What is done here besides is to compose the layers: by their times in the catalogue's 'alexnet'
(a GPU); half of a layer's backward time is the gradient of its weights, which no format changes. What is left of a
minibatch, to open the payload and to update it, doesn't grow with the columns: it is charged against the dense
products of 16 samples. Both together are the overhead of the class 'gemm', and the model's share of it gives h.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import csv
import json
import sys
import textwrap
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from simcluster.codecs.measuring import measure
from simcluster.codecs.operation_measuring import OperationsMeasured
from simcluster.rng import stream
from simcluster.scenario.catalogue import entry
from simcluster.simulation.codec_measuring import build_codec
from simcluster.units import parse_duration

FOLDER = Path(__file__).parent
SAMPLES, MOST_COLUMNS, SEED = 16, 256, 1
#: How often everything is timed, after once that is not.
REPEATS = 1
#: All parameters of AlexNet in Caffe, and its biases, which stay plain [B].
TOTAL, BIASES = 243_860_896, 4 * (96 + 256 + 384 + 384 + 256 + 4096 + 4096 + 1000)


class Layer(NamedTuple):
    """A layer: groups of equal matrices, what Deep Compression keeps of them, and the positions of a sample."""

    groups: int
    shape: tuple[int, ...]
    density: float
    bits: int
    positions: int


LAYERS = {
    "conv1": Layer(1, (96, 3, 11, 11), 0.84, 8, 3025),
    "conv2": Layer(2, (128, 48, 5, 5), 0.38, 8, 729),
    "conv3": Layer(1, (384, 256, 3, 3), 0.35, 8, 169),
    "conv4": Layer(2, (192, 192, 3, 3), 0.37, 8, 169),
    "conv5": Layer(2, (128, 192, 3, 3), 0.37, 8, 169),
    "fc6": Layer(1, (4096, 9216), 0.09, 5, 1),
    "fc7": Layer(1, (4096, 4096), 0.09, 5, 1),
    "fc8": Layer(1, (1000, 4096), 0.25, 5, 1),
}

#: Candidates: codec, options, and what they are. {density} and {bits} are the layer's.
CANDIDATES: dict[str, tuple[str, list[str], str]] = {
    "hashing": ("hashing", ["budget=0.0625"], "The hashing trick (HashedNets): one shared value for 16 weights."),
    "dct": ("dct", ["kept=0.5"], "Frequency coding: half of the frequencies along each axis that is transformed."),
    "integer-8": ("integer", ["width=8", "fraction=11"], "Fixed point of 8 bits, computed on as integers."),
    "integer-16": ("integer", ["width=16", "fraction=17"], "Fixed point of 16 bits, computed on as integers."),
    "csr": (
        "csr",
        ["fixed_pattern=true"],
        "Compressed sparse rows of a fixed pattern, as pruned networks are trained.",
    ),
    "low-rank": ("low-rank", ["rank=256"], "Two factors of rank 256, of layers that this makes smaller."),
    "binary": ("binary", [], "The sign of every weight, and a scale for each row."),
    "ternary": ("ternary", [], "Minus one, zero or one, and a scale for each row."),
    "cer": ("cer", [], "The low-entropy format CER."),
    "cser": ("cser", [], "The low-entropy format CSER."),
    "cla": ("cla", [], "Compressed linear algebra: columns in groups, with a dictionary each."),
    "deep-compression": (
        "deep-compression",
        ["density={density}", "bits={bits}", "fixed_assignment=true"],
        "Deep Compression: pruned, shared, Huffman-coded; what is trained is the shared values.",
    ),
    "tile-pruning": ("tile-pruning", ["density=0.11"], "Tiles of 8 x 8, of which all-zero ones are dropped."),
}


def weights(name: str) -> np.ndarray:
    """Return the matrix, or one of the equal matrices, of a layer."""
    layer = LAYERS[name]
    values = (0.01 * stream(SEED, name, "weights").standard_normal(layer.shape)).astype(np.float32)
    number = round(layer.density * values.size)
    least = np.partition(np.abs(values).reshape(-1), values.size - number)[values.size - number]
    kept = np.abs(values) >= least
    low, high = values[kept].min(), values[kept].max()
    levels = np.linspace(low, high, 2**layer.bits, dtype=np.float32)
    nearest = np.rint((values - low) / (high - low) * (2**layer.bits - 1)).astype(int)
    return np.where(kept, levels[nearest.clip(0, 2**layer.bits - 1)], np.float32(0))


def columns_of(layer: Layer) -> int:
    """Return the columns that products of a layer are timed with."""
    return min(SAMPLES * layer.positions, MOST_COLUMNS)


def measured(name: str) -> dict[str, Any]:
    """Return the row of a candidate: sizes, errors and times of all layers together."""
    codec_name, options, _ = CANDIDATES[name]
    sent, lost, power, encode_s, decode_s = float(BIASES), 0.0, 0.0, 0.0, 0.0
    found: dict[str, OperationsMeasured] = {}
    computes: frozenset[str] = frozenset()
    for layer_name, layer in LAYERS.items():
        codec = build_codec(codec_name, [one.format(density=layer.density, bits=layer.bits) for one in options])
        matrix = weights(layer_name)
        one = measure(codec, {layer_name: matrix}, layer_name, REPEATS, SEED, columns=columns_of(layer))
        size, squares = layer.groups * one.size_bytes, float(np.square(matrix, dtype=np.float64).sum())
        sent += size / one.ratio.median
        encode_s += size / one.encode_rate.median
        decode_s += size / one.decode_rate.median
        lost += layer.groups * one.relative_error.median**2 * squares
        power += layer.groups * squares
        found[layer_name], computes = cast("OperationsMeasured", one.operations), codec.algebra
        print(f"{name}: {layer_name}", file=sys.stderr)
    claimed = [one for one in ("add", "axpy", "matmul", "rmatmul", "elementwise") if one in computes]
    row = {
        "candidate": name,
        "codec": codec_name,
        "options": ", ".join(options),
        "computes": " ".join(claimed),
        "rho": sent / TOTAL,
        "relative_error": (lost / power) ** 0.5,
        **overheads(found),
        "encode_s": encode_s,
        "decode_s": decode_s,
    }
    return {key: float(f"{value:.3g}") if isinstance(value, float) else value for key, value in row.items()}


def overheads(found: dict[str, OperationsMeasured]) -> dict[str, float]:
    """Return the overhead of products, what an update takes of their dense time, and h of both together."""
    entries = cast("list[dict[str, str]]", entry("models", "alexnet")["layers"])
    gemms = [one for one in entries if one["operation"] == "gemm"]
    spent = total = fixed_s = dense_s = 0.0
    for (name, layer), profile in zip(LAYERS.items(), gemms, strict=True):
        times = {one.operation: one for one in (*found[name].operations, found[name].minibatch)}
        own = {key: one.seconds.median for key, one in times.items()}
        dense = {key: one.dense_seconds.median for key, one in times.items()}
        forward, backward = (parse_duration(profile[f"{way}_time"]) for way in ("forward", "backward"))
        errors = 0.0 if name == "conv1" else backward / 2  # nobody needs the gradient of the images
        spent += forward * own["matmul"] / dense["matmul"] + errors * own["rmatmul"] / dense["rmatmul"]
        spent += backward - errors
        total += forward + backward
        gradient = dense["minibatch"] - dense["matmul"] - dense["rmatmul"] - dense["axpy"]
        fixed_s += layer.groups * (own["minibatch"] - own["matmul"] - own["rmatmul"] - gradient - dense["axpy"])
        scale = layer.groups * SAMPLES * layer.positions / columns_of(layer)
        dense_s += scale * (dense["matmul"] + gradient + (0.0 if name == "conv1" else dense["rmatmul"]))
    share = cast("dict[str, float]", entry("models", "alexnet")["operation_shares"])["gemm"]
    products, update = spent / total, fixed_s / dense_s
    return {"products": products, "update": update, "operation_overhead": 1 + share * (products + update - 1)}


def candidate_text(row: dict[str, Any]) -> str:
    """Return the scenario file of a candidate."""
    name, what = row["candidate"], CANDIDATES[row["candidate"]][2]
    averaged = {"add", "axpy"} <= set(row["computes"].split())
    error = f"Relative error on these weights: {row['relative_error']:g}." if row["relative_error"] else "Lossless."
    how = "on the payload" if "axpy" in row["computes"].split() else "by decoding, updating and encoding again"
    h = (
        f"On payloads, products take {row['products']:g} times as long as dense ones, and opening and updating them "
        f"({how}) {row['update']:g} of these more: h = 1 + 0.884 * ({row['products']:g} + {row['update']:g} - 1) "
        f"= {row['operation_overhead']:g}."
    )
    reason = "A mean of factors has more columns" if name == "low-rank" else "A mean of payloads is none"
    use = "" if averaged else f"{reason}: it is decoded at every update, and what is computed on is plain."
    paragraphs = [f"{what} {error}", h, use, "Made by measure.py; alexnet.yaml says what was measured."]
    comment = [textwrap.fill(one, 118, initial_indent="# ", subsequent_indent="# ") for one in paragraphs if one]
    lines = [
        *comment,
        "extends: alexnet.yaml",
        f"name: {name}",
        f"description: {json.dumps(what)}",
        "compression:",
        f"  usage: {'homomorphic' if averaged else 'every-update'}",
        "  codec:",
        f"    rho: {row['rho']:g}",
        f"    compress_time: {row['encode_s']:g} s",
        f"    decompress_time: {row['decode_s']:g} s",
        f"    averages_compressed: {str(averaged).lower()}",
    ]
    return "\n".join([*lines, *([f"  operation_overhead: {row['operation_overhead']:g}"] if averaged else []), ""])


def main(names: list[str]) -> None:
    """Measure some candidates, or all, and write what came out of each as soon as it is there."""
    table = FOLDER / "measured.csv"
    for name in names or CANDIDATES:
        row = measured(name)
        (FOLDER / f"{name.replace('-', '_')}.yaml").write_text(candidate_text(row))
        rows: dict[str, dict[str, Any]] = {}
        if table.exists():
            with table.open() as file:
                rows = {known["candidate"]: dict(known) for known in csv.DictReader(file)}
        rows[name] = row
        with table.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows[other] for other in CANDIDATES if other in rows)


if __name__ == "__main__":
    main(sys.argv[1:])
