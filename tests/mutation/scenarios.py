"""Bugs in what a scenario means: units, derived numbers."""

from __future__ import annotations

from tests.mutation.mutation import Mutation

MUTATIONS = [
    Mutation(
        "a byte has ten bits",
        "units.py",
        "Decimal(factor) / 8 for",
        "Decimal(factor) / 10 for",
        "test_units.py",
    ),
    Mutation(
        "kibibytes are kilobytes",
        "units.py",
        '"Ki": 2**10',
        '"Ki": 10**3',
        "test_units.py",
    ),
    Mutation(
        "a minute has a hundred seconds",
        "units.py",
        '"min": Decimal(60)',
        '"min": Decimal(100)',
        "test_units.py",
    ),
    Mutation(
        "operation overheads add up without their shares' rest",
        "scenario/schema.py",
        "shares[operation] * (factor - 1)",
        "shares[operation] * factor",
        "scenario/test_overhead.py",
    ),
    Mutation(
        "the overhead counts in every usage",
        "scenario/schema.py",
        '        if self.compression.usage != "homomorphic":\n            return 1.0\n',
        "",
        "scenario/test_overhead.py",
    ),
    Mutation(
        "a codec works in both directions, whatever is said",
        "scenario/compression.py",
        'or self.direction in (direction, "both")',
        "or True",
        "schemes/test_sync_ps.py",
    ),
    Mutation(
        "a ratio is taken for rho",
        "codecs/profile.py",
        "size / self.ratio if self.ratio is not None",
        "size * self.ratio if self.ratio is not None",
        "codecs/test_profile.py",
    ),
    Mutation(
        "a time is for the compressed model",
        "codecs/profile.py",
        "time * (size / (self.measured_size or model_size))",
        "time",
        "codecs/test_profile.py",
    ),
]
