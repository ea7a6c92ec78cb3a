"""BERT, by WordPieces and by XLM-R's vocabulary: what is its own."""

import json
import shutil

import keras
import keras_hub
import numpy as np
import pytest

from backbones import tiny
from backbones.texts import TEXTS
from backbones.texts import rows_of
from stilts_keras.backbones import get_family
from stilts_keras.backbones import loading
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.backbones.pieces import TokenizersPieces
from stilts_keras.errors import InputError

FAMILY = get_family("bert")
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def word_folder(folder, words, config='{"do_lower_case": false}'):
    """Writes a vocabulary of some words, and returns its file."""
    file = folder / "vocab.txt"
    file.write_text("\n".join([*SPECIAL, *words]), "utf-8")
    if config is not None:
        (folder / "tokenizer_config.json").write_text(config)
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert")
    tiny.write_bert(folder)
    return folder


@pytest.fixture(scope="module")
def of_xlm_roberta(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert_of_xlm_roberta")
    tiny.write_bert_of_xlm_roberta(folder)
    return folder


@pytest.fixture(scope="module")
def encoder(folder):
    return load(folder)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    """Cased; all characters of TEXTS and some of their words."""
    folder = tmp_path_factory.mktemp("word_pieces")
    characters = sorted({*"".join(TEXTS.values())} - {" ", "\r", "\n", "\x00"})
    words = ["Hello", "World", "##llo", "family", "caf", "two", "नई", "मसर"]
    pieces = [f"##{character}" for character in characters]
    return FAMILY.tokenizer(word_folder(folder, [*words, *characters, *pieces]))


def load(folder):
    described = describe_backbone(str(folder))
    tokenizer = loading.load_tokenizer(described)
    return loading.load_root(described, tokenizer=tokenizer)


def state_of(encoder):
    ids = encoder.tokenizer.text_ids.start + np.arange(9)
    packed = encoder.tokenizer.join(ids[:4].tolist(), ids[4:].tolist())
    x = encoder.tokenizer.arrays(encoder.tokenizer.columns([packed]), 16)
    mask = x.pop(encoder.tokenizer.mask_input)
    state = encoder.network({**x, "padding_mask": mask.astype("int32")})
    return keras.ops.convert_to_numpy(state)[mask]


# ------------------------------------------------------- Without a framework
@pytest.mark.parametrize(
    ("name", "with_pooler", "hidden_dim"),
    # Source: KerasHub 0.32, bert_presets.py.
    [
        ("bert_base_multi", 177_853_440, 768),
        ("multilingual_e5_small", 117_653_760, 384),
    ],
)
def test_presets_have_kerashubs_parameters_but_the_pooler(
    name, with_pooler, hidden_dim
):
    pooler = hidden_dim * (hidden_dim + 1)
    assert describe_backbone(name).num_parameters == with_pooler - pooler


@pytest.mark.parametrize(
    ("changes", "pattern"),
    [
        ({"position_embedding_type": "relative_key"}, "'relative_key'"),
        ({"hidden_act": "mish"}, "hidden_act 'mish'.*gelu_new"),
    ],
)
def test_what_kerashub_cannot_be_is_refused_by_its_key(
    folder, changes, pattern
):
    config = json.loads((folder / "config.json").read_text())
    with pytest.raises(InputError, match=pattern):
        FAMILY.read_config({**config, **changes}, "here")


def test_parts_lie_in_two_segments_with_one_separator_each(tokenizer):
    packed = tokenizer.join([7, 8], [9], [10])
    assert packed.columns == {
        "token_ids": [2, 7, 8, 3, 9, 3, 10, 3],
        # The network knows no third one.
        "segment_ids": [0, 0, 0, 0, 1, 1, 1, 1],
    }
    assert packed.starts == (1, 4, 6)
    assert tokenizer.room(2, 16) == 13


def test_with_xlm_robertas_vocabulary_all_lies_in_segment_0(of_xlm_roberta):
    tokenizer = loading.load_tokenizer(describe_backbone(str(of_xlm_roberta)))
    packed = tokenizer.join([7, 8], [9])
    assert packed.columns == {
        "token_ids": [0, 7, 8, 2, 2, 9, 2],
        "segment_ids": [0] * 7,
    }


def test_text_ids_are_the_longest_run_without_a_special_one(tmp_path):
    # As multilingual BERT has them: places left free between the special ones.
    free = [f"[unused{number}]" for number in range(3)]
    pieces = ["[PAD]", *free, *SPECIAL[1:], "a", "b", "c", "d", "##a"]
    file = word_folder(tmp_path, [])
    file.write_text("\n".join(pieces))
    assert FAMILY.tokenizer(file).text_ids == range(8, 13)


def test_a_line_separator_in_a_piece_moves_no_number(tmp_path):
    file = word_folder(tmp_path, ["a\u2028b", "c\x85d", "last"])
    assert FAMILY.tokenizer(file).encode(["last"]) == [[7]]


def test_names_of_special_tokens_in_a_text_are_text(tokenizer):
    for ids in tokenizer.encode([" ".join(SPECIAL), *TEXTS.values()]):
        assert min(ids) >= 1
        assert not {2, 3, 4} & set(ids)


def test_a_word_without_a_piece_is_unknown(tokenizer):
    assert tokenizer.encode_words(["\x00", "Hello"]) == [[1], [5]]


@pytest.mark.parametrize("name", TEXTS)
def test_offsets_lead_back_to_the_raw_characters(tokenizer, name):
    text = TEXTS[name]
    ids, starts, ends = tokenizer.encode_with_offsets(text)
    assert [ids] == tokenizer.encode([text])
    reached = 0
    names = {number: piece for piece, number in vocabulary(tokenizer).items()}
    for number, start, end in zip(ids, starts, ends, strict=True):
        assert reached <= start < end <= len(text)
        # BERT drops control characters besides.
        assert not text[reached:start].strip(" \r\n\t\x00\u00a0\u3000\u200d")
        piece = names[number].removeprefix("##")
        # With them inside of a word, a piece may begin before its characters.
        assert piece in ("[UNK]", text[start:end].strip("\x00\u200d"))
        reached = end
    assert not text[reached:].strip()
    assert 1 not in ids


def vocabulary(tokenizer):
    return {
        piece: tokenizer.pieces.find(piece)
        for piece in tokenizer.pieces.vocabulary
    }


@pytest.mark.parametrize("lowercase", [False, True])
def test_ids_equal_those_of_transformers_in_every_language(
    material, tmp_path, lowercase
):
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    texts = list(rows_of(material / "data"))
    assert len(texts) > 5_000
    trained = tokenizers.BertWordPieceTokenizer(
        lowercase=lowercase, strip_accents=False
    )
    trained.train_from_iterator(
        texts[::4], vocab_size=8_000, limit_alphabet=4_000, show_progress=False
    )
    pieces = sorted(trained.get_vocab(), key=trained.get_vocab().get)
    config = json.dumps({"do_lower_case": lowercase})
    file = word_folder(tmp_path, pieces[len(SPECIAL) :], config)
    theirs = transformers.BertTokenizer.from_pretrained(tmp_path)
    expected = theirs(texts, split_special_tokens=True)["input_ids"]
    ours = FAMILY.tokenizer(file)
    found = [ours.join(ids).columns["token_ids"] for ids in ours.encode(texts)]
    assert found == expected
    # Alone, the only file that transformers 5 saves says the same.
    theirs.save_pretrained(tmp_path / "saved")
    again = FAMILY.tokenizer(tmp_path / "saved" / "tokenizer.json")
    assert again.encode(texts[::9]) == ours.encode(texts[::9])


def test_xlm_robertas_tokenizer_json_does_as_its_model(folder, tmp_path):
    transformers = pytest.importorskip("transformers")
    tiny.write_bert_of_xlm_roberta(tmp_path)
    theirs = transformers.XLMRobertaTokenizer.from_pretrained(tmp_path)
    theirs.save_pretrained(tmp_path)
    texts = ["Hello World, the cat.", "  two  spaces ", "a <s> b"]
    model, saved = (
        FAMILY.tokenizer(tmp_path / name)
        for name in ("sentencepiece.bpe.model", "tokenizer.json")
    )
    assert saved.encode(texts[:2]) == model.encode(texts[:2])
    a, b = (tokenizer.join([7], [8]) for tokenizer in (model, saved))
    assert a == b
    assert saved.vocabulary_size == model.vocabulary_size
    assert saved.text_ids == model.text_ids


# ------------------------------------------------------------ What is wrong
@pytest.mark.parametrize(
    ("config", "pattern"),
    [
        (None, r'tokenizer_config\.json beside it, such as \{"do_lower_case"'),
        ("{}", "do_lower_case"),
        ("{broken", r"tokenizer_config\.json.*cannot be read"),
        ("[]", r"tokenizer_config\.json.*cannot be read"),
    ],
)
def test_a_vocabulary_whose_casing_nobody_says_is_refused(
    tmp_path, config, pattern
):
    with pytest.raises(InputError, match=pattern) as raised:
        FAMILY.tokenizer(word_folder(tmp_path, ["a"], config))
    assert "\n" not in str(raised.value)


def other_pieces(folder, kind):
    file = folder / "vocab.txt"
    if kind == "no lines":
        file.write_bytes(b"[UNK]\n\xff\xfe")
    elif kind == "no special":
        word_folder(folder, [])
        file.write_text("[UNK]\n[PAD]\na")
    elif kind == "no pieces":
        file = folder / "tokenizer.json"
        file.write_text('{"version": "1.0", "model": 3}')
    else:
        file = folder / "other.model"
        content = tiny.deberta_pieces(tiny.POCKET_SPM.read_bytes())
        file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("no lines", r"no WordPiece vocabulary.*vocab\.txt in UTF-8"),
        ("no special", r"no WordPieces with \[CLS\], \[SEP\], \[PAD\]"),
        ("no pieces", r"no tokenizer\.json"),
        ("of deberta", r"neither WordPieces nor XLM-R's.*vocab\.txt"),
    ],
)
def test_a_wrong_tokenizer_is_refused_by_what_would_do(tmp_path, kind, pattern):
    file = other_pieces(tmp_path, kind)
    with pytest.raises(InputError, match=pattern) as raised:
        FAMILY.tokenizer(file)
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_network_of_one_segment_takes_no_word_pieces(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    config = json.loads((folder / "config.json").read_text())
    config["type_vocab_size"] = 1
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="knows only 1 .type_vocab_size."):
        loading.load_tokenizer(describe_backbone(str(tmp_path)))


def test_a_missing_tensor_is_named(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    rename_tensors(tmp_path, lambda name: name.replace(".key.", ".kay."))
    with pytest.raises(InputError, match=r"encoder\.layer\.0.*self\.key") as e:
        load(tmp_path)
    assert "\n" not in str(e.value)


def rename_tensors(folder, rename):
    from safetensors import numpy as safetensors

    file = folder / "model.safetensors"
    tensors = safetensors.load_file(file)
    safetensors.save_file({rename(k): v for k, v in tensors.items()}, file)


# ---------------------------------------------------------- With a framework
def test_the_names_of_the_first_berts_are_known(folder, encoder, tmp_path):
    """As google-bert/bert-base-multilingual-cased has them."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)

    def rename(name):
        name = name.replace("LayerNorm.weight", "LayerNorm.gamma")
        return "bert." + name.replace("LayerNorm.bias", "LayerNorm.beta")

    rename_tensors(tmp_path, rename)
    assert np.array_equal(state_of(load(tmp_path)), state_of(encoder))


def test_parameters_without_a_framework_are_those_trained(folder, encoder):
    variables = encoder.network.trainable_variables
    number = sum(int(np.prod(variable.shape)) for variable in variables)
    assert describe_backbone(str(folder)).num_parameters == number
    assert not [v.path for v in variables if "pooled" in v.path]


def test_kerashub_opens_a_stages_folder_with_pooler_and_tokenizer(
    folder, encoder, tmp_path
):
    from safetensors import numpy as safetensors

    encoder.save(tmp_path)
    theirs = keras_hub.models.BertBackbone.from_preset(str(tmp_path))
    assert np.array_equal(
        keras.ops.convert_to_numpy(theirs.pooled_dense.kernel).T,
        safetensors.load_file(folder / "model.safetensors")[
            "pooler.dense.weight"
        ],
    )
    tokenizer = keras_hub.models.BertTokenizer.from_preset(str(tmp_path))
    (ids,) = encoder.tokenizer.encode(["Hello World, the cat."])
    assert np.asarray(tokenizer("Hello World, the cat.")).tolist() == ids
    # A KerasHub folder that is not ours has only that file.
    (tmp_path / "assets/tokenizer/tokenizers.json").unlink()
    again = loading.load_tokenizer(describe_backbone(str(tmp_path)))
    texts = list(TEXTS.values())
    assert again.encode(texts) == encoder.tokenizer.encode(texts)


def test_kerashubs_own_folder_tells_its_segments(encoder, tmp_path):
    encoder.save(tmp_path)
    file = tmp_path / "config.json"
    config = json.loads(file.read_text())
    del config["stilts_keras"]
    config["config"]["num_segments"] = 5
    file.write_text(json.dumps(config))
    known = describe_backbone(str(tmp_path))
    assert known.settings == {"num_segments": 5}
    two = 5 * 16 - 2 * 16
    assert known.num_parameters - two == describe_backbone(
        "random",
        family="bert",
        tokenizer="pocket",
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        max_sequence_length=64,
    ).num_encoder_parameters + 16 * (known.vocabulary_size + 64 + 2 + 2)


def test_a_folder_without_pooler_gets_one_that_is_always_the_same(
    of_xlm_roberta, tmp_path
):
    encoder = load(of_xlm_roberta)
    encoder.save(tmp_path)
    theirs = keras_hub.models.Backbone.from_preset(str(tmp_path))
    assert not keras.ops.convert_to_numpy(theirs.pooled_dense.kernel).any()
    kind = type(keras_hub.models.Tokenizer.from_preset(str(tmp_path)))
    assert kind is keras_hub.models.XLMRobertaTokenizer


def test_a_vocabulary_with_gaps_has_room_for_its_last_id():
    pieces = TokenizersPieces.from_word_pieces(
        [*SPECIAL, "twice", "b", "twice"], lowercase=False, strip_accents=False
    )
    assert FAMILY.layout(pieces).vocabulary_size == 8
    # KerasHub has no such numbers.
    assert FAMILY.keras_tokenizer(pieces) is None
