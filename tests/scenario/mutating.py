"""Random changes to files: of bytes, tokens, structure, units and numbers, all drawn from a generator that is given."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

PUNCTUATION = ": , - [ ] { } & * ! | > ' \" # % @ ` ? << ~ &a *a !!int !!python/none --- ... {} [] ''"
WORDS = (
    "null true nan x y gzip none street resnet50 extends presets sweep preset zip exclude profile codec workers groups"
)
UNSEEN = ["", " ", "\t", "\n", "\x00", "\x1b", "\x9b", "\u2028", "\u202e", "\ud7ff", "\ufeff"]
HOSTILE = ["=1+1", "../../etc/passwd"]
NUMBERS = [
    "0",
    "1",
    "-1",
    "2",
    "3",
    "7",
    "0.5",
    "1e-9",
    "1e-300",
    "5e-324",
    "1e9",
    "1e18",
    "1e300",
    "1.7976931348623157e308",
    "1e999",
    ".inf",
    ".nan",
    "0x10",
    "010",
    "1_000",
    "10000",
    "1000000",
    "10000000",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999999999999999999999999",
]
UNITS = [
    "s",
    "ms",
    "us",
    "ns",
    "min",
    "h",
    "d",
    "B",
    "kB",
    "MB",
    "GB",
    "TB",
    "PB",
    "KiB",
    "MiB",
    "GiB",
    "bit",
    "kbit",
    "Mbit",
    "Gbit",
    "B/s",
    "MB/s",
    "GB/s",
    "bit/s",
    "Gbit/s",
    "Gbps",
    "W",
    "kW",
    "%",
    "parsec",
]
RANGES = ["1..5", "1,2", "1..1e12", "1..32:x2", "1..100000", "0..1:1e-9", "5..1", "1..200"]
TOKENS = [*PUNCTUATION.split(), *WORDS.split(), *UNSEEN, *HOSTILE, *RANGES, *NUMBERS]

_NUMBER = re.compile(rb"(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_UNIT = re.compile(rb"(?<=\d)\s*(?:[kMGTP]i?)?(?:B|bit|b|s|W|h|d|ms|us|ns|min)(?:/s)?\b")
_TOKEN = re.compile(rb"[\w.-]+|[^\w\s]|\s+")

Mutator = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


def _splice(data: bytes, start: int, end: int, new: bytes) -> bytes:
    return data[:start] + new + data[end:]


def change_bytes(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """Flip a bit, overwrite, insert, cut or repeat some bytes, or cut off the end."""
    at = rng.randrange(len(data) + 1)
    length = rng.randint(1, 8)
    match rng.randrange(6):
        case 0:
            return _splice(data, at, at + 1, bytes(byte ^ 1 << rng.randrange(8) for byte in data[at : at + 1]))
        case 1:
            return _splice(data, at, at + length, rng.randbytes(length))
        case 2:
            return _splice(data, at, at, rng.randbytes(length))
        case 3:
            return _splice(data, at, at + length, b"")
        case 4:
            return _splice(data, at, at, data[at : at + 40] * rng.choice([1, 2, 50, 1000]))
        case _:
            return data[:at]


def change_tokens(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """Insert, replace, remove or swap tokens."""
    found = list(_TOKEN.finditer(data))
    new = rng.choice(TOKENS).encode("utf-8", "surrogatepass")
    if not found:
        return new
    one, other = rng.choice(found), rng.choice(found)
    match rng.randrange(4):
        case 0:
            return _splice(data, one.start(), one.start(), new)
        case 1:
            return _splice(data, one.start(), one.end(), new)
        case 2:
            return _splice(data, one.start(), one.end(), b"")
        case _:
            return _splice(data, one.start(), one.end(), other[0])


def change_structure(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """Remove, repeat, move, indent, nest or wrap lines, or take one from another file."""
    lines = data.split(b"\n")
    at, length = rng.randrange(len(lines)), rng.randint(1, 4)
    block = lines[at : at + length]
    key, colon, value = lines[at].partition(b":")
    match rng.randrange(8):
        case 0:
            block = []
        case 1:
            block = block * rng.choice([2, 2, 3, 300])
        case 2:
            block = [b" " * rng.randint(0, 4) + line.lstrip() for line in block]
        case 3:
            block = [b"  " * rng.choice([1, 1, 2, 40]) + line for line in block]
        case 4:
            block = [*rng.choice(others).split(b"\n")[:: rng.randint(1, 30)][:length], *block]
        case 5:
            opened = rng.choice([b"[", b"{a: ", b"&a [", b"[*a, ", b"[" * 40])
            block = [key + colon + b" " + opened + value + (b"}" if b"{" in opened else b"]" * opened.count(b"["))]
        case 6:
            block = [key + colon, b"    nested" + colon + value]
        case _:
            del lines[at : at + length]
            at, length = rng.randrange(len(lines) + 1), 0
    return b"\n".join([*lines[:at], *block, *lines[at + length :]])


def change_units(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """Put another unit, or none, behind a number."""
    found = list(_UNIT.finditer(data))
    if not found:
        return change_tokens(data, rng, others)
    one = rng.choice(found)
    space = rng.choice([b"", b" ", b" ", b"  "])
    return _splice(data, one.start(), one.end(), space + rng.choice([*UNITS, ""]).encode())


def change_numbers(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """Put another number in the place of one: an extreme, or one like it."""
    found = list(_NUMBER.finditer(data))
    if not found:
        return change_tokens(data, rng, others)
    one = rng.choice(found)
    new = rng.choice([*NUMBERS, *RANGES, str(rng.randint(0, 300)), f"{rng.random():.3g}", f"-{one[0].decode()}"])
    return _splice(data, one.start(), one.end(), new.encode())


MUTATORS: Sequence[Mutator] = (change_bytes, change_tokens, change_structure, change_units, change_numbers)


def mutated(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """Return a file with one to four random changes; ``others`` are files that lines are taken from."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        data = rng.choice(MUTATORS)(data, rng, others)
    return data
