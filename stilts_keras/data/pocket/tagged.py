"""Other tags of the sentences for tagging: names (PAN-X), categories (CCG)."""

from stilts_keras.data.pocket import words
from stilts_keras.data.pocket.meanings import TAGGING_SPANS
from stilts_keras.data.pocket.schema import NER_TAGS
from stilts_keras.data.pocket.schema import Schema
from stilts_keras.data.pocket.writing import sentence

CCG_SPANS = {name: TAGGING_SPANS[name] for name in ("train", "validation")}
# Places that are somebody's; all names here have one word.
_ORGANISATIONS = ("school", "shop")
_VERB = r"S\NP"
_ADVERB = rf"({_VERB})/({_VERB})"
_LATE_ADVERB = rf"({_VERB})\({_VERB})"


def _name_tag(tag, concept):
    if tag == "PROPN":
        return "B-PER"
    if concept in _ORGANISATIONS:
        return "B-ORG"
    return "B-LOC" if concept in words.PLACES else "O"


def _panx_row(language, split, index, meaning):
    tokens = sentence(language, meaning[0])
    return {
        "tokens": [text for text, _, _ in tokens],
        "ner_tags": [
            NER_TAGS.index(_name_tag(tag, concept))
            for _, tag, concept in tokens
        ],
        "langs": [language] * len(tokens),
    }


PANX = Schema(
    _panx_row, {"tokens": "strings", "ner_tags": "names", "langs": "strings"}
)


def _verb(following):
    """A verb's category, by the tag of the next word but adverbs."""
    if following in ("DET", "PROPN", "NUM", "PRON"):
        return f"({_VERB})/NP"
    return _VERB


def _copula(following):
    return f"({_VERB})/PP" if following == "ADP" else rf"({_VERB})/(S[adj]\NP)"


def _category(tokens, at):
    """An English word's category; what stands beside it decides."""
    text, tag, _ = tokens[at]
    rest = [x for _, x, _ in tokens[at + 1 :] if x != "ADV"]
    before = tokens[at - 1][1] if at else None
    if tag == "ADV":
        if text in ("how", "much", "where"):
            return "S[wq]/S[q]"
        if text == "very":
            return r"(S[adj]\NP)/(S[adj]\NP)"
        return _ADVERB if rest[0] in ("VERB", "ADJ") else _LATE_ADVERB
    if tag == "PRON":
        is_question = text in ("who", "what")
        return rf"S[wq]/({_VERB})" if is_question else "NP"
    if tag == "ADP":
        return "PP/NP" if before in ("AUX", "ADV") else f"{_LATE_ADVERB}/NP"
    if tag == "ADJ":
        return "N/N" if rest[0] == "NOUN" else r"S[adj]\NP"
    if tag == "VERB":
        return _verb(rest[0])
    if tag == "AUX":
        return "(S[q]/(S[b]\\NP))/NP" if text == "does" else _copula(rest[0])
    return {
        "DET": "NP/N",
        "NUM": "NP/N",
        "NOUN": "N",
        "PROPN": "NP",
        "CCONJ": "conj",
        "PUNCT": text,
    }[tag]


def _ccg_row(language, split, index, meaning):
    tokens = sentence(language, meaning[0])
    return {
        "tokens": [text for text, _, _ in tokens],
        "tags": [_category(tokens, at) for at in range(len(tokens))],
    }


CCG = Schema(_ccg_row, {"tokens": "strings", "tags": "strings"})
