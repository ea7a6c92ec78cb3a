"""Rows of the documented own task, in a folder of the Hub's layout."""

import json

WORDS = {"en": "film", "de": "Film", "hi": "फ़िल्म"}
NUM_ROWS = {"train": 48, "validation": 16, "test": 20}


def write_reviews(folder, hidden=()):
    """Writes reviews; those of languages in `hidden` have no test labels."""
    for language, word in WORDS.items():
        for split, number in NUM_ROWS.items():
            rows = [
                {
                    "text": f"{word} {n} {'!' if n % 2 else '?'}",
                    "label": ("bad", "good")[n % 2],
                }
                for n in range(number)
            ]
            if split == "test" and language in hidden:
                rows = [{**row, "label": None} for row in rows]
            file = folder / "me/reviews" / language / f"{split}.jsonl"
            file.parent.mkdir(parents=True, exist_ok=True)
            text = "".join(
                json.dumps(row, ensure_ascii=False) + "\n" for row in rows
            )
            file.write_text(text, "utf-8")
