"""A sound file that was cut is no shorter sound, but a broken file."""

import io

import numpy as np
import pytest
import soundfile

from stilts_keras.audio.decoding import BrokenRecording
from stilts_keras.audio.decoding import decode

RATE, SECONDS = 16_000, 12


def written(kind, subtype):
    """A file of a tone that fades, so that bit rates vary."""
    times = np.arange(RATE * SECONDS) / RATE
    random = np.random.default_rng(0)
    samples = np.sin(2 * np.pi * 300 * times) * np.exp(-times / 4) / 2
    samples += random.normal(0, 0.1, len(times)) * (times % 4 < 2)
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format=kind, subtype=subtype)
    return file.getvalue()


KINDS = [
    ("WAV", "PCM_16"),
    ("WAV", "IMA_ADPCM"),
    ("WAVEX", "FLOAT"),
    ("RF64", "PCM_16"),
    ("W64", "PCM_16"),
    ("AIFF", "PCM_16"),
    ("AU", "PCM_16"),
    ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
]


@pytest.mark.parametrize(("kind", "subtype"), KINDS)
def test_a_cut_file_is_broken_and_a_whole_one_is_not(kind, subtype):
    data = written(kind, subtype)
    assert len(decode(data, "x").samples) >= RATE * SECONDS
    for share in (0.95, 0.6):
        with pytest.raises(BrokenRecording):
            decode(data[: int(share * len(data))], "x")


def test_what_was_promised_is_said():
    data = written("WAV", "PCM_16")
    with pytest.raises(
        BrokenRecording,
        match="cut off, 192,000 of 384,000 bytes are there",
    ):
        decode(data[: 44 + 192_000], "x")


def test_ogg_is_cut_between_two_pages():
    data = written("OGG", "VORBIS")
    last = data.rindex(b"OggS")
    with pytest.raises(BrokenRecording, match="its last page is not there"):
        decode(data[:last], "x")
    # A tag behind the end is no page.
    assert len(decode(data + b"TAG" * 40, "x").samples) == RATE * SECONDS


@pytest.mark.parametrize("size", [2**32 - 1, 2**31 - 16, 2**31])
def test_a_size_that_was_not_known_is_no_promise(size):
    """As programs write into a pipe."""
    data = bytearray(written("WAV", "PCM_16"))
    data[40:44] = size.to_bytes(4, "little")
    assert len(decode(bytes(data), "x").samples) == RATE * SECONDS


def test_flac_that_does_not_say_its_length_is_refused_in_words():
    data = bytearray(written("FLAC", "PCM_16"))
    # STREAMINFO's 36 bits.
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    with pytest.raises(BrokenRecording, match="does not say how long it is"):
        decode(bytes(data), "x")


def without_tag(mp3):
    """Leaves the first frame out, which is the encoder's tag."""
    return mp3[mp3.index(mp3[:2], 2) :]


def test_mp3_without_a_count_is_never_silently_shorter():
    data = without_tag(written("MP3", "MPEG_LAYER_III"))
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert len(file.read()) < 0.9 * RATE * SECONDS
    with pytest.raises(BrokenRecording, match="does not say how long it is, "):
        decode(data, "x")


def test_mp3_of_one_bit_rate_needs_no_count():
    """What the decoder guesses is right; frames that are lost leave no mark."""
    data = without_tag(constant_mp3())
    whole = len(decode(data, "x").samples)
    assert abs(whole - RATE * SECONDS) < 3 * 576
    size = data.index(data[:2], 2)
    assert len(decode(data[: -20 * size], "x").samples) < whole
    with pytest.raises(BrokenRecording, match="its last frame is not whole"):
        decode(data[:-10], "x")
    # Nor are tags before and behind the sound.
    tagged = b"ID3\x04\0\0\0\0\0\x08" + bytes(8) + data + b"TAG" + bytes(125)
    assert abs(len(decode(tagged, "x").samples) - whole) < 3 * 576


def constant_mp3():
    samples = np.random.default_rng(0).normal(0, 0.1, RATE * SECONDS)
    file = io.BytesIO()
    with soundfile.SoundFile(
        file,
        "w",
        RATE,
        1,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT",
        compression_level=0.9,
    ) as written:
        written.write(samples)
    return file.getvalue()
