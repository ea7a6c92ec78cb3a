"""A good row of every task, as a data set holds it, and files of rows."""

import io
import json
import pathlib
import struct
import wave

from stilts_keras.tasks import TASKS

NLI = {"premise": "A cat.", "hypothesis": "An animal.", "label": "neutral"}
QUESTION = {
    "id": "q1",
    "question": "Who?",
    "context": "It was Ann.",
    "answers": {"text": ["Ann"], "answer_start": [7]},
}
ARTICLE = {
    "text": "It was Ann.",
    "sentence_spans": [{"start": 0, "end": 11}],
    "language": "de",
}
MENTION = {
    "example_id": "m1",
    "entity_id": "Q1",
    "mention_span": {"start": 7, "end": 10, "text": "Ann"},
}
ENTITY = {
    "entity_id": "Q1",
    "description": "A person. Or so.",
    "sentence_spans": [{"start": 0, "end": 9}, {"start": 10, "end": 16}],
}
PROMPT = {"context": "Ann fell.", "question": "Why?"}
# The parts are stacked, so that each has the columns of all.
POOL = dict.fromkeys(("id", "sentence", "source_id", "target_id"))
POOL["part_row"] = 7
GOLD = POOL | {"part": "gold", "source_id": "de-1", "target_id": "en-1"}
COPA = {
    "premise": "Ann fell.",
    "question": "cause",
    "choice1": "Ice.",
    "choice2": "Sun.",
    "label": "choice2",
}
TONE = io.BytesIO()
with wave.open(TONE, "wb") as file:
    file.setparams((1, 2, 8000, 0, "NONE", ""))
    file.writeframes(struct.pack("<400h", *([9000] * 4 + [-9000] * 4) * 50))
ENTITIES = {"tokens": ["In", "Rome"], "ner_tags": ["O", "B-LOC"]}
TOPIC = {
    "text": "A dog.",
    "category": "sports",
    "audio": [{"bytes": TONE.getvalue(), "path": "1.wav"}] * 2,
    "whisper_asr": ["A dock.", "The dog."],
}
INTENT = {
    "audio": {"bytes": TONE.getvalue(), "path": "en-US~FREEZE/1.wav"},
    "transcription": "Stop my card.",
    "intent_class": "freeze",
}
READ_INTENT = ("transcription", "intent_class")
GOOD = {
    "anli": NLI,
    "bucc2018": POOL | {"part": "source", "id": "de-1", "sentence": "Satz."},
    "ccg": {"tokens": ["Every", "cat"], "tags": ["NP/N", "N"]},
    "commonsenseqa": {
        "question": "Where?",
        "choices": {"label": [*"ABCDE"], "text": [*"vwxyz"]},
        "answerKey": "B",
    },
    "copa": COPA,
    "xcopa": COPA,
    "cosmosqa": {
        **PROMPT,
        **{f"answer{number}": f"Answer {number}." for number in range(4)},
        "label": "3",
    },
    "hellaswag": {
        "ctx_a": "A man runs.",
        "ctx_b": "he",
        "endings": ["stops.", "falls.", "wins.", "eats."],
        "label": "1",
    },
    "lareqa": QUESTION | {"sentence_breaks": [[0, 11]]},
    "mewslix": {
        "context": ARTICLE,
        "mentions": [MENTION],
        "example_id": "m1",
        "mention": "Ann: It was { Ann } .",
        "entity_id": "Q1",
    },
    "minds14": INTENT,
    "minds14_text": {name: INTENT[name] for name in READ_INTENT},
    "mlm": {"text": "Hallo Welt."},
    "mlqa": QUESTION,
    "mnli": NLI,
    "noisy_panx": ENTITIES,
    "noisy_xnli": NLI,
    "panx": ENTITIES,
    "pawsx": {"sentence1": "A b.", "sentence2": "B a.", "label": "1"},
    "qqp": {"question1": "Who?", "question2": "Who is?", "label": "duplicate"},
    "sib200": {"text": "A dog.", "category": "sports"},
    "sib_fleurs": TOPIC,
    "sib_fleurs_recognised": TOPIC,
    "sib_fleurs_text": {name: TOPIC[name] for name in ("text", "category")},
    "siqa": {
        **PROMPT,
        **{f"answer{letter}": f"Answer {letter}." for letter in "ABC"},
        "label": "3",
    },
    "snli": NLI,
    "squad": QUESTION,
    "squad_retrieval": QUESTION,
    "squad_v2": QUESTION,
    "tatoeba": {"source_sentence": "Hallo.", "target_sentence": "Hello."},
    "tydiqa": QUESTION | {"id": "english-1"},
    "udpos": {"tokens": ["a", "dog"], "pos_tags": ["DET", "NOUN"]},
    "wikipedia_pairs": {
        "contextual_mention": {"context": ARTICLE, "mention": MENTION},
        "example_id": "m1",
        "mention": "Ann: It was { Ann } .",
        "entity": ENTITY,
    },
    "xnli": NLI,
    "xquad": QUESTION,
}


def row_with(name, column):
    """Returns a task's good row that has a column, of those of its parts."""
    row = GOOD[name]
    return row if row[column] is not None else GOLD


def file_of(task, language, split, part=None):
    """Names the file of a split in a data folder, without its ending."""
    repository = next(
        r for r in task.repositories if r.may_hold(language, split)
    )
    # ANLI's rounds are files of their own.
    name = repository.splits[split].split("+")[0]
    config = repository.configs_for(language, part)[0]
    return f"{repository.id}/{config}/{name}"


def write_jsonl(folder, name, rows):
    """Writes rows to `<name>.jsonl` in a folder; returns the file."""
    file = pathlib.Path(folder, f"{name}.jsonl")
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return file


assert GOOD.keys() == TASKS.keys()
