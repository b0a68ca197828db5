"""Reports: one HTML file about a run or a sweep that needs nothing else, neither other files nor the network."""

from simcluster.report.run import RunTables, run_page
from simcluster.report.sweep import CONFIDENCE, sweep_page

__all__ = ["CONFIDENCE", "RunTables", "run_page", "sweep_page"]
