"""How well the simulator predicts what others have published: the validation page."""

from simcluster.experiments.validation.page import errors_by_system, questions, validate

__all__ = ["errors_by_system", "questions", "validate"]
