"""What to train, in which order; no framework is imported here."""
