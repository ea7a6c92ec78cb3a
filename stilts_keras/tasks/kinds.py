"""Kinds of problems: what a task asks for, told apart from how it is learnt.

What a kind does with text and logits is the class of its name in `problems`.
"""

import dataclasses

POOLS = ("language", "all")
PREDICTIONS = (
    "label",
    "number",
    "tags",
    "text",
    "pairs",
    "tokens",
    "ranking",
)
# Of these, gold that another row could have as well.
LABELLED = ("label", "number", "tags", "text")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """What all tasks of one problem have in common.

    Attributes:
        name: str. What a Task's `problem` says.
        predicts: str. What is predicted of an Example, one of `PREDICTIONS`:
            one of the task's labels; a number (of a choice or a row); a tag
            for each word; a text, gold being the list of right ones; the ids
            of what belongs to it, mostly none; hidden tokens; or the ids of
            what fits best, the best first, gold being all that do.
        is_trained: bool. False where hidden states are compared as they are.
        needs_dev: bool. Whether a score needs a threshold, which dev rows must
            choose.
        pool: str or None. Where an answer is searched for among the rows: in
            those of one `language`, or in those of `all` languages together.
        is_pool_whole: bool. Whether the pool is part of the question, so that
            a limit on the rows would ask another one.
        is_parallel: bool. Whether a language's rows are sentences with what
            they are in English.
    """

    name: str
    predicts: str
    is_trained: bool = True
    needs_dev: bool = False
    pool: str | None = None
    is_pool_whole: bool = False
    is_parallel: bool = False

    @property
    def has_labels(self):
        """Whether training rows have what could be another row's as well."""
        return self.is_trained and self.predicts in LABELLED

    @property
    def is_of_pairs(self):
        """Whether each row is a sentence beside what it is in English."""
        return self.is_parallel and not self.is_pool_whole

    def __post_init__(self):
        """Checks the definition at import."""
        if self.predicts not in PREDICTIONS:
            raise ValueError(
                f"Kind {self.name!r}: predicts must be one of {PREDICTIONS}. "
                f"Received: {self.predicts!r}."
            )
        if self.pool not in (None, *POOLS):
            raise ValueError(
                f"Kind {self.name!r}: pool must be None or one of {POOLS}. "
                f"Received: {self.pool!r}."
            )
        if self.is_pool_whole and self.pool is None:
            raise ValueError(
                f"Kind {self.name!r}: is_pool_whole needs a pool. Name it: "
                f"{' or '.join(POOLS)}."
            )


KINDS = {
    kind.name: kind
    for kind in (
        Kind(name="classification", predicts="label"),
        Kind(name="multiple_choice", predicts="number"),
        Kind(name="tagging", predicts="tags"),
        Kind(name="span_extraction", predicts="text"),
        Kind(name="masked_lm", predicts="tokens"),
        Kind(
            name="retrieval",
            predicts="number",
            is_trained=False,
            pool="language",
            is_parallel=True,
        ),
        Kind(
            name="mining",
            predicts="pairs",
            is_trained=False,
            needs_dev=True,
            pool="language",
            is_pool_whole=True,
            is_parallel=True,
        ),
        Kind(name="dual_encoder", predicts="ranking", pool="all"),
    )
}
