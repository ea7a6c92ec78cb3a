"""Backbones, the multi-task Model, and their weights. Knows no problem."""
