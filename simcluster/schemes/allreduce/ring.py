"""A ring of members, chunk by chunk: reduce-scatter, then all-gather (Patarasuk and Yuan 2009).

The part is cut into as many chunks as there are members, of ceil(size / members) bytes but the last ones. In every step
each member sends one chunk to the next and receives another from the one before. After members - 1 steps of adding up,
each has one chunk of the sum; after as many steps of passing on, all have all: every member sends and receives
2 (M - 1)/M of the part.

Nothing but the chunks' dependencies keeps the members in step: a member sends as soon as it has received and added what
it sends, and its last chunk has arrived (a connection carries one message at a time). Sums are encoded for every hop;
the mean of a chunk is encoded once, by the member that has it first, and passed on as it is, before it is decoded.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from simcluster.cluster.messages import Message, Part, Values
from simcluster.schemes.allreduce.rounds import Seat


def ring(
    seat: Seat, team: Sequence[int], part: Part, own: Values, contributions: int
) -> Generator[Any, Any, list[Message]]:
    """Do one member's share of a ring, and return the mean as messages of its chunks, in their order.

    Parameters
    ----------
    seat : Seat
    team : sequence of int
        The places of the ring's members, in its order.
    part : Part
    own : Values
        What the member brings: its contribution, or the sum of several.
    contributions : int
        How many contributions are in what all members of the ring bring.
    """
    count = len(team)
    here = team.index(seat.place)
    after = team[(here + 1) % count]
    chunks = part.split(count)
    sums = [own.piece(chunk) for chunk in chunks]
    connection = None
    for step in range(count - 1):
        mine, theirs = (here - step) % count, (here - step - 1) % count
        message = yield from seat.encode(chunks[mine], sums[mine])
        if connection is not None:
            yield connection
        connection = seat.send(after, message, step)
        message = yield from seat.receive(step)
        yield from seat.absorb(message)
        sums[theirs] = message.values + sums[theirs]
    mine = (here + 1) % count
    message = yield from seat.encode(chunks[mine], sums[mine] * (1 / contributions))
    if connection is not None:
        yield connection
    seat.pull()
    return (yield from pass_on(seat, team, mine, message, "mean"))


def pass_on(
    seat: Seat, team: Sequence[int], mine: int, message: Message, topic: str, *, adds_up: bool = False
) -> Generator[Any, Any, list[Message]]:
    """Send one message round the ring and get those of all others, and return all by their numbers.

    Parameters
    ----------
    seat : Seat
    team : sequence of int
        The places of the ring's members, in its order; the one before has the message of the number before.
    mine : int
        The number of the member's own message, which it has no need to decode.
    message : Message
        Its own message.
    topic : str
        What the messages are about.
    adds_up : bool
        Whether the messages are contributions that the member adds up, or parts of the result.
    """
    take = seat.absorb if adds_up else seat.decode
    count = len(team)
    after = team[(team.index(seat.place) + 1) % count]
    found = {mine: message}
    undecoded: Message | None = None
    for step in range(count - 1):
        connection = seat.send(after, message, (topic, step))
        if undecoded is not None:
            yield from take(undecoded)
        undecoded = message = yield from seat.receive((topic, step))
        found[(mine - step - 1) % count] = message
        if step == count - 2:
            yield from take(message)
        yield connection
        seat.pull()
    return [found[number] for number in range(count)]
