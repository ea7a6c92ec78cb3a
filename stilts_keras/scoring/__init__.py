"""Scores of predictions, as XTREME computes them. NumPy only, no framework."""
