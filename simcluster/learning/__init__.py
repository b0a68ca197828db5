"""Real training under the simulated clock: what values the workers have, compute and send.

A scheme decides when; the learner what values. By default nothing is learned, and nothing is computed for it.
"""
