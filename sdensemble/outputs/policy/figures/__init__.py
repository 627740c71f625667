"""Figures of a policy: the scorecard, and what is laid out where."""
