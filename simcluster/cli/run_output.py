"""What ``simcluster run --out`` writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from simcluster.cli.output import Folder
from simcluster.cli.plotting import Wanted, figure_of
from simcluster.cli.theory_columns import theory_columns
from simcluster.errors import UserInputError
from simcluster.files import read_regular
from simcluster.options import CONTENT, LARGEST_DATA_FILE, Options
from simcluster.plots import save
from simcluster.results import Result
from simcluster.scenario import Scenario, to_yaml
from simcluster.trace import write_trace

#: Folder for what the scenario reads, apart from all that a run writes.
_DATA = "data"


def write_run(
    folder: Folder, scenario: Scenario, result: Result, plots: Sequence[Wanted], *, trace: bool = False
) -> Iterator[Path]:
    """Write the resolved scenario, the tables, the trace if wanted, and the pictures of a run; yield each file.

    Pictures come last: one that can't be drawn loses nothing that was simulated.
    """
    place = folder.make()
    yield from write_scenario(place, scenario)
    yield from result.to_csv(place)
    if trace:
        write_trace(place / "trace.json", result.spans, result.links)
        yield place / "trace.json"
    for wanted in plots:
        yield from save(figure_of(wanted, _table(wanted, scenario, result)), place / wanted.kind)


def write_scenario(place: Path, scenario: Scenario) -> Iterator[Path]:
    """Write the resolved scenario and copies of the data files that it names; yield each file.

    The copies have names relative to the scenario, so that the folder can be moved and run again.

    Raises
    ------
    UserInputError
        If a data file can't be read or copied.
    """
    copies = _Copies()
    resolved = place / "scenario.yaml"
    resolved.write_text(to_yaml(_with_data_files(scenario, copies.name)), encoding="utf-8")
    yield resolved
    yield from copies.write(place)


class _Copies:
    """Data files on their way into the folder: all are read before the first is written, as they may lie there."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    def name(self, path: str) -> str:
        """Return the name of a copy: files of one name stay apart, unless they are the same.

        Raises
        ------
        UserInputError
            If the file can't be read.
        """
        file = Path(path)
        try:
            content = read_regular(file, LARGEST_DATA_FILE)
        except OSError as error:
            raise UserInputError(f"--out: data file {path}: {error.strerror}") from error
        # Some file systems take a.csv and A.csv for one.
        taken = {name.casefold(): other for name, other in self._contents.items()}
        name, count = file.name, 1
        while taken.get(name.casefold(), content) != content:
            count += 1
            name = f"{file.stem}-{count}{file.suffix}"
        self._contents.setdefault(name, content)
        return f"{_DATA}/{name}"

    def write(self, folder: Path) -> Iterator[Path]:
        """Write all copies; yield each.

        Raises
        ------
        UserInputError
            If one can't be written.
        """
        for name, content in self._contents.items():
            copy = folder / _DATA / name
            try:
                copy.parent.mkdir(exist_ok=True)
                copy.write_bytes(content)
            except OSError as error:
                raise UserInputError(f"--out {copy}: {error.strerror}") from error
            yield copy


def _with_data_files(value: Any, name: Callable[[str], str]) -> Any:
    """Return options with other names of the data files anywhere in them."""
    if isinstance(value, Options):
        fields = {field: getattr(value, field) for field in type(value).model_fields}
        texts = {field for field, text in fields.items() if isinstance(text, str)}
        # A data file is what can stand for its content.
        said = value.model_dump(mode="json", include=texts, context=CONTENT)
        changes = {
            field: name(old) if field in texts and said[field] != old else _with_data_files(old, name)
            for field, old in fields.items()
        }
        return value.model_copy(update=changes)
    if isinstance(value, tuple):
        return tuple(_with_data_files(one, name) for one in value)
    if isinstance(value, dict):
        return {key: _with_data_files(one, name) for key, one in value.items()}
    return value


def _table(wanted: Wanted, scenario: Scenario, result: Result) -> pd.DataFrame:
    if wanted.kind in ("timeline", "workers"):
        return result.spans
    if wanted.kind == "staleness":
        return result.updates
    if wanted.kind == "links":
        return result.links
    if wanted.kind == "learning-curve":
        return result.learning
    if wanted.kind == "operation-shares":
        shares = scenario.model.operation_shares
        if not shares:
            raise UserInputError(
                f"--plot operation-shares: the model {scenario.model.name!r} states no operation_shares; "
                "'simcluster list models' shows which do"
            )
        return pd.DataFrame({"operation": list(shares), "share": list(shares.values())})
    row = {"cluster.workers": scenario.cluster.total_workers, **result.metrics, **theory_columns(scenario)}
    return pd.DataFrame([row])
