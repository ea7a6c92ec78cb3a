"""Per line an object with the number, from 0, of the choice that is made."""

import json

from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.scoring.formats.format import read_lines
from stilts_keras.scoring.formats.labels import Labels

KEY = "label"


class Choices(Labels):
    """`{"label": 0}` per line, whatever else the object may hold."""

    ending = "jsonl"
    expected = "a number of a choice, from 0"

    def read(self, file):
        """Reads a list of numbers, as str."""
        return [
            _number(line, f"File {str(file)!r}, line {number}")
            for number, line in enumerate(read_lines(file), start=1)
        ]

    def write(self, file, predictions, ids=None):
        """Writes a line for each number."""
        files.write_jsonl(file, [{KEY: int(number)} for number in predictions])

    def is_label(self, task, label):
        """Whether it is a number."""
        return str(label).isdecimal()

    def expected_of(self, task):
        """What a number is."""
        return self.expected

    def doubts(self, task, gold, predictions):
        """Finds constant and shifted choices, and those counted from 1."""
        from stilts_keras.scoring import patterns

        gold = list(map(str, gold))
        yield from patterns.constant(task, gold, predictions, "lines")
        yield from patterns.shifted([gold], [predictions], "lines")
        numbers = {*map(int, predictions)}
        known = {*map(int, gold)}
        if numbers - known == {max(known) + 1} and 0 not in numbers:
            seen = f"there is no 0, but {max(known) + 1}"
            yield seen, "counted from 1; the first choice is number 0"


def _number(line, where):
    try:
        number = json.loads(line)[KEY]
    # The last where brackets nest too deeply.
    except (ValueError, KeyError, TypeError, RecursionError):
        number = None
    # The reference compares numbers: a text would equal none.
    if type(number) is not int or number < 0:
        raise InputError(
            f"{where}: expected an object with the number of a choice, from 0, "
            f'such as {{"{KEY}": 0}}. Received: {line[:80]!r}.'
        )
    return str(number)
