"""Functions that are fitted to data, or simply minimised, with exact gradients."""
