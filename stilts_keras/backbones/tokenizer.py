"""Text to the arrays that a backbone takes.

A family says in a `Layout` how its sequences are made; the `Tokenizer` knows
nothing else of families, and problems know nothing but the `Tokenizer`.
"""

import dataclasses
import functools

from stilts_keras.backbones.pieces import digest
from stilts_keras.files import fingerprint_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """How a family makes a sequence of one or several parts.

    Attributes:
        before: tuple of int. Special ids before the first part.
        between: tuple of int. Special ids between two parts.
        after: tuple of int. Special ids after the last part.
        pad_id: int. Stands where a sequence has ended.
        unknown_id: int. Stands for what the vocabulary does not have.
        mask_id: int or None. Stands for a token to be found; None where the
            family has none.
        text_ids: range. The ids that stand for text.
        shift: int. Added to the vocabulary's own number of a piece.
        num_control_pieces: int. Numbers below are no text: they are unknown.
        vocabulary_size: int. Ids that sequences may hold.
        anchor: str. `first` or `last`: the special token that stands for the
            whole sequence, where one must be pointed at.
        ids_input: str. The model's name for the ids.
        mask_input: str. Its name for which positions are valid.
        segments_input: str or None. Its name for the number of the part, if
            it takes that.
        num_segments: int. How many parts those numbers tell apart: the last
            stands for all that follow, and 1 says that all are 0.
    """

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    pad_id: int
    unknown_id: int
    mask_id: int | None
    text_ids: range
    vocabulary_size: int
    shift: int = 0
    num_control_pieces: int = 0
    anchor: str = "first"
    ids_input: str = "token_ids"
    mask_input: str = "padding_mask"
    segments_input: str | None = None
    num_segments: int = 2


@dataclasses.dataclass(frozen=True)
class Packed:
    """One sequence, ready for the model but for its padding.

    Attributes:
        columns: dict from the model's input to a list of int, all of equal
            length.
        starts: tuple of int. Where each part begins.
        anchor: int. Where the token is that stands for the whole sequence.
    """

    columns: dict
    starts: tuple[int, ...]
    anchor: int

    def __len__(self):
        """Tokens, special ones included."""
        return len(next(iter(self.columns.values())))


class Tokenizer:
    """Text to ids, ids to sequences, sequences to arrays."""

    def __init__(self, pieces, layout):
        """Takes the pieces (of `backbones.pieces`) and their `Layout`."""
        self.pieces = pieces
        self.layout = layout
        self.vocabulary_size = layout.vocabulary_size
        self.mask_id = layout.mask_id
        self.text_ids = layout.text_ids
        self.ids_input = layout.ids_input
        self.mask_input = layout.mask_input

    @property
    def num_bytes(self):
        """Of the file that a stage's folder keeps of it."""
        return len(self.pieces.content)

    @functools.cached_property
    def fingerprint(self):
        """What packed features depend on: 16 hexadecimal digits."""
        layout = dataclasses.asdict(self.layout)
        layout["text_ids"] = [self.text_ids.start, self.text_ids.stop]
        return fingerprint_of([digest(self.pieces), layout])

    # ------------------------------------------------------------- Text to ids
    def encode(self, texts):
        """Turns texts into ids, without special tokens.

        Args:
            texts: list of str.

        Returns:
            List of lists of int.
        """
        found = self.pieces.encode(texts)
        id_of = self._id_of_piece.__getitem__
        return [list(map(id_of, pieces)) for pieces in found]

    def encode_words(self, words):
        """Turns words into ids, of which each has one at least.

        A word without a piece is unknown, as in XTREME.

        Args:
            words: list of str.

        Returns:
            List of lists of int.
        """
        return [ids or [self.layout.unknown_id] for ids in self.encode(words)]

    def encode_with_offsets(self, text):
        """Turns a text into ids and the raw characters under each.

        Args:
            text: str.

        Returns:
            Tuple of three lists of equal length: ids, first characters, and
            ends (exclusive). White space at a piece's edges is left out, so
            that a piece of white space alone gets an empty range.
        """
        ids, starts, ends = [], [], []
        for piece, begin, end in self.pieces.encode_with_offsets(text):
            surface = text[begin:end]
            start = begin + len(surface) - len(surface.lstrip())
            ids.append(self._id_of_piece[piece])
            starts.append(start)
            ends.append(max(start, begin + len(surface.rstrip())))
        return ids, starts, ends

    @functools.cached_property
    def _id_of_piece(self):
        """List of int: the id of each of the vocabulary's pieces."""
        layout = self.layout
        # The name of a special token in a text is none.
        special = {
            *(layout.before + layout.between + layout.after),
            layout.pad_id,
            layout.mask_id,
        }
        ids = range(layout.shift, layout.shift + self.pieces.size)
        return [
            layout.unknown_id
            if piece < layout.num_control_pieces or number in special
            else number
            for piece, number in enumerate(ids)
        ]

    # -------------------------------------------------------- Ids to sequences
    def room(self, num_parts, max_length):
        """Returns how many tokens of so many parts fit into a sequence.

        Args:
            num_parts: int.
            max_length: int. Tokens of the sequence.
        """
        layout = self.layout
        special = len(layout.before) + len(layout.after)
        return max_length - special - (num_parts - 1) * len(layout.between)

    def fit(self, parts, max_length):
        """Takes tokens from the end of the longest part until all fit.

        Args:
            parts: list of lists of int.
            max_length: int. Tokens of the sequence, special ones included.

        Returns:
            Tuple: the shortened lists, and how many tokens were cut.
        """
        parts = [list(part) for part in parts]
        room = self.room(len(parts), max_length)
        num_cut = max(0, sum(map(len, parts)) - room)
        for _ in range(num_cut):
            max(parts, key=len).pop()
        return parts, num_cut

    def join(self, *parts):
        """Makes one sequence of one or several parts.

        Args:
            *parts: lists of int.

        Returns:
            `Packed`.
        """
        layout = self.layout
        ids, segments, starts = list(layout.before), [], []
        for number, part in enumerate(parts):
            starts.append(len(ids))
            is_last = number == len(parts) - 1
            ids += [*part, *(layout.after if is_last else layout.between)]
            segment = min(number, layout.num_segments - 1)
            segments += [segment] * (len(ids) - len(segments))
        columns = {layout.ids_input: ids}
        if layout.segments_input:
            columns[layout.segments_input] = segments
        anchor = 0 if layout.anchor == "first" else len(ids) - 1
        return Packed(columns, tuple(starts), anchor)

    def columns(self, sequences):
        """Turns sequences into the columns of packed features.

        Args:
            sequences: list of `Packed`, or of lists of them where a feature
                has several.

        Returns:
            Dict of lists: the model's inputs, and `length` (tokens of each
            feature; of the longest sequence where it has several).
        """
        names = [self.layout.ids_input, self.layout.segments_input]
        columns = {
            name: [
                packed.columns[name]
                if isinstance(packed, Packed)
                else [each.columns[name] for each in packed]
                for packed in sequences
            ]
            for name in filter(None, names)
        }
        columns["length"] = [
            len(packed)
            if isinstance(packed, Packed)
            else max(map(len, packed), default=0)
            for packed in sequences
        ]
        return columns

    # ------------------------------------------------------ Sequences to arrays
    def arrays(self, columns, length):
        """Pads packed features to what the model takes.

        Args:
            columns: dict of lists of b features, as `columns` makes them.
            length: int. Tokens that every sequence is padded to.

        Returns:
            Dict of arrays (b, l), or (b, c, l) where a feature has c
            sequences: int32 ids, bool mask, int32 segments if taken.
        """
        # Here, so that plans are instant.
        import numpy as np

        layout = self.layout
        rows = columns[layout.ids_input]
        lengths = np.array(_lengths(rows))
        x = {
            layout.ids_input: _pad(rows, length, layout.pad_id),
            layout.mask_input: np.arange(length) < lengths[..., None],
        }
        if layout.segments_input:
            segments = columns[layout.segments_input]
            x[layout.segments_input] = _pad(segments, length, 0)
        return x


def _lengths(rows):
    return [
        _lengths(row) if row and isinstance(row[0], list) else len(row)
        for row in rows
    ]


def _pad(rows, length, value):
    """Pads lists, or lists of lists, to int32 (b, length) or (b, c, length)."""
    # Here, so that plans are instant.
    import numpy as np

    if rows and rows[0] and isinstance(rows[0][0], list):
        return np.stack([_pad(row, length, value) for row in rows])
    array = np.full((len(rows), length), value, dtype="int32")
    for row, values in zip(array, rows, strict=True):
        row[: len(values)] = values
    return array
