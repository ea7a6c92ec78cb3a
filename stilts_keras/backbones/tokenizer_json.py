"""Writes a Tokenizer as files from which transformers makes the same ids."""

import json

from stilts_keras.backbones.pieces import SentencePieces
from stilts_keras.errors import InputError

SPACE = "▁"
# sentencepiece's number of a unigram model.
UNIGRAM = 1


def tokenizer_files(tokenizer, special_tokens, *, file_names, max_length):
    """Makes the tokenizer files of a Hugging Face folder.

    Args:
        tokenizer: `Tokenizer`.
        special_tokens: dict from transformers' name of a role, such as
            `pad_token`, to the token.
        file_names: tuple of str. That the family reads; a SentencePiece model
            goes into the first for such.
        max_length: int or None. Tokens of the longest sequence.

    Returns:
        Dict from file name to bytes.

    Raises:
        InputError: If tokenizer.json cannot express the tokenizer.
    """
    layout, pieces = tokenizer.layout, tokenizer.pieces
    is_sentencepiece = isinstance(pieces, SentencePieces)
    ids = _special_ids(layout, special_tokens)
    if is_sentencepiece:
        made = _from_sentencepiece(pieces, layout, ids)
    else:
        made = _read(pieces.content)
    _add_special_tokens(made, layout, ids)
    config = {
        # Any other would be made anew by transformers, from the vocabulary.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_input_names": [
            "input_ids",
            *(["token_type_ids"] if layout.segments_input else []),
            "attention_mask",
        ],
        "clean_up_tokenization_spaces": False,
        **special_tokens,
    }
    if max_length is not None:
        config["model_max_length"] = max_length
    found = {
        "tokenizer.json": made.to_str().encode("utf-8"),
        "tokenizer_config.json": json.dumps(config, indent=2).encode("utf-8"),
    }
    if is_sentencepiece:
        (name, *_) = [name for name in file_names if name.endswith(".model")]
        found[name] = pieces.content
    return found


def _special_ids(layout, special_tokens):
    """Returns the id of each special token."""
    ids = {
        "pad_token": layout.pad_id,
        "unk_token": layout.unknown_id,
        "mask_token": layout.mask_id,
        "sep_token": layout.after[-1],
        "eos_token": layout.after[-1],
    }
    for first in layout.before[:1]:
        ids |= {"bos_token": first, "cls_token": first}
    return {token: ids[role] for role, token in special_tokens.items()}


def _read(content):
    import tokenizers

    made = tokenizers.Tokenizer.from_str(content.decode("utf-8"))
    made.no_padding()
    made.no_truncation()
    return made


def _add_special_tokens(made, layout, ids):
    """Has texts framed as the layout says.

    Raises:
        InputError: If a special token would get another id.
    """
    import tokenizers

    made.add_special_tokens(
        [
            tokenizers.AddedToken(token, special=True, normalized=False)
            for token in ids
        ]
    )
    for token, number in ids.items():
        if made.token_to_id(token) != number:
            raise InputError(
                f"The tokenizer gives {token!r} the id {number}, tokenizer."
                f"json {made.token_to_id(token)}: it cannot be exported. Pass "
                "--tokenizer=FILE of the published one to the run."
            )
    names = {number: token for token, number in ids.items()}
    last = min(1, layout.num_segments - 1) if layout.segments_input else 0

    def special(numbers, segment):
        return [f"{names[number]}:{segment}" for number in numbers]

    before = special(layout.before, 0)
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single=[*before, "$A:0", *special(layout.after, 0)],
        pair=[
            *before,
            "$A:0",
            *special(layout.between, 0),
            f"$B:{last}",
            *special(layout.after, last),
        ],
        special_tokens=list(ids.items()),
    )


def _from_sentencepiece(pieces, layout, ids):
    """Builds what reads text as sentencepiece does.

    Raises:
        InputError: If the model is of another kind than unigram.
    """
    import tokenizers
    from tokenizers import normalizers
    from tokenizers import pre_tokenizers

    proto = pieces.proto()
    spec = proto.normalizer_spec
    trained = proto.trainer_spec
    if trained.model_type != UNIGRAM or trained.treat_whitespace_as_suffix:
        raise InputError(
            "The tokenizer's SentencePiece model is not a unigram model with "
            "white space before words, and has no tokenizer.json here. Pass "
            "--tokenizer=FILE of a published tokenizer.json to the run."
        )
    made = tokenizers.Tokenizer(
        tokenizers.models.Unigram(
            _vocabulary(proto, layout, ids),
            unk_id=layout.unknown_id,
            byte_fallback=trained.byte_fallback,
        )
    )
    steps = []
    if spec.precompiled_charsmap:
        steps.append(normalizers.Precompiled(spec.precompiled_charsmap))
    if spec.remove_extra_whitespaces:
        # Other white space than what has become this is a character.
        steps += [
            normalizers.Replace(tokenizers.Regex("^ +| +$"), ""),
            normalizers.Replace(tokenizers.Regex(" {2,}"), " "),
        ]
    steps.append(normalizers.Replace(" ", SPACE))
    if spec.add_dummy_prefix:
        steps.append(normalizers.Prepend(SPACE))
    made.normalizer = normalizers.Sequence(steps)
    if trained.split_by_whitespace:
        # No piece reaches over a space, and words are cached.
        made.pre_tokenizer = pre_tokenizers.Split(SPACE, "merged_with_next")
    scheme = "always" if spec.add_dummy_prefix else "never"
    made.decoder = tokenizers.decoders.Metaspace(SPACE, scheme)
    return made


def _vocabulary(proto, layout, ids):
    """Lists (piece, score) by our ids."""
    found = [None] * layout.vocabulary_size
    text = enumerate(proto.pieces)
    for number, piece in text:
        place = number + layout.shift
        if layout.num_control_pieces <= number and place < len(found):
            found[place] = (piece.piece, piece.score)
    for token, number in ids.items():
        found[number] = (token, 0.0)
    if None in found:
        raise InputError(
            f"Id {found.index(None)} of the tokenizer has no piece, so there "
            "is no tokenizer.json for it. Pass --tokenizer=FILE of the "
            "published one to the run."
        )
    return found
