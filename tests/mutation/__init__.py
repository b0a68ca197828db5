"""Bugs that are planted in copies of the code, to see that the tests catch them: ``python -m tests.mutation``."""
