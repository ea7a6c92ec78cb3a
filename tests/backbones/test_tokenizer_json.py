"""transformers makes our ids of the tokenizer files that we write."""

import json

import pytest

from backbones.texts import TEXTS
from backbones.texts import rows_of
from backbones.tiny import deberta_pieces
from backbones.tiny import mt5_vocabulary
from stilts_keras.backbones import get_family
from stilts_keras.backbones.pieces import SentencePieces
from stilts_keras.backbones.tokenizer import Tokenizer
from stilts_keras.backbones.tokenizer_json import tokenizer_files
from stilts_keras.errors import InputError

transformers = pytest.importorskip("transformers")


def their_tokenizer(folder, family, tokenizer):
    folder.mkdir()
    made = tokenizer_files(
        tokenizer,
        family.special_tokens(tokenizer.pieces),
        file_names=family.tokenizer_files,
        max_length=None,
    )
    for name, content in made.items():
        (folder / name).write_bytes(content)
    config = {"model_type": family.model_types[0]}
    (folder / "config.json").write_text(json.dumps(config))
    return transformers.AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("xlm_roberta", lambda content: content),
        ("deberta_v3", deberta_pieces),
        ("mt5", lambda content: mt5_vocabulary(content=content)),
    ],
    ids=["xlm_roberta", "deberta_v3", "mt5"],
)
def test_real_rows_in_every_language_get_our_ids(
    name, change, xlmr_tokenizer, material, tmp_path
):
    family = get_family(name)
    pieces = SentencePieces(change(xlmr_tokenizer.pieces.content))
    ours = Tokenizer(pieces, family.layout(pieces))
    theirs = their_tokenizer(tmp_path / "out", family, ours)
    rows = list(rows_of(material / "data", num=4))
    assert len(rows) > 1_000
    found = [
        ours.join(ids).columns[ours.ids_input] for ids in ours.encode(rows)
    ]
    assert theirs(rows)["input_ids"] == found
    # The tokenizers library normalises grapheme by grapheme, so that marks
    # apart from their letters stay so.
    different = [
        key
        for key, text in TEXTS.items()
        if theirs(text)["input_ids"]
        != ours.join(*ours.encode([text])).columns[ours.ids_input]
    ]
    assert set(different) <= {"japanese", "korean", "nfd"}


def changed(pieces, **changes):
    from sentencepiece import sentencepiece_model_pb2

    proto = sentencepiece_model_pb2.ModelProto.FromString(pieces.content)
    for name, value in changes.items():
        part, _, field = name.partition("__")
        setattr(getattr(proto, part), field, value)
    return SentencePieces(proto.SerializeToString())


@pytest.mark.parametrize(
    "changes",
    [
        {"normalizer_spec__remove_extra_whitespaces": False},
        {"normalizer_spec__add_dummy_prefix": False},
        {
            "normalizer_spec__remove_extra_whitespaces": False,
            "normalizer_spec__add_dummy_prefix": False,
        },
        {"normalizer_spec__precompiled_charsmap": b""},
    ],
    ids=["spaces", "prefix", "neither", "no normalisation"],
)
def test_what_a_sentencepiece_model_says_of_spaces_is_kept(
    changes, pocket_tokenizer, tmp_path
):
    family = get_family("xlm_roberta")
    pieces = changed(pocket_tokenizer.pieces, **changes)
    ours = Tokenizer(pieces, family.layout(pieces))
    theirs = their_tokenizer(tmp_path / "out", family, ours)
    for text in ("the dog sleeps", "  two  spaces ", "", " ", "a\tb", "ＡＢ x"):
        (ids,) = ours.encode([text])
        expected = ours.join(ids).columns[ours.ids_input]
        assert theirs(text)["input_ids"] == expected, text


def test_a_sentencepiece_model_of_another_kind_is_refused(pocket_tokenizer):
    pieces = changed(pocket_tokenizer.pieces, trainer_spec__model_type=2)
    family = get_family("xlm_roberta")
    with pytest.raises(InputError, match="not a unigram model"):
        tokenizer_files(
            Tokenizer(pieces, family.layout(pieces)),
            family.special_tokens(pieces),
            file_names=family.tokenizer_files,
            max_length=None,
        )
