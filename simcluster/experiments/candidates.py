"""The candidates of a homomorphic map: representations to compute on, and smaller models, beside one plain scenario.

Each is a whole scenario that shares the cluster, the network and the training with the plain one. Where a profile says
nothing of ``usage``, it is used as far as it goes: what can be averaged is computed on compressed (``homomorphic``),
anything else is a codec at every update, whose server decodes, averages and encodes again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from simcluster.errors import UserInputError
from simcluster.scenario import Notice, Scenario, resolved
from simcluster.scenario.candidates import files_extending, load_candidate
from simcluster.scenario.loading import Loaded
from simcluster.simulation import Registry, load

#: Sections that a candidate must share with the plain scenario, but for how fast a server averages its format.
_SHARED = ("cluster", "network", "training", "seed")
_OWN = "cluster.server.aggregation_rate"
#: Settings of ``compute`` that a candidate must share; what one minibatch costs is its own.
_SHARED_COMPUTE = ("minibatch", "scaling", "jitter")


@dataclass(frozen=True)
class Candidate:
    """One representation, or one smaller model.

    Parameters
    ----------
    name : str
    scenario : Scenario
    fraction : float
        rho: bytes of one copy on the wire / those of the plain model.
    overhead : float
        h: time of a minibatch / that of the plain model; what is decoded before it is computed on computes plain.
    way : str
        ``homomorphic`` (computed on and averaged compressed), ``recoded`` (decoded at every update), or ``model``
        (another one, sent plain).
    """

    name: str
    scenario: Scenario
    fraction: float
    overhead: float
    way: str


@dataclass(frozen=True)
class CandidateSet:
    """A plain scenario and its candidates.

    Parameters
    ----------
    plain : Scenario
    candidates : list of Candidate
    notices : list of Notice
        What is to be said about the files, once each.
    """

    plain: Scenario
    candidates: Sequence[Candidate]
    notices: Sequence[Notice]


def load_candidates(
    path: str | PathLike[str],
    overrides: Sequence[str] = (),
    named: Sequence[str] = (),
    *,
    allow_path: bool = False,
) -> CandidateSet:
    """Load a plain scenario and its candidates.

    Parameters
    ----------
    path : path-like
        The plain scenario: without compression.
    overrides : sequence of str
        Settings such as ``network.bandwidth=10Gbit/s``, for it and all candidates.
    named : sequence of str
        Candidates: presets of the file, or files with a profile or a scenario. By default, all presets, and all
        scenario files beside it that extend it.
    allow_path : bool
        Whether ``extends`` may leave the folder of a file.

    Raises
    ------
    UserInputError
        If a file is wrong, the scenario compresses, there is no candidate, two have one name, or one differs from the
        scenario in what both must share.
    """
    base = Path(path)
    loaded = load(base, overrides, allow_path=allow_path)
    plain, notices = loaded.scenario, list(loaded.notices)
    if not plain.compression.is_plain:
        raise UserInputError(f"{base}: a map begins from plain parameters; leave out 'compression'")
    chosen = list(named) or [*loaded.presets, *map(str, files_extending(base))]
    if not chosen:
        hint = "give it presets, put files beside it that extend it, or name some"
        raise UserInputError(f"{base}: there are no candidates: {hint}")
    candidates: list[Candidate] = []
    for name in chosen:
        if name not in loaded.presets and Path(name).suffix not in (".yaml", ".yml"):
            offer = ", ".join(loaded.presets) or "none"
            raise UserInputError(f"candidate {name!r}: neither a preset of {base} (it has {offer}) nor a YAML file")

        def read(settings: Sequence[str], name: str = name) -> Loaded:
            if name in loaded.presets:
                return load(base, settings, [name], allow_path=allow_path)
            return load_candidate(Path(name), base, Registry(), settings, allow_path=allow_path)

        found = _with_usage(read, overrides)
        title = name if name in loaded.presets else found.scenario.name
        candidates.append(candidate_of(title, found.scenario, plain))
        notices += _new_notices(found, notices)
    _check_names(candidates)
    return CandidateSet(plain, candidates, notices)


def _with_usage(read: Callable[[Sequence[str]], Loaded], overrides: Sequence[str]) -> Loaded:
    """Return a candidate, used as far as it goes where it doesn't say how: its profile's overhead depends on that."""
    found = read(overrides)
    if not _leaves_usage_open(found.scenario):
        return found
    usage = "homomorphic" if found.scenario.compression.codec.averages_compressed else "every-update"
    return read([*overrides, f"compression.usage={usage}"])


def _new_notices(found: Loaded, known: Sequence[Notice]) -> list[Notice]:
    """Return what wasn't said before."""
    said = {str(notice) for notice in known}
    return [notice for notice in found.notices if str(notice) not in said]


def candidate_of(name: str, scenario: Scenario, plain: Scenario) -> Candidate:
    """Return a scenario as a candidate beside a plain one.

    Raises
    ------
    UserInputError
        If it differs in anything but the model, the time of a minibatch, the compression, and the rate at which a
        server averages what is compressed so.
    """
    one, other = resolved(scenario), resolved(plain)
    for section in _SHARED:
        _check_same(name, section, one.get(section), other.get(section))
    for key in _SHARED_COMPUTE:
        _check_same(name, f"compute.{key}", one["compute"].get(key), other["compute"].get(key))
    compression = scenario.compression
    size = scenario.model.parameters
    sent = size if compression.is_plain else compression.codec.compressed_size(size)
    time = scenario.compute.minibatch_time * scenario.overhead
    way = "model" if compression.is_plain else "recoded"
    if not compression.is_plain and scenario.compression.usage != "every-update":
        way = "homomorphic"
    return Candidate(
        name, scenario, sent / plain.model.parameters, time / plain.compute.minibatch_time, way
    )


def _leaves_usage_open(scenario: Scenario) -> bool:
    compression = scenario.compression
    return not compression.is_plain and "usage" not in compression.model_fields_set


def _check_same(name: str, setting: str, one: Any, other: Any) -> None:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys([*one, *other]):
            _check_same(name, f"{setting}.{key}", one.get(key), other.get(key))
    elif one != other and setting != _OWN:
        raise UserInputError(f"candidate {name!r}: {setting} is {one}, but {other} in the scenario: both must share it")


def _check_names(candidates: Sequence[Candidate]) -> None:
    names = [candidate.name for candidate in candidates]
    for name in names:
        if names.count(name) > 1:
            raise UserInputError(f"two candidates are called {name!r}")
