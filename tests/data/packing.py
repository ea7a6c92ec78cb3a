"""A pack function for tests of what is packed."""


class Packing:
    """A pack function that keeps the Examples it was given."""

    def __init__(self):
        self.seen = []

    def __call__(self, examples, tokenizer, max_length):
        self.seen += examples
        return {
            "length": [1] * len(examples),
            "num_cut": [0] * len(examples),
            "example": list(range(len(examples))),
        }
