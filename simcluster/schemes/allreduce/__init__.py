"""Schemes in which workers add up what they contribute among themselves, by collective operations."""
