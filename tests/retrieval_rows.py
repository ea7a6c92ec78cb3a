"""Small rows of LAReQA, Mewsli-X and what both are trained on, as published."""

import json

LANGUAGES = ("de", "en", "th")
NUM_PARAGRAPHS = 4
NUM_ENTITIES = 30
NUM_MENTIONS = 6


def write(folder):
    """Writes all files into a data folder."""
    write_squad(folder / "rajpurkar/squad/plain_text/train.jsonl")
    for language in LANGUAGES:
        file = folder / "extra/lareqa_xquad_r" / language / "validation.json"
        write_xquad_r(file, language)
    write_mewsli_x(folder / "extra/mewsli_x")


def write_lines(file, rows):
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    file.write_text("".join(lines), "utf-8")


def write_squad(file):
    contexts = [f"It is {n}. Ann has {n} cats. She left." for n in range(24)]
    write_lines(
        file,
        [
            {
                "id": f"s{number}",
                "title": "",
                "question": f"How many cats in {number}?",
                "context": context,
                "answers": {
                    "text": [f"{number} cats"],
                    "answer_start": [context.index(f"{number} cats")],
                },
            }
            for number, context in enumerate(contexts)
        ],
    )


def write_xquad_r(file, language):
    """As LAReQA's repository has it: nested, with sentence breaks."""
    paragraphs = []
    for number in range(NUM_PARAGRAPHS):
        first = f"{language} {number} eins."
        second = f"Ann {number} {language}."
        third = "Ende."
        context = f"{first} {second}\n{third}"
        starts = [0, len(first) + 1, len(context) - len(third)]
        sentences = (first, second, third)
        breaks = [
            [start, start + len(sentence)]
            for start, sentence in zip(starts, sentences, strict=True)
        ]
        questions = [
            {
                "id": f"q{number}{place}",
                "question": f"{language} {place} {number}?",
                "answers": [
                    {"text": sentences[place], "answer_start": starts[place]}
                ],
            }
            for place in (0, 1)
        ]
        paragraphs.append(
            {
                "context": context,
                "sentences": list(sentences),
                "sentence_breaks": breaks,
                "qas": questions,
            }
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"data": [{"title": "", "paragraphs": paragraphs}]}
    file.write_text(json.dumps(content, ensure_ascii=False), "utf-8")


def entity(number):
    first, second = f"Thing {number} is.", f"Made in {1900 + number}."
    return {
        "entity_id": f"Q{number}",
        "title": f"Thing {number}",
        "description": f"{first}\n{second}",
        "description_language": "en",
        "description_url": "",
        "sentence_spans": [
            {"start": 0, "end": len(first)},
            {"start": len(first) + 1, "end": len(first) + 1 + len(second)},
        ],
    }


def mention(context, text, number, name):
    start = context.index(text)
    return {
        "example_id": name,
        "entity_id": f"Q{number}",
        "mention_span": {
            "start": start,
            "end": start + len(text),
            "text": text,
        },
    }


def article(number, language):
    first = f"{language} {number}."
    second = f"So {{war}} thing {number} there."
    text = f"{first} {second}"
    return {
        "document_title": "",
        "document_url": "",
        "document_id": f"{language}-{number}",
        "language": language,
        "text": text,
        "sentence_spans": [
            {"start": 0, "end": len(first)},
            {"start": len(first) + 1, "end": len(text)},
        ],
    }


def write_mewsli_x(folder):
    """As the release has it after its `get-mewsli-x.sh`."""
    write_lines(folder / "candidate_set_entities.jsonl", map(entity, range(30)))
    pairs = []
    for number in range(24):
        context = article(number, "en")
        name = f"w{number}"
        of_it = mention(context["text"], f"thing {number}", number, name)
        nested = {"context": context, "mention": of_it}
        pairs.append({"contextual_mention": nested, "entity": entity(number)})
    write_lines(folder / "wikipedia_pairs-train.jsonl", pairs)
    articles = []
    for language in ("de", "ta"):
        for number in range(NUM_MENTIONS // 2):
            context = article(number, language)
            articles.append(
                {
                    "context": context,
                    # The whole article has two.
                    "mentions": [
                        mention(
                            context["text"],
                            text,
                            number,
                            f"{language}-{number}-{place}",
                        )
                        for place, text in enumerate(("thing", "there"))
                    ],
                }
            )
    write_lines(folder / "wikinews_mentions-test.jsonl", articles)
    # It comes with the same without text, which is no split.
    write_lines(folder / "wikinews_mentions_no_text-test.jsonl", articles)
