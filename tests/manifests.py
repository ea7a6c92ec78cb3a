"""What a finished stage's manifest tells, besides its files and heads."""

MANIFEST = {
    "stage": "mnli",
    "fingerprint": "0123456789abcdef",
    "backbone": "some/backbone",
    "parent": None,
    "seed": 7,
    "sources": [
        {
            "name": "mnli:2k",
            "max_length": 128,
            "sequences": 2000,
            "share": 1.0,
            "sequences_seen": 6000,
            "tokens_seen": 99,
        }
    ],
    "recipe": {"learning_rate": 1e-5, "batch_size": 32, "max_length": 128},
    "num_steps": 1234,
    "best_step": 1000,
    "dev_score": 71.25,
    "backend": "jax",
    "python": "3.11.0",
    "versions": {"keras": "3.15.1"},
}
