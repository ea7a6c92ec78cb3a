"""Scripts that print one JSON line each: `python -m benchmarks.NAME`."""
