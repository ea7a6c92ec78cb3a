"""XLM-R's tokenizer: SentencePiece pieces, shifted to the published ids.

The published vocabulary keeps ids 0 to 3 for `<s>`, `<pad>`, `</s>` and
`<unk>`; piece i of the SentencePiece file is id i + 1 and `<mask>` comes last.
Source: Conneau et al., 2020, https://arxiv.org/abs/1911.02116 (fairseq).
"""

import functools
import hashlib
import pathlib

from stilts_keras.errors import InputError

BOS_ID = 0
PAD_ID = 1
EOS_ID = 2
UNK_ID = 3
# Pieces 0 to 2 of the file are <unk>, <s> and </s>.
NUM_CONTROL_PIECES = 3


class Tokenizer:
    """Text to ids, and to the characters that each id stands for."""

    def __init__(self, proto):
        """Takes a serialised SentencePiece model.

        Args:
            proto: bytes. The contents of a SentencePiece `.model` file.

        Raises:
            InputError: If the bytes are no SentencePiece model.
        """
        import sentencepiece

        self.proto = proto
        self._pieces = sentencepiece.SentencePieceProcessor()
        try:
            # Unlike the constructor, it refuses an empty file.
            self._pieces.load_from_serialized_proto(proto)
        except RuntimeError as error:
            raise InputError(
                "The tokenizer file is no SentencePiece model. Expected "
                "XLM-R's sentencepiece.bpe.model or one trained like it."
            ) from error
        self.vocabulary_size = self._pieces.get_piece_size() + 2
        self.mask_id = self.vocabulary_size - 1

    @classmethod
    def from_file(cls, path):
        """Reads a SentencePiece `.model` file.

        Raises:
            InputError: If the file does not exist or is no such model.
        """
        path = pathlib.Path(path).expanduser()
        if not path.is_file():
            raise InputError(
                f"Tokenizer file {str(path)!r} does not exist. Pass "
                "--tokenizer=FILE, a SentencePiece model."
            )
        return cls(path.read_bytes())

    @functools.cached_property
    def fingerprint(self):
        """The sha256 of the SentencePiece model, 16 hexadecimal digits."""
        return hashlib.sha256(self.proto).hexdigest()[:16]

    def encode(self, texts):
        """Turns texts into ids, without special tokens.

        Args:
            texts: list of str.

        Returns:
            List of lists of int.
        """
        return [
            [_shift(piece) for piece in ids]
            for ids in self._pieces.encode(list(texts), out_type=int)
        ]

    def encode_with_offsets(self, text):
        """Turns a text into ids and the raw characters under each.

        SentencePiece normalises (NFKC-like) and collapses spaces before it
        cuts; the offsets lead back through that to the text as given.

        Args:
            text: str.

        Returns:
            Tuple of three lists of equal length: ids, first characters, and
            ends (exclusive). White space at a piece's edges is left out, so
            that a piece of white space alone gets an empty range.
        """
        pieces = self._pieces.encode(text, return_type="proto").pieces
        character = _characters_of_bytes(text)
        ids, starts, ends = [], [], []
        for piece in pieces:
            begin, end = character[piece.begin], character[piece.end]
            surface = text[begin:end]
            start = begin + len(surface) - len(surface.lstrip())
            ids.append(_shift(piece.id))
            starts.append(start)
            ends.append(max(start, begin + len(surface.rstrip())))
        return ids, starts, ends

    def pack(self, first, second=None):
        """Adds the special tokens: `<s> A </s>` or `<s> A </s></s> B </s>`."""
        if second is None:
            return [BOS_ID, *first, EOS_ID]
        return [BOS_ID, *first, EOS_ID, EOS_ID, *second, EOS_ID]


def _characters_of_bytes(text):
    """Maps each UTF-8 offset, as SentencePiece counts, to its character's."""
    offsets = []
    for index, character in enumerate(text):
        offsets += [index] * len(character.encode())
    return [*offsets, len(text)]


def _shift(piece):
    return piece + 1 if piece >= NUM_CONTROL_PIECES else UNK_ID


def cut_longest_first(parts, num_tokens):
    """Takes tokens from the end of the longest part until all fit.

    Args:
        parts: list of lists of int.
        num_tokens: int. How many tokens may stay in all.

    Returns:
        Tuple: the shortened lists, and how many tokens were cut.
    """
    parts = [list(part) for part in parts]
    num_cut = max(0, sum(map(len, parts)) - num_tokens)
    for _ in range(num_cut):
        max(parts, key=len).pop()
    return parts, num_cut
