"""What a column of a data set may hold, and how its values are read.

Each Task names the columns that it needs with one of the kinds below; all
that a later step will need of a value is checked when its row is read. A value
of another type that means the same is taken for it: ids may be numbers, and
class labels too, as the places of the names that the kind documents.

A value is one of:

- whole: it is returned as its kind says;
- empty: a text without a character to be seen (`is_empty`). In rows that are
  learnt from it is left out, in evaluated rows it stays in;
- missing: a null where something is needed (`MissingValue`). In rows that are
  learnt from it is left out, in evaluated rows it is an error;
- wrong: of another type or meaning (`ValueError`), which is always an error.
"""

import dataclasses


class MissingValue(ValueError):
    """A value that a row needs and does not have; says which."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column:
    """What all kinds share.

    Attributes:
        parts: tuple of str. Where a task's rows are of several parts: those
            that have this column; () stands for all.
        may_be_absent: bool. Whether rows may do without it, having the same
            in another column; it then reads as None.
    """

    parts: tuple[str, ...] = ()
    may_be_absent: bool = False

    # Whether it is what is to be predicted, and so may be hidden.
    is_gold = False
    # What a backbone must be able to read: text, or audio.
    reads = "text"

    def hidden(self):
        """Returns what a hidden value of a gold column reads as."""
        return None

    def is_hidden(self, value):
        """Whether a gold column's value, as the data set has it, is hidden."""
        return is_null(value) or value in (-1, "", [])

    def is_in(self, part):
        """Whether rows of a part, or of no part (None), have the column."""
        return not self.parts or part in self.parts

    def read(self, name, value, labels):
        """Returns the value as the Task's `to_example` takes it.

        Args:
            name: str. The column, for messages.
            value: as the data set has it; class labels with names by name.
            labels: tuple of str. The Task's labels in the order in which the
                data set numbers them.

        Raises:
            MissingValue: If it is null.
            ValueError: If it is something else than the kind says.
        """
        raise NotImplementedError

    def read_lightly(self, name, value, labels):
        """Reads what takes little time and memory of a value read before."""
        return self.read(name, value, labels)

    def is_empty(self, value):
        """Whether a value that was read is a text without content."""
        return False

    def emptiness(self, name, value):
        """Says what of a value that was read is empty; None where nothing is.

        Args:
            name: str. The column.
            value: as `read` returns it.
        """
        return f"empty {name}" if self.is_empty(value) else None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Text(Column):
    """A text.

    Attributes:
        may_be_empty: bool. Whether that is nothing to speak of.
    """

    may_be_empty: bool = False

    def read(self, name, value, labels):
        """Returns the text."""
        if is_null(value):
            raise MissingValue(f"null in {name}")
        return _text(name, value)

    def is_empty(self, value):
        """Whether it is blank and should not be."""
        return not self.may_be_empty and not value.strip()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Id(Column):
    """A name of the row, in one line without tabs; may be a number."""

    def read(self, name, value, labels):
        """Returns the id as text."""
        if is_null(value):
            raise MissingValue(f"null in {name}")
        number = as_number(value) if not isinstance(value, str) else None
        text = _text(name, value if number is None else str(number))
        if not text.strip():
            raise MissingValue(f"empty {name}")
        if text.splitlines() != [text] or "\t" in text:
            raise ValueError(
                f"the {name} {text!r}. Expected one line without tabs."
            )
        return text


@dataclasses.dataclass(frozen=True, kw_only=True)
class Label(Column):
    """One of a few names, or its number; -1, null and "" hide it.

    Where the names are numbers themselves, numbers are names.

    Attributes:
        names: tuple of str. In the data set's order; () stands for the
            Task's labels.
    """

    names: tuple[str, ...] = ()

    is_gold = True

    def is_hidden(self, value):
        """Whether it is null, blank or -1, as text too."""
        if isinstance(value, str) and not value.strip():
            return True
        return is_null(value) or as_number(value) == -1

    def read(self, name, value, labels):
        """Returns the name, or None for a hidden label."""
        return _label(name, value, self.names or labels)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Labels(Column):
    """A list of labels, none of them hidden.

    Attributes:
        unlabelled: tuple of str. Names that stand for no label; read as None.
    """

    unlabelled: tuple[str, ...] = ()

    is_gold = True

    def hidden(self):
        """Returns no labels."""
        return []

    def is_hidden(self, value):
        """Whether there is no list, or one of hidden labels."""
        if isinstance(value, list | tuple):
            return all(is_null(item) or item in (-1, "") for item in value)
        return super().is_hidden(value)

    def read(self, name, value, labels):
        """Returns a list of names, and of None for what is unlabelled."""
        found = []
        for item in as_list(name, value):
            if item in self.unlabelled:
                found.append(None)
                continue
            found.append(_label(name, item, labels))
            if found[-1] is None:
                raise MissingValue(f"null in {name}")
        return found


@dataclasses.dataclass(frozen=True, kw_only=True)
class Words(Column):
    """A sentence in words, of which some may be blank, as in PAN-X."""

    def read(self, name, value, labels):
        """Returns a list of str."""
        words = _texts(name, value)
        if not words:
            raise MissingValue(f"no {name}")
        return words

    def is_empty(self, value):
        """Whether all words are blank."""
        return not any(word.strip() for word in value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Texts(Column):
    """A list of so many texts.

    Attributes:
        num: int. 0 stands for any number but none.
    """

    num: int = 0

    def read(self, name, value, labels):
        """Returns a list of str."""
        texts = _texts(name, value)
        if not texts and not self.num:
            raise MissingValue(f"no {name}")
        if self.num and len(texts) != self.num:
            raise ValueError(
                f"{len(texts)} texts in {name}. Expected {self.num}."
            )
        return texts

    def is_empty(self, value):
        """Whether one of them is blank."""
        return not all(text.strip() for text in value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelledTexts(Texts):
    """Texts with a name each: lists `label` and `text`, or pairs of them."""

    def read(self, name, value, labels):
        """Returns a dict of two lists of str."""
        found = _lists(name, value, ("label", "text"))
        names = _texts(f"{name}.label", found["label"])
        return {
            "label": names,
            "text": super().read(f"{name}.text", found["text"], labels),
        }

    def is_empty(self, value):
        """Whether one of the texts is blank."""
        return super().is_empty(value["text"])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answers(Column):
    """SQuAD's: lists `text` and `answer_start`, or pairs of them.

    Without an answer the lists are empty. An answer without text is missing:
    files whose answers were hidden write them so.
    """

    is_gold = True

    def hidden(self):
        """Returns no answers."""
        return {"text": [], "answer_start": []}

    def is_hidden(self, value):
        """Whether there is no answer, or none with a text."""
        if isinstance(value, dict) and "text" in value:
            value = value["text"]
        if isinstance(value, list | tuple):
            texts = [
                item["text"] if has_field(item, "text") else item
                for item in value
            ]
            return all(is_null(text) or text == "" for text in texts)
        return super().is_hidden(value)

    def read(self, name, value, labels):
        """Returns a dict: `text`, a list of str; `answer_start`, of int."""
        found = _lists(name, value, ("text", "answer_start"))
        texts = _texts(f"{name}.text", found["text"])
        if not all(text.strip() for text in texts):
            raise MissingValue(f"empty {name}.text")
        starts = []
        for start in as_list(f"{name}.answer_start", found["answer_start"]):
            if is_null(start):
                raise MissingValue(f"null in {name}.answer_start")
            number = as_number(start)
            if number is None:
                raise ValueError(
                    f"{start!r} in {name}.answer_start. Expected a number of "
                    "characters."
                )
            starts.append(number)
        if len(starts) != len(texts):
            raise ValueError(
                f"{len(texts)} texts and {len(starts)} offsets in {name}. "
                "Expected one each."
            )
        return {"text": texts, "answer_start": starts}


def is_null(value):
    """Whether a value is null; data frames write it as NaN among numbers."""
    # Data frames write nulls in columns of numbers as NaN.
    return value is None or (isinstance(value, float) and value != value)


def _text(name, value):
    if not isinstance(value, str):
        raise ValueError(f"{value!r} in {name}. Expected a text.")
    return value


def as_list(name, value):
    """Returns a list, or raises."""
    if is_null(value):
        raise MissingValue(f"null in {name}")
    if not isinstance(value, list | tuple):
        raise ValueError(f"{value!r} in {name}. Expected a list.")
    return value


def _texts(name, value):
    texts = list(as_list(name, value))
    if any(is_null(text) for text in texts):
        raise MissingValue(f"null in {name}")
    return [_text(name, text) for text in texts]


def _lists(name, value, keys):
    """Reads lists side by side; a list of objects is turned into them."""
    if is_null(value):
        raise MissingValue(f"null in {name}")
    items = value if isinstance(value, list | tuple) else [value]
    for item in items:
        if is_null(item):
            raise MissingValue(f"null in {name}")
        lacking = [key for key in keys if not has_field(item, key)]
        if lacking:
            raise ValueError(
                f"{item!r} in {name}. Expected lists {' and '.join(keys)}."
            )
    if items is value:
        return {key: [item[key] for item in value] for key in keys}
    return value


def has_field(item, key):
    """Whether a value is an object that has a field."""
    return isinstance(item, dict) and key in item


def as_number(value):
    """Returns a whole number of whatever type as int, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def _label(name, value, names):
    if value in names:
        return value
    number = as_number(value)
    is_blank = isinstance(value, str) and not value.strip()
    if is_null(value) or is_blank or number == -1:
        return None
    if not names:
        # The rows themselves name the labels.
        text = value if number is None else str(value)
        return _text(name, text)
    if number is not None and str(number) in names:
        return str(number)
    is_place = number is not None and not names[0].isdecimal()
    if is_place and 0 <= number < len(names):
        return names[number]
    shown = ", ".join(names)
    if not names[0].isdecimal():
        shown += f"; or their places, 0 to {len(names) - 1}"
    raise ValueError(
        f"the {name} {value!r}. Expected one of: {shown}; or -1 for a hidden "
        "label."
    )
