"""Rows in the schemas of the Hub's repositories: columns and label orders."""

from collections import namedtuple

from stilts_keras.data.pocket.grammar import noun_phrase
from stilts_keras.data.pocket.grammar import verb_phrase
from stilts_keras.data.pocket.words import LANGUAGES
from stilts_keras.data.pocket.writing import sentence
from stilts_keras.data.pocket.writing import spell
from stilts_keras.data.pocket.writing import write

# make_row: callable of (language, split, index, meaning) that returns a row.
# columns: {name: key of a feature}, so that importing needs no `datasets`; None
# where the rows themselves tell.
Schema = namedtuple("Schema", "make_row columns")

# Language -> its code in Tatoeba, which pairs each with English.
TATOEBA_CODES = dict(
    zip(LANGUAGES[1:], ("deu", "spa", "rus", "tur", "hin"), strict=True)
)
_NLI_LABELS = ["entailment", "neutral", "contradiction"]
NER_TAGS = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
# As SIB-Fleurs and MInDS-14 number them.
TOPIC_NAMES = (
    "science/technology travel politics sports health entertainment geography"
).split()
_INTENTS = (
    "abroad address app_error atm_limit balance business_loan card_issues "
    "cash_deposit direct_debit freeze high_value_payment joint_account "
    "latest_transactions pay_bill"
).split()
_TAGS = (
    "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM "
    "VERB X"
).split()


def _nli_row(language, split, index, meaning):
    premise, hypothesis, label = meaning
    return {
        "premise": write(language, [premise]),
        "hypothesis": write(language, [hypothesis]),
        "label": label,
    }


def _glue_row(language, split, index, meaning):
    return {**_nli_row(language, split, index, meaning), "idx": index}


XNLI = Schema(
    _nli_row, {"premise": "string", "hypothesis": "string", "label": "nli"}
)
GLUE = Schema(_glue_row, {**XNLI.columns, "idx": "int32"})


def _hellaswag_row(language, split, index, meaning):
    context, (who, endings), label = meaning
    before = write(language, [context])
    subject = noun_phrase(language, (who, None))
    then = "then " + spell(subject)[0]
    split = {"validation": "val"}.get(split, split)
    return {
        "ind": index,
        "activity_label": "Pocket world",
        "ctx_a": before,
        "ctx_b": then,
        "ctx": f"{before} {then}",
        "endings": [
            spell(verb_phrase(language, e, who))[0] + "." for e in endings
        ],
        "source_id": f"pocket~{split}~{index}",
        "split": split,
        "split_type": "indomain",
        "label": str(label),
    }


HELLASWAG = Schema(
    _hellaswag_row,
    {
        "ind": "int32",
        "activity_label": "string",
        "ctx_a": "string",
        "ctx_b": "string",
        "ctx": "string",
        "endings": "strings",
        "source_id": "string",
        "split": "string",
        "split_type": "string",
        "label": "string",
    },
)


def _answer(language, sentences, where, concept):
    """Finds the answer's word and its offset in the context."""
    before = write(language, sentences[:where])
    tokens = sentence(language, sentences[where])
    _, offsets = spell(tokens)
    at = [key for _, _, key in tokens].index(concept)
    start = offsets[at] + (len(before) + 1 if before else 0)
    return {"text": [tokens[at][0]], "answer_start": [start]}


def _xquad_row(language, split, index, meaning):
    context, question, (where, concept) = meaning
    return {
        "id": f"pocket-{split}-{index}",
        "context": write(language, context),
        "question": write(language, [question]),
        "answers": _answer(language, context, where, concept),
    }


def _squad_row(language, split, index, meaning):
    row = _xquad_row(language, split, index, meaning)
    return {"id": row.pop("id"), "title": "Pocket_world", **row}


XQUAD = Schema(
    _xquad_row,
    {
        "id": "string",
        "context": "string",
        "question": "string",
        "answers": "answers",
    },
)
SQUAD = Schema(_squad_row, {"id": "string", "title": "string", **XQUAD.columns})


def _udpos_row(language, split, index, meaning):
    tokens = sentence(language, meaning[0])
    return {
        "tokens": [text for text, _, _ in tokens],
        "pos_tags": [_TAGS.index(tag) for _, tag, _ in tokens],
    }


def _tatoeba_row(language, split, index, meaning):
    return {
        "source_sentence": write(language, meaning),
        "target_sentence": write("en", meaning),
        "source_lang": TATOEBA_CODES[language],
        "target_lang": "eng",
    }


def _wikipedia_row(language, split, index, text):
    return {
        "id": str(index + 1),
        "url": f"pocket://{language}/{index + 1}",
        "title": f"Pocket {index + 1}",
        "text": text,
    }


UDPOS = Schema(_udpos_row, {"tokens": "strings", "pos_tags": "tags"})
TATOEBA = Schema(
    _tatoeba_row,
    dict.fromkeys(
        ("source_sentence", "target_sentence", "source_lang", "target_lang"),
        "string",
    ),
)
WIKIPEDIA = Schema(
    _wikipedia_row, dict.fromkeys(("id", "url", "title", "text"), "string")
)


def features(schema):
    """Builds the `datasets.Features` of a schema, or None."""
    import datasets

    if schema.columns is None:
        return None

    text = datasets.Value("string")
    sound = {"bytes": datasets.Value("binary"), "path": text}
    kinds = {
        "string": text,
        "int32": datasets.Value("int32"),
        "int64": datasets.Value("int64"),
        "bool": datasets.Value("bool"),
        "strings": datasets.List(text),
        "nli": datasets.ClassLabel(names=_NLI_LABELS),
        "duplicate": datasets.ClassLabel(names=["not_duplicate", "duplicate"]),
        "paraphrase": datasets.ClassLabel(names=["0", "1"]),
        "choice": datasets.ClassLabel(names=["choice1", "choice2"]),
        "topic": datasets.ClassLabel(names=TOPIC_NAMES),
        "intent": datasets.ClassLabel(names=_INTENTS),
        "sound": sound,
        "sounds": datasets.List(sound),
        "tags": datasets.List(datasets.ClassLabel(names=_TAGS)),
        "names": datasets.List(datasets.ClassLabel(names=NER_TAGS)),
        "labelled": {"label": datasets.List(text), "text": datasets.List(text)},
        "spans": datasets.List(datasets.List(datasets.Value("int32"))),
        "answers": {
            "text": datasets.List(text),
            "answer_start": datasets.List(datasets.Value("int32")),
        },
    }
    return datasets.Features({k: kinds[v] for k, v in schema.columns.items()})
