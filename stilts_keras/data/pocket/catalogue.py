"""Which rows the pocket world has: repositories, configurations, splits."""

import functools
from collections import namedtuple

from stilts_keras.data.pocket import inference
from stilts_keras.data.pocket import meanings
from stilts_keras.data.pocket import schema
from stilts_keras.data.pocket import text
from stilts_keras.data.pocket.words import LANGUAGES
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown

_UDPOS_NAMES = ("English", "German", "Spanish", "Russian", "Turkish", "Hindi")

# make_meanings: callable that returns the meanings of all splits; spans:
# {split: (first, end)} among them.
_Config = namedtuple("_Config", "language spans make_meanings schema")


def _of_each_language(pattern, *rest):
    return {pattern.format(x): _Config(x, *rest) for x in LANGUAGES}


def _inference(*splits):
    spans = {split: inference.SPANS[split] for split in splits}
    return spans, inference.all_pairs


def _xtreme():
    make = meanings.all_sentences
    tagging = (meanings.TAGGING_SPANS, make, schema.UDPOS)
    retrieval = (meanings.RETRIEVAL_SPANS, make, schema.TATOEBA)
    named = zip(LANGUAGES, _UDPOS_NAMES, strict=True)
    return {
        **{f"udpos.{name}": _Config(x, *tagging) for x, name in named},
        **{
            f"tatoeba.{code}": _Config(x, *retrieval)
            for x, code in schema.TATOEBA_CODES.items()
        },
    }


def _wikipedia():
    return {
        f"20231101.{x}": _Config(
            x,
            text.SPANS,
            functools.partial(text.plain_texts, x),
            schema.WIKIPEDIA,
        )
        for x in LANGUAGES
    }


def _english(config, *rest):
    return {config: _Config("en", *rest)}


# Repository -> configuration -> _Config.
_CATALOGUE = {
    "nyu-mll/glue": _english(
        "mnli", *_inference("train", "validation_matched"), schema.GLUE
    ),
    "facebook/xnli": _of_each_language(
        "{}", *_inference("train", "validation", "test"), schema.XNLI
    ),
    "Rowan/hellaswag": _english(
        "default", meanings.CHOICE_SPANS, meanings.all_choices, schema.HELLASWAG
    ),
    "google/xtreme": _xtreme(),
    "rajpurkar/squad": _english(
        "plain_text",
        meanings.QUESTION_SPANS,
        meanings.all_questions,
        schema.SQUAD,
    ),
    "google/xquad": _of_each_language(
        "xquad.{}", meanings.XQUAD_SPANS, meanings.all_questions, schema.XQUAD
    ),
    "wikimedia/wikipedia": _wikipedia(),
}


def has(repository, config, split):
    """Says whether the pocket world has these rows."""
    found = _CATALOGUE.get(repository, {}).get(config)
    return found is not None and split in found.spans


def configs(repository):
    """Lists a repository's configurations.

    Args:
        repository: str. A repository as the Hub names it.

    Returns:
        Tuple of str.

    Raises:
        InputError: If the pocket world lacks the repository.
    """
    if repository not in _CATALOGUE:
        raise unknown("pocket repository", repository, _CATALOGUE)
    return tuple(_CATALOGUE[repository])


def _find(repository, config, split):
    if config not in configs(repository):
        kind = f"config of the pocket world's {repository}"
        raise unknown(kind, str(config), configs(repository))
    found = _CATALOGUE[repository][config]
    if split not in found.spans:
        raise InputError(
            f"The pocket world's {repository} {config!r} has no split "
            f"{split!r}. Its splits: {', '.join(found.spans)}."
        )
    return found


def num_rows(repository, config, split):
    """Counts a split's rows without making them.

    Args:
        repository: str. A repository as the Hub names it.
        config: str. One of its configurations.
        split: str. One of the configuration's splits.

    Returns:
        int.

    Raises:
        InputError: If the pocket world lacks any of the three.
    """
    first, end = _find(repository, config, split).spans[split]
    return end - first


def rows(repository, config, split):
    """Makes a split's rows as plain dictionaries.

    Args:
        repository: str. A repository as the Hub names it.
        config: str. One of its configurations.
        split: str. One of the configuration's splits.

    Returns:
        List of dict, with labels and tags as numbers.

    Raises:
        InputError: If the pocket world lacks any of the three.
    """
    found = _find(repository, config, split)
    chosen = found.make_meanings()[slice(*found.spans[split])]
    return [
        found.schema.make_row(found.language, split, index, meaning)
        for index, meaning in enumerate(chosen)
    ]


def load(repository, config, split):
    """Makes a split as a data set with the Hub's columns and label order.

    Args:
        repository: str. A repository as the Hub names it.
        config: str. One of its configurations.
        split: str. One of the configuration's splits.

    Returns:
        A `datasets.Dataset`, the same on every machine for one `VERSION`.

    Raises:
        InputError: If the pocket world lacks any of the three.
    """
    import datasets

    found = _find(repository, config, split)
    return datasets.Dataset.from_list(
        rows(repository, config, split),
        features=schema.features(found.schema),
    )
