"""Files of lines: CSV, TSV, and CoNLL's two columns for tagging."""

import csv
import itertools

from stilts_keras.errors import InputError
from stilts_keras.errors import first_line

# A header in a file that has none: no token of a text has such a tag.
HEADER_TOKENS = {"form", "token", "tokens", "word", "words"}
HEADER_TAGS = {"label", "labels", "ner", "pos", "tag", "tags", "upos"}
MAX_FIELD_CHARACTERS = 2**31 - 1


def table_rows(file):
    """Yields the rows of a CSV or TSV file that begins with a header.

    No word stands for a missing value: "null", "NA" and "nan" are text. Only
    a field that a short row of TSV lacks is None; in CSV, where quotes say
    what belongs together, a row of another length is wrong.

    Args:
        file: `pathlib.Path`. Quoted if its ending is `.csv`; in other files a
            quotation mark is text.

    Yields:
        A dict from a column's name to a str or None.

    Raises:
        InputError: If a row has not the fields of the header, or wrong quotes.
    """
    is_quoted = file.suffix == ".csv"
    lines = _lines_of_table(file)
    _, header = next(lines)
    for number, values in lines:
        while len(values) > len(header) and not values[-1].strip():
            values.pop()
        if len(values) > len(header) or len(values) < len(header) * is_quoted:
            raise InputError(
                f"File {str(file)!r} cannot be read: the row that ends in line "
                f"{number} has {len(values)} cells. Expected {len(header)}, as "
                "in the header. "
                + (
                    "Quote cells that hold separators or line breaks."
                    if is_quoted
                    else "Mend the line."
                )
            )
        yield dict(itertools.zip_longest(header, values))


def _lines_of_table(file):
    """Yields (line number, fields) of the header and of each row."""
    lines = _quoted_lines if file.suffix == ".csv" else _tabbed_lines
    is_header = True
    for number, values in lines(file):
        if is_header:
            # A first column without a name is an index that pandas wrote.
            values = [
                value.strip() or f"column {column}"
                for column, value in enumerate(values)
            ]
        is_header = False
        yield number, values


def _quoted_lines(file):
    # Its default would refuse a long context.
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    with open(file, encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, strict=True)
        try:
            for values in reader:
                if values:
                    yield reader.line_num, values
        except csv.Error as error:
            raise InputError(
                f"File {str(file)!r} cannot be read: line {reader.line_num}: "
                f"{first_line(error)}. Mend the quotes, or convert the file "
                "to JSON Lines."
            ) from error


def _tabbed_lines(file):
    for number, line in _text_lines(file):
        if line.strip(" "):
            yield number, line.split("\t")


def _text_lines(file):
    """Yields (line number, line); only a line feed ends a line.

    Python's own idea of lines would break a text at U+2028 or U+0085.
    """
    with open(file, encoding="utf-8-sig", newline="\n") as text:
        for number, line in enumerate(text, start=1):
            yield number, line.removesuffix("\n").removesuffix("\r")


def read_header(files):
    """Reads the names of the columns, the same in all files.

    Args:
        files: list of `pathlib.Path`.

    Returns:
        List of str.

    Raises:
        InputError: If files differ, or one names a column twice or has none.
    """
    headers = []
    for file in files:
        _, header = next(_lines_of_table(file), (0, None))
        if header is None:
            raise no_rows(file)
        twice = [name for name in header if header.count(name) > 1]
        if twice:
            raise InputError(
                f"File {str(file)!r} names column {twice[0]!r} twice in its "
                "header. Rename one."
            )
        headers.append(header)
    for file, header in zip(files, headers, strict=True):
        if header != headers[0]:
            raise InputError(
                f"File {str(file)!r} has the columns {', '.join(header)}, but "
                f"{str(files[0])!r} has {', '.join(headers[0])}. Give all "
                "files of a split the same header."
            )
    return headers[0]


# ------------------------------------------------- CoNLL's two columns, tags
class Sentences:
    """Reads sentences from lines of a token, a tab and its tag."""

    def __init__(self, words, tags):
        """Takes the names of the two columns."""
        self.words = words
        self.tags = tags

    def __call__(self, file):
        """Yields a row for each sentence."""
        tokens, tags = [], []
        is_first = True
        for number, line in _text_lines(file):
            # Blanks of other kinds, such as U+00A0, are tokens of real texts.
            if not line.strip(" \t"):
                if tokens:
                    yield {self.words: tokens, self.tags: tags}
                tokens, tags = [], []
                continue
            if not tokens and line.startswith("#") and "\t" not in line:
                # A comment as CoNLL-U has them; the token "#" has its tag.
                continue
            token, tag = _token_and_tag(file, number, line)
            if is_first:
                _refuse_header(file, number, token, tag)
            is_first = False
            tokens.append(token)
            tags.append(tag)
        # The last sentence may lack its blank line.
        if tokens:
            yield {self.words: tokens, self.tags: tags}


def _token_and_tag(file, number, line):
    fields = [field.strip(" ") for field in line.split("\t")]
    while len(fields) > 2 and not fields[-1]:
        fields.pop()
    if len(fields) != 2 or not all(fields):
        raise InputError(
            f"File {str(file)!r} cannot be read: line {number} is {line!r}. "
            "Expected a token, a tab and its tag, or a blank line after a "
            "sentence. Keep these two columns only."
        )
    return fields


def _refuse_header(file, number, token, tag):
    words = set(tag.lower().split("_"))
    if token.lower() in HEADER_TOKENS and words & HEADER_TAGS:
        raise InputError(
            f"File {str(file)!r} begins with a header (line {number}: "
            f"{token!r}, {tag!r}). Remove it: each line is a token, a tab and "
            "its tag."
        )


def no_rows(file):
    """Returns the error for a file without rows."""
    return InputError(f"File {str(file)!r} has no rows. Fetch it again.")
