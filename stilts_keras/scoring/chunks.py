"""Chunk F1 of tag sequences, by the rule that XTREME's scores rest on.

XTREME's `evaluate.py` scores PAN-X (IOB2 tags such as `B-PER`) and UD-POS
(bare tags such as `NOUN`) with one function, seqeval 0.0.12's `f1_score`. Its
rule is conlleval's: a tag's first letter is its position and the part after
its last `-` is its kind. For bare tags that means:

- equal adjacent tags are one chunk: NOUN NOUN VERB has two chunks;
- tags that begin with S (SYM, SCONJ) stand alone: SYM SYM has two chunks;
- tags that begin with O, and `.`, are in no chunk; UPOS has none of them.

Later releases of seqeval drop the first letter of a bare tag, so that CCONJ
and SCONJ become one kind; their scores differ from XTREME's.
"""

import numpy as np

from stilts_keras.errors import InputError

OUTSIDE = ("O", "O")


def chunks_of(tags):
    """Finds the chunks of one sentence.

    Args:
        tags: sequence of str. One tag per word, none of them empty.

    Returns:
        A set of `(kind, first, last)`: the kind, and the positions of the
        chunk's first and last word.

    Raises:
        InputError: If a tag is empty.

    Source: the behaviour of seqeval 0.0.12, `get_entities`.
    """
    found = set()
    first = 0
    before = OUTSIDE
    for position, tag in enumerate(tags):
        here = _position_and_kind(tag)
        if _ends_between(before, here):
            found.add((before[1], first, position - 1))
        if _starts_between(before, here):
            first = position
        before = here
    # Nothing crosses the end of a sentence.
    if before[0] not in "O.":
        found.add((before[1], first, len(tags) - 1))
    return found


def chunk_counts(gold, predictions):
    """Counts the chunks of each sentence.

    Args:
        gold: sequence of tag sequences, one per sentence.
        predictions: tag sequences of the same lengths.

    Returns:
        An int array (sentences, 3): chunks that are right (equal kind, first
        and last word), chunks predicted, chunks in gold.
    """
    counts = np.zeros((len(gold), 3), dtype=np.int64)
    for row, truth, guess in zip(counts, gold, predictions, strict=True):
        true_chunks = chunks_of(truth)
        guessed_chunks = chunks_of(guess)
        right = len(true_chunks & guessed_chunks)
        row[:] = right, len(guessed_chunks), len(true_chunks)
    return counts


def f1_of_counts(right, predicted, in_gold):
    """Turns counts into an F1 in percent; 0 where nothing is right.

    Args:
        right: int. Chunks predicted that are in gold.
        predicted: int. All chunks predicted.
        in_gold: int. All chunks in gold.

    Returns:
        A float in [0, 100]. With no chunk on either side it is 0, as in the
        reference.
    """
    if not right:
        return 0.0
    return 200.0 * right / (predicted + in_gold)


def _position_and_kind(tag):
    """Splits a tag into its first letter and the part after its last dash."""
    if not tag:
        raise InputError("A tag is empty; every word needs one, such as 'O'.")
    return tag[0], tag.rpartition("-")[2]


def _ends_between(before, here):
    """Whether a chunk ends between two neighbouring tags."""
    if before[0] in "ES":
        return True
    if before[0] in "BI" and here[0] in "BSO":
        return True
    return before[0] not in "O." and before[1] != here[1]


def _starts_between(before, here):
    """Whether a chunk starts between two neighbouring tags."""
    if here[0] in "BS":
        return True
    if before[0] in "ESO" and here[0] in "EI":
        return True
    return here[0] not in "O." and before[1] != here[1]
