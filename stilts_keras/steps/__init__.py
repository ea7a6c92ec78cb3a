"""Train a stage; evaluate a split."""
