"""Two ids per line, with a tab between them: sentences that translate."""

from stilts_keras.errors import InputError
from stilts_keras.scoring.formats.format import Format
from stilts_keras.scoring.formats.format import chunk_scores
from stilts_keras.scoring.formats.format import read_lines
from stilts_keras.scoring.formats.format import write_lines


class Pairs(Format):
    """A pair of ids per line, read as a set of tuples."""

    expected = "two ids"

    def read(self, file):
        """Reads a set of pairs of str."""
        pairs = set()
        for number, line in enumerate(read_lines(file), start=1):
            fields = line.split("\t")
            if len(fields) != 2:
                raise InputError(
                    f"File {str(file)!r}, line {number}: expected two ids with "
                    f"a tab between them. Received: {line[:80]!r}."
                )
            pairs.add(tuple(fields))
        return pairs

    def write(self, file, predictions, ids=None):
        """Writes a line for each pair of a source id and one of its targets."""
        write_lines(
            file,
            (
                f"{source}\t{target}"
                for source, targets in zip(ids, predictions, strict=True)
                for target in targets
            ),
        )

    def is_label(self, task, label):
        """Whether it is a pair."""
        return not isinstance(label, str) and len(label) == 2

    def score(self, task, gold, predictions, *, file, language):
        """Scores F1, precision and recall of the pairs."""
        gold = {tuple(pair) for pair in gold}
        right = len(predictions & gold)
        return chunk_scores(right, len(predictions), len(gold))

    def is_right(self, gold, predictions):
        """Whether the pairs are those of gold."""
        return predictions == set(map(tuple, gold))

    def doubts(self, task, gold, predictions):
        """Finds exchanged columns, and ids of something else."""
        from stilts_keras.scoring import patterns

        gold, guess = {tuple(pair) for pair in gold}, predictions
        if not guess:
            yield "there is no pair", "a threshold above all scores"
            return
        sides = [{pair[side] for pair in gold} for side in (0, 1)]
        firsts, seconds = ({pair[side] for pair in guess} for side in (0, 1))
        exchanged = {pair[::-1] for pair in guess}
        known = len(firsts & sides[0]) + len(seconds & sides[1])
        crossed = len(firsts & sides[1]) + len(seconds & sides[0])
        hits, crossed_hits = len(guess & gold), len(exchanged & gold)
        if crossed > known or patterns.is_better(crossed_hits, hits):
            seen = (
                f"{crossed_hits} of {len(guess)} pairs are right with their "
                f"columns exchanged, {hits} as they are"
            )
            yield seen, "the columns are swapped; expected source, tab, English"
            return
        foreign = [
            (word, own, ids)
            for word, own, ids in zip(
                ("first", "second"), (firsts, seconds), sides, strict=True
            )
            if not own & ids
        ]
        if foreign:
            seen = "; ".join(
                f"none of the {len(own)} ids in the {word} column is in the "
                f"labels, such as {min(own)!r}, where these have {min(ids)!r}"
                for word, own, ids in foreign
            )
            yield seen, patterns.cause_of_ids(*foreign[0][1:])
