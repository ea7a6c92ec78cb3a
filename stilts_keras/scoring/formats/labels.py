"""A label per line."""

from stilts_keras.errors import InputError
from stilts_keras.scoring.formats.format import Format
from stilts_keras.scoring.formats.format import read_lines
from stilts_keras.scoring.formats.format import write_lines


class Labels(Format):
    """A class of the task per line."""

    def read(self, file):
        """Reads a list of str."""
        return read_lines(file)

    def write(self, file, predictions, ids=None):
        """Writes a line for each prediction."""
        write_lines(file, predictions)

    def is_label(self, task, label):
        """Whether it is one of the task's."""
        return label in task.labels

    def expected_of(self, task):
        """Names the task's labels."""
        return ", ".join(task.labels)

    def score(self, task, gold, predictions, *, file, language):
        """Scores accuracy; gold may be numbers where the file has text."""
        from stilts_keras.scoring import metrics

        gold = list(map(str, gold))
        if len(gold) != len(predictions):
            raise InputError(
                f"File {str(file)!r} has {len(predictions)} lines. Expected "
                f"{len(gold)}, one for each label."
            )
        return metrics.score(["accuracy"], gold, predictions)

    def is_right(self, gold, predictions):
        """Whether each line is its label."""
        return list(predictions) == list(map(str, gold))

    def doubts(self, task, gold, predictions):
        """Finds strange, constant, exchanged and shifted labels."""
        from stilts_keras.scoring import patterns

        gold = list(map(str, gold))
        yield from patterns.strange_labels(self, task, predictions)
        yield from patterns.constant(task, gold, predictions, "lines")
        yield from patterns.exchanged(task, gold, predictions)
        yield from patterns.shifted([gold], [predictions], "lines")
