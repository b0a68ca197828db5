"""How rates are shared: pure functions and clocks, free of SimPy, used by links and by devices."""

from simcluster.sharing.max_min import Pool, Share, max_min
from simcluster.sharing.virtual_time import Job, ProcessorSharing, VirtualClock

__all__ = ["Job", "Pool", "ProcessorSharing", "Share", "VirtualClock", "max_min"]
