"""The pocket world keeps its promises: splits, balance, grammar, identity."""

import collections
import functools
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import unicodedata

import numpy as np
import pytest

from stilts_keras.data import pocket
from stilts_keras.data.pocket import words
from stilts_keras.data.pocket import writing
from stilts_keras.errors import InputError

ROOT = pathlib.Path(__file__).parents[2]
MODEL = ROOT.joinpath(
    "stilts_keras",
    "backbones",
    "pocket",
    "assets",
    "tokenizer",
    "vocabulary.spm",
)
REPOSITORIES = {
    "facebook/xnli": {"train": 6000, "validation": 500, "test": 500},
    "stanfordnlp/snli": {"train": 3000, "validation": 300},
    "facebook/anli": {
        **{f"train_r{round}": 800 for round in (1, 2, 3)},
        **{f"dev_r{round}": 100 for round in (1, 2, 3)},
    },
    "google-research-datasets/paws-x": {
        "train": 3000,
        "validation": 300,
        "test": 300,
    },
    "aps/super_glue": {"train": 1000, "validation": 100},
    "cambridgeltl/xcopa": {"validation": 100, "test": 300},
    "lighteval/siqa": {"train": 1000, "validation": 200},
    "allenai/cosmos_qa": {"train": 1000, "validation": 200},
    "tau/commonsense_qa": {"train": 1000, "validation": 200},
    "extra/ccg": {"train": 3000, "validation": 300},
    "Davlan/sib200": {"train": 700, "validation": 100, "test": 200},
    "WueNLP/sib-fleurs": {"train": 210, "validation": 42, "test": 84},
    "rajpurkar/squad_v2": {"train": 2000, "validation": 300},
    "google-research-datasets/tydiqa": {"train": 2000, "validation": 600},
    "extra/lareqa_xquad_r": {"validation": 400},
    "Rowan/hellaswag": {"train": 3000, "validation": 300},
    "rajpurkar/squad": {"train": 5000, "validation": 400},
    "google/xquad": {"validation": 400},
    "wikimedia/wikipedia": {"train": 8000},
}
# Of others, each configuration has its own.
CONFIGS = {
    ("nyu-mll/glue", "mnli"): {"train": 6000, "validation_matched": 500},
    **{
        ("PolyAI/minds14", config): {"train": count}
        for config, count in {
            "en-US": 168,
            "en-GB": 56,
            "en-AU": 56,
            "de-DE": 140,
        }.items()
    },
    ("nyu-mll/glue", "qqp"): {"train": 1500, "validation": 300},
    **{
        ("facebook/mlqa", f"mlqa.{x}.{x}"): {"validation": 200, "test": 300}
        for x in ("en", "de", "es", "hi")
    },
    **{
        ("facebook/mlqa", f"mlqa-translate-train.{x}"): {
            "train": 4584,
            "validation": 366,
        }
        for x in ("de", "es", "hi")
    },
    **{
        ("extra/bucc2018", f"{x}-en.{part}"): {"validation": n, "test": n}
        for x in ("de", "ru")
        for part, n in ((x, 200), ("en", 200), ("gold", 100))
    },
    ("extra/mewsli_x", "default"): {
        "wikipedia_pairs-train": 1000,
        "wikipedia_pairs-dev": 100,
        "candidate_set_entities": 56,
        "wikinews_mentions-dev": 600,
        "wikinews_mentions-test": 600,
    },
}
SPLITS = [
    (repository, config, split, count)
    for (repository, config), splits in (
        *CONFIGS.items(),
        *(
            ((repository, config), splits)
            for repository, splits in REPOSITORIES.items()
            for config in pocket.configs(repository)
        ),
    )
    for split, count in splits.items()
] + [
    ("google/xtreme", config, split, count)
    for config in pocket.configs("google/xtreme")
    for split, count in (
        [("validation", 400)]
        if config.startswith("tatoeba.")
        else [("train", 3000), ("validation", 300), ("test", 300)]
    )
]
UDPOS = {
    language: f"udpos.{name}"
    for language, name in zip(
        pocket.LANGUAGES,
        ("English", "German", "Spanish", "Russian", "Turkish", "Hindi"),
        strict=True,
    )
}
TATOEBA = dict(
    zip(pocket.LANGUAGES[1:], ("deu", "spa", "rus", "tur", "hin"), strict=True)
)
# Changes with every row: bump pocket.VERSION along with it.
FINGERPRINT = "4b92812db134364032c00dfa83300e7afa22a92feeea399858d29959d5bd2d2d"
_FINGERPRINT_CODE = """
import hashlib, json
from stilts_keras.data import pocket
rows = [
    pocket.rows(*name)
    for name in (
        ("nyu-mll/glue", "mnli", "validation_matched"),
        ("facebook/xnli", "tr", "test"),
        ("Rowan/hellaswag", "default", "validation"),
        ("google/xtreme", "udpos.Russian", "test"),
        ("google/xtreme", "tatoeba.hin", "validation"),
        ("google/xquad", "xquad.de", "validation"),
        ("wikimedia/wikipedia", "20231101.es", "train"),
    )
]
text = json.dumps(rows, sort_keys=True)
print(hashlib.sha256(text.encode()).hexdigest())
"""

_rows = functools.cache(pocket.rows)


def _text_content(row):
    """A row's text alone: neither label, nor answer, nor title."""
    names = ("premise", "hypothesis", "context", "question", "ctx", "endings")
    names += ("tokens", "source_sentence", "text", "question1", "question2")
    names += ("sentence1", "sentence2", "choice1", "choice2", "choices")
    names += ("answer0", "answer1", "answer2", "answer3", "sentence")
    names += ("answerA", "answerB", "answerC", "entity_id", "source_id")
    names += ("contextual_mention", "mentions", "transcription")
    return json.dumps([row[k] for k in names if k in row])


def _sentences(text):
    return re.findall(r"[^.?।]+[.?।]", text)


def _words(text):
    return re.findall(r"[^\s.,?।]+|[.,?।]", text)


# The interface.


@pytest.mark.parametrize(("repository", "config", "split", "count"), SPLITS)
def test_num_rows_needs_no_rows_and_tells_the_truth(
    repository, config, split, count
):
    assert pocket.has(repository, config, split)
    assert pocket.num_rows(repository, config, split) == count
    assert len(_rows(repository, config, split)) == count


def test_every_configuration_that_was_promised_is_there():
    assert pocket.configs("facebook/xnli") == pocket.LANGUAGES
    assert set(pocket.configs("google/xtreme")) == {
        *UDPOS.values(),
        *(f"tatoeba.{code}" for code in TATOEBA.values()),
        *(f"PAN-X.{language}" for language in pocket.LANGUAGES),
    }


@pytest.mark.parametrize(
    "name",
    [
        ("facebook/xnl", "en", "test"),
        ("facebook/xnli", "fr", "test"),
        ("facebook/xnli", "en", "dev"),
    ],
)
def test_an_unknown_name_is_an_input_error(name):
    assert not pocket.has(*name)
    for function in (pocket.num_rows, pocket.load, pocket.rows):
        with pytest.raises(InputError, match="pocket"):
            function(*name)


def test_loaded_columns_are_those_of_the_hub():
    nli = pocket.load("nyu-mll/glue", "mnli", "validation_matched")
    assert nli.column_names == ["premise", "hypothesis", "label", "idx"]
    assert nli.features["label"].names == [
        "entailment",
        "neutral",
        "contradiction",
    ]
    pos = pocket.load("google/xtreme", "udpos.Hindi", "test")
    assert (
        pos.features["pos_tags"].feature.names
        == (
            "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT "
            "SCONJ SYM VERB X"
        ).split()
    )
    choice = pocket.load("Rowan/hellaswag", "default", "validation")
    assert choice.features["label"].dtype == "string"
    squad = pocket.load("rajpurkar/squad", "plain_text", "validation")
    assert squad.column_names == [
        "id",
        "title",
        "context",
        "question",
        "answers",
    ]
    assert (
        "title"
        not in pocket.load(
            "google/xquad", "xquad.tr", "validation"
        ).column_names
    )


def test_importing_it_imports_no_framework_and_no_datasets():
    code = (
        "import sys, time; start = time.process_time();"
        "from stilts_keras.data import pocket;"
        "heavy = {'datasets', 'numpy', 'keras', 'torch', 'sentencepiece'};"
        "print(time.process_time() - start, heavy & set(sys.modules))"
    )
    seconds, heavy = _python(code).split(maxsplit=1)
    assert heavy.strip() == "set()"
    # 0.02 s of CPU here; the rest is room for a slow machine.
    assert float(seconds) < 0.5


def _python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


# Splits.


@pytest.mark.parametrize(
    ("repository", "config"), sorted({row[:2] for row in SPLITS})
)
def test_splits_never_share_a_row(repository, config):
    seen = collections.Counter(
        _text_content(row)
        for name, other, split, _ in SPLITS
        if (name, other) == (repository, config)
        for row in _rows(repository, config, split)
    )
    assert max(seen.values()) == 1


def test_evaluation_in_english_was_never_trained_on():
    for repository, other in (
        (("nyu-mll/glue", "mnli"), ("facebook/xnli", "en")),
        (("rajpurkar/squad", "plain_text"), ("google/xquad", "xquad.en")),
    ):
        train = {_text_content(x) for x in _rows(*repository, "train")}
        for split in ("validation", "test"):
            if pocket.has(*other, split):
                rows = _rows(*other, split)
                assert not train & {_text_content(row) for row in rows}


def test_translated_training_rows_are_the_english_ones():
    english = _rows("nyu-mll/glue", "mnli", "train")
    same = _rows("facebook/xnli", "en", "train")
    assert [x["premise"] for x in english] == [x["premise"] for x in same]
    hindi = _rows("facebook/xnli", "hi", "train")
    assert [x["label"] for x in english] == [x["label"] for x in hindi]


def _held_out_sentences(language):
    """Every whole sentence of the validation and test splits."""
    texts = []
    for split in ("validation", "test"):
        for row in _rows("facebook/xnli", language, split):
            texts += [row["premise"], row["hypothesis"]]
        for row in _rows("google/xtreme", UDPOS[language], split):
            text = " ".join(row["tokens"])
            texts.append(re.sub(r" ([.,?।])", r"\1", text))
    for row in _rows("google/xquad", f"xquad.{language}", "validation"):
        texts += [row["context"], row["question"]]
    if language == "en":
        texts += _held_out_english()
    else:
        config = f"tatoeba.{TATOEBA[language]}"
        for row in _rows("google/xtreme", config, "validation"):
            texts.append(row["source_sentence"])
    return {s.strip() for text in texts for s in _sentences(text)}


def _held_out_english():
    texts = []
    for row in _rows("nyu-mll/glue", "mnli", "validation_matched"):
        texts += [row["premise"], row["hypothesis"]]
    for row in _rows("rajpurkar/squad", "plain_text", "validation"):
        texts += [row["context"], row["question"]]
    for row in _rows("Rowan/hellaswag", "default", "validation"):
        texts += [f"{row['ctx']} {ending}" for ending in row["endings"]]
    for row in _rows("google/xtreme", "tatoeba.deu", "validation"):
        texts.append(row["target_sentence"])
    return texts


def test_plain_text_holds_no_sentence_that_is_tested():
    held_out = set.union(*map(_held_out_sentences, pocket.LANGUAGES))
    assert len(held_out) > 10_000
    for language in pocket.LANGUAGES:
        config = f"20231101.{language}"
        for row in _rows("wikimedia/wikipedia", config, "train"):
            found = {s.strip() for s in _sentences(row["text"])}
            assert not found & held_out


# Balance.


def _interval(count, rate):
    """Half of the 95 % interval of a share over `count` rows."""
    return 1.96 * math.sqrt(rate * (1 - rate) / count)


def _guess(texts, labels, train_texts, train_labels):
    """Accuracy of a linear model on words and pairs of words."""
    text = pytest.importorskip("sklearn.feature_extraction.text")
    linear = pytest.importorskip("sklearn.linear_model")
    vectorizer = text.CountVectorizer(ngram_range=(1, 2), min_df=2)
    features = vectorizer.fit_transform(train_texts)
    model = linear.LogisticRegression(C=0.1, max_iter=300)
    model.fit(features, train_labels)
    found = model.predict_proba(vectorizer.transform(texts))
    return found, np.mean(found.argmax(axis=-1) == np.asarray(labels))


@pytest.mark.parametrize("part", ["premise", "hypothesis"])
def test_a_model_that_sees_one_part_stays_at_chance(part):
    train = _rows("nyu-mll/glue", "mnli", "train")
    held = _rows("nyu-mll/glue", "mnli", "validation_matched")
    held = held + _rows("facebook/xnli", "en", "validation")
    held = held + _rows("facebook/xnli", "en", "test")
    _, accuracy = _guess(
        [row[part] for row in held],
        [row["label"] for row in held],
        [row[part] for row in train],
        [row["label"] for row in train],
    )
    assert abs(accuracy - 1 / 3) < _interval(len(held), 1 / 3)


def test_labels_are_equally_many():
    for name, classes in (
        (("facebook/xnli", "ru", "test"), 3),
        (("nyu-mll/glue", "mnli", "train"), 3),
        (("Rowan/hellaswag", "default", "validation"), 4),
    ):
        counts = collections.Counter(row["label"] for row in _rows(*name))
        assert len(counts) == classes
        assert max(counts.values()) - min(counts.values()) <= 1


def test_no_part_of_the_pair_tells_by_its_length():
    for part in ("premise", "hypothesis"):
        lengths = collections.defaultdict(list)
        for row in _rows("nyu-mll/glue", "mnli", "train"):
            lengths[row["label"]].append(len(row[part].split()))
        means = [np.mean(values) for values in lengths.values()]
        assert max(means) - min(means) < 0.2


def test_endings_alone_stay_at_chance():
    train = _rows("Rowan/hellaswag", "default", "train")
    texts = [ending for row in train for ending in row["endings"]]
    right = [int(i == int(row["label"])) for row in train for i in range(4)]
    scores, _ = _guess(texts[8000:], right[8000:], texts[:8000], right[:8000])
    chosen = scores[:, 1].reshape(-1, 4).argmax(axis=-1)
    accuracy = np.mean(
        chosen == np.array(right[8000:]).reshape(-1, 4).argmax(-1)
    )
    assert abs(accuracy - 1 / 4) < _interval(len(chosen), 1 / 4)


def test_the_context_names_what_the_right_ending_uses():
    for row in _rows("Rowan/hellaswag", "default", "train"):
        assert len(set(row["endings"])) == 4
        assert row["ctx"] == f"{row['ctx_a']} {row['ctx_b']}"
        who = row["ctx_b"].removeprefix("then ")
        assert who in row["ctx_a"]


def test_answers_lie_where_they_are_said_to():
    for language in pocket.LANGUAGES:
        name = ("google/xquad", f"xquad.{language}", "validation")
        for row in _rows(*name):
            (answer,), (start,) = row["answers"].values()
            assert row["context"][start:].startswith(answer)
            assert _words(row["context"]).count(answer) == 1
            assert len(row["context"].split()) <= 30


def test_the_question_alone_leaves_the_answer_open():
    answers = collections.defaultdict(collections.Counter)
    for row in _rows("rajpurkar/squad", "plain_text", "train"):
        answers[row["question"]][row["answers"]["text"][0]] += 1
    rows = _rows("rajpurkar/squad", "plain_text", "validation")
    right = 0
    for row in rows:
        guess = answers[row["question"]].most_common(1) or [("", 0)]
        right += guess[0][0] == row["answers"]["text"][0]
    # Where only four things are driven, one in four is a fair guess.
    assert right / len(rows) < 0.15


def test_the_context_alone_leaves_the_answer_open():
    found = collections.Counter()
    rows = _rows("rajpurkar/squad", "plain_text", "train")
    for row in rows:
        before = row["context"][: row["answers"]["answer_start"][0]]
        found[len(_words(before))] += 1
    assert max(found.values()) / len(rows) < 0.25


def test_every_type_of_answer_is_asked_for():
    rows = _rows("google/xquad", "xquad.en", "validation")
    asked = collections.Counter(row["question"].split()[0] for row in rows)
    assert min(asked[word] for word in ("who", "what", "where", "how")) > 30


# Languages.


def test_row_i_means_the_same_in_every_language():
    labels = [
        [row["label"] for row in _rows("facebook/xnli", x, "test")]
        for x in pocket.LANGUAGES
    ]
    assert all(x == labels[0] for x in labels)
    for split, anchors in (("test", UDPOS), ("validation", UDPOS)):
        names = [
            [_anchors(" ".join(row["tokens"])) for row in rows]
            for rows in (
                _rows("google/xtreme", config, split)
                for config in anchors.values()
            )
        ]
        assert all(x == names[0] for x in names)


def _anchors(text):
    """Names and digits, which all languages share."""
    shared = [w for w in _words(text) if w in words.NAMES or w.isdigit()]
    return sorted(shared)


def test_sentences_to_be_retrieved_are_distinct_on_both_sides():
    for code in TATOEBA.values():
        name = ("google/xtreme", f"tatoeba.{code}", "validation")
        rows = _rows(*name)
        assert len({row["source_sentence"] for row in rows}) == 400
        assert len({row["target_sentence"] for row in rows}) == 400
        assert {row["source_lang"] for row in rows} == {code}


@pytest.mark.parametrize(
    ("language", "letter"), [("ru", r"[а-яё]"), ("hi", r"[\u0900-\u097f]")]
)
def test_russian_is_cyrillic_and_hindi_devanagari(language, letter):
    for row in _rows("facebook/xnli", language, "test"):
        foreign = [
            word
            for word in _words(row["premise"])
            if re.search("[a-zA-Z]", word) and word not in words.NAMES
        ]
        assert re.search(letter, row["premise"])
        assert not foreign


@pytest.mark.parametrize("language", ["tr", "hi"])
def test_turkish_and_hindi_are_verb_final(language):
    names = pocket.load("google/xtreme", UDPOS[language], "test").features
    names = names["pos_tags"].feature.names
    with_verb = 0
    for row in _rows("google/xtreme", UDPOS[language], "test"):
        tags = [names[tag] for tag in row["pos_tags"]]
        if "," in row["tokens"] or "CCONJ" in tags or "VERB" not in tags:
            continue
        with_verb += 1
        last = [tag for tag in tags if tag != "PUNCT"][-1]
        assert last in ("VERB", "AUX")
    assert with_verb > 80


@pytest.mark.parametrize("language", pocket.LANGUAGES)
def test_nine_parts_of_speech_occur(language):
    rows = _rows("google/xtreme", UDPOS[language], "test")
    assert len({tag for row in rows for tag in row["pos_tags"]}) >= 9


def test_sentences_are_short():
    for language in pocket.LANGUAGES:
        rows = _rows("facebook/xnli", language, "test")
        texts = [row["premise"] for row in rows]
        rows = _rows("google/xtreme", UDPOS[language], "test")
        texts += [" ".join(row["tokens"]) for row in rows]
        assert max(len(text.split()) for text in texts) <= 16


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "the big dog eats the pear in the park today."),
        ("de", "der große Hund isst heute die Birne im Park."),
        ("es", "el perro grande come la pera en el parque hoy."),
        ("ru", "большая собака сегодня ест грушу в парке."),
        ("tr", "büyük köpek bugün parkta armudu yiyor."),
        ("hi", "बड़ा कुत्ता आज पार्क में नाशपाती खाता है।"),
    ],
)
def test_grammar_inflects_and_orders(language, expected):
    phrase = ("do", "eat", "pear", "park")
    meaning = ("say", ((("dog", "big"), (phrase,), "today"),), None)
    tokens = writing.sentence(language, meaning)
    # Hindi letters with a dot below have two spellings; tables hold NFKC.
    expected = unicodedata.normalize("NFKC", expected)
    assert writing.spell(tokens)[0] == expected


def test_tables_are_as_the_tokenizer_normalises_them():
    for path in (ROOT / "stilts_keras" / "data" / "pocket").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert unicodedata.normalize("NFKC", text) == text


def test_half_of_the_plain_text_is_in_many_languages():
    rows = _rows("wikimedia/wikipedia", "20231101.ru", "train")
    lines = [row["text"] for row in rows if not _sentences(row["text"])]
    assert 0.45 < len(lines) / len(rows) < 0.55
    assert max(len(row["text"].split()) for row in rows) <= 28
    hindi = sum(bool(re.search(r"[\u0900-\u097f]", line)) for line in lines)
    assert hindi / len(lines) > 0.8
    assert all(re.search("[а-яё]|Anna|Tom", line) for line in lines)


# Identity.


def test_rows_are_the_same_in_every_process():
    for seed in ("0", "1"):
        found = _python(_FINGERPRINT_CODE, PYTHONHASHSEED=seed).strip()
        assert found == FINGERPRINT


# The tokenizer.


def _processor(path=MODEL):
    sentencepiece = pytest.importorskip("sentencepiece")
    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def test_the_packaged_tokenizer_is_what_training_gives(tmp_path):
    pocket.train_tokenizer(tmp_path / "new.model")
    new, old = _processor(tmp_path / "new.model"), _processor()
    assert [new.id_to_piece(i) for i in range(len(new))] == [
        old.id_to_piece(i) for i in range(len(old))
    ]


def test_the_tokenizer_is_laid_out_as_that_of_xlm_r():
    processor = _processor()
    assert [processor.id_to_piece(i) for i in range(3)] == [
        "<unk>",
        "<s>",
        "</s>",
    ]
    assert processor.pad_id() == -1
    assert 600 <= len(processor) <= 1100
    assert MODEL.stat().st_size < 400_000


@pytest.mark.parametrize("language", pocket.LANGUAGES)
def test_words_are_single_pieces(language):
    processor = _processor()
    texts = [
        row[part]
        for row in _rows("facebook/xnli", language, "test")
        for part in ("premise", "hypothesis")
    ]
    name = ("google/xquad", f"xquad.{language}", "validation")
    texts += [row["question"] for row in _rows(*name)]
    pieces = sum(map(len, processor.encode(texts)))
    assert pieces / sum(len(_words(text)) for text in texts) <= 1.3
    assert not any(0 in ids for ids in processor.encode(texts))


def test_a_word_has_the_same_piece_before_a_mark_and_before_a_space():
    processor = _processor()
    assert processor.encode("the dog.") == [
        *processor.encode("the dog"),
        processor.piece_to_id("."),
    ]
