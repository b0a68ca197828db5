"""Options given as texts, such as ``level=9``, for a model of options that is no section of a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar, get_args, get_origin

from pydantic import ValidationError

from simcluster.options import WRITTEN, Options
from simcluster.scenario.places import Place, nearest
from simcluster.scenario.problems import Problem, ScenarioError
from simcluster.scenario.scalars import UNSAFE, parse_scalar
from simcluster.scenario.tree import Level, Node, plant
from simcluster.scenario.vocabulary import Registry
from simcluster.scenario.wording import explain

OptionsT = TypeVar("OptionsT", bound=Options)

LONGEST_OPTION = 1_000


def read_options(
    texts: Sequence[str], model: type[OptionsT], registry: Registry, *, fixed: Sequence[str] = (), flag: str
) -> OptionsT:
    """Return the options that texts such as ``level=9`` give; ``a=0.25,0.5`` is a list.

    Parameters
    ----------
    texts : sequence of str
        The options; their order has no meaning.
    model : type of Options
        What is made of them.
    registry : Registry
        Passed to the wording of errors.
    fixed : sequence of str
        Fields that can't be given.
    flag : str
        What messages call an option, for example ``--option``.

    Raises
    ------
    ScenarioError
        With everything that is wrong, each with the text in which it was written.
    """
    known = [name for name in model.model_fields if name not in fixed]
    problems: list[Problem] = []
    entries: dict[str, Node] = {}
    for text in texts:
        place = Place(f"{flag} {text[:100]}")
        name, equals, value = (part.strip() for part in text.partition("="))
        if UNSAFE.search(text) or len(text) > LONGEST_OPTION or not equals:
            problems.append(Problem(place, "", f"expected key=value, where key is one of {', '.join(known)}"))
        elif name not in known:
            hint = nearest(name, known) or (f"known: {', '.join(known)}" if known else "there are no options here")
            problems.append(Problem(place, name, "no such option", hint=hint))
        elif name in entries:
            problems.append(Problem(place, name, "set twice"))
        else:
            try:
                entries[name] = plant(_value(value, model.model_fields[name].annotation), place, Level.OVERRIDE)
            except ValueError as error:
                problems.append(Problem(place, name, str(error)))
    node = Node({**entries}, Place(flag), level=Level.OVERRIDE)
    try:
        options = model.model_validate(node.data(), context=WRITTEN)
    except ValidationError as error:
        problems += explain(error, model, node, (), registry)
    if problems:
        raise ScenarioError(problems)
    return options


def _value(text: str, annotation: object) -> object:
    """Return what a text means: itself if it is one of the words that are asked for, else a scalar or a list."""
    if get_origin(annotation) is Literal and text in get_args(annotation):
        return text
    return [parse_scalar(part.strip()) for part in text.split(",")] if "," in text else parse_scalar(text)
