"""The pocket world's rows of each task: what is asked, and that it is hidden.

A linear model on words and pairs of words stands for whoever reads one part
of an input alone: it must stay at chance.
"""

import collections
import functools
import math
import re

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from stilts_keras.data import pocket
from stilts_keras.data.pocket import pairs
from stilts_keras.data.pocket import words

_rows = functools.cache(pocket.rows)
ANLI_ROUNDS = ("r1", "r2", "r3")


def _splits(repository, config, *splits):
    return [row for split in splits for row in _rows(repository, config, split)]


def _margin(count, rate):
    """Half of the 99 % interval of a share over `count` rows."""
    return 2.58 * math.sqrt(rate * (1 - rate) / count)


def _accuracy(texts, labels):
    """Accuracy on the last third of a linear model of the others."""
    cut = 2 * len(texts) // 3
    vectorizer = CountVectorizer(ngram_range=(1, 2), min_df=2)
    features = vectorizer.fit_transform(texts)
    model = LogisticRegression(C=0.1, max_iter=300)
    model.fit(features[:cut], labels[:cut])
    found = model.predict(features[cut:])
    return np.mean(found == np.asarray(labels[cut:])), len(texts) - cut


def _stays_at_chance(texts, labels):
    accuracy, count = _accuracy(texts, labels)
    chance = max(collections.Counter(labels).values()) / len(labels)
    return accuracy < chance + _margin(count, chance)


def _chosen(choices, labels):
    """How often a linear model of right and wrong choices picks the right."""
    num = len(choices[0])
    texts = [text for row in choices for text in row]
    right = [int(i == label) for label in labels for i in range(num)]
    cut = num * (2 * len(choices) // 3)
    vectorizer = CountVectorizer(ngram_range=(1, 2), min_df=2)
    features = vectorizer.fit_transform(texts)
    model = LogisticRegression(C=0.1, max_iter=300)
    model.fit(features[:cut], right[:cut])
    scores = model.predict_proba(features[cut:])[:, 1].reshape(-1, num)
    gold = np.reshape(right[cut:], (-1, num)).argmax(axis=1)
    return np.mean(scores.argmax(axis=1) == gold), len(gold)


# ---------------------------------------------------------------------- Pairs
PAIRS = {
    "snli": (
        ("stanfordnlp/snli", "plain_text", "train", "validation"),
        ("premise", "hypothesis"),
    ),
    "anli": (
        (
            "facebook/anli",
            "plain_text",
            *(f"{kind}_{x}" for kind in ("train", "dev") for x in ANLI_ROUNDS),
        ),
        ("premise", "hypothesis"),
    ),
    "qqp": (
        ("nyu-mll/glue", "qqp", "train", "validation"),
        ("question1", "question2"),
    ),
    "pawsx": (
        ("google-research-datasets/paws-x", "en", "train", "test"),
        ("sentence1", "sentence2"),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_neither_part_of_a_pair_tells_the_label(name):
    place, parts = PAIRS[name]
    rows = _splits(*place)
    labels = [row["label"] for row in rows]
    counts = collections.Counter(labels).values()
    assert max(counts) - min(counts) <= len(place)
    for part in parts:
        assert _stays_at_chance([row[part] for row in rows], labels)


def test_pairs_to_learn_from_are_none_of_those_that_are_tested():
    tested = {
        (row["premise"], row["hypothesis"])
        for row in _splits("facebook/xnli", "en", "validation", "test")
        + _rows("nyu-mll/glue", "mnli", "validation_matched")
    }
    for name in ("snli", "anli"):
        rows = _splits(*PAIRS[name][0])
        assert not tested & {(x["premise"], x["hypothesis"]) for x in rows}


def test_paraphrases_and_others_have_the_same_words():
    rows = _rows("google-research-datasets/paws-x", "en", "train")
    for row in rows:
        both = [
            sorted(re.findall(r"\w+", row[part]))
            for part in ("sentence1", "sentence2")
        ]
        assert both[0] == both[1]
        assert row["sentence1"] != row["sentence2"]


def test_no_split_of_qqp_asks_what_another_does():
    asked = {
        name: {
            question[:-1]
            for first, second, _ in pairs.questions()[slice(*span)]
            for question in (first, second)
        }
        for name, span in pairs.QQP_SPANS.items()
    }
    assert len(asked["validation"]) > 50
    assert not asked["train"] & asked["validation"]


def test_questions_that_ask_the_same_differ_in_the_time_alone():
    for row in _rows("nyu-mll/glue", "qqp", "train"):
        bare = [
            re.sub(r" (today|now|always)\b", "", row[part])
            for part in ("question1", "question2")
        ]
        assert (bare[0] == bare[1]) == bool(row["label"])


# ------------------------------------------------------------ Multiple choice
CHOICES = {
    "copa": ("aps/super_glue", "copa", ["choice1", "choice2"]),
    "siqa": ("lighteval/siqa", "default", [f"answer{x}" for x in "ABC"]),
    "cosmosqa": (
        "allenai/cosmos_qa",
        "default",
        [f"answer{x}" for x in range(4)],
    ),
    "commonsenseqa": ("tau/commonsense_qa", "default", None),
}


def _right(row):
    if "answerKey" in row:
        return "ABCDE".index(row["answerKey"])
    return int(row["label"]) - (row["label"] in ("1", "2", "3"))


def _choices(row, columns):
    return (
        row["choices"]["text"] if columns is None else [row[x] for x in columns]
    )


@pytest.mark.parametrize("name", CHOICES)
def test_choices_alone_do_not_tell_which_is_right(name):
    repository, config, columns = CHOICES[name]
    rows = _rows(repository, config, "train")
    choices = [_choices(row, columns) for row in rows]
    assert all(len(set(row)) == len(row) for row in choices)
    accuracy, count = _chosen(choices, [_right(row) for row in rows])
    chance = 1 / len(choices[0])
    assert accuracy < chance + _margin(count, chance)


def test_a_context_without_its_question_leaves_all_answers_open():
    for row in _rows("lighteval/siqa", "default", "train"):
        assert all(row[f"answer{x}"] in row["context"] for x in "ABC")
    for row in _rows("allenai/cosmos_qa", "default", "train"):
        assert all(row[f"answer{x}"] in row["context"] for x in range(4))
        used = row[f"answer{row['label']}"]
        # What is asked for stands right beside the answer.
        name = re.sub(r".*(is|does) (.*?)( cost)?\?", r"\2", row["question"])
        said = [x for x in row["context"].split(". ") if f"{name} " in x]
        assert len(said) == 1 and used in said[0]


def test_causes_are_causes_and_effects_effects():
    get = r"\b(buys|finds|brings)\b"
    for row in _rows("aps/super_glue", "copa", "train"):
        got = [bool(re.search(get, row[x])) for x in ("choice1", "choice2")]
        is_effect = row["question"] == "effect"
        assert bool(re.search(get, row["premise"])) == is_effect
        assert got == [not is_effect] * 2


def test_turkish_causes_are_those_of_the_english_rows():
    english = _rows("aps/super_glue", "copa", "validation")
    turkish = _rows("cambridgeltl/xcopa", "tr", "validation")
    for one, other in zip(english, turkish, strict=True):
        assert (one["question"], one["label"]) == (
            other["question"],
            other["label"],
        )
    both = [row["label"] for row in _rows("cambridgeltl/xcopa", "tr", "test")]
    assert collections.Counter(both) == {0: 150, 1: 150}


# ------------------------------------------------------------------ Questions
READING = [
    *(("facebook/mlqa", f"mlqa.{x}.{x}") for x in ("en", "es", "de", "hi")),
    *(
        ("facebook/mlqa", f"mlqa-translate-train.{x}")
        for x in ("de", "es", "hi")
    ),
    ("google-research-datasets/tydiqa", "secondary_task"),
    ("rajpurkar/squad_v2", "squad_v2"),
    *(("extra/lareqa_xquad_r", x) for x in pocket.LANGUAGES),
]


@pytest.mark.parametrize("place", READING, ids=" ".join)
def test_answers_lie_where_they_are_said_to(place):
    for row in _splits(*place, *pocket.splits(*place)):
        texts, starts = row["answers"].values()
        assert len(texts) == len(starts) <= 1
        for text, start in zip(texts, starts, strict=True):
            assert row["context"][start:].startswith(text)


def test_translated_questions_are_those_of_the_same_ids():
    english = {
        x["id"]: x for x in _rows("rajpurkar/squad", "plain_text", "train")
    }
    german = _rows("facebook/mlqa", "mlqa-translate-train.de", "train")
    assert 0.9 < len(german) / len(english) < 0.92
    for row in german:
        one = [_shared(row["context"]), _shared(row["question"])]
        other = english[row["id"]]
        assert one == [_shared(other["context"]), _shared(other["question"])]


def _shared(text):
    """Names and digits, which all languages share."""
    found = re.findall(r"\w+", text)
    return sorted(w for w in found if w in words.NAMES or w.isdigit())


def test_tydiqa_asks_other_things_in_each_language():
    rows = _rows("google-research-datasets/tydiqa", "secondary_task", "train")
    by_language = collections.defaultdict(list)
    for row in rows:
        by_language[row["id"].split("-")[0]].append(_shared(row["context"]))
    assert set(by_language) == {"english", "russian"}
    same = map(lambda a, b: a == b, *by_language.values())
    assert sum(same) < 500
    assert len({row["id"] for row in rows}) == len(rows)


def test_half_of_squad_2_has_no_answer_and_neither_part_tells():
    place = ("rajpurkar/squad_v2", "squad_v2")
    rows = _splits(*place, "train", "validation")
    labels = [len(row["answers"]["text"]) for row in rows]
    assert sum(labels) == len(labels) / 2
    for part in ("question", "context"):
        assert _stays_at_chance([row[part] for row in rows], labels)


@pytest.mark.parametrize("language", pocket.LANGUAGES)
def test_sentences_of_xquad_r_are_where_they_are_said_to_be(language):
    rows = _rows("extra/lareqa_xquad_r", language, "validation")
    assert [x["id"] for x in rows] == [
        x["id"]
        for x in _rows("google/xquad", f"xquad.{language}", "validation")
    ]
    for row in rows:
        found = [row["context"][a:b] for a, b in row["sentence_breaks"]]
        assert found == row["sentences"]
        (start,) = row["answers"]["answer_start"]
        assert sum(a <= start < b for a, b in row["sentence_breaks"]) == 1


# ----------------------------------------------------------------------- Tags
@pytest.mark.parametrize("language", pocket.LANGUAGES)
def test_names_places_and_organisations_occur(language):
    rows = _rows("google/xtreme", f"PAN-X.{language}", "test")
    tags = collections.Counter(tag for row in rows for tag in row["ner_tags"])
    assert min(tags[tag] for tag in (1, 3, 5)) > 10
    assert {lang for row in rows for lang in row["langs"]} == {language}


def test_entities_are_as_many_in_every_language():
    counts = [
        [
            sum(tag != 0 for tag in row["ner_tags"])
            for row in _rows("google/xtreme", f"PAN-X.{language}", "test")
        ]
        for language in pocket.LANGUAGES
    ]
    assert all(found == counts[0] for found in counts)


def test_a_word_has_more_than_one_category():
    rows = _splits("extra/ccg", "default", "train", "validation")
    categories = collections.defaultdict(set)
    for row in rows:
        assert len(row["tokens"]) == len(row["tags"])
        for word, tag in zip(row["tokens"], row["tags"], strict=True):
            categories[word].add(tag)
    # What follows decides: an object or none, a place or an adjective.
    assert categories["is"] >= {r"(S\NP)/PP", r"(S\NP)/(S[adj]\NP)"}
    assert categories["big"] >= {"N/N", r"S[adj]\NP"}
    assert len(categories["in"]) == 2
    trained = {x for row in rows[:3000] for x in row["tags"]}
    assert {x for row in rows[3000:] for x in row["tags"]} <= trained


# --------------------------------------------------------------------- Topics
def test_topics_are_parallel_and_balanced():
    labels = [
        [(row["index_id"], row["category"]) for row in _rows(*place)]
        for place in (
            ("Davlan/sib200", config, "test")
            for config in pocket.configs("Davlan/sib200")
        )
    ]
    assert all(found == labels[0] for found in labels)
    counts = collections.Counter(topic for _, topic in labels[0])
    assert len(counts) == 7 and max(counts.values()) - min(counts.values()) <= 1


def test_a_text_names_things_of_two_topics():
    rows = _rows("Davlan/sib200", "eng_Latn", "train")
    nouns = {
        words.NOUNS[key][1]["en"][0]: words.NOUNS[key][0] for key in words.NOUNS
    }
    kinds = {
        kind
        for kind, found in collections.Counter(
            nouns[word]
            for row in rows
            for word in re.findall(r"\w+", row["text"])
            if word in nouns and nouns[word] not in ("person", "animal")
        ).items()
        if found > 50
    }
    for row in rows:
        named = {nouns.get(x) for x in re.findall(r"\w+", row["text"])} & kinds
        assert len(named) == 2


# ---------------------------------------------------------- Pools and searches
@pytest.mark.parametrize("language", ["de", "ru"])
def test_gold_pairs_translate_each_other_and_the_rest_nobody(language):
    for split in ("validation", "test"):
        source, target = (
            {
                row["id"]: row["sentence"]
                for row in _rows("extra/bucc2018", f"{language}-en.{x}", split)
            }
            for x in (language, "en")
        )
        gold = _rows("extra/bucc2018", f"{language}-en.gold", split)
        for pair in gold:
            one, other = source[pair["source_id"]], target[pair["target_id"]]
            assert _shared(one) == _shared(other)
        numbers = [{x.split("-")[1] for x in pool} for pool in (source, target)]
        assert len(numbers[0] & numbers[1]) == len(gold) == 100
        # Places in the pools tell nothing.
        places = [list(source).index(x["source_id"]) for x in gold]
        others = [list(target).index(x["target_id"]) for x in gold]
        assert np.corrcoef(places, others)[0, 1] < 0.5


def test_mentions_are_of_entities_and_where_they_are_said_to_be():
    place = ("extra/mewsli_x", "default")
    entities = _rows(*place, "candidate_set_entities")
    known = {entity["entity_id"] for entity in entities}
    assert len(known) == len(entities)
    for split in ("wikinews_mentions-dev", "wikinews_mentions-test"):
        rows = _rows(*place, split)
        found = collections.Counter(row["context"]["language"] for row in rows)
        assert found == dict.fromkeys(("de", "en", "es", "tr"), 150)
        for row in rows:
            (mention,) = row["mentions"]
            span = mention["mention_span"]
            text = row["context"]["text"]
            assert text[span["start"] : span["end"]] == span["text"]
            assert mention["entity_id"] in known


def test_descriptions_are_in_all_languages():
    place = ("extra/mewsli_x", "default", "candidate_set_entities")
    texts = [entity["description"] for entity in _rows(*place)]
    assert sum(bool(re.search("[а-яё]", text)) for text in texts) > 5
    assert sum(bool(re.search(r"[\u0900-\u097f]", x)) for x in texts) > 5
    assert sum(text.startswith("the ") for text in texts) > 5
    assert len(set(texts)) == len(texts)


def test_rows_fit_a_pocket_backbone():
    for place, columns in (
        (("allenai/cosmos_qa", "default", "train"), ("context", "question")),
        (("lighteval/siqa", "default", "train"), ("context", "question")),
        (("rajpurkar/squad_v2", "squad_v2", "train"), ("context", "question")),
    ):
        for row in _rows(*place):
            text = " ".join(row[column] for column in columns)
            assert len(re.findall(r"[^\s.,?]+|[.,?]", text)) <= 45
