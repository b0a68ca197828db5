"""A codec by its name and options as texts, measured on tensors of a file or on synthetic ones.

A simulation never does this: it uses the numbers that were written down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from simcluster.errors import UserInputError
from simcluster.escaping import printable
from simcluster.scenario import catalogue
from simcluster.scenario.option_texts import read_options
from simcluster.scenario.places import nearest, shown
from simcluster.simulation.registry import Registry

if TYPE_CHECKING:
    from simcluster.codecs.measuring import Measurement
    from simcluster.codecs.operation_text import Shares
    from simcluster.codecs.protocol import Codec
    from simcluster.codecs.synthetic import Distribution

#: What is measured unless something else is asked for: ten million parameters, as a matrix.
SHAPE = (2500, 4000)
#: Columns of what payloads are multiplied with.
COLUMNS = 64


def build_codec(name: str, options: Sequence[str] = ()) -> Codec:
    """Return a codec.

    Parameters
    ----------
    name : str
        A name of the registry.
    options : sequence of str
        Its options, such as ``level=9``.

    Raises
    ------
    UserInputError
        If there is no such codec, or an option is wrong; all wrong options are reported together.
    """
    registry = Registry()
    known = registry.names("codec")
    if name not in known:
        hint = nearest(name, known) or f"known: {', '.join(known)}"
        raise UserInputError(f"no such codec: {shown(name)} ({hint})")
    model = registry.options("codec", name)
    chosen = read_options(options, model, registry, fixed=("codec",), flag="--option")
    return cast("Codec", registry.module("codec", name).build(chosen))


def measure_codec(
    name: str,
    options: Sequence[str] = (),
    *,
    file: str | PathLike[str] | None = None,
    distribution: str = "gaussian",
    shape: tuple[int, ...] = SHAPE,
    repeats: int = 5,
    seed: int = 0,
    columns: int | None = None,
    shares: str | None = None,
) -> Measurement:
    """Measure a codec on the tensors of a file, or on a synthetic one.

    Parameters
    ----------
    name : str
        A name of the registry.
    options : sequence of str
        Its options, such as ``level=9``.
    file : path-like, optional
        A ``.npy``, ``.npz`` or ``.safetensors`` file; its tensors of floats are encoded one by one.
    distribution : str
        Distribution of the synthetic tensor's elements.
    shape : tuple of int
        Its shape.
    repeats : int
        How often everything is done.
    seed : int
        Seed of the synthetic tensor and of the codec's random numbers.
    columns : int
        Columns of the matrices that the payloads of a representation are multiplied with; 64 if not given.
    shares : str, optional
        Model of the catalogue whose shares of operations compose the overhead of a representation.

    Raises
    ------
    UserInputError
        If there is no such codec, option, model or file, the codec refuses the tensors, or its payloads can't be
        computed on and columns or shares are given.
    """
    from simcluster.codecs.measuring import measure
    from simcluster.codecs.representation import Representation

    codec = build_codec(name, options)
    if not isinstance(codec, Representation) and (columns or shares):
        raise UserInputError(f"payloads of {name} can't be computed on: leave out --columns and --shares")
    of_model = model_shares(shares) if shares else None
    tensors, source = _from_file(Path(file)) if file is not None else _made(distribution, shape, seed)
    measurement = measure(codec, tensors, source, repeats=repeats, seed=seed, columns=columns or COLUMNS)
    return replace(measurement, shares=of_model)


def model_shares(name: str) -> Shares:
    """Return the shares of operations of a model of the catalogue.

    Raises
    ------
    UserInputError
        If there is no such model, or the catalogue has no shares of it.
    """
    from simcluster.codecs.operation_text import Shares

    known = [model for model in catalogue.names("models") if "operation_shares" in catalogue.entry("models", model)]
    if name not in known:
        hint = nearest(name, known) or f"known: {', '.join(known)}"
        raise UserInputError(f"the catalogue has no shares of operations of {shown(name)} ({hint})")
    return Shares(name, cast("Mapping[str, float]", catalogue.entry("models", name)["operation_shares"]))


def _from_file(path: Path) -> tuple[Mapping[str, Any], str]:
    from simcluster.codecs.tensor_files import read_tensors

    tensors = read_tensors(path)
    number, count = len(tensors), sum(tensor.size for tensor in tensors.values())
    what = "tensor" if number == 1 else "tensors"
    return tensors, f"the {number} {what} of {printable(path.name)}, {count:,} elements"


def _made(distribution: str, shape: tuple[int, ...], seed: int) -> tuple[Mapping[str, Any], str]:
    from simcluster.codecs.synthetic import synthetic

    tensor = synthetic(cast("Distribution", distribution), shape, seed)
    lengths = " x ".join(str(length) for length in shape)
    form = f" ({lengths})" if len(shape) > 1 else ""
    return {distribution: tensor}, f"{tensor.size:,} synthetic {distribution} float32{form}"
