"""The one place that maps names of schemes, topologies and codecs to the modules that hold them.

Lazy: a module is imported when its name is used. Adding one of them is a new file and one line here. Each
module offers ``OPTIONS``, its model of options, and what builds the live object from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Literal, cast

from simcluster.options import Options

Kind = Literal["scheme", "topology", "codec"]

_MODULES: dict[Kind, dict[str, str]] = {
    "scheme": {
        "sync-ps": "simcluster.schemes.parameter_server.sync_ps",
        "async-ps": "simcluster.schemes.parameter_server.async_ps",
        "ssp": "simcluster.schemes.parameter_server.ssp",
        "backup-workers": "simcluster.schemes.parameter_server.backup_workers",
        "easgd": "simcluster.schemes.parameter_server.easgd",
        "d-psgd": "simcluster.schemes.gossip.d_psgd",
        "ad-psgd": "simcluster.schemes.gossip.ad_psgd",
        "h-adpsgd": "simcluster.schemes.gossip.h_adpsgd",
        "ring-allreduce": "simcluster.schemes.allreduce.ring_allreduce",
        "halving-doubling": "simcluster.schemes.allreduce.halving_doubling",
        "tree": "simcluster.schemes.allreduce.tree",
        "direct": "simcluster.schemes.allreduce.direct",
        "hierarchical": "simcluster.schemes.allreduce.hierarchical",
        "all-gather": "simcluster.schemes.allreduce.all_gather",
    },
    "topology": {
        "shared-link": "simcluster.network.shared_link",
        "star": "simcluster.network.star",
        "racks": "simcluster.network.racks",
        "machines": "simcluster.network.machines",
        "custom": "simcluster.network.custom",
    },
    "codec": {
        "none": "simcluster.codecs.none",
        "fp16": "simcluster.codecs.fp16",
        "bf16": "simcluster.codecs.bf16",
        "gzip": "simcluster.codecs.deflate",
        "zstd": "simcluster.codecs.zstd",
        "shuffle-zlib": "simcluster.codecs.shuffle",
        "fixed-point": "simcluster.codecs.fixed_point",
        "dynamic-fixed-point": "simcluster.codecs.dynamic_fixed_point",
        "1-bit": "simcluster.codecs.onebit",
        "qsgd": "simcluster.codecs.qsgd",
        "terngrad": "simcluster.codecs.terngrad",
        "dorefa": "simcluster.codecs.dorefa",
        "signsgd": "simcluster.codecs.signsgd",
        "logarithmic": "simcluster.codecs.logarithmic",
        "top-k": "simcluster.codecs.top_k",
        "random-k": "simcluster.codecs.random_k",
        "dgc": "simcluster.codecs.dgc",
        "sbc": "simcluster.codecs.sbc",
        "powersgd": "simcluster.codecs.powersgd",
        "csr": "simcluster.codecs.csr",
        "cer": "simcluster.codecs.cer",
        "cser": "simcluster.codecs.cser",
        "cla": "simcluster.codecs.cla",
        "deep-compression": "simcluster.codecs.deep_compression",
        "tile-pruning": "simcluster.codecs.tile_pruning",
        "hashing": "simcluster.codecs.hashing",
        "dct": "simcluster.codecs.dct",
        "low-rank": "simcluster.codecs.low_rank",
        "integer": "simcluster.codecs.integer",
        "binary": "simcluster.codecs.binary_weights",
        "ternary": "simcluster.codecs.ternary_weights",
    },
}


class Registry:
    """Names of schemes, topologies and codecs, and what stands behind them."""

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
        """Return the model of the options of a scheme, topology or codec.

        Raises
        ------
        KeyError
            If there is no such name.
        """
        return cast("type[Options]", self.module(kind, name).OPTIONS)
