"""``simcluster run``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simcluster.cli.output import Folder, announce, say_written, watched
from simcluster.cli.parameters import file_argument, out_option, scenario_options
from simcluster.cli.report_text import comparison, run_report
from simcluster.errors import StuckError
from simcluster.results import Result
from simcluster.simulation import load, simulate

if TYPE_CHECKING:
    from simcluster.cli.plotting import Wanted
    from simcluster.scenario import Scenario

#: Pictures of a single run.
_PLOTS = ("timeline", "workers", "staleness", "breakdown", "links", "operation-shares", "learning-curve")
#: Those among them that need spans or rates of links.
_OF_RECORDS = ("timeline", "workers", "links")


@click.command("run")
@file_argument
@scenario_options
@click.option("--with-presets", is_flag=True, help="Run each preset of the file too, and show them side by side.")
@click.option(
    "--plot", "plots", multiple=True, metavar="KIND[:OPTION=VALUE,...]",
    help=f"Draw a picture into the --out folder: {', '.join(_PLOTS)}.",
)
@click.option("--explain", is_flag=True, help="Say what determined the time of an update, and what would help most.")
@click.option("--record", is_flag=True, help="Keep the spans of all lanes and the rates of all links, for --out.")
@click.option("--trace", is_flag=True, help="Write trace.json into the --out folder, for https://ui.perfetto.dev.")
@out_option
def command(
    file: Path,
    overrides: Sequence[str],
    presets: Sequence[str],
    allow_path: bool,
    with_presets: bool,
    plots: Sequence[str],
    explain: bool,
    record: bool,
    trace: bool,
    out: Path | None,
) -> None:
    """Simulate the scenario in FILE and print how long an update takes and where the time goes."""
    writers = {"--plot": plots, "--record": record, "--trace": trace}
    folder = Folder.prepare(out, needed_for=next((option for option, given in writers.items() if given), None))
    wanted = _wanted(plots)
    loaded = load(file, overrides, presets, allow_path=allow_path)
    announce(loaded.notices)
    others: dict[str, Scenario] = {}
    if with_presets:
        for name in loaded.presets:
            others[name] = load(file, overrides, (*presets, name), allow_path=allow_path).scenario
    scenario = loaded.scenario
    with watched(scenario) as progress:
        record = record or trace or explain or any(picture.kind in _OF_RECORDS for picture in wanted)
        result, stuck = _simulated(scenario, record, progress)
    if stuck is not None:
        click.echo("INCOMPLETE: what was simulated until the run could not go on\n")
    click.echo(run_report(scenario, result))
    if explain:
        from simcluster import analysis

        click.echo(f"\n{analysis.explain(result)}")
    if others:
        runs = {"this scenario": (scenario, result)}
        runs |= {name: (other, simulate(other)) for name, other in others.items() if other != scenario}
        click.echo(f"\nwith each preset of the file\n{comparison(runs)}")
    if folder is not None:
        from simcluster.cli.run_output import write_run

        for path in write_run(folder, scenario, result, wanted, trace=trace):
            say_written(path)
    if stuck is not None:
        raise stuck


def _simulated(
    scenario: Scenario, record: bool, progress: Callable[[int], None]
) -> tuple[Result, StuckError | None]:
    """Return the result, and why it is incomplete if it is.

    Raises
    ------
    StuckError
        If not one update was finished.
    """
    try:
        return simulate(scenario, record=record, progress=progress), None
    except StuckError as error:
        if not isinstance(error.result, Result):
            raise
        return error.result, error


def _wanted(plots: Sequence[str]) -> list[Wanted]:
    if not plots:
        return []
    from simcluster.cli.plotting import Wanted

    return [Wanted.parse(text, _PLOTS) for text in plots]
