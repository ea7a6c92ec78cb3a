"""A tag per line, with an empty line after each sentence."""

from stilts_keras.errors import InputError
from stilts_keras.scoring.formats.format import Format
from stilts_keras.scoring.formats.format import chunk_scores
from stilts_keras.scoring.formats.format import read_lines
from stilts_keras.scoring.formats.format import write_lines


class Tags(Format):
    """A tag per word."""

    def read(self, file):
        """Reads a list of lists of str, one for each sentence."""
        sentences, tags = [], []
        for line in [*read_lines(file), ""]:
            if line:
                tags.append(line)
            elif tags:
                sentences.append(tags)
                tags = []
        return sentences

    def write(self, file, predictions, ids=None):
        """Writes a line for each tag and an empty one after each sentence."""
        write_lines(
            file, (line for tags in predictions for line in (*tags, ""))
        )

    def placed(self, values):
        """Yields each tag with its line."""
        line = 1
        for tags in values:
            yield from enumerate(tags, start=line)
            # One empty line parts two sentences.
            line += len(tags) + 1

    def is_label(self, task, label):
        """Whether it is one of the task's tags."""
        return label in task.labels

    def expected_of(self, task):
        """Names the task's tags."""
        return ", ".join(task.labels)

    def score(self, task, gold, predictions, *, file, language):
        """Scores F1, precision and recall of the chunks."""
        from stilts_keras.scoring import chunks

        if len(gold) != len(predictions):
            raise InputError(
                f"File {str(file)!r} has {len(predictions)} sentences, parted "
                f"by empty lines. Expected {len(gold)}."
            )
        line = 1
        pairs = zip(gold, predictions, strict=True)
        for number, (truth, tags) in enumerate(pairs, start=1):
            if len(truth) != len(tags):
                raise InputError(
                    f"File {str(file)!r}, sentence {number} (from about line "
                    f"{line}) has {len(tags)} tags. Expected {len(truth)}."
                )
            line += len(tags) + 1
        return chunk_scores(*chunks.chunk_counts(gold, predictions).sum(axis=0))

    def doubts(self, task, gold, predictions):
        """Finds strange, constant and shifted tags."""
        from stilts_keras.scoring import patterns

        yield from patterns.strange_labels(self, task, predictions)
        yield from patterns.constant(task, gold, predictions, "tags")
        yield from patterns.shifted(gold, predictions, "tags")
