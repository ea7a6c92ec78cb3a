"""Columns of objects and places: what rows hold that are no flat table."""

import dataclasses

from stilts_keras.tasks.columns import Column
from stilts_keras.tasks.columns import MissingValue
from stilts_keras.tasks.columns import as_list
from stilts_keras.tasks.columns import as_number
from stilts_keras.tasks.columns import has_field
from stilts_keras.tasks.columns import is_null


@dataclasses.dataclass(frozen=True, kw_only=True)
class Number(Column):
    """A whole number."""

    def read(self, name, value, labels):
        """Returns the int."""
        if is_null(value):
            raise MissingValue(f"null in {name}")
        number = as_number(value)
        if number is None:
            raise ValueError(f"{value!r} in {name}. Expected a whole number.")
        return number


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spans(Column):
    """A list of places in a text: [first character, end], or objects.

    Objects name them `start` and `end`.
    """

    def read(self, name, value, labels):
        """Returns a list of (start, end), int."""
        spans = []
        for item in as_list(name, value):
            if has_field(item, "start") and has_field(item, "end"):
                item = [item["start"], item["end"]]
            pair = [as_number(n) for n in as_list(name, item)]
            if len(pair) != 2 or None in pair or not 0 <= pair[0] <= pair[1]:
                raise ValueError(
                    f"{item!r} in {name}. Expected the numbers of a first "
                    "character and of the one after the last."
                )
            spans.append(tuple(pair))
        return spans


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record(Column):
    """An object with fields that are columns themselves.

    Attributes:
        fields: tuple of (name, `Column`). One that may be absent reads a null
            where it is.
    """

    fields: tuple[tuple[str, Column], ...]

    def read(self, name, value, labels):
        """Returns a dict of what the fields read."""
        if is_null(value):
            raise MissingValue(f"null in {name}")
        lacking = [
            field
            for field, kind in self.fields
            if not (kind.may_be_absent or has_field(value, field))
        ]
        if lacking:
            raise ValueError(
                f"{str(value)[:80]!r} in {name}. Expected an object with "
                f"{', '.join(field for field, _ in self.fields)}."
            )
        return {
            field: kind.read(f"{name}.{field}", value.get(field), labels)
            for field, kind in self.fields
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Records(Record):
    """A list of such objects."""

    def read(self, name, value, labels):
        """Returns a list of dicts."""
        return [
            super(Records, self).read(name, item, labels)
            for item in as_list(name, value)
        ]
