"""A tokenizer whose pieces are letters: ids can be read in a test."""

from stilts_keras.backbones.tokenizer import Layout
from stilts_keras.backbones.tokenizer import Tokenizer


class LetterPieces:
    """Each letter is a piece, `a` the number 10; white space has none."""

    file_name = "letters"
    content = b"letters"
    size = 0x11000A

    def encode(self, texts):
        return [
            [number for number, _, _ in self.encode_with_offsets(text)]
            for text in texts
        ]

    def encode_with_offsets(self, text):
        return [
            (10 + (ord(letter) - ord("a")) % 0x110000, index, index + 1)
            for index, letter in enumerate(text)
            if not letter.isspace()
        ]


# XLM-R's, with as many ids as the pocket's.
LAYOUT = Layout(
    before=(0,),
    between=(2, 2),
    after=(2,),
    pad_id=1,
    unknown_id=3,
    mask_id=1061,
    text_ids=range(4, 1061),
    vocabulary_size=1062,
)
LETTERS = Tokenizer(LetterPieces(), LAYOUT)
