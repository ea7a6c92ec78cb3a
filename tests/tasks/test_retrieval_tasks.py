"""Sentences of SQuAD, mentions and entities of Mewsli-X, as published."""

import pytest

from rows import GOOD
from stilts_keras.data.rows import RowReader
from stilts_keras.data.sources import open_data
from stilts_keras.tasks import LAREQA
from stilts_keras.tasks import MEWSLIX
from stilts_keras.tasks import SQUAD_RETRIEVAL
from stilts_keras.tasks import WIKIPEDIA_PAIRS
from stilts_keras.tasks.mewslix import ENTITIES
from stilts_keras.tasks.squad_retrieval import sentence_breaks
from stilts_keras.tasks.wikipedia_pairs import entity_text
from stilts_keras.tasks.wikipedia_pairs import mention_text


@pytest.mark.parametrize(
    "text",
    [
        "It rained.|She left.",
        'He said "No." |Then he left!|Why?',
        "It was Dr. Smith of St. Ives.|J. R. Smith came.",
        "He died in Sept. 1901, i.e. early.|It was so.",
        "It is true.[citation needed]|Others say so [...] too.",
        "A list: e.g. 3, 4.|5 is another.",
        "No end",
    ],
)
def test_sentences_end_where_english_ends_them(text):
    expected = [part.strip() for part in text.split("|")]
    whole = f" {text.replace(' |', '|').replace('|', ' ')} "
    found = [whole[start:end] for start, end in sentence_breaks(whole)]
    assert found == expected


def test_sentences_are_those_published_of_xquad_r(material):
    data = open_data(str(material / "data"))
    rows = data.load(LAREQA, "en", "test").to_list()
    same = 0
    for row in rows:
        start = row["answers"]["answer_start"][0]
        ours, theirs = (
            [tuple(each) for each in breaks if each[0] <= start < each[1]]
            for breaks in (
                sentence_breaks(row["context"]),
                row["sentence_breaks"],
            )
        )
        same += ours == theirs
    assert same / len(rows) > 0.98


def test_an_answer_is_its_sentence_and_paragraph_in_one():
    row = {
        "id": "1",
        "question": "Who?",
        "context": "It rained.\nAnn left. So.",
        "answers": {"text": ["Ann"], "answer_start": [11]},
    }
    item = SQUAD_RETRIEVAL.to_example(row)
    texts = {each.id: each.text for each in item.candidates}
    (answer,) = item.queries[0].answers
    assert texts[answer] == "Ann left.It rained.Ann left. So."
    assert len(texts) == 3


# ---------------------------------------------------------------- Mewsli-X
TEXT = "Before. The {old} man { Smith\nSmith met  a {new} one. After."


def context(text=TEXT):
    first, last = text.index("The"), text.index(" After")
    return {
        "text": text,
        "sentence_spans": [(0, 7), (first, last), (last + 1, len(text))],
    }


def span(start, end, text):
    return {"start": start, "end": end, "text": text}


def test_a_mention_is_marked_in_its_sentence_and_said_before():
    start = TEXT.index("\nSmith") + 1
    found = mention_text(context(), span(start, start + 5, "Smith"))
    expected = "Smith: The (old) man { Smith { Smith } met a (new) one."
    # Pairs of braces become round; a lone one stays.
    assert found == expected


def test_a_mention_elsewhere_or_across_sentences_is_refused():
    with pytest.raises(ValueError, match="where the text reads 'Befor'"):
        mention_text(context(), span(0, 5, "Smith"))
    with pytest.raises(ValueError, match="in none of the sentence_spans"):
        mention_text(context(), span(4, 11, TEXT[4:11]))


def test_an_entity_is_the_sentences_of_its_description():
    entity = {
        "description": "(Noise) A town.\nIn Peru.",
        "sentence_spans": [(8, 15), (16, 24)],
    }
    assert entity_text(entity) == "A town. In Peru."
    assert entity_text({**entity, "sentence_spans": None}) == (
        "(Noise) A town. In Peru."
    )


def test_each_mention_of_an_article_is_a_query():
    row = {
        "context": context(),
        "mentions": [
            {
                "example_id": f"m{number}",
                "entity_id": f"Q{number}",
                "mention_span": span(0, 6, "Before"),
            }
            for number in range(2)
        ],
    }
    item = MEWSLIX.to_example(row)
    assert [(each.id, each.answers) for each in item.queries] == [
        ("m0", ("Q0",)),
        ("m1", ("Q1",)),
    ]
    assert item.queries[0].text == "Before: { Before } ."


def test_marked_texts_are_taken_as_they_are():
    row = {
        "context": None,
        "mentions": None,
        "example_id": "m1",
        "mention": "Ann: { Ann } left.",
        "entity_id": "Q7",
    }
    (query,) = MEWSLIX.to_example(row).queries
    assert (query.text, query.answers) == ("Ann: { Ann } left.", ("Q7",))
    with pytest.raises(ValueError, match="neither context and mentions"):
        MEWSLIX.to_example({**row, "mention": None})


def test_a_pair_answers_with_its_entity():
    row = GOOD["wikipedia_pairs"]
    reader = RowReader(WIKIPEDIA_PAIRS, row, where="", is_evaluated=False)
    item = reader.read(0, row).item
    assert item.candidates[0].text == "A person. Or so."
    assert item.queries[0].answers == (item.candidates[0].id,) == ("Q1",)
    assert item.queries[0].text == "Ann: It was { Ann } ."


def test_entities_are_the_candidates_of_mewslix():
    assert MEWSLIX.candidates is ENTITIES
    item = ENTITIES.to_example(
        {"entity_id": "Q1", "description": "A town.", "sentence_spans": None}
    )
    assert not item.queries
    assert item.candidates[0].id == "Q1"
