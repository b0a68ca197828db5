"""``simcluster homomorphic-map``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from simcluster.cli.output import Folder, announce
from simcluster.cli.parameters import file_argument, out_option
from simcluster.cli.running import Where, resumable, running_options


@click.command("homomorphic-map")
@file_argument
@click.option(
    "--set", "overrides", multiple=True, metavar="PATH=VALUE",
    help="Override a setting of FILE and of all candidates, for example network.bandwidth=10Gbit/s.",
)
@click.option("--allow-path", is_flag=True, help="Let 'extends' leave the folder of a file.")
@click.option(
    "--candidate", "named", multiple=True, metavar="NAME",
    help="A preset of FILE, or a YAML file with a profile or a scenario.  [default: all presets of FILE, and all "
    "scenario files beside it that extend it]",
)
@click.option(
    "--speedup", type=click.FloatRange(0, min_open=True), metavar="S",
    help="The goal: this speed-up over one device.  [default: an update as fast as the plain one]",
)
@click.option(
    "--bandwidths", default="0.1..1000 Gbit/s", show_default=True, metavar="LOW..HIGH",
    help="Where the edge is sought over the bandwidth.",
)
@click.option(
    "--workers", default="1..256", show_default=True, metavar="LOW..HIGH",
    help="Where the edges are sought over the number of workers.",
)
@click.option("--no-edges", is_flag=True, help="Simulate the candidates on this cluster alone, and seek no edges.")
@running_options
@click.option("--csv", "as_csv", is_flag=True, help="Print the table as CSV, with all columns.")
@out_option
def command(
    file: Path,
    overrides: Sequence[str],
    allow_path: bool,
    named: Sequence[str],
    speedup: float | None,
    bandwidths: str,
    workers: str,
    no_edges: bool,
    where: Where,
    as_csv: bool,
    out: Path | None,
) -> None:
    """Tell which representations of the parameters pay on the cluster of FILE, a scenario without compression.

    Each candidate has a size rho and an overhead h, measured and written down in its profile ('simcluster codec
    measure' writes them). It is simulated as far as it goes: what can be averaged is computed on and averaged
    compressed; anything else is decoded at every update, and its codec's time is charged to its h. The region is that
    of Eq. 5 of arXiv 1711.10123; the edges, where a candidate begins or ceases to reach the goal, are found by
    simulations, and compared with the formula.

    With --out, the table and the map are written into a folder.
    """
    from simcluster.cli import homomorphic_map_output
    from simcluster.cli.homomorphic_map_theory import with_theory
    from simcluster.experiments import homomorphic_map, load_candidates, parse_vary

    folder = Folder.prepare(out, needed_for=None)
    ranges = {"bandwidths": f"network.bandwidth={bandwidths}", "workers": f"cluster.workers={workers}"}
    counted = parse_vary(ranges["workers"])
    parse_vary(ranges["bandwidths"])
    field = load_candidates(file, overrides, named, allow_path=allow_path)
    announce(field.notices)
    sought = dict.fromkeys(ranges) if no_edges else ranges
    with resumable(where.store):
        table = homomorphic_map(field, speedup=speedup, **sought, **where.arguments())
    among = range(int(counted.low), int(counted.high) + 1)
    table = with_theory(table, field, speedup, among)
    homomorphic_map_output.echo(table, field, speedup, as_csv=as_csv)
    if folder is not None:
        homomorphic_map_output.write(table, folder)
