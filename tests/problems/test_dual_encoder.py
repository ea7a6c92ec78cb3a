"""Pairs to learn from, one pool to search, and an independent reference."""

import keras
import numpy as np
import pytest

from encoders import tiny_encoder
from fakes import split_of
from letters import LETTERS
from stilts_keras.data.sources import open_data
from stilts_keras.errors import InputError
from stilts_keras.problems.dual_encoder import DualEncoder
from stilts_keras.problems.dual_encoder import check_pool
from stilts_keras.scoring import metrics
from stilts_keras.steps.update import check_sliceable
from stilts_keras.tasks import LAREQA
from stilts_keras.tasks.example import Candidate
from stilts_keras.tasks.example import Query
from stilts_keras.tasks.example import Search

PROBLEM = DualEncoder(LAREQA)


def search(question, answer, *texts):
    """A question on some texts, of which one is the answer."""
    return Search(
        queries=(Query(id=question, text=question, answers=(answer,)),),
        candidates=tuple(Candidate(id=text, text=text) for text in texts),
    )


def split(examples, language="en", max_length=16):
    columns = PROBLEM.pack_evaluated(examples, LETTERS, max_length)
    return split_of(columns, max_length=max_length, language=language)


def vectors(split, **of_ids):
    return np.array(
        [of_ids[name] for name in split.features["id"]], dtype="float32"
    )


def finish(splits, decoded, index):
    pool = PROBLEM.pool(splits, decoded)
    asked = splits[index]
    return PROBLEM.finish(
        decoded[index],
        asked.features,
        None,
        pool=pool,
        language=asked.language,
    )


# ----------------------------------------------------------------- Packing
def test_a_row_to_learn_from_is_a_query_and_its_answer():
    columns = PROBLEM.pack([search("q", "b", "a", "b")], LETTERS, 16)
    query, answer = columns["token_ids"][0]
    assert query == [0, ord("q") - ord("a") + 10, 2]
    assert answer == [0, 11, 2]
    x, y = PROBLEM.collate(columns, 5, LETTERS)
    assert x["token_ids"].shape == (1, 2, 5)
    assert y["row"].tolist() == [0]


def test_a_batch_of_pairs_is_not_sliced():
    with pytest.raises(InputError, match="compares all rows of a batch"):
        check_sliceable("squad_retrieval", PROBLEM, 16, 4)


def test_queries_are_cut_at_96_tokens_and_candidates_at_the_length():
    item = search("q" * 300, "c" * 300, "c" * 300)
    for max_length, lengths in ((256, [96, 256]), (64, [64, 64])):
        evaluated = PROBLEM.pack_evaluated([item], LETTERS, max_length)
        assert evaluated["length"] == lengths
        cut = [302 - length for length in lengths]
        assert evaluated["num_cut"] == cut
        (learnt,) = PROBLEM.pack([item], LETTERS, max_length)["token_ids"]
        assert [len(sequence) for sequence in learnt] == lengths


def test_a_candidate_of_several_rows_is_embedded_once():
    examples = [search("q", "b", "a", "b"), search("r", "a", "a", "b")]
    columns = PROBLEM.pack_evaluated(examples, LETTERS, 16)
    assert columns["id"] == ["q", "a", "b", "r"]
    assert columns["side"] == [0, 1, 1, 0]
    assert columns["example"] == [0, 0, 0, 1]
    assert PROBLEM.ids(examples) == ["q", "r"]


# --------------------------------------------------------------- Searching
def test_answers_are_those_of_all_languages():
    english = split([search("1", "a", "a", "b")])
    german = split([search("1", "d", "c", "d")], "de")
    decoded = [
        vectors(english, **{"1": [1, 0], "a": [1, 0], "b": [0, 1]}),
        vectors(german, **{"1": [0, 1], "c": [0.9, 0.1], "d": [0.5, 0.5]}),
    ]
    gold, found = finish([english, german], decoded, 0)
    assert gold == [["en:a", "de:d"]]
    assert found == [["en:a", "de:c", "de:d", "en:b"]]
    _, found = finish([english, german], decoded, 1)
    assert found == [["en:b", "de:d", "de:c", "en:a"]]


def test_of_equal_cosines_the_later_candidate_is_better():
    english = split([search("1", "a", "a", "b")])
    german = split([search("1", "c", "c", "d")], "de")
    alike = [np.ones((3, 2), "float32")] * 2
    _, found = finish([english, german], alike, 0)
    assert found == [["de:d", "de:c", "en:b", "en:a"]]


def test_a_candidate_that_stands_in_two_batches_is_one():
    one = PROBLEM.pack_evaluated([search("q", "b", "a", "b")], LETTERS, 16)
    two = PROBLEM.pack_evaluated([search("r", "a", "a", "b")], LETTERS, 16)
    both = split_of(
        {name: one[name] + two[name] for name in one}, max_length=16
    )
    pool = PROBLEM.pool([both], [np.ones((6, 2), "float32")])
    assert pool.sizes == {"en": 2}


def test_pairs_search_the_answers_of_all_pairs():
    examples = [
        search("q", "a", "a"),
        search("r", "a", "a"),
        search("s", "b", "b"),
    ]
    columns = PROBLEM.pack(examples, LETTERS, 16)
    pairs = split_of(columns, max_length=16)
    decoded = np.array(
        [[[1, 0], [1, 0]], [[0, 1], [1, 0]], [[0, 1], [0, 1]]], "float32"
    )
    gold, found = finish([pairs], [decoded], 0)
    assert gold == [["en:a"], ["en:a"], ["en:b"]]
    assert found == [["en:a", "en:b"], ["en:b", "en:a"], ["en:b", "en:a"]]


def test_gold_that_is_no_candidate_is_named_before_any_work():
    entities = split(
        [Search(candidates=(Candidate(id="Q1", text="one"),))], "mul"
    )
    query = Query(id="m7", text="two", answers=("Q2",))
    mentions = split([Search(queries=(query,))], "de")
    with pytest.raises(InputError, match="'m7' asks for 'Q2'.* 1 candidates"):
        check_pool([mentions], [entities])
    with pytest.raises(InputError, match="the candidate 'Q1' twice"):
        check_pool([mentions], [entities, entities])
    with pytest.raises(InputError, match="queries among the candidates"):
        check_pool([mentions], [entities, mentions])


# -------------------------------------------------------------------- Head
@pytest.mark.parametrize("summary", ["first", "mean"])
def test_embeddings_see_no_padding_and_have_length_1(summary):
    encoder = tiny_encoder()
    encoder.summary = summary
    head = PROBLEM.head(encoder)
    head.build((None, None, encoder.hidden_dim))
    random = np.random.default_rng(0)
    hidden = random.standard_normal((3, 6, encoder.hidden_dim))
    mask = np.arange(6) < np.array([[2], [4], [6]])
    longer = np.concatenate([hidden, 9 * hidden], axis=1)
    wide = np.concatenate([mask, np.zeros_like(mask)], axis=1)
    found, same = (
        keras.ops.convert_to_numpy(head(h.astype("float32"), {"mask": m}))
        for h, m in ((hidden, mask), (longer, wide))
    )
    np.testing.assert_allclose(found, same, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


# ------------------------------------------- An independent reference, by NumPy
def reference_scores(rows, embeddings, kept):
    """mAP@20 of rows of XQuAD-R, from their texts and embeddings of these.

    Args:
        rows: dict from language to a list of rows.
        embeddings: function of a text that gives its vector.
        kept: function of two languages: whether a candidate counts.

    Returns:
        Dict from language to an array (n,) of percents.
    """
    places, right, seen = [], {}, {}
    for language, of_language in rows.items():
        for row in of_language:
            breaks = [tuple(each) for each in row["sentence_breaks"]]
            start = row["answers"]["answer_start"][0]
            if (language, row["context"]) not in seen:
                seen[language, row["context"]] = len(places)
                places += [
                    (language, row["context"][a:b] + row["context"])
                    for a, b in breaks
                ]
            first = seen[language, row["context"]]
            for place, (a, b) in enumerate(breaks):
                if a <= start < b:
                    right.setdefault(row["id"], set()).add(first + place)
    matrix = np.stack(
        [embeddings(text.replace("\n", "")) for _, text in places]
    )
    languages = np.array([language for language, _ in places])
    scores = {}
    for language, of_language in rows.items():
        counts = np.array([kept(language, other) for other in languages])
        numbers = np.flatnonzero(counts)
        scores[language] = []
        for row in of_language:
            cosines = matrix[numbers] @ embeddings(row["question"])
            ranking = numbers[np.argsort(cosines, kind="stable")[::-1][:20]]
            gold = right[row["id"]] & set(numbers.tolist())
            if not gold:
                continue
            hits = np.isin(ranking, list(gold))
            precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
            scores[language].append(
                100 * (precision * hits).sum() / min(len(gold), 20)
            )
    return {language: np.array(each) for language, each in scores.items()}


def bag(text):
    """Embeds a text by its letters, without a network, at length 1."""
    vector = np.zeros(97)
    for number, letter in enumerate(text[:400]):
        vector[(ord(letter) * 31 + number % 3) % 97] += 1
    return (vector / np.linalg.norm(vector)).astype("float32")


COUNTS = {
    "el": 1234,
    "en": 1180,
    "es": 1215,
    "hi": 1244,
    "tr": 1167,
    "vi": 1209,
}


@pytest.fixture(scope="module")
def real(material):
    data = open_data(str(material / "data"))
    held = data.languages(LAREQA, "test")
    rows = {each: data.load(LAREQA, each, "test").to_list() for each in held}
    return data, rows


def test_real_pools_have_the_published_candidates(real, pocket_tokenizer):
    """13,014 in all; the material has five of 11 languages by half."""
    data, rows = real
    for language, number in COUNTS.items():
        contexts = {
            row["context"]: len(row["sentence_breaks"])
            for row in rows[language]
        }
        assert sum(contexts.values()) == number


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("map_at_20", lambda own, other: True),
        ("map_at_20_within", lambda own, other: own == other),
        ("map_at_20_across", lambda own, other: own != other),
    ],
)
def test_map_equals_an_independent_reference_on_real_rows(real, name, kept):
    _, rows = real
    rows = {language: rows[language][:150] for language in ("de", "en", "th")}
    splits = [split_of_rows(rows[each], each) for each in rows]
    decoded = [np.stack(each.vectors).astype("float32") for each in splits]
    pool = PROBLEM.pool([each.split for each in splits], decoded)
    expected = reference_scores(rows, bag, kept)
    for each, found in zip(splits, decoded, strict=True):
        language = each.split.language
        gold, rankings = PROBLEM.finish(
            found, each.split.features, None, pool=pool, language=language
        )
        score = metrics.find(name)(gold, rankings, language)
        assert score == pytest.approx(expected[language].mean(), abs=1e-6)
        assert 0.1 < score < 90


class Embedded:
    """Rows of one language, packed, and a vector of each feature's text."""

    def __init__(self, split, vectors):
        self.split, self.vectors = split, vectors


def split_of_rows(rows, language):
    examples = [LAREQA.to_example(row) for row in rows]
    texts = {}
    for item in examples:
        texts |= {each.id: each.text for each in item.candidates}
        texts |= {query.id: query.text for query in item.queries}
    packed = split(examples, language)
    return Embedded(packed, [bag(texts[n]) for n in packed.features["id"]])
