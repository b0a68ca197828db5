"""``simcluster codec``."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from simcluster.errors import UserInputError

#: What keeps the libraries under numpy on one core; they read it when numpy is imported.
_ONE_CORE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_SHAPE = re.compile(r"[0-9]{1,12}(?:x[0-9]{1,12}){0,7}")
_MOST_SEED = 2**63 - 1
#: Those of simcluster.codecs.synthetic, which can't be imported before the command has seen to one core.
DISTRIBUTIONS = ("gaussian", "laplace", "uniform", "student", "sparse", "low-entropy", "quantised")


def _shape(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """Return lengths such as ``2500x4000``."""
    if value is None:
        return None
    if not _SHAPE.fullmatch(value):
        raise click.BadParameter("expected at most eight lengths such as 2500x4000")
    return tuple(int(length) for length in value.split("x"))


@click.group("codec")
def command() -> None:
    """Measure real codecs: what they make of tensors, and how long one core takes."""


@command.command("measure", short_help="Measure one codec and print its cost profile.")
@click.argument("name")
@click.option(
    "--option", "options", multiple=True, metavar="KEY=VALUE",
    help="Set an option of the codec, for example level=9; 'simcluster list encoders' shows them.",
)
@click.option(
    "--on", "file", type=click.Path(path_type=Path), metavar="FILE",
    help="Measure on the tensors of a .npy, .npz or .safetensors file.",
)
@click.option(
    "--distribution", type=click.Choice(DISTRIBUTIONS),
    help="Elements of the synthetic tensor that is measured on instead.  [default: gaussian]",
)
@click.option("--shape", callback=_shape, metavar="ROWSxCOLUMNS", help="Shape of that tensor.  [default: 2500x4000]")
@click.option("--parameters", type=click.IntRange(1), metavar="N", help="Or its length, as a vector.")
@click.option(
    "--columns", type=click.IntRange(1, 100_000), metavar="N",
    help="Columns of the matrices that the payloads of a representation are multiplied with.  [default: 64]",
)
@click.option(
    "--shares", metavar="MODEL",
    help="A model of the catalogue whose shares of operations make the overhead of a representation one number.",
)
@click.option(
    "--repeat", type=click.IntRange(1, 1000), default=5, show_default=True, metavar="N",
    help="How often everything is done.",
)
@click.option(
    "--seed", type=click.IntRange(0, _MOST_SEED), default=0, show_default=True, metavar="N",
    help="Seed of the tensor and of the codec.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="PROFILE.yaml",
    help="Write the cost profile as a file that scenarios name.",
)
def measure(
    name: str,
    options: Sequence[str],
    file: Path | None,
    distribution: str | None,
    shape: tuple[int, ...] | None,
    parameters: int | None,
    columns: int | None,
    shares: str | None,
    repeat: int,
    seed: int,
    output: Path | None,
) -> None:
    """Measure the codec NAME on one core: ratio, throughput, error, and how fast payloads are averaged undecoded.

    'simcluster list encoders' shows all codecs and their options. Times are processor time; the report gives the median
    of the repeats, and the least and the largest.

    A scenario uses what was measured in one of two ways. Paste the line 'codec: {...}', which ends the report, into its
    'compression'. Or write the profile into the scenario's folder, and let 'compression' say 'codec: zstd-here.yaml':

    simcluster codec measure zstd --on weights.npy -o zstd-here.yaml

    What can be computed on without decoding it (a representation, such as csr or cer) is measured at that, too: each
    operation on the payload against dense numpy on one thread, with counted operations and bytes, and the overhead of
    a minibatch. The profile gives it as 'operation_overhead'. Where the update of the weights needs decoding and
    encoding, these are part of it. Try --distribution low-entropy, which stands for weights that were compressed.

    Simulations use the written numbers only: they never measure.
    """
    _check(file, distribution, shape, parameters, output)
    os.environ.update(dict.fromkeys(_ONE_CORE, "1"))
    from simcluster.cli.codec_output import measurement_report
    from simcluster.cli.output import say_written
    from simcluster.codecs.profile_text import profile_text
    from simcluster.simulation.codec_measuring import SHAPE, measure_codec

    measurement = measure_codec(
        name, options, file=file, distribution=distribution or DISTRIBUTIONS[0],
        shape=(parameters,) if parameters else shape or SHAPE, repeats=repeat, seed=seed, columns=columns,
        shares=shares,
    )
    click.echo(measurement_report(measurement))
    if output is not None:
        today = datetime.now().astimezone().date().isoformat()
        try:
            output.write_text(profile_text(measurement, today), encoding="utf-8")
        except OSError as error:
            raise UserInputError(f"-o {output}: {error.strerror}") from error
        say_written(output)


def _check(
    file: Path | None,
    distribution: str | None,
    shape: tuple[int, ...] | None,
    parameters: int | None,
    output: Path | None,
) -> None:
    """Refuse options that don't fit together, before anything is measured."""
    if file is not None and (distribution or shape or parameters):
        raise click.UsageError("--on FILE brings its own tensors: leave out --distribution, --shape and --parameters")
    if shape and parameters:
        raise click.UsageError("give --shape or --parameters, not both")
    if output is not None and output.suffix not in (".yaml", ".yml"):
        raise UserInputError(f"-o {output}: a profile that scenarios name ends in .yaml")
    if output is not None and not output.parent.is_dir():
        raise UserInputError(f"-o {output}: there is no folder {output.parent}")
    if output is not None and not os.access(output if output.exists() else output.parent, os.W_OK):
        raise UserInputError(f"-o {output}: can't write there")
