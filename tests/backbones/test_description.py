import json
import re
import shutil
import types

import pytest
from huggingface_hub.errors import RepositoryNotFoundError

from stilts_keras.backbones import FAMILIES
from stilts_keras.backbones import description
from stilts_keras.backbones import loading
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.errors import InputError

SIZES = {
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 16,
    "intermediate_dim": 32,
    "vocabulary_size": 100,
    "max_sequence_length": 64,
    "dropout": 0.1,
}
TOKENIZER = "assets/tokenizer/vocabulary.spm"
HUGGINGFACE = {
    "model_type": "xlm-roberta",
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "hidden_size": 16,
    "intermediate_size": 32,
    "vocab_size": 100,
    "max_position_embeddings": 66,
    "hidden_dropout_prob": 0.1,
}


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, str):
            content = json.dumps(content)
        path.write_text(content)
    return folder


@pytest.fixture
def pocket(tmp_path, monkeypatch):
    folder = tmp_path / "pocket"
    monkeypatch.setattr(description, "POCKET_FOLDER", folder)
    return write(
        folder,
        {
            "config.json": {
                "class_name": "XLMRobertaBackbone",
                "config": SIZES,
            },
            "model.weights.h5": "weights",
            TOKENIZER: "pieces",
        },
    )


@pytest.fixture
def huggingface(tmp_path):
    return write(
        tmp_path / "huggingface",
        {
            "config.json": HUGGINGFACE,
            "model.safetensors": "weights",
            "sentencepiece.bpe.model": "pieces",
        },
    )


@pytest.fixture
def keras_folder(tmp_path):
    return write(
        tmp_path / "keras",
        {
            "config.json": {
                "registered_name": "keras_hub>XLMRobertaBackbone",
                "config": SIZES,
            },
            "model.weights.h5": "weights",
            "metadata.json": {"date_saved": "today"},
            "assets/tokenizer/vocabulary.spm": "pieces",
        },
    )


@pytest.fixture
def tokenizer(tmp_path):
    return str(write(tmp_path, {"own.model": "pieces"}) / "own.model")


def sizes_of(backbone):
    return {name: getattr(backbone, name) for name in SIZES}


def test_pocket_knows_its_sizes_and_files(pocket):
    backbone = describe_backbone("pocket")
    assert backbone.kind == "pocket"
    assert sizes_of(backbone) == SIZES
    assert backbone.path == str(pocket)
    assert backbone.tokenizer_path == str(pocket / TOKENIZER)


def test_missing_pocket_weights_name_file_and_flagfile(pocket):
    (pocket / "model.weights.h5").unlink()
    with pytest.raises(InputError, match="model.weights.h5.*flags/pocket_"):
        describe_backbone("pocket")


def test_pocket_takes_no_other_tokenizer(pocket, tokenizer):
    with pytest.raises(InputError, match="--backbone=random"):
        describe_backbone("pocket", tokenizer=tokenizer)


def test_preset_has_kerashubs_number_of_parameters():
    backbone = describe_backbone("xlm_roberta_base_multi")
    # Source: KerasHub, XLMRobertaBackbone.count_params().
    assert backbone.num_parameters == 277_450_752
    assert backbone.num_encoder_parameters == 85_054_464


def test_a_hub_address_is_of_unknown_family_and_size():
    backbone = describe_backbone("hf://FacebookAI/xlm-roberta-base")
    assert (backbone.kind, backbone.family) == ("hub", None)
    assert backbone.num_parameters is None


def test_random_has_the_sizes_asked_for(tokenizer):
    backbone = describe_backbone(
        "random", tokenizer=tokenizer, num_layers=3, hidden_dim=64
    )
    assert (backbone.num_layers, backbone.hidden_dim) == (3, 64)
    assert backbone.vocabulary_size is None
    assert backbone.tokenizer_path == tokenizer


def test_random_may_use_the_pocket_tokenizer(pocket):
    backbone = describe_backbone("random", tokenizer="pocket")
    assert backbone.tokenizer_path == str(pocket / TOKENIZER)


def test_random_fingerprint_follows_sizes_and_tokenizer(tokenizer, tmp_path):
    other = write(tmp_path, {"other.model": "other pieces"}) / "other.model"
    fingerprints = {
        describe_backbone("random", tokenizer=tokenizer).fingerprint,
        describe_backbone(
            "random", tokenizer=tokenizer, num_layers=3
        ).fingerprint,
        describe_backbone("random", tokenizer=other).fingerprint,
    }
    assert len(fingerprints) == 3
    assert all(len(fingerprint) == 16 for fingerprint in fingerprints)


def test_huggingface_folder_gives_its_sizes(huggingface):
    backbone = describe_backbone(str(huggingface))
    assert backbone.kind == "huggingface_folder"
    assert sizes_of(backbone) == SIZES
    assert backbone.tokenizer_path.endswith("sentencepiece.bpe.model")


def test_keras_folder_gives_its_sizes(keras_folder):
    backbone = describe_backbone(str(keras_folder))
    assert backbone.kind == "keras_folder"
    assert sizes_of(backbone) == SIZES
    assert backbone.tokenizer_path.endswith("vocabulary.spm")


@pytest.mark.parametrize("kind", ["huggingface", "keras_folder"])
def test_fingerprint_does_not_follow_the_place(kind, request, tmp_path):
    folder = request.getfixturevalue(kind)
    before = describe_backbone(str(folder)).fingerprint
    copy = shutil.copytree(folder, tmp_path / "else" / "where")
    assert describe_backbone(str(copy)).fingerprint == before


@pytest.mark.parametrize(
    "name", ["model.safetensors", "sentencepiece.bpe.model"]
)
def test_fingerprint_follows_weights_and_tokenizer(huggingface, name):
    before = describe_backbone(str(huggingface)).fingerprint
    (huggingface / name).write_text("changed")
    assert describe_backbone(str(huggingface)).fingerprint != before


def test_date_of_saving_is_no_part_of_the_fingerprint(keras_folder):
    before = describe_backbone(str(keras_folder)).fingerprint
    write(keras_folder, {"metadata.json": {"date_saved": "tomorrow"}})
    assert describe_backbone(str(keras_folder)).fingerprint == before


def test_the_same_tokenizer_by_flag_changes_nothing(huggingface, tokenizer):
    own = describe_backbone(str(huggingface))
    given = describe_backbone(str(huggingface), tokenizer=tokenizer)
    assert given.tokenizer_path == tokenizer
    assert given.fingerprint == own.fingerprint


def test_tokenizer_is_part_of_a_presets_fingerprint(tokenizer):
    name = "xlm_roberta_base_multi"
    own = describe_backbone(name)
    given = describe_backbone(name, tokenizer=tokenizer)
    assert given.fingerprint != own.fingerprint


@pytest.mark.parametrize(
    ("missing", "pattern"),
    [
        ("model.safetensors", "no weights"),
        ("sentencepiece.bpe.model", "--tokenizer"),
        ("config.json", "config.json"),
    ],
)
def test_incomplete_folder_names_what_is_missing(huggingface, missing, pattern):
    (huggingface / missing).unlink()
    with pytest.raises(InputError, match=pattern):
        describe_backbone(str(huggingface))


@pytest.mark.parametrize(
    ("config", "pattern"),
    [
        ({"model_type": "roberta"}, "'roberta'.*Closest: 'xlm-roberta'"),
        ({"answer": 42}, "answer"),
        ([1], "list"),
        ("{broken", "readable config.json"),
        ({"model_type": "xlm-roberta"}, "lacks num_hidden_layers"),
    ],
)
def test_folder_of_another_kind_says_what_was_found(tmp_path, config, pattern):
    write(tmp_path, {"config.json": config})
    with pytest.raises(InputError, match=pattern):
        describe_backbone(str(tmp_path))


@pytest.mark.parametrize("model_type", ["modernbert", "gpt2", "roberta"])
def test_an_unknown_model_type_lists_what_is_opened(tmp_path, model_type):
    write(tmp_path, {"config.json": {"model_type": model_type}})
    with pytest.raises(InputError) as raised:
        describe_backbone(str(tmp_path))
    message = str(raised.value)
    assert "\n" not in message
    assert f"'{model_type}', which no family here opens" in message
    for family in FAMILIES.values():
        opened = ", ".join(family.model_types)
        assert f"{family.name} ({opened}, KerasHub's" in message


def test_an_unknown_kerashub_class_names_the_closest(tmp_path):
    config = {"registered_name": "keras_hub>RobertaBackbone", "config": {}}
    write(tmp_path, {"config.json": config})
    with pytest.raises(InputError, match="Closest: '(XLM)?RobertaBackbone'"):
        describe_backbone(str(tmp_path))


def test_a_pickle_is_not_opened_but_its_conversion_named(huggingface):
    weights = huggingface / "model.safetensors"
    weights.rename(huggingface / "pytorch_model.bin")
    with pytest.raises(InputError) as raised:
        describe_backbone(str(huggingface))
    message = str(raised.value)
    assert "\n" not in message
    assert "pytorch_model.bin, a pickle" in message
    (code,) = re.findall('python -c "(.*)"', message)
    assert f"from_pretrained('{huggingface}')" in code
    assert f"save_pretrained('{huggingface}')" in code
    compile(code, "conversion", "exec")


# ------------------------------------------------------------------- The Hub
@pytest.fixture
def hub(monkeypatch):
    """Function that has the Hub answer with a folder, or raise an error."""

    def answer(*answers):
        left = list(answers)

        def download(repository, allow_patterns):
            # The last one answers all that follows.
            found = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(found, Exception):
                raise found
            return str(found)

        monkeypatch.setattr("huggingface_hub.snapshot_download", download)

    return answer


ADDRESS = "hf://some/encoder"


@pytest.mark.parametrize("num_answers", [0, 1])
@pytest.mark.parametrize("error", [OSError, ConnectionError, TimeoutError])
def test_a_hub_that_does_not_answer_is_named(
    hub, huggingface, error, num_answers
):
    hub(*[huggingface] * num_answers, error("Name or service\nnot known"))
    with pytest.raises(InputError) as raised:
        loading.fetch(describe_backbone(ADDRESS))
    message = str(raised.value)
    assert "\n" not in message
    assert f"'{ADDRESS}': the Hugging Face Hub did not answer" in message
    assert error.__name__ in message
    assert "--backbone=FOLDER" in message


def test_a_repository_that_the_hub_lacks_is_named(hub):
    response = types.SimpleNamespace(headers={}, request=None, status_code=404)
    hub(RepositoryNotFoundError("404", response=response))
    with pytest.raises(InputError, match="no such repository.*Check the name"):
        loading.fetch(describe_backbone(ADDRESS))


def test_a_repository_without_safetensors_is_named(hub, huggingface):
    (huggingface / "model.safetensors").unlink()
    hub(huggingface)
    with pytest.raises(InputError, match="hf download some/encoder") as raised:
        loading.fetch(describe_backbone(ADDRESS))
    assert "\n" not in str(raised.value)
    assert "*.safetensors" in str(raised.value)


def test_what_the_hub_gave_keeps_address_and_fingerprint(hub, huggingface):
    hub(huggingface)
    asked = describe_backbone(ADDRESS)
    found = loading.fetch(asked)
    assert (found.name, found.fingerprint) == (ADDRESS, asked.fingerprint)
    assert (found.family, found.kind) == ("xlm_roberta", "huggingface_folder")
    assert sizes_of(found) == SIZES


def test_a_repository_of_no_family_is_named_by_its_address(hub, tmp_path):
    write(tmp_path, {"config.json": {"model_type": "modernbert"}})
    hub(tmp_path)
    with pytest.raises(InputError, match=f"'{ADDRESS}'.*'modernbert'"):
        loading.fetch(describe_backbone(ADDRESS))


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("xlm_roberta_base", "Did you mean 'xlm_roberta_base_multi'"),
        ("runs/nowhere", "no such folder"),
        ("hf://only", "hf://namespace/name"),
        ("random", "--tokenizer="),
        (__file__, "is a file"),
    ],
)
def test_unknown_backbone_names_the_next_move(name, pattern):
    with pytest.raises(InputError, match=pattern):
        describe_backbone(name)


@pytest.mark.parametrize(
    ("sizes", "pattern"),
    [
        ({"hidden_dim": 10}, "multiple of num_heads"),
        ({"num_layers": 0}, "num_layers must be at least 1"),
        ({"dropout": 1.0}, "dropout"),
    ],
)
def test_impossible_sizes_are_refused(tokenizer, sizes, pattern):
    with pytest.raises(InputError, match=pattern):
        describe_backbone("random", tokenizer=tokenizer, **sizes)


def test_missing_tokenizer_file_is_named():
    with pytest.raises(InputError, match="no file .*nowhere.model"):
        describe_backbone("random", tokenizer="nowhere.model")
