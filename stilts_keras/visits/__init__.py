"""Visits: what is done with one stage, in this process or another."""
