"""What a run gives: its records, and tables made of them when somebody asks."""

from simcluster.results.records import LinkTotals, Records, RunFacts
from simcluster.results.result import Result

__all__ = ["LinkTotals", "Records", "Result", "RunFacts"]
