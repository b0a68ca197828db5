"""How workers cooperate: a scheme decides when who computes, sends and waits."""
