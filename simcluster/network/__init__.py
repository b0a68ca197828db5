"""Moving bytes between endpoints: topologies of links and routes, and what drives them in SimPy.

A network knows endpoints by name, and bytes; it knows no worker, gradient or codec. Each topology is a module with
``OPTIONS``, its model of options, and ``build``.
"""

from simcluster.network.node import Node
from simcluster.network.transfer import Transfer

__all__ = ["Node", "Transfer"]
