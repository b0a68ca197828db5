"""``simcluster compare``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from simcluster.cli.output import announce
from simcluster.cli.parameters import confidence_option
from simcluster.cli.running import Where, resumable, running_options
from simcluster.errors import UserInputError
from simcluster.simulation import load


@click.command("compare")
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path), required=False)
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Override a setting of both.")
@click.option("--set-a", "overrides_a", multiple=True, metavar="PATH=VALUE", help="Override a setting of A alone.")
@click.option("--set-b", "overrides_b", multiple=True, metavar="PATH=VALUE", help="Override a setting of B alone.")
@click.option("--preset-a", "presets_a", multiple=True, metavar="NAME", help="Apply a named patch of A's file to A.")
@click.option("--preset-b", "presets_b", multiple=True, metavar="NAME", help="Apply a named patch of B's file to B.")
@click.option("--allow-path", is_flag=True, help="Let 'extends' leave the folder of a file.")
@click.option(
    "--replications", type=click.IntRange(2), default=10, show_default=True, metavar="N",
    help="Pairs of runs, each under a seed of its own.",
)
@confidence_option
@running_options
@click.option("--csv", "as_csv", is_flag=True, help="Print all metrics as CSV.")
def command(
    a: Path,
    b: Path | None,
    overrides: Sequence[str],
    overrides_a: Sequence[str],
    overrides_b: Sequence[str],
    presets_a: Sequence[str],
    presets_b: Sequence[str],
    allow_path: bool,
    replications: int,
    confidence: float,
    where: Where,
    as_csv: bool,
) -> None:
    """Compare the scenarios in A and B: their difference with its interval, and the part of an update that made it.

    Both draw the same random numbers. Without B, it is A's own file with other settings:

    simcluster compare FILE --set-b network.bandwidth=10Gbit/s
    """
    from simcluster.cli.compare_output import comparison_csv, comparison_report
    from simcluster.experiments import compare

    if b is None and not overrides_b and not presets_b:
        raise click.UsageError("give a second file B, or what differs: --set-b or --preset-b")
    with _named("a", overrides_a, presets_a):
        first = load(a, (*overrides, *overrides_a), presets_a, allow_path=allow_path)
    with _named("b", overrides_b, presets_b):
        second = load(b or a, (*overrides, *overrides_b), presets_b, allow_path=allow_path)
    announce(list(dict.fromkeys([*first.notices, *second.notices])))
    with resumable(where.store):
        options = where.arguments()
        found = compare(first.scenario, second.scenario, replications, confidence=confidence, **options)
    click.echo(comparison_csv(found) if as_csv else comparison_report(found), nl=not as_csv)


@contextmanager
def _named(side: str, overrides: Sequence[str], presets: Sequence[str]) -> Iterator[None]:
    """Name the options of one side as the user wrote them, where an error would say ``--set`` and ``--preset``.

    Raises
    ------
    UserInputError
        If loading did.
    """
    try:
        yield
    except UserInputError as error:
        text = str(error)
        for option, values in (("--set", overrides), ("--preset", presets)):
            for value in values:
                text = text.replace(f"{option} {value}", f"{option}-{side} {value}")
        raise UserInputError(text) from error
