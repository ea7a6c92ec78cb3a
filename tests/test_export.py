"""What transformers makes of an exported folder is what we have trained."""

import json
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest

from backbones.tiny import WRITERS
from manifests import MANIFEST
from stilts_keras import export as export_module
from stilts_keras import files
from stilts_keras.backbones import FAMILIES
from stilts_keras.backbones import get_family
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.backbones.loading import load_root
from stilts_keras.backbones.loading import load_tokenizer
from stilts_keras.backbones.stage_heads import StageHead
from stilts_keras.errors import InputError
from stilts_keras.export import export
from stilts_keras.main import main
from stilts_keras.problems import problem_of
from stilts_keras.steps.checkpoint import save_stage
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.example import PlainText
from stilts_keras.tasks.example import Question
from stilts_keras.tasks.example import TaggedWords
from stilts_keras.tasks.example import TextPair

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

# English, Chinese, Arabic, Hindi: a text, and one to pair it with.
ROWS = (
    ("A dog sleeps (yet) in 2026!", "It doesn't run."),
    ("北京是中国的首都。", "人口两千万"),
    ("القاهرة هي عاصمة مصر.", "تقع على نهر النيل"),
    ("नई दिल्ली भारत की राजधानी है।", "हाँ"),
)
HEADS = {
    head.key: head
    for head in (
        StageHead(
            key="nli",
            problem="classification",
            labels=("entailment", "neutral", "contradiction"),
            tasks=("mnli", "anli"),
            metrics=("accuracy",),
        ),
        StageHead(
            key="udpos",
            problem="tagging",
            labels=("NOUN", "VERB", "X"),
            tasks=("udpos",),
        ),
        StageHead(
            key="squad_v2",
            problem="span_extraction",
            has_unanswerable=True,
            tasks=("squad_v2",),
        ),
        StageHead(
            key="hellaswag", problem="multiple_choice", tasks=("hellaswag",)
        ),
        StageHead(key="mlm", problem="masked_lm", tasks=("mlm",)),
    )
}
EXPORTED = [name for name in WRITERS if name != "mt5"]
LENGTH = 48


def make_stage(folder, backbone, heads, facts=MANIFEST):
    """Writes a stage with random heads; returns its Model."""
    encoder = load_root(backbone, tokenizer=load_tokenizer(backbone))
    made = {key: problem_of(head).head(encoder) for key, head in heads.items()}
    model = MultiTask(encoder, made, seed=1)
    random = np.random.default_rng(0)
    for layer in made.values():
        for variable in layer.trainable_variables:
            values = random.standard_normal(tuple(variable.shape))
            variable.assign(values.astype("float32"))
    save_stage(folder, model=model, heads=heads, facts=facts)
    return model


class Stages:
    """A stage on each of the tiny folders, made when it is wanted."""

    def __init__(self, root):
        self.root = root
        self._models = {}

    def __call__(self, name):
        """Returns the stage's folder and its Model."""
        folder = self.root / name / "stage"
        if name not in self._models:
            source = self.root / name / "source"
            source.mkdir(parents=True)
            WRITERS[name](source)
            heads = HEADS if name != "mt5" else {"nli": HEADS["nli"]}
            backbone = describe_backbone(str(source))
            self._models[name] = make_stage(folder, backbone, heads)
        return folder, self._models[name]


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    return Stages(tmp_path_factory.mktemp("stages"))


# ----------------------------------------------------------------------- Logits
def examples_of(problem):
    if problem == "classification":
        return [TextPair(first=one, second=two) for one, two in ROWS]
    if problem == "multiple_choice":
        return [
            MultipleChoice(prompt=one, choices=(two, "so", "2"), label=0)
            for one, two in ROWS
        ]
    if problem == "tagging":
        return [TaggedWords(words=tuple(one.split())) for one, _ in ROWS]
    if problem == "span_extraction":
        return [
            Question(id=two, question=two, context=one, answers=())
            for one, two in ROWS
        ]
    return [PlainText(text=one) for one, _ in ROWS]


def texts_of(problem):
    """What transformers' tokenizer is given."""
    firsts, seconds = map(list, zip(*ROWS, strict=True))
    if problem == "classification":
        return {"text": firsts, "text_pair": seconds}
    if problem == "span_extraction":
        return {"text": seconds, "text_pair": firsts}
    if problem == "multiple_choice":
        return {
            "text": [one for one in firsts for _ in range(3)],
            "text_pair": [
                text for one, two in ROWS for text in (two, "so", "2")
            ],
        }
    if problem == "tagging":
        words = [one.split() for one in firsts]
        return {"text": words, "is_split_into_words": True}
    return {"text": firsts}


def our_logits(model, head):
    """Returns ids as they were, ids (masked), mask, and logits.

    Of masked LM, logits are scattered to (b, l, k), and the mask is of those.
    """
    problem = problem_of(head)
    tokenizer = model.encoder.tokenizer
    columns = problem.pack(examples_of(head.problem), tokenizer, LENGTH)
    x, y = problem.collate(columns, LENGTH, tokenizer)
    ids, mask = x[tokenizer.ids_input], x[tokenizer.mask_input]
    logits = model({head.key: x}, training=False)
    logits = keras.ops.convert_to_numpy(logits)
    whole, compared = ids.copy(), mask
    if "positions" in x:
        places = x["positions"]
        np.put_along_axis(whole, places, y["ids"], axis=1)
        compared = np.zeros(ids.shape, bool)
        np.put_along_axis(compared, places, y["weights"] > 0, axis=1)
        everywhere = np.zeros((*ids.shape, logits.shape[-1]), "float32")
        np.put_along_axis(everywhere, places[:, :, None], logits, axis=1)
        logits = everywhere
    return whole, ids, mask, compared, logits


def their_logits(folder, class_name, problem, ids, mask):
    """Has transformers read the folder, tokenize the texts and predict."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    found = tokenizer(
        **texts_of(problem), padding="max_length", max_length=LENGTH
    )
    assert np.array_equal(found["attention_mask"], mask.reshape(-1, LENGTH))
    model, report = getattr(transformers, class_name).from_pretrained(
        folder, output_loading_info=True
    )
    assert not any(report.values()), report
    inputs = {
        name: torch.tensor(np.reshape(value, mask.shape), dtype=torch.long)
        for name, value in {**found, "input_ids": ids}.items()
    }
    with torch.no_grad():
        output = model.eval()(**inputs)
    if problem == "span_extraction":
        logits = torch.stack([output.start_logits, output.end_logits], dim=-1)
    else:
        logits = output.logits
    return np.reshape(found["input_ids"], mask.shape), logits.numpy(), model


@pytest.mark.parametrize("key", HEADS)
@pytest.mark.parametrize("name", EXPORTED)
def test_ids_and_logits_equal_transformers(name, key, stages, tmp_path):
    folder, model = stages(name)
    output, class_name = export(folder, tmp_path / "out", task=key)
    head = HEADS[key]
    whole, ids, mask, compared, ours = our_logits(model, head)
    their_ids, theirs, loaded = their_logits(
        output, class_name, head.problem, ids, mask
    )
    assert np.array_equal(their_ids, whole)
    assert ours.shape == theirs.shape
    if ours.ndim == 3:
        ours, theirs = ours[compared], theirs[compared]
    assert np.ptp(ours) > 1e-2
    assert np.abs(ours - theirs).max() < 1e-5
    if head.labels:
        names = dict(enumerate(head.labels))
        assert loaded.config.id2label == names
        assert loaded.config.label2id == {n: i for i, n in names.items()}


# ----------------------------------------------------------- The backbone alone
def states_of(encoder):
    """Hidden states of four languages, all layers, of valid tokens."""
    tokenizer = encoder.tokenizer
    packed = [tokenizer.join(*tokenizer.encode(row)) for row in ROWS]
    x = tokenizer.arrays(tokenizer.columns(packed), LENGTH)
    inputs = {name: x[name].astype("int32") for name in encoder.inputs}
    layers = range(encoder.num_layers + 1)
    mask = x[tokenizer.mask_input]
    found = encoder.cut(layers)(inputs, training=False)
    states = [keras.ops.convert_to_numpy(state)[mask] for state in found]
    return np.stack(states), mask


def states_of_transformers(folder, class_name, mask):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    x = tokenizer(
        *map(list, zip(*ROWS, strict=True)),
        padding="max_length",
        max_length=LENGTH,
        return_tensors="pt",
    )
    model = getattr(transformers, class_name).from_pretrained(folder)
    with torch.no_grad():
        found = model.eval()(**x, output_hidden_states=True).hidden_states
    return np.stack([state.numpy()[mask] for state in found])


@pytest.mark.parametrize("name", WRITERS)
def test_a_backbone_alone_opens_again_with_equal_states(name, stages, tmp_path):
    folder, model = stages(name)
    output, class_name = export(folder, tmp_path / "out", task="none")
    ours, mask = states_of(model.encoder)
    theirs = states_of_transformers(output, class_name, mask)
    assert np.abs(ours - theirs).max() < 1e-5
    source = folder.parent / "source"
    before, again = map(describe_backbone, (str(source), str(output)))
    same = ("num_layers", "hidden_dim", "max_sequence_length", "dropout")
    for field in (*same, "settings", "vocabulary_size", "num_parameters"):
        assert getattr(again, field) == getattr(before, field), field
    reopened = load_root(again, tokenizer=load_tokenizer(again))
    assert np.abs(states_of(reopened)[0] - ours).max() < 1e-6


def test_a_folder_with_a_head_is_a_backbone_too(stages, tmp_path):
    folder, model = stages("bert")
    output, _ = export(folder, tmp_path / "out", task="mnli")
    again = describe_backbone(str(output))
    reopened = load_root(again, tokenizer=load_tokenizer(again))
    expected, _ = states_of(model.encoder)
    assert np.abs(states_of(reopened)[0] - expected).max() < 1e-6


@pytest.mark.parametrize(
    "family",
    [name for name, family in FAMILIES.items() if family.huggingface_class],
)
def test_what_kerashubs_classes_fix_is_said_in_the_config(family, tmp_path):
    """Such as BERT's approximate GELU, of which no setting tells."""
    word_pieces = tmp_path / "source"
    word_pieces.mkdir()
    tokenizer = "pocket"
    if family in ("distil_bert", "deberta_v3"):
        WRITERS[family](word_pieces)
        tokenizer = min(
            word_pieces / name
            for name in get_family(family).tokenizer_files
            if (word_pieces / name).is_file()
        )
    sizes = {"num_layers": 1, "hidden_dim": 8, "intermediate_dim": 16}
    backbone = describe_backbone(
        "random", family=family, tokenizer=tokenizer, num_heads=2, **sizes
    )
    model = make_stage(tmp_path / "stage", backbone, {"nli": HEADS["nli"]})
    output, class_name = export(
        tmp_path / "stage", tmp_path / "out", task="none"
    )
    # So that an activation is seen.
    ours, mask = states_of(model.encoder)
    theirs = states_of_transformers(output, class_name, mask)
    assert np.abs(ours - theirs).max() < 1e-5
    config = json.loads((output / "config.json").read_text("utf-8"))
    if family == "bert":
        assert config["hidden_act"] == "gelu_new"


# --------------------------------------------------------------------- Refusals
def refused(match, *arguments, **how):
    with pytest.raises(InputError, match=match) as caught:
        export(*arguments, **how)
    assert "\n" not in str(caught.value)


def test_several_heads_are_chosen_by_task_or_by_key(stages, tmp_path):
    folder, _ = stages("xlm_roberta")
    refused("5 heads: nli .*mnli, anli.*--task=none", folder, tmp_path / "a")
    refused("no head for task 'ccg'", folder, tmp_path / "a", task="ccg")
    assert not (tmp_path / "a").exists()
    # xnli shares the head that mnli has trained.
    for number, task in enumerate(("nli", "anli", "xnli")):
        _, name = export(folder, tmp_path / str(number), task=task)
        assert name == "XLMRobertaForSequenceClassification"


def test_the_only_head_needs_no_task(stages, tmp_path):
    backbone = describe_backbone(str(stages("distil_bert")[0]))
    one = {"udpos": HEADS["udpos"]}
    make_stage(tmp_path / "stage", backbone, one)
    _, name = export(tmp_path / "stage", tmp_path / "out")
    assert name == "DistilBertForTokenClassification"


def test_a_head_without_a_class_is_refused_before_loading(
    stages, tmp_path, monkeypatch
):
    folder, _ = stages("mt5")
    monkeypatch.delattr(export_module, "load_root")
    what = "no class for classification on family 'mt5'.*--task=none"
    refused(what, folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_a_place_that_is_taken_is_refused_before_any_work(
    kind, stages, tmp_path, monkeypatch
):
    folder, _ = stages("xlm_roberta")
    place = tmp_path / "out"
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").write_text("kept")
    if kind == "file":
        place.write_text("kept")
    elif kind == "link":
        place.symlink_to(full)
    else:
        full.rename(place)
    monkeypatch.delattr(export_module, "read_heads")
    refused("--output=", folder, place, task="nli")
    kept = place if kind == "file" else place / "mine"
    assert kept.read_text() == "kept"


def test_a_failure_leaves_nothing_and_an_empty_folder_is_filled(
    stages, tmp_path, monkeypatch
):
    folder, _ = stages("xlm_roberta")
    place = tmp_path / "there" / "out"
    place.mkdir(parents=True)

    def fail(*arguments):
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(export_module, "write_card", fail)
        with pytest.raises(OSError, match="No space"):
            export(folder, place, task="nli")
    assert list(place.parent.rglob("*")) == [place]
    export(folder, place, task="nli")
    files.check_folder(place)
    assert {path.name for path in place.iterdir()} == {
        "README.md",
        "config.json",
        "manifest.json",
        "model.safetensors",
        "sentencepiece.bpe.model",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert [path.name for path in place.parent.iterdir()] == ["out"]


def test_what_is_no_stage_or_damaged_is_refused(stages, tmp_path):
    folder, _ = stages("xlm_roberta")
    out = tmp_path / "out"
    refused("no finished stage", tmp_path, out)
    refused("no finished stage", tmp_path / "nowhere", out)
    exported, _ = export(folder, tmp_path / "exported", task="nli")
    refused("no finished stage.*names no heads", exported, out)
    old = tmp_path / "old"
    old.mkdir()
    (old / "heads.weights.h5").write_bytes(b"old")
    refused("earlier version", old, out)
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(folder), str(copy)], check=True)
    (copy / HEADS["nli"].file).write_bytes(b"broken")
    refused("expected .* bytes", copy, out, task="nli")
    assert not out.exists()


def test_the_command_exports(stages, tmp_path, capsys):
    folder, _ = stages("xlm_roberta")
    call = ["stilts", "export", f"--stage={folder}"]
    assert main(call) == 2
    assert "Pass --output=FOLDER" in capsys.readouterr().err
    call += [f"--output={tmp_path / 'out'}", "--format=huggingface"]
    assert main(call) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main([*call, "--task=squad_v2"]) == 0
    assert "XLMRobertaForQuestionAnswering" in capsys.readouterr().out


# --------------------------------------------------------------- Other backends
@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_all_of_this_holds_on_every_backend(backend):
    if backend == keras.backend.backend():
        pytest.skip("is what the other tests run on")
    here = pathlib.Path(__file__)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "-k", "logits or alone", here],
        env=os.environ | {"KERAS_BACKEND": backend},
        cwd=here.parents[1],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
