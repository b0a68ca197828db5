"""Samples to learn from: where they come from, and who has which."""
