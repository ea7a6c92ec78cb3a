"""Whisper's encoder: what of it is like no other family's."""

import io
import json
import pathlib
import shutil
import subprocess
import sys

import keras
import keras_hub
import numpy as np
import pytest

from backbones import speech
from backbones import tiny
from backends import BACKENDS
from backends import run_on_backends
from encoders import SIZES
from manifests import MANIFEST
from stilts_keras.backbones import get_family
from stilts_keras.backbones import loading
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.backbones.stage_heads import StageHead
from stilts_keras.errors import InputError
from stilts_keras.export import export
from stilts_keras.problems import problem_of
from stilts_keras.steps.checkpoint import load_heads
from stilts_keras.steps.checkpoint import save_stage
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.tasks import get_task
from stilts_keras.tasks.example import PlainText
from stilts_keras.tasks.example import TextPair

FAMILY = get_family("whisper")
MAKER = "models/whisper_tiny_en/make.py"
SCRIPT = pathlib.Path(__file__).with_name("real_speech_run.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("whisper")
    tiny.write_whisper(folder)
    return folder


@pytest.fixture(scope="module")
def encoder(folder):
    return load(folder)


def load(folder, dtype_policy="float32"):
    described = describe_backbone(str(folder))
    tokenizer = loading.load_tokenizer(described)
    return loading.load_root(
        described, tokenizer=tokenizer, dtype_policy=dtype_policy
    )


def random_backbone(**changes):
    return describe_backbone("random", family="whisper", **SIZES | changes)


def load_random(**changes):
    described = random_backbone(**changes)
    return loading.load_root(
        described, tokenizer=loading.load_tokenizer(described)
    )


def states(encoder, x):
    """All hidden states of valid positions: (n + 1, positions, h)."""
    network = encoder.cut(range(encoder.num_layers + 1))
    mask = x["padding_mask"] > 0
    return np.stack(
        [
            keras.ops.convert_to_numpy(state)[mask]
            for state in network(x, training=False)
        ]
    )


def copied(folder, place, **changes):
    """Copies a folder; changes its config.json."""
    shutil.copytree(folder, place, dirs_exist_ok=True)
    config = json.loads((folder / "config.json").read_text())
    (place / "config.json").write_text(json.dumps(config | changes))
    return place


def refused(match, function, *arguments, **how):
    with pytest.raises(InputError, match=match) as raised:
        function(*arguments, **how)
    assert "\n" not in str(raised.value)


# ---------------------------------------------------------- Without a framework
@pytest.mark.parametrize("name", FAMILY.presets)
def test_presets_have_as_many_parameters_as_kerashub_counts(name):
    backbone = describe_backbone(name)
    assert (backbone.reads, backbone.max_sequence_length) == ("audio", 1500)
    hidden, inner = backbone.hidden_dim, backbone.intermediate_dim
    attention = 4 * hidden * hidden + 3 * hidden
    feedforward = 2 * hidden * inner + hidden + inner
    layer = 2 * attention + feedforward + 6 * hidden
    # Tokens and positions of the decoder, positions of the encoder.
    embeddings = (51_865 + 448 + 1500) * hidden
    decoder = backbone.num_layers * layer + 2 * hidden
    assert FAMILY.num_fixed_parameters(backbone) == 1500 * hidden
    metadata = keras_hub.models.WhisperBackbone.presets[name]["metadata"]
    assert backbone.num_parameters + decoder + embeddings == metadata["params"]


def test_no_tokenizer_is_asked_for_nor_taken(folder):
    assert random_backbone().tokenizer_path is None
    for name in (str(folder), "whisper_tiny_multi"):
        assert describe_backbone(name).tokenizer_path is None
        refused(
            "reads audio and takes no",
            describe_backbone,
            name,
            tokenizer="pocket",
        )
    refused(
        "family 'whisper'.*Leave --tokenizer out",
        random_backbone,
        tokenizer="pocket",
    )


def test_what_is_not_yet_downloaded_may_read_either():
    assert describe_backbone("hf://openai/whisper-tiny").reads is None
    pocket = describe_backbone("pocket")
    assert pocket.reads == "text"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("activation_function", "elu", "activation_function 'elu'.*gelu_new"),
        ("activation_dropout", 0.1, "activation_dropout 0.1.*cannot do"),
        ("encoder_layerdrop", 0.1, "encoder_layerdrop 0.1.*cannot do"),
        ("apply_spec_augment", True, "apply_spec_augment True.*cannot do"),
    ],
)
def test_what_kerashub_cannot_do_is_refused(
    folder, tmp_path, key, value, expected
):
    copied(folder, tmp_path, **{key: value})
    refused(expected, describe_backbone, str(tmp_path))


@pytest.mark.parametrize("is_nested", [False, True])
def test_frames_made_otherwise_are_refused(folder, tmp_path, is_nested):
    copied(folder, tmp_path)
    told = {"feature_size": 24, "sampling_rate": 16_000, "hop_length": 160}
    name = ("preprocessor_config.json", "processor_config.json")[is_nested]

    def write(told):
        told = {"feature_extractor": told} if is_nested else told
        (tmp_path / name).write_text(json.dumps(told))

    write(told)
    described = describe_backbone(str(tmp_path))
    assert loading.load_tokenizer(described).num_mels == 24
    for key, value in (("hop_length", 80), ("feature_size", 80)):
        write({**told, key: value})
        refused(f"{name} has {key} {value};", loading.load_tokenizer, described)


def test_a_width_that_positions_cannot_have_is_refused():
    refused("must be even", load_random, hidden_dim=9, num_heads=3)


# -------------------------------------------------------------------- Weights
def test_of_kerashubs_whisper_the_encoder_is_taken(tmp_path):
    keras.utils.set_random_seed(0)
    whole = keras_hub.models.WhisperBackbone(
        vocabulary_size=20,
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        num_mels=24,
        max_encoder_sequence_length=40,
        max_decoder_sequence_length=4,
    )
    whole.save_to_preset(str(tmp_path))
    described = describe_backbone(str(tmp_path))
    assert described.max_sequence_length == 20
    encoder = load(tmp_path)
    (frames,) = encoder.tokenizer.encode(speech.waveforms(320 * 12))
    x = speech.arrays(encoder.tokenizer, [frames])
    ids = np.ones((1, 2), "int32")
    expected = whole(
        {
            "encoder_features": frames.frames[None],
            "decoder_token_ids": ids,
            "decoder_padding_mask": ids,
        }
    )["encoder_sequence_output"]
    expected = keras.ops.convert_to_numpy(expected)[0]
    assert np.abs(states(encoder, x)[-1] - expected).max() < 1e-5
    assert described.num_parameters == sum(
        np.prod(variable.shape)
        for variable in encoder.network.trainable_variables
    )


def test_the_decoder_need_not_be_there(folder, encoder, tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    copied(folder, tmp_path)
    file = tmp_path / "model.safetensors"
    tensors = numpy.load_file(file)
    kept = {name: t for name, t in tensors.items() if ".encoder." in name}
    assert 0 < len(kept) < len(tensors)
    numpy.save_file(kept, file)
    x = speech.batch(encoder.tokenizer)
    assert np.array_equal(states(load(tmp_path), x), states(encoder, x))
    kept.popitem()
    numpy.save_file(kept, file)
    refused("has no tensor 'encoder", load, tmp_path)


def test_padding_and_other_rows_change_no_state(encoder):
    log_mel = encoder.tokenizer
    frames = log_mel.encode(speech.waveforms(320 * 30, 320 * 8 + 7, 90))
    together = states(encoder, speech.arrays(log_mel, frames, 40))
    alone = [states(encoder, speech.arrays(log_mel, [one])) for one in frames]
    assert np.abs(together - np.concatenate(alone, axis=1)).max() < 1e-5


def test_a_random_backbone_knows_where_it_is_and_what_it_hears():
    encoder = load_random(hidden_dim=16)
    layer = encoder.network.get_layer("encoder_position_embedding")
    (table,) = layer.get_weights()
    # As Radford et al.: 10,000 to the power of i / 7.
    assert table[:, 0] == pytest.approx(np.sin(np.arange(len(table))), abs=1e-5)
    assert table[5, 8 + 3] == pytest.approx(np.cos(5 * 10_000 ** (-3 / 7)))
    for number, fan_in in ((1, 3 * 80), (2, 3 * 16)):
        name = f"encoder_token_embedding_conv_layer_{number}"
        kernel = encoder.network.get_layer(name).get_weights()[0]
        assert kernel.std() == pytest.approx(fan_in**-0.5, rel=0.1)
    loud, quiet = encoder.tokenizer.encode(speech.waveforms(6400, 6400))
    found = states(encoder, speech.arrays(encoder.tokenizer, [loud, quiet]))
    first, second = np.split(found[-1], 2)
    assert np.abs(first - second).max() > 0.1


# --------------------------------------------------------------------- A stage
HEADS = {
    "topic": StageHead(
        key="topic",
        problem="classification",
        labels=("a", "b", "c"),
        tasks=("topic",),
        metrics=("accuracy",),
    )
}


@pytest.fixture
def stage(encoder, tmp_path):
    """A stage's folder, and its Model."""
    head = problem_of(HEADS["topic"]).head(encoder)
    model = MultiTask(encoder, {"topic": head}, seed=1)
    place = tmp_path / "stage"
    save_stage(place, model=model, heads=HEADS, facts=MANIFEST)
    return place, model


def test_a_stages_folder_is_a_backbone_and_says_the_encoder_alone(stage):
    place, model = stage
    again = load(place)
    x = speech.batch(again.tokenizer)
    head = problem_of(HEADS["topic"]).head(again)
    reopened = MultiTask(again, {"topic": head}, seed=2)
    load_heads(place, reopened.heads)
    logits = [
        keras.ops.convert_to_numpy(each({"topic": dict(x)}, training=False))
        for each in (model, reopened)
    ]
    assert np.array_equal(*logits)
    assert again.tokenizer.num_mels == 24
    config = json.loads((place / "config.json").read_text())
    assert config["stilts_keras"]["part"] == "encoder"
    assert not (place / "assets").exists()


def test_padding_changes_no_logit(stage):
    _, model = stage
    log_mel = model.encoder.tokenizer
    frames = log_mel.encode(speech.waveforms(320 * 8 + 7))
    short, long = (
        model.predict_on_batch(
            {"topic": speech.arrays(log_mel, frames, length)}
        )
        for length in (9, 40)
    )
    assert np.abs(np.array(short) - np.array(long)).max() < 1e-5


@pytest.mark.parametrize("task", ["topic", "none"])
def test_export_is_refused_with_the_reason(stage, tmp_path, task):
    place, _ = stage
    refused(
        "What can be exported of it: nothing. Whisper there attends",
        export,
        place,
        tmp_path / "out",
        task=task,
    )
    assert not (tmp_path / "out").exists()


def test_text_is_refused_where_it_would_be_read(encoder):
    log_mel = encoder.tokenizer
    for name, example in (
        ("mlm", PlainText(text="a")),
        ("mnli", TextPair(first="a", second="b", label="neutral")),
    ):
        problem = problem_of(get_task(name))
        refused(
            "mlm out|reads recordings", problem.pack, [example], log_mel, 16
        )
    assert encoder.token_embedding is None
    assert encoder.vocabulary_size is None
    refused("embeds no tokens", encoder.to_vocabulary, np.zeros((1, 16)))


# ----------------------------------------------------------------- Real weights
@pytest.fixture(scope="module")
def real(material, tmp_path_factory):
    pytest.importorskip("transformers")
    if not (material / MAKER).is_file():
        pytest.skip(f"needs the real weights of {material / MAKER}")
    folder = tmp_path_factory.mktemp("real")
    subprocess.run(
        [sys.executable, str(material / MAKER), str(folder)],
        check=True,
        capture_output=True,
    )
    return folder


def assert_near(found, theirs, exact, rtol=0.0):
    """Near transformers' states; and no further from exact ones than theirs.

    The final layer norm magnifies some directions: there transformers in
    float32 is 4e-5 off itself in float64, of values up to 12.
    """
    np.testing.assert_allclose(found[:-1], theirs[:-1], rtol=rtol, atol=1e-5)
    assert np.abs(found - theirs)[-1].max() <= 1e-5 * np.abs(theirs).max()
    assert np.abs((found - theirs)[-1].mean(axis=0)).max() <= 1e-5
    assert (found - exact).std() <= 1.5 * (theirs - exact).std()


def test_states_of_real_weights_are_those_of_transformers(real):
    encoder = load(real)
    log_mel = encoder.tokenizer
    (frames,) = log_mel.encode(speech.waveforms(2 * 16_000))
    found = states(encoder, speech.arrays(log_mel, [frames], 120))
    theirs = speech.states_of_transformers(real, frames.frames)
    exact = speech.states_of_transformers(real, frames.frames, "float64")
    # TensorFlow adds up the second convolution's 1,152 products one by one,
    # and is 8e-6 off after it, of values up to 4.7; of this noise, which is
    # louder than speech, it comes to 1.1e-5 of 8.8 in the layers.
    is_rough = keras.backend.backend() == "tensorflow"
    assert_near(found, theirs, exact, rtol=1e-5 if is_rough else 0.0)


@pytest.mark.slow
def test_what_is_said_gives_transformers_states_on_every_backend(
    real, material, tmp_path
):
    soundfile = pytest.importorskip("soundfile")
    parquet = pytest.importorskip("pyarrow.parquet")
    place = min(material.glob("data/WueNLP/sib-fleurs/deu_Latn/*.parquet"))
    rows = next(parquet.ParquetFile(place).iter_batches(2)).to_pylist()
    (tmp_path / "real").symlink_to(real)
    waveforms = {
        str(number): soundfile.read(
            io.BytesIO(row["audio"][0]["bytes"]), dtype="float32"
        )[0]
        for number, row in enumerate(rows)
    }
    np.savez(tmp_path / "waveforms.npz", **waveforms)
    runs = run_on_backends(SCRIPT, tmp_path)
    for number in waveforms:
        for name in BACKENDS:
            assert_near(
                runs[name][f"{number}/states"],
                runs["torch"][f"{number}/theirs"],
                runs["torch"][f"{number}/exact"],
            )
