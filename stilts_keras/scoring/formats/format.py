"""What all formats share: the parts that each has, and reading of text."""

import io
import json

from stilts_keras import files
from stilts_keras.errors import InputError


class Format:
    """How the predictions of one task and language lie in a file.

    What is read and written are values in the order of the rows, as a
    Problem's `finish` gives them, unless the format says otherwise.

    Attributes:
        ending: str. Of its files.
        expected: str. What a label must be, in words; see `is_label`.
    """

    ending = "tsv"
    expected = "a label"

    def read(self, file):
        """Reads predictions.

        Args:
            file: path.

        Raises:
            InputError: If the file is damaged; it is named.
        """
        raise NotImplementedError

    def write(self, file, predictions, ids=None):
        """Writes predictions.

        Args:
            file: path.
            predictions: list, as the task's problem gives them.
            ids: list of str or None. What names the rows, where their order
                does not.
        """
        raise NotImplementedError

    def read_gold(self, file):
        """Reads labels, which lie as predictions do unless said otherwise."""
        return self.read(file)

    def write_gold(self, file, gold, ids=None):
        """Writes labels, which lie as predictions do unless said otherwise."""
        self.write(file, gold, ids)

    def placed(self, values):
        """Yields each label with its line in the file, or its question."""
        return enumerate(values, start=1)

    def is_label(self, task, label):
        """Whether a label of gold can be one of the task's."""
        return True

    def expected_of(self, task):
        """What a label of a task must be, in words."""
        return self.expected

    def score(self, task, gold, predictions, *, file, language):
        """Scores what was read; here with the task's own metrics.

        Args:
            task: `Task`.
            gold: as `read_gold` gives it.
            predictions: as `read` gives them.
            file: path. Of the predictions, for errors.
            language: str.

        Returns:
            Dict from metric to percent.

        Raises:
            InputError: If the predictions do not fit.
        """
        from stilts_keras.scoring import metrics

        try:
            return metrics.score(metrics.of(task), gold, predictions, language)
        except InputError as error:
            raise InputError(f"File {str(file)!r}: {error}") from None

    def is_right(self, gold, predictions):
        """Whether the predictions are the gold itself."""
        return list(predictions) == list(gold)

    def doubts(self, task, gold, predictions):
        """Yields what looks like a mistake in one language's file.

        Yields:
            Pairs of what is seen and its likely cause.
        """
        return ()

    def doubts_of_all(self, task, gold, predictions):
        """Finds what only shows, or shows better, in all languages together.

        Args:
            task: `Task`.
            gold: dict from language to gold.
            predictions: dict from language to predictions.

        Returns:
            Dict from likely cause to what is seen; what `doubts` says of the
            same causes is left out.
        """
        return {}


def read_text(file):
    """Reads a file of UTF-8, with or without a mark of byte order."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"File {str(file)!r} is not UTF-8 ({error.reason} at byte "
            f"{error.start}). Convert it."
        ) from error


def read_lines(file):
    """Reads a file's lines, without the space around them."""
    # str.splitlines would also cut at marks of Unicode within a line.
    lines = io.StringIO(read_text(file), newline=None)
    return [line.strip() for line in lines]


def write_lines(file, lines):
    """Writes one line for each of some values."""
    with files.atomic_write(file) as stream:
        stream.writelines(f"{line}\n" for line in lines)


def read_json(file):
    """Reads a file of JSON."""
    text = read_text(file)
    try:
        return json.loads(text)
    # The latter where brackets nest too deeply.
    except (ValueError, RecursionError) as error:
        raise InputError(f"File {str(file)!r} is not JSON: {error}.") from error


def chunk_scores(right, predicted, in_gold):
    """Turns counts into F1, precision and recall in percent.

    Args:
        right: int. What is predicted and in gold.
        predicted: int.
        in_gold: int.

    Returns:
        Dict; 0 where there is nothing.
    """
    from stilts_keras.scoring import chunks

    return {
        "f1": chunks.f1_of_counts(int(right), int(predicted), int(in_gold)),
        "precision": 100.0 * float(right / predicted) if predicted else 0.0,
        "recall": 100.0 * float(right / in_gold) if in_gold else 0.0,
    }
