"""mT5's vocabulary: its control pieces, and the sentinels at its end."""

from stilts_keras.backbones.pieces import SentencePieces
from stilts_keras.errors import InputError

PAD, EOS, UNKNOWN = "<pad>", "</s>", "<unk>"
# mT5's own, with SentencePiece's mark of a space; those of T5.
SENTINELS = ("▁<extra_id_{}>", "<extra_id_{}>")
NUM_SENTINELS = 100
# SentencePiece's numbers of kinds of pieces.
UNKNOWN_TYPE, CONTROL_TYPE = 2, 3


def find_sentinels(pieces):
    """Finds the sentinels, the last of which masks tokens.

    Args:
        pieces: of `backbones.pieces`.

    Returns:
        Tuple: the mask's id or None, the number of sentinels, that of ids.
    """
    for name in SENTINELS:
        mask = pieces.find(name.format(0))
        if mask is None:
            continue
        num = 1
        while pieces.find(name.format(num)) == mask - num:
            num += 1
        # To mT5's own, transformers 5 may append T5's, which have no rows.
        is_doubled = name == SENTINELS[0] and pieces.find(
            SENTINELS[1].format(0)
        )
        return mask, num, mask + 1 if is_doubled else pieces.size
    return None, 0, pieces.size


def with_control_pieces(pieces):
    """Puts mT5's control pieces in the place of another model's.

    Args:
        pieces: `SentencePieces`.

    Raises:
        InputError: If the first three are other pieces than such.
    """
    proto = pieces.proto()
    first = proto.pieces[:3]
    types = sorted(piece.type for piece in first)
    if types != [UNKNOWN_TYPE, CONTROL_TYPE, CONTROL_TYPE]:
        raise InputError(
            "The tokenizer does not begin with <unk> and two control pieces, "
            "whose place <pad>, </s> and <unk> could take. Pass "
            "--tokenizer=FILE of a SentencePiece model as mT5, T5 or XLM-R "
            "has it."
        )
    for piece, name in zip(first, (PAD, EOS, UNKNOWN), strict=True):
        piece.piece = name
        piece.type = UNKNOWN_TYPE if name == UNKNOWN else CONTROL_TYPE
    spec = proto.trainer_spec
    spec.pad_id, spec.eos_id, spec.unk_id, spec.bos_id = 0, 1, 2, -1
    return SentencePieces(proto.SerializeToString(deterministic=True))


def with_sentinels(pieces):
    """Appends T5's sentinels, as transformers does, unless there are some."""
    if any(pieces.find(name.format(0)) is not None for name in SENTINELS):
        return pieces
    proto = pieces.proto()
    for number in reversed(range(NUM_SENTINELS)):
        # A control piece: its name in a text is text.
        proto.pieces.add(
            piece=SENTINELS[1].format(number), score=0.0, type=CONTROL_TYPE
        )
    return SentencePieces(proto.SerializeToString(deterministic=True))
