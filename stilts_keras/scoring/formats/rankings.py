"""An object of JSON from question to what was found for it, the best first."""

from stilts_keras import files
from stilts_keras.scoring.formats.answers import Answers
from stilts_keras.scoring.formats.answers import check_answers
from stilts_keras.scoring.formats.format import read_json
from stilts_keras.scoring.ranking import DEPTH


class Rankings(Answers):
    """`{question: [id, ...]}`; labels likewise, the ids of all that is right.

    A question without a prediction scores 0; others are not looked at.
    """

    expected = "a list of ids, not empty"

    def read(self, file):
        """Reads a dict from a question's id to a tuple of ids of candidates."""
        value = read_json(file)
        check_answers(file, value, "list of ids, the best first", _is_texts)
        return {name: tuple(map(str.strip, ids)) for name, ids in value.items()}

    def read_gold(self, file):
        """Reads labels, which lie as predictions do."""
        return self.read(file)

    def write_gold(self, file, gold, ids=None):
        """Writes all that is right for each question."""
        files.write_json(file, dict(zip(ids, map(list, gold), strict=True)))

    def write(self, file, predictions, ids=None):
        """Writes the best of each ranking; all ids are different."""
        self.write_gold(file, [found[:DEPTH] for found in predictions], ids)

    def is_label(self, task, label):
        """Whether it is a list of ids, not empty."""
        return len(label) > 0 and _is_texts(label)

    def score(self, task, gold, predictions, *, file, language):
        """Scores with the task's first metric.

        Others need more of a ranking than a file holds.
        """
        from stilts_keras.scoring import metrics

        metric = metrics.of(task)[0]
        found = [predictions.get(name, ()) for name in gold]
        return {metric.name: metric(list(gold.values()), found, language)}

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
