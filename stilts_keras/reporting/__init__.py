"""Results on disk, in TensorBoard and on the terminal. Knows no model."""
