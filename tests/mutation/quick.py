"""A plugin for pytest: examples that fail are not made smaller, and they are the same in every run."""

from __future__ import annotations

from hypothesis import Phase, settings

PHASES = [Phase.explicit, Phase.generate]

settings.register_profile("quick", phases=PHASES, derandomize=True, database=None, deadline=None)
settings.load_profile("quick")
