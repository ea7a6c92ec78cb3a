"""What looks like a mistake in a submission, though it can be scored.

Each pattern is told with its likely cause; none changes a score.
"""

# In fewer rows, the same in two languages may be chance.
MIN_ROWS_OF_COPIES = 20


def doubts_of(layout, task, gold, guess):
    """Lists what may be mistakes in the predictions of one task.

    Args:
        layout: `Layout` of the files.
        task: `Task`.
        gold: dict from language to gold, as the task's format reads it.
        guess: dict from language to predictions, likewise.

    Returns:
        List of str, a line for each pattern: where, what is seen, and the
        likely cause.
    """
    file_format = layout.formats[task.name]
    found = {}
    for language, predicted in guess.items():
        for seen, cause in file_format.doubts(task, gold[language], predicted):
            found.setdefault(cause, []).append((language, seen))
    general = file_format.doubts_of_all(task, gold, guess)
    return [
        *(
            f"{task.name}: {seen}. Likely cause: {cause}."
            for cause, seen in general.items()
        ),
        *(
            _line(layout, task, cause, places)
            for cause, places in found.items()
            if cause not in general
        ),
        *_copies(file_format, task, gold, guess),
    ]


def _line(layout, task, cause, places):
    language, seen = places[0]
    text = f"{layout.name_of(task.name, language)}: {seen}."
    if cause:
        text += f" Likely cause: {cause}."
    if len(places) > 1:
        others = " ".join(name for name, _ in places[1:])
        text += f" The same in {len(places) - 1} more: {others}."
    return text


def _copies(file_format, task, gold, guess):
    """Yields a doubt for each set of languages with the same predictions."""
    same = {}
    for language, predicted in guess.items():
        is_small = len(predicted) < MIN_ROWS_OF_COPIES
        if is_small or file_format.is_right(gold[language], predicted):
            continue
        if len({label for _, label in file_format.placed(predicted)}) > 1:
            same.setdefault(_frozen(predicted), []).append(language)
    for languages in same.values():
        if len(languages) > 1:
            yield (
                f"{task.name}: the predictions of {len(languages)} languages "
                f"are the same ({' '.join(languages)}). Likely cause: one file "
                "copied for all."
            )


def _frozen(predicted):
    if isinstance(predicted, dict):
        return tuple(sorted(predicted.items()))
    if isinstance(predicted, set):
        return frozenset(predicted)
    return tuple(
        tuple(item) if isinstance(item, list) else item for item in predicted
    )
