"""Ids are XLM-R's; offsets lead back to the characters as they were given."""

import dataclasses
import unicodedata

import numpy as np
import pytest
from sentencepiece import sentencepiece_model_pb2

from backbones.texts import TEXTS
from letters import LETTERS
from stilts_keras.backbones import get_family
from stilts_keras.backbones.tokenizer import Tokenizer
from stilts_keras.errors import InputError

FAMILY = get_family("xlm_roberta")


def packed(tokenizer, *parts):
    return tokenizer.join(*parts).columns["token_ids"]


@pytest.fixture(params=["pocket_tokenizer", "xlmr_tokenizer"])
def tokenizer(request):
    return request.getfixturevalue(request.param)


def test_ids_are_those_of_the_published_vocabulary(xlmr_tokenizer):
    (ids,) = xlmr_tokenizer.encode(["Hello World!"])
    assert packed(xlmr_tokenizer, ids) == [0, 35378, 6661, 38, 2]


def test_vocabulary_size_and_mask_id_are_the_published_ones(xlmr_tokenizer):
    assert xlmr_tokenizer.vocabulary_size == 250_002
    assert xlmr_tokenizer.mask_id == 250_001


def test_ids_equal_those_of_transformers(xlmr_tokenizer):
    transformers = pytest.importorskip("transformers")
    normalizers = pytest.importorskip("tokenizers").normalizers
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(xlmr_tokenizer.pieces.content)
    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocabulary += [(entry.piece, entry.score) for entry in proto.pieces[3:]]
    vocabulary.append(("<mask>", 0.0))
    theirs = transformers.XLMRobertaTokenizer(vocab=vocabulary)
    # As in the published tokenizer.json.
    theirs.backend_tokenizer.normalizer = normalizers.Precompiled(
        proto.normalizer_spec.precompiled_charsmap
    )
    for name, text in TEXTS.items():
        # Theirs normalises grapheme by grapheme, and so leaves alone what
        # SentencePiece joins: jamo, half-width katakana, stacked marks.
        if name not in ("japanese", "korean", "nfd"):
            (ids,) = xlmr_tokenizer.encode([text])
            expected = theirs(text)["input_ids"]
            assert packed(xlmr_tokenizer, ids) == expected, name


def test_ids_stay_clear_of_the_special_ones(tokenizer):
    for ids in tokenizer.encode(["<s> <pad> </s> <mask>", *TEXTS.values()]):
        assert min(ids) >= 3
        assert max(ids) < tokenizer.mask_id


@pytest.mark.parametrize("name", TEXTS)
def test_offsets_come_with_the_ids_of_encode(tokenizer, name):
    ids, starts, ends = tokenizer.encode_with_offsets(TEXTS[name])
    assert [ids] == tokenizer.encode([TEXTS[name]])
    assert len(ids) == len(starts) == len(ends)


@pytest.mark.parametrize("name", TEXTS)
def test_offsets_rise_without_overlap_and_cover_the_text(tokenizer, name):
    text = TEXTS[name]
    _, starts, ends = tokenizer.encode_with_offsets(text)
    reached = 0
    surfaces = []
    for start, end in zip(starts, ends, strict=True):
        assert reached <= start <= end <= len(text)
        # Only white space is left out between two pieces.
        assert not text[reached:start].strip()
        surface = text[start:end]
        assert surface == surface.strip()
        surfaces.append(surface)
        reached = end
    assert not text[reached:].strip()
    assert "".join("".join(surfaces).split()) == "".join(text.split())


@pytest.mark.parametrize("name", TEXTS)
def test_surfaces_normalise_to_their_pieces(xlmr_tokenizer, name):
    text = TEXTS[name]
    ids, starts, ends = xlmr_tokenizer.encode_with_offsets(text)
    for index, start, end in zip(ids, starts, ends, strict=True):
        piece = xlmr_tokenizer.pieces._processor.id_to_piece(index - 1)
        # A character that becomes several pieces belongs to the last.
        if index == 3 or start == end or "\ufdfa" in text[start:end]:
            continue
        surface = unicodedata.normalize("NFKC", text[start:end])
        plain = unicodedata.normalize("NFKC", piece.lstrip("\u2581"))
        assert surface == plain or surface.strip("\u3099 ") == "", (
            piece,
            text[start:end],
        )


def test_offsets_of_a_thai_word_cut_it_out_of_the_raw_text(xlmr_tokenizer):
    text = "เมืองหลวง  กรุงเทพมหานคร"
    _, starts, ends = xlmr_tokenizer.encode_with_offsets(text)
    surfaces = [text[a:b] for a, b in zip(starts, ends, strict=True)]
    assert surfaces == ["เมือง", "หลวง", "กรุงเทพมหานคร"]


def test_ligatures_keep_one_raw_character(xlmr_tokenizer):
    text = "o\ufb01ce"
    _, starts, ends = xlmr_tokenizer.encode_with_offsets(text)
    assert (starts[0], ends[-1]) == (0, 4)


def test_white_space_alone_gets_no_piece(tokenizer):
    assert tokenizer.encode_with_offsets("  \r\n ") == ([], [], [])
    assert tokenizer.encode([""]) == [[]]


def test_pairs_are_packed_with_two_separators(pocket_tokenizer):
    pair = pocket_tokenizer.join([7, 8], [9])
    assert pair.columns == {"token_ids": [0, 7, 8, 2, 2, 9, 2]}
    assert (pair.starts, pair.anchor, len(pair)) == ((1, 5), 0, 7)
    assert packed(pocket_tokenizer, [7]) == [0, 7, 2]


def test_sequences_become_columns_and_padded_arrays(pocket_tokenizer):
    one, pair = pocket_tokenizer.join([7, 8]), pocket_tokenizer.join([7], [9])
    columns = pocket_tokenizer.columns([one, pair])
    assert columns == {
        "token_ids": [[0, 7, 8, 2], [0, 7, 2, 2, 9, 2]],
        "length": [4, 6],
    }
    x = pocket_tokenizer.arrays(columns, 7)
    assert x["token_ids"].tolist() == [
        [0, 7, 8, 2, 1, 1, 1],
        [0, 7, 2, 2, 9, 2, 1],
    ]
    assert x["padding_mask"].sum(axis=1).tolist() == [4, 6]
    assert (x["token_ids"].dtype, x["padding_mask"].dtype) == (np.int32, bool)
    choices = pocket_tokenizer.columns([[one, pair]])
    assert choices["length"] == [6]
    folded = pocket_tokenizer.arrays(choices, 7)
    for name, array in x.items():
        assert np.array_equal(folded[name], array[None])


def test_fingerprint_is_that_of_file_and_layout(pocket_tokenizer):
    pieces, layout = pocket_tokenizer.pieces, pocket_tokenizer.layout
    fingerprint = pocket_tokenizer.fingerprint
    assert Tokenizer(pieces, layout).fingerprint == fingerprint
    assert len(fingerprint) == 16
    other = dataclasses.replace(layout, pad_id=5)
    assert Tokenizer(pieces, other).fingerprint != fingerprint
    assert Tokenizer(LETTERS.pieces, layout).fingerprint != fingerprint


@pytest.mark.parametrize("proto", [b"", b"no model", b"\x00" * 64])
def test_a_file_that_is_no_model_is_refused(tmp_path, proto):
    file = tmp_path / "broken.model"
    file.write_bytes(proto)
    with pytest.raises(InputError, match="SentencePiece model") as caught:
        FAMILY.tokenizer(file)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.model.*--tokenizer"):
        FAMILY.tokenizer(tmp_path / "nowhere.model")


@pytest.mark.parametrize(
    ("parts", "max_length", "expected", "num_cut"),
    [
        ([[1, 2, 3, 4, 5], [6, 7]], 8, [[1, 2], [6, 7]], 3),
        ([[1], [2, 3, 4, 5]], 7, [[1], [2, 3]], 2),
        ([[1, 2], [3, 4]], 8, [[1, 2], [3, 4]], 0),
        ([[1, 2, 3]], 4, [[1, 2]], 1),
    ],
)
def test_the_longest_part_is_cut_first(parts, max_length, expected, num_cut):
    before = [list(part) for part in parts]
    assert LETTERS.fit(parts, max_length) == (expected, num_cut)
    assert len(LETTERS.join(*expected)) <= max_length
    assert parts == before
