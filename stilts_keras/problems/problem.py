"""What all problems have unless they say otherwise."""


class Problem:
    """A kind of prediction; the room's first page lists its parts.

    Attributes:
        pack_key: str. Names everything that `pack` depends on.
        has_threshold: bool. Whether dev rows choose a number to decide by.
        has_ids: bool. Whether files know predictions by ids.
        is_sliceable: bool. Whether the loss of a batch is the sum of its
            rows' losses, so that rows may be computed a few at a time. False
            where rows are compared with each other.
        has_pool: bool. Whether predictions are candidates, of this and of
            other splits; see `DualEncoder.pool`.
        needs_vocabulary: bool. Whether the loss reads the token embedding of
            tokens that are not in the data, so that a stage must train on all
            its rows.
    """

    pack_key = ""
    has_threshold = False
    has_ids = False
    is_sliceable = True
    has_pool = False
    needs_vocabulary = False

    def pack_evaluated(self, examples, tokenizer, max_length):
        """Packs Examples of which nothing is learnt; here as all others."""
        return self.pack(examples, tokenizer, max_length)

    def contexts(self, examples):
        """Returns the text that each answer is cut from, one per Example.

        None where predictions are not cut from texts.
        """
        return None
