"""Recording: observers of a run. Off is a null object; a recorder never changes an event."""

from simcluster.recording.followers import Contribution, Everybody, Follower, Nobody, Piece
from simcluster.recording.incidents import IncidentLog
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
    UNAPPLIED,
    WAITING,
    Journal,
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
    "UNAPPLIED",
    "WAITING",
    "Contribution",
    "Everybody",
    "Follower",
    "IncidentLog",
    "Journal",
    "LinkHistory",
    "Nobody",
    "NullRecorder",
    "Piece",
    "SpanHistory",
    "SpanRecorder",
    "TransferHistory",
    "UpdateRow",
]
