"""Many runs: sweeps, replications, comparisons and searches, and the store that keeps what they gave."""

from simcluster.experiments.candidates import Candidate, CandidateSet, load_candidates
from simcluster.experiments.columns import columns_of
from simcluster.experiments.comparing import Comparison, compare
from simcluster.experiments.exporting import write_csv, write_parquet
from simcluster.experiments.homomorphic_map import homomorphic_map, names_inside
from simcluster.experiments.mapping import break_even_map, map_table, solve_grid
from simcluster.experiments.optimising import Optimum, optimise
from simcluster.experiments.reading import load_store
from simcluster.experiments.replicating import Replications, replicate, with_intervals
from simcluster.experiments.running import Progress
from simcluster.experiments.screening import screen
from simcluster.experiments.sensitivity import sensitivity
from simcluster.experiments.solving import Solution, solve
from simcluster.experiments.sweeping import Plan, Swept, count_stored, plan_sweep, run_sweep, sweep
from simcluster.experiments.trials import is_shared
from simcluster.experiments.varying import parse_all, parse_vary
from simcluster.results.csv_text import to_csv

__all__ = [
    "Candidate",
    "CandidateSet",
    "Comparison",
    "Optimum",
    "Plan",
    "Progress",
    "Replications",
    "Solution",
    "Swept",
    "break_even_map",
    "columns_of",
    "compare",
    "count_stored",
    "homomorphic_map",
    "is_shared",
    "load_candidates",
    "load_store",
    "map_table",
    "names_inside",
    "optimise",
    "parse_all",
    "parse_vary",
    "plan_sweep",
    "replicate",
    "run_sweep",
    "screen",
    "sensitivity",
    "solve",
    "solve_grid",
    "sweep",
    "to_csv",
    "with_intervals",
    "write_csv",
    "write_parquet",
]
