"""Texts of Examples: changed so that all that points into them still fits.

- Of classification and multiple choice, every text is disturbed.
- Of tagging, every word by itself: there are as many, and each keeps its tag.
- Of span extraction, the question, and of the context what lies outside the
  gold answers: these stay as they are, and their offsets follow them.
- Of retrieval, mining and answer retrieval, what is looked up: the sentences
  that are not English, or the queries. What they are searched among, or looked
  up by, stays as it is.
"""

import dataclasses

from stilts_keras.tasks import example as kinds

# Every problem with test rows.
PROBLEMS = (
    "classification",
    "multiple_choice",
    "tagging",
    "span_extraction",
    "retrieval",
    "mining",
    "dual_encoder",
)
# Where a text may have more words, or fewer.
UNTAGGED = tuple(name for name in PROBLEMS if name != "tagging")
SOURCE = "source"


def in_texts(operation):
    """Makes the `change` of a Disturbance that changes texts.

    Args:
        operation: function (parts, *, language, strength, random) -> list of
            str. `parts` is a list of str: a text, or the parts of one that may
            be changed, each within itself; as many are returned. A word among
            several parts never comes out empty.

    Returns:
        Function, as `Disturbance.change`.
    """

    def change(example, **how):
        def text(whole):
            return whole and operation([whole], **how)[0]

        match example:
            case kinds.TextPair():
                changed = {
                    "first": text(example.first),
                    "second": text(example.second),
                }
            case kinds.Transcripts():
                changed = {"texts": tuple(map(text, example.texts))}
            case kinds.MultipleChoice():
                changed = {
                    "prompt": text(example.prompt),
                    "choices": tuple(map(text, example.choices)),
                }
            case kinds.TaggedWords():
                words = operation(list(example.words), **how)
                changed = {"words": tuple(words)}
            case kinds.Question():
                changed = {"question": text(example.question)}
                changed |= _around_answers(example, operation, how)
            case kinds.PlainText():
                changed = {"text": text(example.text)}
            case kinds.SentencePair():
                changed = {"source": text(example.source)}
            case kinds.PoolSentence():
                is_english = example.side != SOURCE
                changed = {} if is_english else {"text": text(example.text)}
            case kinds.GoldPair():
                changed = {}
            case kinds.Search():
                queries = tuple(
                    dataclasses.replace(query, text=text(query.text))
                    for query in example.queries
                )
                changed = {"queries": queries}
            case _:
                raise TypeError(
                    f"{type(example).__name__} has no text to be disturbed."
                )
        return dataclasses.replace(example, **changed)

    return change


def _around_answers(example, operation, how):
    """Changes a context outside its answers; moves their offsets."""
    kept = _merged(
        (start, start + len(text)) for text, start in example.answers
    )
    context, starts, end = example.context, [], 0
    outside = []
    for start, stop in kept:
        outside.append(context[end:start])
        end = stop
    outside.append(context[end:])
    outside = operation(outside, **how)
    pieces, length = [], 0
    for before, (start, stop) in zip(outside, kept, strict=False):
        length += len(before)
        starts.append(length)
        pieces += [before, context[start:stop]]
        length += stop - start
    answers = tuple(
        (text, _moved(offset, kept, starts)) for text, offset in example.answers
    )
    return {"context": "".join([*pieces, outside[-1]]), "answers": answers}


def _merged(spans):
    """Joins spans (start, end) that overlap; ascending."""
    joined = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _moved(offset, kept, starts):
    """Returns where an answer lies, whose span is one of those kept."""
    for (start, end), now in zip(kept, starts, strict=True):
        if start <= offset <= end:
            return now + offset - start
    raise ValueError(f"no answer begins at {offset}")
