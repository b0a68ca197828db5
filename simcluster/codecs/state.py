"""The state of a codec as bytes, for checkpoints."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np

from simcluster.codecs.errors import CodecError
from simcluster.codecs.protocol import State


def dump_state(state: State) -> bytes:
    """Return a state as the bytes of an ``.npz`` file."""
    file = io.BytesIO()
    arrays: dict[str, Any] = dict(state)
    np.savez(file, **arrays)
    return file.getvalue()


def load_state(data: bytes) -> State:
    """Return the state that ``dump_state`` wrote.

    Raises
    ------
    CodecError
        If the bytes are no such file, or hold pickled objects.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise CodecError(f"this is no state of a codec: {error}") from error
