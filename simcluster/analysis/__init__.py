"""Results -> explanations: the critical path of an update, and the share of each cause in it."""

from simcluster.analysis.causes import CAUSES, blame
from simcluster.analysis.explaining import Explanation, critical_path, explain
from simcluster.analysis.walking import Step, Walker

__all__ = ["CAUSES", "Explanation", "Step", "Walker", "blame", "critical_path", "explain"]
