"""Voices of the pocket hum their class, alike enough to be told by it."""

import numpy as np
from scipy import signal

from stilts_keras.audio.decoding import SAMPLE_RATE_HZ
from stilts_keras.audio.decoding import decode
from stilts_keras.data import pocket
from stilts_keras.data.pocket.voices import hum
from stilts_keras.data.pocket.voices import word_of


def sounds(language, split):
    """Returns classes and spectra, third by third, of all recordings."""
    config = {"en": "eng_Latn", "tr": "tur_Latn"}[language]
    rows = pocket.rows("WueNLP/sib-fleurs", config, split)
    labels, spectra = [], []
    for row in rows:
        for file in row["audio"]:
            samples = decode(file["bytes"], file["path"]).samples
            thirds = np.array_split(samples, 3)
            spectra.append(
                [
                    signal.welch(x, SAMPLE_RATE_HZ, nperseg=256)[1]
                    for x in thirds
                ]
            )
            labels.append(row["category"])
    return np.array(labels), np.log(np.array(spectra)).reshape(len(labels), -1)


def test_a_class_is_heard_in_a_language_that_was_not_learnt():
    labels, spectra = sounds("en", "train")
    means = np.stack([spectra[labels == k].mean(axis=0) for k in range(7)])
    for language in ("en", "tr"):
        truth, heard = sounds(language, "test")
        distances = ((heard[:, None] - means) ** 2).sum(axis=-1)
        assert (distances.argmin(axis=-1) == truth).mean() > 0.9


def test_every_class_has_a_word_of_its_own():
    assert len({word_of(label) for label in range(14)}) == 14


def test_a_voice_says_the_same_again_and_no_other_does():
    first = hum(1, "en", "a", 8_000)
    assert hum(1, "en", "a", 8_000) == first
    assert hum(1, "en", "b", 8_000) != first


def test_what_stands_as_recognised_differs_from_the_text():
    for row in pocket.rows("WueNLP/sib-fleurs", "deu_Latn", "validation"):
        assert len(row["whisper_asr"]) == len(row["audio"])
        for heard in row["whisper_asr"]:
            num_words = len(row["text"].split())
            assert len(heard.split()) == num_words - 1
