"""The command line: parse, call one library function, print. Data goes to stdout, messages to stderr.

Exit status: 0 done, 2 the user's input is wrong, 3 the run could not finish, 130 interrupted. Nothing but click is
imported before a command runs, so that ``simcluster --help`` answers at once.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper

import click

_COMMANDS = {
    "run": "Simulate one scenario and print where the time goes.",
    "sweep": "Simulate a grid of scenarios and print a row for each.",
    "replicate": "Run one scenario under many seeds, and print confidence intervals.",
    "compare": "Compare two scenarios: the difference, how sure it is, and what made it.",
    "solve": "Find a break-even: where a condition begins to hold, or a metric is best.",
    "homomorphic-map": "Tell which representations pay on a cluster: their rho and h on the region of Eq. 5.",
    "sensitivity": "Tell which setting moves a metric most.",
    "report": "Write a run or a sweep as one HTML page.",
    "export": "Write a table of a sweep's store as CSV or Parquet.",
    "validate": "Check scenario files without running them.",
    "show": "Print the resolved scenario: every setting, with its unit.",
    "published": "Predict published results of real systems, and tell how far off the predictions are.",
    "list": "List the catalogue: models, devices, codecs, networks, schemes, topologies, encoders.",
    "codec": "Measure a real codec on tensors, and write its cost profile.",
    "schema": "Print the JSON Schema of scenario files, for editors.",
}


class _LazyGroup(click.Group):
    """Imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which a newcomer needs them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"simcluster.cli.{cmd_name.replace('-', '_')}_command").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="simcluster")
def cli() -> None:
    """Tell how long distributed training takes on a cluster, where the time goes, and whether compression helps."""


def main() -> None:
    """Run the command line and exit with its status."""
    from simcluster.errors import StuckError, UnfinishedError, UserInputError

    _take_any_letter()
    try:
        cli(standalone_mode=False)
    except UserInputError as error:
        _fail(str(error), 2)
    except StuckError as error:
        _fail(f"the run could not finish: {error}", 3)
    except UnfinishedError as error:
        _fail(str(error), 3)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted", 130)
    except MemoryError:
        _fail("not enough memory", 3)
    except OSError as error:  # a full disk, a folder that is taken away
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error), 3)


def _take_any_letter() -> None:
    """Escape what the encoding of the output has no letter for; names of files need not even be text."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fail(message: str, status: int) -> None:
    from simcluster.escaping import printable_lines

    message = printable_lines(message)
    with suppress(OSError):  # stderr may be closed, or on a full disk: the status still tells
        click.echo(message if status == 2 else f"simcluster: {message}", err=True)
    sys.exit(status)
