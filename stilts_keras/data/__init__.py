"""Rows: from their source to packed features and batches. No keras."""
