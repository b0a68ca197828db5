"""From ``--plot KIND[:OPTION=VALUE,...]`` to a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from simcluster.errors import UserInputError
from simcluster.plots import KINDS, draw

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Wanted:
    """A picture that the user asked for."""

    kind: str
    options: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str, kinds: Sequence[str]) -> Wanted:
        """Read ``KIND`` or ``KIND:option=value,option=value``.

        Raises
        ------
        UserInputError
            If the kind isn't one of ``kinds``, or an option is unknown.
        """
        kind, _, rest = text.partition(":")
        if kind not in kinds:
            raise UserInputError(f"--plot {text}: there is no picture {kind!r} here{_offer(kind, kinds)}")
        known = KINDS[kind].options()
        options: dict[str, Any] = {}
        for setting in filter(None, rest.split(",")):
            name, equals, value = setting.partition("=")
            if name not in known or not equals:
                raise UserInputError(
                    f"--plot {text}: {setting!r} should be OPTION=VALUE{_offer(name, known)}"
                )
            options[name] = int(value) if value.isdecimal() else value
        return cls(kind, options)


def figure_of(wanted: Wanted, table: pd.DataFrame) -> Figure:
    """Draw one picture.

    Raises
    ------
    UserInputError
        If the table can't be drawn like this.
    """
    try:
        return draw(wanted.kind, table, **wanted.options)
    except ValueError as error:
        raise UserInputError(f"--plot {wanted.kind}: {error}") from error


def _offer(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else f"; there are {', '.join(known)}"
