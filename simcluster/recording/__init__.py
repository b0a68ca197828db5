"""Recording: observers of a run. Off is a null object; a recorder never changes an event."""

from simcluster.recording.journal import (
    AGGREGATE,
    COMPUTATION,
    DECODE,
    ENCODE,
    PARTS,
    PULL,
    PUSH,
    SERVER_DECODE,
    SERVER_ENCODE,
    WAITING,
    Everybody,
    Follower,
    Journal,
    Nobody,
    UpdateRow,
)
from simcluster.recording.null import NullRecorder
from simcluster.recording.spans import LinkHistory, SpanHistory, SpanRecorder, TransferHistory

__all__ = [
    "AGGREGATE",
    "COMPUTATION",
    "DECODE",
    "ENCODE",
    "PARTS",
    "PULL",
    "PUSH",
    "SERVER_DECODE",
    "SERVER_ENCODE",
    "WAITING",
    "Everybody",
    "Follower",
    "Journal",
    "LinkHistory",
    "Nobody",
    "NullRecorder",
    "SpanHistory",
    "SpanRecorder",
    "TransferHistory",
    "UpdateRow",
]
