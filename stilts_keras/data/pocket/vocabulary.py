"""The pocket world's SentencePiece vocabulary."""

from stilts_keras.data.pocket.text import plain_texts
from stilts_keras.data.pocket.words import LANGUAGES

_VOCABULARY_PIECES = 1060
_MARKS = ".,?।"


def _training_words():
    """Collects the words and marks of the plain text of all languages."""
    found = set()
    for language in LANGUAGES:
        for text in plain_texts(language):
            for mark in _MARKS:
                text = text.replace(mark, f" {mark}")
            found.update(text.split())
    return found


def _training_lines():
    """Writes each word alone, many times, and once doubled.

    SentencePiece takes as candidates only what occurs in two different words.
    Doubled ("dogdog") each word becomes a candidate; alone and more often than
    that, it is kept in one piece with the space before it.
    """
    for word in sorted(_training_words()):
        yield from [word] * 20
        yield f"{word}{word}"
    # Marks follow words without a space.
    yield from (f"a{mark}" for mark in _MARKS)


def train_tokenizer(path):
    """Trains the world's SentencePiece model, laid out as XLM-R's is.

    Args:
        path: path-like. Where to write the model file.
    """
    import sentencepiece

    with open(path, "wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=_training_lines(),
            model_writer=file,
            model_type="unigram",
            vocab_size=_VOCABULARY_PIECES,
            character_coverage=1.0,
            normalization_rule_name="nmt_nfkc",
            unk_id=0,
            bos_id=1,
            eos_id=2,
            pad_id=-1,
            # One thread: sums in another order would move the scores.
            num_threads=1,
            minloglevel=2,
        )
