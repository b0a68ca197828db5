"""Schemes without a global model: every worker has its own, and averages it with those of its neighbours."""
