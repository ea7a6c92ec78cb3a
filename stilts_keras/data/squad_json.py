"""SQuAD's nested JSON, as its authors give it, in the Hub's flat columns."""

import json

from stilts_keras.errors import InputError

# Of a paragraph, as LAReQA's files add them: [first character, end] each.
BREAKS = "sentence_breaks"


def features(has_breaks=False):
    """Returns SQuAD's columns on the Hub, as `datasets.Features`.

    Args:
        has_breaks: bool. Whether there is the column `sentence_breaks`.
    """
    import datasets

    text = datasets.Value("string")
    breaks = {BREAKS: datasets.List(datasets.List(datasets.Value("int64")))}
    return datasets.Features(
        {
            **(breaks if has_breaks else {}),
            "id": text,
            "title": text,
            "context": text,
            "question": text,
            "answers": {
                "text": datasets.List(text),
                "answer_start": datasets.List(datasets.Value("int64")),
            },
        }
    )


def articles_of(file):
    """Returns the articles of SQuAD's nested JSON, or None for other JSON."""
    try:
        content = json.loads(file.read_text("utf-8-sig"))
    except ValueError:
        # One object in each line, or damaged, which the loader tells better.
        return None
    return content.get("data") if isinstance(content, dict) else None


def rows_of(file, has_breaks=False):
    """Yields a row, in the Hub's columns, for each question of nested JSON.

    Args:
        file: `pathlib.Path`.
        has_breaks: bool. As in `features`.

    Raises:
        InputError: If something is not where SQuAD has it.
    """
    articles = articles_of(file)
    if not isinstance(articles, list):
        raise _not_nested(file, "no list 'data'")
    for a, article in enumerate(articles):
        place = f"data[{a}]"
        title = article.get("title") if isinstance(article, dict) else None
        paragraphs = _list(file, article, "paragraphs", place)
        for p, paragraph in enumerate(paragraphs):
            inner = f"{place}.paragraphs[{p}]"
            questions = _list(file, paragraph, "qas", inner)
            for q, question in enumerate(questions):
                where = f"{inner}.qas[{q}]"
                row = _squad_row(file, title, paragraph, question, where)
                if has_breaks:
                    row[BREAKS] = _list(file, paragraph, BREAKS, inner)
                yield row


def _squad_row(file, title, paragraph, question, where):
    if not isinstance(question, dict):
        raise _not_nested(file, f"{where} is no object")
    for name in ("id", "question"):
        if name not in question:
            raise _not_nested(file, f"{where} has no {name!r}")
    if "context" not in paragraph:
        raise _not_nested(file, f"the paragraph of {where} has no 'context'")
    answers = question.get("answers")
    if question.get("is_impossible"):
        if answers:
            raise _not_nested(
                file, f"{where} is impossible and has answers nevertheless"
            )
        answers = []
    return {
        # Ids are text, and some write them as numbers.
        "id": _as_text(question["id"]),
        "title": _as_text(title),
        "context": paragraph["context"],
        "question": question["question"],
        "answers": by_column(answers),
    }


def _list(file, item, name, where):
    found = item.get(name) if isinstance(item, dict) else None
    if not isinstance(found, list):
        raise _not_nested(file, f"{where} has no list {name!r}")
    return found


def _not_nested(file, fault):
    return InputError(
        f"File {str(file)!r} cannot be read as SQuAD's JSON: {fault}. Expected "
        "data[].paragraphs[].context and .qas[].id, .question and "
        ".answers[].text and .answer_start."
    )


def _as_text(value):
    return None if value is None else str(value)


def by_column(answers):
    """Turns a list of answers into a dict of lists, as the Hub has them.

    Args:
        answers: list of dict with `text` and `answer_start`, or None.

    Returns:
        dict with the lists `text` and `answer_start`, or None.

    Raises:
        ValueError: If an answer is something else.
    """
    if answers is None:
        return None
    for answer in answers:
        if not isinstance(answer, dict | None):
            raise ValueError(
                f"an answer is {answer!r}, not an object with text and "
                "answer_start"
            )
    return {
        name: [answer and answer.get(name) for answer in answers]
        for name in ("text", "answer_start")
    }
