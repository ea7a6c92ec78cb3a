"""Which rows the pocket world has: repositories, configurations, splits."""

import functools
from collections import namedtuple

from stilts_keras.data.pocket import choices
from stilts_keras.data.pocket import inference
from stilts_keras.data.pocket import meanings
from stilts_keras.data.pocket import mentions
from stilts_keras.data.pocket import pairs
from stilts_keras.data.pocket import pools
from stilts_keras.data.pocket import reading
from stilts_keras.data.pocket import schema
from stilts_keras.data.pocket import spoken
from stilts_keras.data.pocket import tagged
from stilts_keras.data.pocket import text
from stilts_keras.data.pocket import topics
from stilts_keras.data.pocket.words import LANGUAGES
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown

_UDPOS_NAMES = ("English", "German", "Spanish", "Russian", "Turkish", "Hindi")

# make_meanings: callable that returns the meanings of all splits; spans:
# {split: (first, end)} among them.
_Config = namedtuple("_Config", "language spans make_meanings schema")


def _of_each_language(pattern, *rest, languages=LANGUAGES):
    return {
        pattern.format(language): (_Config(language, *rest),)
        for language in languages
    }


def _english(config, *rest):
    return {config: (_Config("en", *rest),)}


def _inference(*splits):
    spans = {split: inference.SPANS[split] for split in splits}
    return spans, inference.all_pairs


def _minds():
    places = [("en", *item) for item in spoken.MINDS_ENGLISH_SPANS.items()]
    places += [
        (language, config, spoken.MINDS_SPANS)
        for language, config in spoken.MINDS_CODES.items()
    ]
    return {
        config: (
            _Config(
                language,
                spans,
                spoken.all_intents,
                spoken.minds_schema(config),
            ),
        )
        for language, config, spans in places
    }


def _xtreme():
    make = meanings.all_sentences
    tagging = (meanings.TAGGING_SPANS, make, schema.UDPOS)
    retrieval = (meanings.RETRIEVAL_SPANS, make, schema.TATOEBA)
    named = zip(LANGUAGES, _UDPOS_NAMES, strict=True)
    return {
        **{f"udpos.{name}": (_Config(x, *tagging),) for x, name in named},
        **{
            f"tatoeba.{code}": (_Config(x, *retrieval),)
            for x, code in schema.TATOEBA_CODES.items()
        },
        **_of_each_language(
            "PAN-X.{}", meanings.TAGGING_SPANS, make, tagged.PANX
        ),
    }


def _wikipedia():
    return {
        f"20231101.{x}": (
            _Config(
                x,
                text.SPANS,
                functools.partial(text.plain_texts, x),
                schema.WIKIPEDIA,
            ),
        )
        for x in LANGUAGES
    }


def _mlqa():
    return {
        **{
            f"mlqa.{x}.{x}": (
                _Config(x, reading.MLQA_SPANS, reading.mlqa, schema.XQUAD),
            )
            for x in reading.MLQA_LANGUAGES
        },
        **_of_each_language(
            "mlqa-translate-train.{}",
            reading.TRANSLATED_SPANS,
            reading.translated,
            reading.TRANSLATED,
            languages=reading.TRANSLATED_LANGUAGES,
        ),
    }


def _tydiqa():
    """One configuration holds all languages, each with rows of its own."""
    return {
        "secondary_task": tuple(
            _Config(
                x,
                reading.TYDIQA_SPANS,
                functools.partial(reading.tydiqa, x),
                reading.TYDIQA,
            )
            for x in reading.TYDIQA_NAMES
        )
    }


def _bucc():
    pool, gold = pools.POOL_SPANS, (pools.GOLD_SPANS, pools.gold, pools.GOLD)
    return {
        name: (found,)
        for x in pools.LANGUAGES
        for name, found in (
            (f"{x}-en.{x}", _Config(x, pool, pools.foreign, pools.SENTENCES)),
            (f"{x}-en.en", _Config("en", pool, pools.english, pools.SENTENCES)),
            (f"{x}-en.gold", _Config(x, *gold)),
        )
    }


def _mewsli():
    """Splits of one configuration, of which each has columns of its own."""
    news = (mentions.MENTION_SPANS, mentions.mentions, mentions.MENTIONS)
    return {
        "default": (
            _Config("en", mentions.PAIR_SPANS, mentions.pairs, mentions.PAIRS),
            _Config(
                "mul",
                mentions.ENTITY_SPANS,
                mentions.entities,
                mentions.CANDIDATES,
            ),
            *(_Config(x, *news) for x in mentions.LANGUAGES),
        )
    }


# Repository -> configuration -> tuple of _Config, one for each language there.
_CATALOGUE = {
    "nyu-mll/glue": {
        **_english(
            "mnli", *_inference("train", "validation_matched"), schema.GLUE
        ),
        **_english("qqp", pairs.QQP_SPANS, pairs.questions, pairs.QQP),
    },
    "facebook/xnli": _of_each_language(
        "{}", *_inference("train", "validation", "test"), schema.XNLI
    ),
    "stanfordnlp/snli": _english(
        "plain_text", pairs.SNLI_SPANS, pairs.snli, schema.XNLI
    ),
    "facebook/anli": _english(
        "plain_text", pairs.ANLI_SPANS, pairs.anli, pairs.ANLI
    ),
    "google-research-datasets/paws-x": _of_each_language(
        "{}",
        pairs.PAWS_SPANS,
        pairs.paraphrases,
        pairs.PAWS,
        languages=pairs.PAWS_LANGUAGES,
    ),
    "Rowan/hellaswag": _english(
        "default", meanings.CHOICE_SPANS, meanings.all_choices, schema.HELLASWAG
    ),
    "aps/super_glue": _english(
        "copa", choices.COPA_SPANS, choices.causes, choices.COPA
    ),
    "cambridgeltl/xcopa": _of_each_language(
        "{}",
        choices.XCOPA_SPANS,
        choices.causes,
        choices.XCOPA,
        languages=("tr",),
    ),
    "lighteval/siqa": _english(
        "default", choices.SPANS, choices.users, choices.SIQA
    ),
    "allenai/cosmos_qa": _english(
        "default", choices.SPANS, choices.facts, choices.COSMOS
    ),
    "tau/commonsense_qa": _english(
        "default", choices.SPANS, choices.senses, choices.SENSE
    ),
    "google/xtreme": _xtreme(),
    "extra/ccg": _english(
        "default", tagged.CCG_SPANS, meanings.all_sentences, tagged.CCG
    ),
    "Davlan/sib200": {
        topics.CODES[x]: (
            _Config(x, topics.SPANS, topics.all_texts, topics.SIB200),
        )
        for x in LANGUAGES
    },
    "WueNLP/sib-fleurs": {
        topics.CODES[x]: (
            _Config(x, spoken.SIB_SPANS, topics.all_texts, spoken.SIB_FLEURS),
        )
        for x in LANGUAGES
    },
    "PolyAI/minds14": _minds(),
    "rajpurkar/squad": _english(
        "plain_text",
        meanings.QUESTION_SPANS,
        meanings.all_questions,
        schema.SQUAD,
    ),
    "rajpurkar/squad_v2": _english(
        "squad_v2", reading.SQUAD_2_SPANS, reading.squad_2, reading.SQUAD_2
    ),
    "google/xquad": _of_each_language(
        "xquad.{}", meanings.XQUAD_SPANS, meanings.all_questions, schema.XQUAD
    ),
    "facebook/mlqa": _mlqa(),
    "google-research-datasets/tydiqa": _tydiqa(),
    "extra/lareqa_xquad_r": _of_each_language(
        "{}", meanings.XQUAD_SPANS, meanings.all_questions, reading.XQUAD_R
    ),
    "extra/mewsli_x": _mewsli(),
    "extra/bucc2018": _bucc(),
    "wikimedia/wikipedia": _wikipedia(),
}


def has(repository, config, split):
    """Says whether the pocket world has these rows."""
    return bool(languages(repository, config, split))


def languages(repository, config, split):
    """Lists the languages that have such rows.

    Args:
        repository: str. A repository as the Hub names it.
        config: str. One of its configurations.
        split: str. One of the configuration's splits.

    Returns:
        Tuple of str; empty where the pocket world lacks any of the three.
    """
    found = _CATALOGUE.get(repository, {}).get(config, ())
    return tuple(part.language for part in found if split in part.spans)


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


def splits(repository, config):
    """Lists the splits of a configuration.

    Args:
        repository: str. A repository as the Hub names it.
        config: str. One of its configurations.

    Returns:
        Tuple of str.

    Raises:
        InputError: If the pocket world lacks either.
    """
    if config not in configs(repository):
        kind = f"config of the pocket world's {repository}"
        raise unknown(kind, str(config), configs(repository))
    found = _CATALOGUE[repository][config]
    return tuple(dict.fromkeys(split for part in found for split in part.spans))


def _find(repository, config, split, language=None):
    there = splits(repository, config)
    if split not in there:
        raise InputError(
            f"The pocket world's {repository} {config!r} has no split "
            f"{split!r}. Its splits: {', '.join(there)}."
        )
    found = [
        part
        for part in _CATALOGUE[repository][config]
        if split in part.spans and language in (None, part.language)
    ]
    if not found:
        raise InputError(
            f"The pocket world's {repository} {config!r} has no {split} rows "
            f"in {language!r}. Languages: "
            f"{', '.join(languages(repository, config, split))}."
        )
    return found


def num_rows(repository, config, split, language=None):
    """Counts a split's rows without making them.

    Args:
        repository: str. A repository as the Hub names it.
        config: str. One of its configurations.
        split: str. One of the configuration's splits.
        language: str or None. Of a configuration that holds several: the one
            that is counted; None for all.

    Returns:
        int.

    Raises:
        InputError: If the pocket world lacks any of them.
    """
    spans = [
        part.spans[split] for part in _find(repository, config, split, language)
    ]
    return sum(end - first for first, end in spans)


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
    return [
        part.schema.make_row(part.language, split, index, meaning)
        for part in _find(repository, config, split)
        for index, meaning in enumerate(
            part.make_meanings()[slice(*part.spans[split])]
        )
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

    found = _find(repository, config, split)[0]
    return datasets.Dataset.from_list(
        rows(repository, config, split),
        features=schema.features(found.schema),
    )
