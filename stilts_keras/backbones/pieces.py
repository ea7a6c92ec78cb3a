"""Text to pieces: numbers of a vocabulary, without any special token.

Two libraries do the work: sentencepiece reads SentencePiece models, tokenizers
reads `tokenizer.json` files and WordPiece vocabularies. Both classes have the
same parts.
"""

import functools
import hashlib
import json

from stilts_keras.errors import InputError
from stilts_keras.files import at_home

# Of a KerasHub folder, ours or KerasHub's own; the preferred first.
TOKENIZER_NAMES = ("vocabulary.spm", "tokenizers.json", "vocabulary.txt")


class SentencePieces:
    """Pieces of a SentencePiece model, by their number in its file."""

    file_name = "vocabulary.spm"

    def __init__(self, content):
        """Takes a serialised SentencePiece model.

        Args:
            content: bytes. The contents of a SentencePiece `.model` file.

        Raises:
            InputError: If the bytes are no SentencePiece model.
        """
        import sentencepiece

        self.content = content
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            # Unlike the constructor, it refuses an empty file.
            self._processor.load_from_serialized_proto(content)
        except RuntimeError as error:
            raise InputError(
                "The tokenizer file is no SentencePiece model. Expected a "
                ".model file such as XLM-R's sentencepiece.bpe.model."
            ) from error
        self.size = self._processor.get_piece_size()

    def proto(self):
        """Returns the model as sentencepiece's ModelProto, a copy."""
        from sentencepiece import sentencepiece_model_pb2

        return sentencepiece_model_pb2.ModelProto.FromString(self.content)

    def encode(self, texts):
        """Turns texts into lists of int."""
        return self._processor.encode(list(texts), out_type=int)

    def encode_with_offsets(self, text):
        """Turns a text into ids and the raw characters under each.

        SentencePiece normalises (NFKC-like) and collapses spaces before it
        cuts; the offsets lead back through that to the text as given.

        Args:
            text: str.

        Returns:
            List of (id, first character, end character).
        """
        pieces = self._processor.encode(text, return_type="proto").pieces
        character = _characters_of_bytes(text)
        return [
            (piece.id, character[piece.begin], character[piece.end])
            for piece in pieces
        ]

    def find(self, piece):
        """Returns the id of a piece, or None where there is none."""
        number = self._processor.piece_to_id(piece)
        return None if self._processor.id_to_piece(number) != piece else number


class TokenizersPieces:
    """Pieces of a `tokenizer.json` file, as the tokenizers library reads it."""

    file_name = "tokenizers.json"

    def __init__(self, content):
        """Takes the contents of a `tokenizer.json` file.

        Args:
            content: bytes.

        Raises:
            InputError: If the library cannot read it.
        """
        import tokenizers

        self.content = content
        try:
            self._tokenizer = tokenizers.Tokenizer.from_str(
                content.decode("utf-8")
            )
        except Exception as error:  # noqa: BLE001 - it raises Exception itself
            raise InputError(
                "The tokenizer file is no tokenizer.json of the tokenizers "
                f"library: {str(error)[:200]}."
            ) from error
        # The name of a special token in a text is text.
        self._tokenizer.encode_special_tokens = True
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        # Not their count: a file may leave numbers out.
        self.size = 1 + max(self._tokenizer.get_vocab().values(), default=-1)

    @classmethod
    def from_word_pieces(
        cls, vocabulary, *, lowercase, strip_accents, split_chinese=True
    ):
        """Builds BERT's tokenizer from a list of WordPieces.

        Args:
            vocabulary: list of str. A piece's place is its id.
            lowercase: bool.
            strip_accents: bool or None. None does as `lowercase`.
            split_chinese: bool. Whether each CJK character is a word.

        Raises:
            InputError: If the vocabulary lacks BERT's unknown token.
        """
        import tokenizers

        if "[UNK]" not in vocabulary:
            raise InputError(
                "The tokenizer file is no WordPiece vocabulary: it has no line "
                "[UNK]. Expected a vocab.txt, one piece a line."
            )
        built = tokenizers.Tokenizer(
            tokenizers.models.WordPiece(
                {piece: number for number, piece in enumerate(vocabulary)},
                unk_token="[UNK]",
                max_input_chars_per_word=100,
            )
        )
        built.normalizer = tokenizers.normalizers.BertNormalizer(
            clean_text=True,
            handle_chinese_chars=split_chinese,
            strip_accents=strip_accents,
            lowercase=lowercase,
        )
        built.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
        return cls(built.to_str().encode("utf-8"))

    @property
    def kind(self):
        """Str. `WordPiece`, `Unigram`, `BPE` or `WordLevel`."""
        return type(self._tokenizer.model).__name__

    @property
    def casing(self):
        """How BERT's own normalizer prepares text; None if it is another.

        Dict of the arguments of `from_word_pieces`, none of them None.
        """
        found = json.loads(self.content).get("normalizer") or {}
        if found.get("type") != "BertNormalizer":
            return None
        strip_accents = found["strip_accents"]
        if strip_accents is None:
            strip_accents = found["lowercase"]
        return {
            "lowercase": found["lowercase"],
            "strip_accents": strip_accents,
            "split_chinese": found["handle_chinese_chars"],
        }

    @functools.cached_property
    def vocabulary(self):
        """List of str: all pieces, by id; ids that none has are left out."""
        pieces = self._tokenizer.get_vocab(with_added_tokens=True)
        return sorted(pieces, key=pieces.get)

    def encode(self, texts):
        """Turns texts into lists of int."""
        found = self._tokenizer.encode_batch(
            list(texts), add_special_tokens=False
        )
        return [encoding.ids for encoding in found]

    def encode_with_offsets(self, text):
        """As in `SentencePieces`."""
        found = self._tokenizer.encode(text, add_special_tokens=False)
        starts = [start for start, _ in found.offsets]
        return [
            (number, start, _end_of(end, following, text))
            for number, (start, end), following in zip(
                found.ids, found.offsets, [*starts[1:], len(text)], strict=True
            )
        ]

    def find(self, piece):
        """Returns the id of a piece, or None where there is none."""
        return self._tokenizer.token_to_id(piece)


def _end_of(end, following, text):
    """Corrects where a piece ends, so that each character has one piece.

    The library leaves out accents that normalisation joins to a letter, and
    gives a character that becomes several pieces to all of them.

    Args:
        end: int. The library's.
        following: int. Where the next piece starts.
        text: str.
    """
    while end < following and not text[end].isspace():
        end += 1
    return min(end, following)


def read_pieces(path):
    """Reads a tokenizer file by what its name says.

    Args:
        path: path. A `.json` file is the tokenizers library's, a `.txt` file
            a cased WordPiece vocabulary, all else a SentencePiece model.

    Raises:
        InputError: If the file does not exist or is not of its kind.
    """
    path = at_home(path)
    if not path.is_file():
        raise InputError(
            f"Tokenizer file {str(path)!r} does not exist. Pass "
            "--tokenizer=FILE: a SentencePiece model, a tokenizer.json or a "
            "vocab.txt."
        )
    try:
        if path.suffix == ".json":
            return TokenizersPieces(path.read_bytes())
        if path.suffix == ".txt":
            return TokenizersPieces.from_word_pieces(
                _read_lines(path), **_casing(path.parent)
            )
        return SentencePieces(path.read_bytes())
    except InputError as error:
        raise InputError(f"{error} File: {str(path)!r}.") from error


def _read_lines(path):
    """Reads one piece a line; str.splitlines would cut inside of some."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(
            f"The tokenizer file is no WordPiece vocabulary: {error}. Expected "
            "a vocab.txt in UTF-8, one piece a line."
        ) from error
    return lines if lines[-1] else lines[:-1]


def _casing(folder):
    """Reads how a WordPiece vocabulary's folder wants text to be prepared."""
    for name, key in (
        ("tokenizer_config.json", "do_lower_case"),
        # KerasHub's, of a vocabulary in assets/tokenizer.
        ("../../tokenizer.json", "lowercase"),
    ):
        file = folder / name
        if not file.is_file():
            continue
        try:
            config = json.loads(file.read_text("utf-8"))
            config = config.get("config", config)
        except (ValueError, AttributeError) as error:
            raise InputError(
                f"File {str(file)!r}, which says how a WordPiece vocabulary "
                f"is used, cannot be read: {error}. Copy it again."
            ) from error
        if key in config:
            return {
                "lowercase": bool(config[key]),
                "strip_accents": config.get("strip_accents"),
                "split_chinese": config.get("tokenize_chinese_chars", True),
            }
    raise InputError(
        "A WordPiece vocabulary does not say whether text is lower-cased. Put "
        'a tokenizer_config.json beside it, such as {"do_lower_case": false}.'
    )


def digest(pieces):
    """Returns the sha256 of a tokenizer file, 16 hexadecimal digits."""
    return hashlib.sha256(pieces.content).hexdigest()[:16]


def _characters_of_bytes(text):
    """Maps each UTF-8 offset, as SentencePiece counts, to its character's."""
    offsets = []
    for index, character in enumerate(text):
        offsets += [index] * len(character.encode())
    return [*offsets, len(text)]
