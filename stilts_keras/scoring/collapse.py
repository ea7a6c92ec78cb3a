"""Constant predictions: what a collapsed model leaves.

Training at too high a learning rate, or on too little, can end in a model that
predicts the same whatever it reads. Its score is that of a blind guess, and
its distance to another score says nothing about transfer.

Only what is certain is called constant:

- one class for all rows; one position for all rows of multiple choice; one
  candidate for all queries of retrieval, or first in all their rankings;
- one tag for all words;
- no answer to any question, one text for all of them, or answers that all
  stand at the beginning of their contexts, or all at the end (so does the
  whole context, also cut to the longest answer allowed);
- no pair mined at all.

A model may be right to predict the same: the rows may ask for nothing else.
So `MIN_MISSED` rows (sentences of tags, gold pairs of mining) must ask for
something else; a sound model that gets every second one of such rows right
misses so many in one of a thousand cases.
"""

import collections
import unicodedata

MIN_MISSED = 10
NO_ANSWER = "no answer"
NO_PAIR = "no pair"
BEGINNING = "the beginning of the context"
END = "the end of the context"


def constant_of(kind, gold, predictions, contexts=None):
    """Names what is predicted whatever the input, if that is so.

    Args:
        kind: `Kind` of `tasks.kinds`, which tells what is predicted.
        gold: list, as the task's metrics take it.
        predictions: as long as `gold`.
        contexts: iterable of str, as long as `gold`, or None. Of answers;
            without them, their places in their contexts are not known.

    Returns:
        A str, such as `neutral`, `number 0`, `O`, `no answer`; or None.
    """
    traits_of, num_missed = _LOOKS[kind.predicts]
    shared, missed = None, collections.Counter()
    # Contexts are taken one by one: most often two rows settle it.
    contexts = iter(contexts or ())
    for truth, guess in zip(gold, predictions, strict=True):
        context = next(contexts, None)
        traits = traits_of(guess, context)
        if traits is None:
            continue
        shared = traits if shared is None else shared & traits
        if not shared:
            return None
        for trait in shared:
            missed[trait] += num_missed(trait, truth, context)
    found = [name for name in shared or () if missed[name] >= MIN_MISSED]
    return min(found, default=None)


def _traits_of_label(guess, context):
    return {guess if isinstance(guess, str) else f"number {guess}"}


def _missed_label(trait, truth, context):
    return {trait} != _traits_of_label(truth, context)


def _traits_of_tags(guess, context):
    """The one tag of a sentence; None where it has no words."""
    tags = set(guess)
    if not tags:
        return None
    return tags if len(tags) == 1 else set()


def _missed_tags(trait, truth, context):
    return any(tag != trait for tag in truth)


def _traits_of_pairs(guess, context):
    return set() if guess else {NO_PAIR}


def _missed_pairs(trait, truth, context):
    return len(truth)


def _traits_of_ranking(guess, context):
    return {f"candidate {guess[0]}"} if guess else set()


def _missed_ranking(trait, truth, context):
    return all(trait != f"candidate {name}" for name in truth)


def _traits_of_answer(text, context):
    """What may be said of other answers too: the text, and where it stands."""
    text = _trimmed(text)
    if not text:
        return {NO_ANSWER}
    traits = {repr(text)}
    if context is not None:
        context = _trimmed(context)
        if context.startswith(text):
            traits.add(BEGINNING)
        if context.endswith(text):
            traits.add(END)
    return traits


def _missed_answer(trait, truth, context):
    return not any(
        trait in _traits_of_answer(text, context) for text in truth or ("",)
    )


def _trimmed(text):
    """Takes off the ends what no token shows: spaces, marks of direction."""
    first, end = 0, len(text)
    while first < end and _is_blank(text[first]):
        first += 1
    while first < end and _is_blank(text[end - 1]):
        end -= 1
    return text[first:end]


def _is_blank(letter):
    return letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf")


# By what is predicted: what may be said of a prediction, and how much of gold
# asks for something else.
_LOOKS = {
    "label": (_traits_of_label, _missed_label),
    "number": (_traits_of_label, _missed_label),
    "pairs": (_traits_of_pairs, _missed_pairs),
    "ranking": (_traits_of_ranking, _missed_ranking),
    "tags": (_traits_of_tags, _missed_tags),
    "text": (_traits_of_answer, _missed_answer),
}
