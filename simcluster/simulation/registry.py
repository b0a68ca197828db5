"""The one place that maps names of schemes and topologies to the modules that hold them.

Lazy: a module is imported when its name is used. Adding a scheme or a topology is a new file and one line here. Each
module offers ``OPTIONS``, its model of options, and what builds the live object from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Literal, cast

from simcluster.options import Options

Kind = Literal["scheme", "topology"]

_MODULES: dict[Kind, dict[str, str]] = {
    "scheme": {
        "sync-ps": "simcluster.schemes.parameter_server.sync_ps",
    },
    "topology": {
        "shared-link": "simcluster.network.shared_link",
        "star": "simcluster.network.star",
        "racks": "simcluster.network.racks",
        "machines": "simcluster.network.machines",
        "custom": "simcluster.network.custom",
    },
}


class Registry:
    """Names of schemes and topologies, and what stands behind them."""

    def names(self, kind: Kind) -> Sequence[str]:
        """Return all names of a kind, in the order in which they are listed."""
        return list(_MODULES[kind])

    def module(self, kind: Kind, name: str) -> ModuleType:
        """Return the module behind a name.

        Raises
        ------
        KeyError
            If there is no such name.
        """
        return import_module(_MODULES[kind][name])

    def options(self, kind: Kind, name: str) -> type[Options]:
        """Return the model of the options of a scheme or topology.

        Raises
        ------
        KeyError
            If there is no such name.
        """
        return cast("type[Options]", self.module(kind, name).OPTIONS)
