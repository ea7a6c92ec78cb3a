"""JSON from each query's id to the candidates found for it, best first."""

from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.scoring.formats.format import Format
from stilts_keras.scoring.formats.format import read_json
from stilts_keras.scoring.ranking import DEPTH


class Rankings(Format):
    """A ranking of ids for each query, as XTREME-R has Mewsli-X's.

    Predictions hold the `DEPTH` best; gold all right candidates of each query.
    Both are read as dicts.
    """

    ending = "json"
    expected = "a list of ids, at least one"

    def read(self, file):
        """Reads a dict from the query's id to a list of str."""
        content = read_json(file)
        if not isinstance(content, dict):
            raise InputError(
                f"File {str(file)!r} must hold an object from ids of queries "
                f"to lists of ids. Received: {str(content)[:60]!r}."
            )
        for name, ids in content.items():
            if not isinstance(ids, list) or not all(
                isinstance(each, str) for each in ids
            ):
                raise InputError(
                    f"File {str(file)!r}: query {name!r} needs a list of ids. "
                    f"Received: {str(ids)[:60]!r}."
                )
        return content

    def write(self, file, predictions, ids=None):
        """Writes the best of each ranking."""
        self.write_gold(file, [ranking[:DEPTH] for ranking in predictions], ids)

    def write_gold(self, file, gold, ids=None):
        """Writes all right candidates."""
        files.write_json(file, dict(zip(ids, map(list, gold), strict=True)))

    def placed(self, values):
        """Yields each query's ids with its name."""
        return ((name, tuple(ids)) for name, ids in values.items())

    def is_label(self, task, label):
        """Whether a candidate is right."""
        return len(label) > 0

    def score(self, task, gold, predictions, *, file, language):
        """Scores with the task's first metric; a missing query scores 0.

        The others need more of a ranking than a file holds.
        """
        from stilts_keras.scoring import metrics

        metric = metrics.of(task)[0]
        rankings = [predictions.get(name, []) for name in gold]
        return {metric.name: metric(list(gold.values()), rankings, language)}

    def is_right(self, gold, predictions):
        """Whether what is right comes first, for each query."""
        return all(
            set(predictions.get(name, [])[: len(ids)]) == set(ids[:DEPTH])
            for name, ids in gold.items()
        )

    def doubts(self, task, gold, predictions):
        """Finds queries without predictions, or predictions of others."""
        missing = [name for name in gold if name not in predictions]
        if missing:
            seen = (
                f"{len(missing)} of {len(gold)} queries have no ranking, such "
                f"as {missing[0]!r}"
            )
            yield seen, "predictions of another split, or of some rows only"
        known = {each for ids in gold.values() for each in ids}
        found = {each for ids in predictions.values() for each in ids}
        if found and not found & known:
            seen = (
                f"none of the {len(found)} ids is right anywhere, such as "
                f"{min(found)!r}, where labels have {min(known)!r}"
            )
            yield seen, "ids of something else, or without their language"
