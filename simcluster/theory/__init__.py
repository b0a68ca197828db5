"""Closed formulas and bounds: tests, notebooks and the CLI compare simulations with them; no run is computed from them.

- ``sync_sgd``: computation time, transfer time and speed-up as the paper has them (Jang et al. 2017, section 4.1)
- ``feasibility``: Eq. 5, printed and general
- ``break_even``: the numbers of workers at which the cluster begins to lose
- ``symmetric``: the exact update of equal workers under ``sync-ps``, for every usage of a codec
- ``order_statistics``: waiting for the slowest, or the k fastest, of several random workers
- ``queueing``: processor sharing, and a closed network of workers and one link
- ``collectives``: all-reduce and all-gather of equal members on links of their own

Everything here is numbers in, numbers out: seconds, bytes, bytes per second.
"""
