"""Schemes in which a parameter server holds the global parameters."""
