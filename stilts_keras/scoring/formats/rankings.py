"""An object of JSON from question to what was found for it, the best first."""

from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.scoring.formats.answers import Answers
from stilts_keras.scoring.formats.format import read_json


class Rankings(Answers):
    """`{question: [id, ...]}`; labels likewise, the ids of all that is right.

    A question without a prediction scores 0; others are not looked at.
    """

    expected = "a list of ids, not empty"

    def read(self, file):
        """Reads a dict from a question's id to a tuple of ids of candidates."""
        value = read_json(file)
        if not isinstance(value, dict):
            raise InputError(
                f"File {str(file)!r}: expected an object from each question's "
                "id to a list of ids, the best first. Received: "
                f"{type(value).__name__}."
            )
        for name, ids in value.items():
            if not _is_texts(ids):
                raise InputError(
                    f"File {str(file)!r}, question {name!r}: expected a list "
                    f"of ids. Received: {str(ids)[:80]!r}."
                )
        return {name: tuple(map(str.strip, ids)) for name, ids in value.items()}

    def read_gold(self, file):
        """Reads labels, which lie as predictions do."""
        return self.read(file)

    def write_gold(self, file, gold, ids=None):
        """Writes labels, which lie as predictions do."""
        self.write(file, [list(right) for right in gold], ids)

    def write(self, file, predictions, ids=None):
        """Writes what was found for each question; all ids are different."""
        found = dict(zip(ids, map(list, predictions), strict=True))
        files.write_json(file, found)

    def is_label(self, task, label):
        """Whether it is a list of ids, not empty."""
        return len(label) > 0 and _is_texts(label)

    def is_right(self, gold, predictions):
        """Whether what is right comes first for each question."""
        return all(
            set(predictions.get(name, ())[: len(right)]) == set(right)
            for name, right in gold.items()
        )

    def doubts(self, task, gold, predictions):
        """Finds questions of another set, candidates too, and collapse."""
        from stilts_keras.scoring import patterns

        yield from self._doubt_names(gold, predictions)
        found = {
            name: predictions[name] for name in gold if predictions.get(name)
        }
        if len(found) >= patterns.MIN_ROWS and len({*found.values()}) == 1:
            yield f"all {len(found)} rankings are the same", patterns.COLLAPSED
        right = {one for ids in gold.values() for one in ids}
        ranked = {one for ids in found.values() for one in ids}
        if ranked and not ranked & right:
            seen = (
                f"none of the {len(ranked)} ids is in the labels, such as "
                f"{min(ranked)!r}, where these have {min(right)!r}"
            )
            yield seen, patterns.cause_of_ids(ranked, right)


def _is_texts(value):
    return isinstance(value, list | tuple) and all(
        isinstance(item, str) for item in value
    )
