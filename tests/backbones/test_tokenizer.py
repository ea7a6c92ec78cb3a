"""Ids are XLM-R's; offsets lead back to the characters as they were given."""

import unicodedata

import pytest
from sentencepiece import sentencepiece_model_pb2
from stilts_keras.data.tokenizer import Tokenizer
from stilts_keras.data.tokenizer import cut_longest_first

from stilts_keras.errors import InputError

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
TEXTS = {
    "plain": "Hello World!",
    "arabic": "القاهرة هي عاصمة مصر، وتقع على نهر النيل.",
    "hindi": "नई दिल्ली भारत की राजधानी है।",
    "thai": "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย น้ำ",
    "chinese": "北京是中国的首都，人口两千万。",
    "japanese": "東京は日本の首都です。ｶﾞｷﾞ カ゛",
    "korean": unicodedata.normalize("NFD", "한국어 서울"),
    "full-width": "\uff11\uff12\uff13\uff14\uff15 \uff21\uff22 \uff08x\uff09",
    "ligatures": "the o\ufb03ce \ufb02oor of \ufb01sh",
    "nfc": "caf\u00e9 na\u00efve \u1ebf",
    "nfd": "cafe\u0301 nai\u0308ve e\u0302\u0301",
    "spaces": "  two  spaces   here ",
    "line ends": "one\r\ntwo\r\n\r\nthree\tfour\u00a0five\u3000six",
    "emoji": f"a {FAMILY} family \U0001f3f3\ufe0f\u200d\U0001f308 ok",
    "expanding": "\u00bd \u338f \u337f \ufdfa \u2026\u2026 x",
    "control": "a\x00b \ufffc c",
}


@pytest.fixture(params=["pocket_tokenizer", "xlmr_tokenizer"])
def tokenizer(request):
    return request.getfixturevalue(request.param)


def test_ids_are_those_of_the_published_vocabulary(xlmr_tokenizer):
    (ids,) = xlmr_tokenizer.encode(["Hello World!"])
    assert xlmr_tokenizer.pack(ids) == [0, 35378, 6661, 38, 2]


def test_vocabulary_size_and_mask_id_are_the_published_ones(xlmr_tokenizer):
    assert xlmr_tokenizer.vocabulary_size == 250_002
    assert xlmr_tokenizer.mask_id == 250_001


def test_ids_equal_those_of_transformers(xlmr_tokenizer):
    transformers = pytest.importorskip("transformers")
    normalizers = pytest.importorskip("tokenizers").normalizers
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(xlmr_tokenizer.proto)
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
            assert xlmr_tokenizer.pack(ids) == theirs(text)["input_ids"], name


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
        piece = xlmr_tokenizer._pieces.id_to_piece(index - 1)
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
    assert pocket_tokenizer.pack([7, 8], [9]) == [0, 7, 8, 2, 2, 9, 2]
    assert pocket_tokenizer.pack([7]) == [0, 7, 2]


def test_fingerprint_is_that_of_the_model_file(pocket_tokenizer):
    again = Tokenizer(pocket_tokenizer.proto)
    assert again.fingerprint == pocket_tokenizer.fingerprint
    assert len(again.fingerprint) == 16


@pytest.mark.parametrize("proto", [b"", b"no model", b"\x00" * 64])
def test_a_file_that_is_no_model_is_refused(tmp_path, proto):
    file = tmp_path / "broken.model"
    file.write_bytes(proto)
    with pytest.raises(InputError, match="SentencePiece model") as caught:
        Tokenizer.from_file(file)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.model.*--tokenizer"):
        Tokenizer.from_file(tmp_path / "nowhere.model")


@pytest.mark.parametrize(
    ("parts", "room", "expected", "num_cut"),
    [
        ([[1, 2, 3, 4, 5], [6, 7]], 4, [[1, 2], [6, 7]], 3),
        ([[1], [2, 3, 4, 5]], 3, [[1], [2, 3]], 2),
        ([[1, 2], [3, 4]], 4, [[1, 2], [3, 4]], 0),
        ([[1, 2, 3]], 2, [[1, 2]], 1),
    ],
)
def test_the_longest_part_is_cut_first(parts, room, expected, num_cut):
    before = [list(part) for part in parts]
    assert cut_longest_first(parts, room) == (expected, num_cut)
    assert parts == before
