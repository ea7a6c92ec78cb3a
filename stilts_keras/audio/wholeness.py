"""Whether a sound file is there to its end, as far as its format tells.

libsndfile decodes what is left of a file that was cut, and says nothing. What
the formats promise:

- WAV, RF64, W64, AIFF and AU name the size of their samples in the header; a
  size as large as the header can name stands for one that was not known.
- Ogg marks its last page.
- FLAC and MP3 count their samples in the header, MP3 in the tag that most
  encoders put first (Xing, Info, VBRI). Without that tag nothing tells how
  long an MP3 was: only a last frame that is cut is seen, and not the loss of
  whole frames. libsndfile then guesses the length from the first frame, and
  decodes no more than it guessed.
"""

import re

# libsndfile's log of sizes that the file cannot hold.
_TOO_LARGE = re.compile(
    r"^ *(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)",
    re.MULTILINE,
)
# What is written to a pipe has sizes just below 2**31 or 2**32 bytes.
MIN_UNKNOWN = 2**31 - 2**16
_LAST_PAGE = 4
# Kilobits per second of layer III: of MPEG 1, and of MPEG 2 and 2.5.
_KILOBITS = {
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
# Hz of MPEG 1, and by the bits of a version what they are divided by.
_RATES_HZ = (44_100, 48_000, 32_000)
_DIVISORS = {3: 1, 2: 2, 0: 4}
_LAYER_III = 1
# Encoders' delay and padding, which decoders leave out, and the tag.
NUM_PADDING_FRAMES = 8


def why_cut(data, file, num_read):
    """Says why a file is not whole.

    Args:
        data: bytes of the file.
        file: `soundfile.SoundFile` of these.
        num_read: int. Samples of each channel that were decoded.

    Returns:
        str, to stand after the file's name; None where nothing tells.
    """
    if file.format == "MP3":
        return _why_mp3_is_cut(data, num_read, file.frames)
    if num_read < file.frames:
        return _cut(f"{num_read:,} of {file.frames:,} samples are there")
    if file.format == "OGG":
        return _why_ogg_is_cut(data)
    for promised, there in _TOO_LARGE.findall(file.extra_info):
        if int(there) < int(promised) < MIN_UNKNOWN:
            return _cut(f"{int(there):,} of {int(promised):,} bytes are there")
    return None


def _cut(what):
    return f"cut off, {what}"


def _why_ogg_is_cut(data):
    """Goes from page to page; the last one must be there, and say so."""
    at, is_last = 0, False
    while data[at : at + 4] == b"OggS" and len(data) >= at + 27:
        sizes = data[at + 27 : at + 27 + data[at + 26]]
        is_last = bool(data[at + 5] & _LAST_PAGE)
        at += 27 + data[at + 26] + sum(sizes)
    # What is no page may be anything, such as a tag.
    is_at_end = len(data) < at + 27
    if at > len(data) or (is_at_end and not is_last):
        return _cut("its last page is not there")
    return None


def _why_mp3_is_cut(data, num_read, promised):
    """Counts the frames, and reads the encoder's count if there is one."""
    num_frames, num_samples, end, has_count = _mp3_frames(data)
    slack = NUM_PADDING_FRAMES * num_samples
    if has_count and num_read < promised - num_samples:
        return _cut(f"{num_read:,} of {promised:,} samples are there")
    if end > len(data):
        return _cut("its last frame is not whole")
    there = num_frames * num_samples
    if num_read < there - slack:
        return (
            "an MP3 that does not say how long it is, of which the decoder "
            f"reads {num_read:,} of {there:,} samples; convert it"
        )
    return None


def _mp3_frames(data):
    """Goes from frame to frame of layer III.

    Returns:
        Tuple: how many whole frames there are, samples in each, where the last
        one ends, which may be behind the file's end, and whether the first
        one counts them.
    """
    at = _id3_size(data)
    num_frames, num_samples, has_count = 0, 0, False
    while found := _mp3_frame(data[at : at + 4]):
        size, num_samples = found
        if not num_frames:
            has_count = _has_count(data[at : at + min(size, 64)])
        at += size
        num_frames += at <= len(data)
    return num_frames, num_samples, at, has_count


def _id3_size(data):
    """Returns the bytes of a tag before the sound."""
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _has_count(frame):
    """Whether a frame is an encoder's tag with the number of frames."""
    if b"VBRI" in frame:
        return True
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    return at >= 0 and len(frame) > at + 7 and bool(frame[at + 7] & 1)


def _mp3_frame(header):
    """Returns bytes and samples of a frame of layer III; None: it is none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    divisor = _DIVISORS.get(header[1] >> 3 & 3)
    kilobits, rate = header[2] >> 4, header[2] >> 2 & 3
    is_other = header[1] >> 1 & 3 != _LAYER_III
    if divisor is None or is_other or kilobits in (0, 15) or rate == 3:
        return None
    is_first = divisor == 1
    num_samples = 1152 if is_first else 576
    bits = 1000 * _KILOBITS[is_first][kilobits - 1]
    size = num_samples // 8 * bits // (_RATES_HZ[rate] // divisor)
    return size + (header[2] >> 1 & 1), num_samples
