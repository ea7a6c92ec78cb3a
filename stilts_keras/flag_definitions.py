"""The flags of the command: defined here and nowhere else."""

import dataclasses

from absl import flags

from stilts_keras.backbones import DEFAULT_BACKBONE
from stilts_keras.data.rows import BAD_ROWS
from stilts_keras.graph.request import POOLINGS
from stilts_keras.graph.request import Request
from stilts_keras.options import LAUNCHERS
from stilts_keras.options import LONG_ROWS
from stilts_keras.options import Options
from stilts_keras.records.damage import ON_DAMAGE
from stilts_keras.records.remaining import KEEP
from stilts_keras.scoring import suites
from stilts_keras.tasks.task import DTYPE_POLICIES
from stilts_keras.tasks.task import Recipe

BACKENDS = ("tensorflow", "jax", "torch")
PLAN_FORMATS = ("slurm", "json")
RECIPE = "recipe (default: each task's published one)"
TAKE_AWAY = "predict and export"
# Group -> name of a flag -> its help, without what absl adds to it.
GROUPS = {}


def _group(name):
    """Begins a group for --help."""
    GROUPS[name] = {}


def _flag(define, name, default, text, *values):
    """Defines a flag of the group that was begun last."""
    GROUPS[next(reversed(GROUPS))][name] = text
    define(name, default, *values, text)


def _choice(name, default, text, choices):
    """Defines a flag that is one of some words."""
    if not all(choice in text for choice in choices):
        text += f" One of: {', '.join(choices)}."
    _flag(flags.DEFINE_enum, name, default, text, list(choices))


def _string(name, text):
    """Defines a flag that is unset by default."""
    _flag(flags.DEFINE_string, name, None, text)


def _integer(name, text):
    """Defines a flag that is unset by default."""
    _flag(flags.DEFINE_integer, name, None, text)


def _list(name, text):
    """Defines a flag of words with commas, none by default."""
    _flag(flags.DEFINE_list, name, [], text)


_group("what to train")
_flag(
    flags.DEFINE_multi_string,
    "route",
    [],
    "Stages in sequence, such as mlm@de:20k+mnli/squad, or pretrained. For "
    "controls: longer:9k, mnli-shuffled. Repeat for more.",
)
_list("targets", "Tasks or suites to evaluate routes on, with commas.")
_flag(
    flags.DEFINE_multi_string,
    "task_file",
    [],
    "Python file with Tasks of your own, which --route and --targets may name "
    "then. Repeat for more files.",
)
_flag(
    flags.DEFINE_list,
    "target_languages",
    list(Request.target_languages),
    "Languages that the targets' own stages train in, with commas; with "
    "several, rows of all are mixed.",
)
_integer(
    "target_count",
    "Training examples of a target's own stage in each of these languages "
    "(default: all).",
)
_flag(
    flags.DEFINE_multi_integer,
    "seed",
    list(Request.seeds),
    "Fixes data order, heads and dropout. Repeat for replicates.",
)
_string("baseline", "Route to compare the others to (default: first).")
_integer(
    "route_steps",
    "Steps of all intermediate stages of a route together, shared equally, in "
    "place of their epochs: routes of any length then cost the same.",
)
_list("average", "Evaluate means of weights, too: seeds, checkpoints:5.")
_flag(
    flags.DEFINE_bool,
    "measure_forgetting",
    Request.measure_forgetting,
    "Score every stage on the dev rows of all sources of its chain.",
)
_flag(
    flags.DEFINE_multi_string,
    "disturb",
    [],
    "Evaluate disturbed test rows, too: typos:1,3 or, at all five severities, "
    "typos; typos@xnli for one target. Repeat for more; `stilts tasks` lists.",
)
_group("mixtures")
_choice(
    "sampling",
    "proportional",
    "How the sources of a stage share its steps.",
    ("proportional", "uniform", "capped", "temperature", "explicit"),
)
_flag(
    flags.DEFINE_integer,
    "sampling_cap",
    131072,
    "Sequences of a source that count at most, with --sampling=capped.",
)
_flag(
    flags.DEFINE_float,
    "sampling_temperature",
    2.0,
    "With --sampling=temperature: 1 is proportional, much is uniform.",
)
_list(
    "sampling_rates",
    "With --sampling=explicit: a weight for each source of a mixture, such as "
    "mnli=2,mlm@de=1.",
)
_flag(
    flags.DEFINE_float,
    "replay",
    Request.replay,
    "Part of the steps of each later stage of a chain that repeats what the "
    "earlier ones trained on.",
)
_group("backbone")
_flag(
    flags.DEFINE_string,
    "backbone",
    DEFAULT_BACKBONE,
    "KerasHub preset, hf://namespace/name, a local KerasHub or Hugging Face "
    "folder, pocket, or random.",
)
for _name, _text in {
    "tokenizer": "SentencePiece model, where not the backbone's own; pocket "
    "for the built-in one.",
    "family": "Of --backbone=random (default: the first of docs/backbones.md).",
}.items():
    _string(_name, _text)
for _name, _default, _text in (
    ("num_layers", 2, "Layers of --backbone=random."),
    ("num_heads", 4, "Attention heads of --backbone=random."),
    ("hidden_dim", 128, "Hidden units of --backbone=random."),
    ("intermediate_dim", 512, "Feed-forward units of --backbone=random."),
    (
        "max_sequence_length",
        512,
        "Positions of --backbone=random, where its family has such.",
    ),
):
    _flag(flags.DEFINE_integer, _name, _default, _text)
_flag(flags.DEFINE_float, "dropout", 0.1, "Dropout of --backbone=random.")
_group("data")
_flag(
    flags.DEFINE_string,
    "data",
    "hub",
    "hub, pocket, or a folder in the Hub's layout; with commas: the first "
    "that holds a split.",
)
_flag(
    flags.DEFINE_list,
    "languages",
    Request.languages,
    "Languages to evaluate, with commas (default: all of each target).",
)
_integer("train_limit", "Most training examples where a route has no count.")
_integer(
    "eval_limit",
    "Most examples to evaluate in each language; the pools of bucc2018 are "
    "always searched whole.",
)
_list(
    "eval_on_dev",
    "Targets to evaluate on dev rows in place of test rows, with commas.",
)
_choice(
    "long_rows",
    Options.long_rows,
    "Rows above --max_length: cut them, as published, and count them; or "
    "refuse them with an error.",
    LONG_ROWS,
)
_choice(
    "bad_rows",
    Options.bad_rows,
    "Training and dev rows with an empty text or a missing value: leave them "
    "out, up to 1 %, and name them; or refuse them with an error.",
    BAD_ROWS,
)
_flag(
    flags.DEFINE_bool,
    "allow_missing",
    Request.allow_missing,
    "Leave out, and say so: routes whose training rows the data lacks; with "
    "score, languages that neither folder has.",
)
_group("retrieval")
_string(
    "retrieval_layer",
    "Hidden state to compare, 0 being the embedding, or sweep for all of them "
    "(default: 14 of 24, 8 of 12).",
)
_choice(
    "retrieval_pooling",
    Request.retrieval_pooling,
    "Sentence vector (default: mean).",
    POOLINGS,
)
_group("score")
_choice(
    "benchmark",
    suites.BENCHMARK,
    "The suite whose layout and rules the folders follow.",
    [suite.name for suite in suites.scored() if suite.layout],
)
for _name, _text in {
    "predictions": "Folder with a submission: <task>/test-<language>.tsv or "
    ".json; or one that holds several, such as RUN_DIR/submission/xtreme.",
    "labels": "Folder with the labels in the same layout, such as "
    "RUN_DIR/submission/labels.",
    "output": "With score or rank: JSON file; score's is XTREME's evaluator's. "
    "With report: folder for it, with TensorBoard's files (default: "
    "RUN_DIR/report, without). With predict or export: folder to make.",
}.items():
    _string(_name, _text)
_group(RECIPE)
_TYPES = {field.name: field.type for field in dataclasses.fields(Recipe)}
for _name, _text in {
    "epochs": "Passes over the training examples.",
    "learning_rate": "Peak learning rate.",
    "batch_size": "Examples per step.",
    "max_length": "Most tokens of one sequence. Published ones are lowered to "
    "the backbone's positions.",
    "warmup_ratio": "Share of steps that warm up.",
    "eval_every_steps": "Steps between evaluations on the dev split, the best "
    "of which is kept; 0 keeps the last step.",
    "dev_limit": "Most rows of the dev split that choose what is kept and tell "
    "what was forgotten.",
    "early_stopping": "A stage stops after so many evaluations on dev rows "
    "without gain (Phang et al.: 30). Default: never.",
    "lora_rank": "Freeze the backbone; train heads, and low-rank factors of "
    "this rank on queries and values (LoRA, Hu et al.: 8). A stage takes "
    "megabytes then, and a higher --learning_rate. Default: train all weights.",
}.items():
    _is_float = _TYPES[_name] is float
    _define = flags.DEFINE_float if _is_float else flags.DEFINE_integer
    _flag(_define, _name, None, _text)
_choice("dtype_policy", None, "Keras dtype policy.", DTYPE_POLICIES)
RECIPE_FIELDS = tuple(GROUPS[RECIPE])
_flag(
    flags.DEFINE_multi_string,
    "task_recipe",
    [],
    "Recipes of single sources and targets, such as "
    "squad,xquad:max_length=384,epochs=2. Repeat for more.",
)
_group("how to run")
_flag(
    flags.DEFINE_multi_string,
    "run_dir",
    [],
    "Folder of weights, results and TensorBoard's files. With report, repeat "
    "it to merge several.",
)
_choice("keras_backend", None, "Default: Keras's own configuration.", BACKENDS)
_flag(
    flags.DEFINE_integer,
    "log_every_steps",
    Options.log_every_steps,
    "Steps between two points in TensorBoard.",
)
_integer(
    "micro_batch_size",
    "Most rows that go through the model at a time in training, for less "
    "memory: a batch is computed in slices, and its gradient is the same but "
    "for rounding and dropout. Default: whole batches.",
)
_flag(
    flags.DEFINE_bool,
    "compact_vocabulary",
    Options.compact_vocabulary,
    "Train a stage on the rows of the token embedding that its data have "
    "tokens for, for less time and memory; results are the same but for "
    "rounding.",
)
_flag(
    flags.DEFINE_float,
    "save_every_minutes",
    Options.save_every_minutes,
    "A stage's progress is saved so often, at every evaluation on dev rows, "
    "and when the process is asked to stop.",
)
_string("stage_store", "Folder of trained stages that several runs share.")
_string("stage_mirror", "URL of a mirror of it: s3://, gs:// or file:///.")
_choice(
    "keep",
    Options.keep,
    "Weights to keep when nothing needs them any more: all; last, those that "
    "targets were evaluated with; none.",
    KEEP,
)
_choice(
    "on_damage",
    Options.on_damage,
    "Files that do not match their checksum: make them again, or fail.",
    ON_DAMAGE,
)
_group("where to run")
_choice(
    "launcher",
    Options.launcher,
    "local: on this machine; ray: on a cluster; slurm: in the jobs of `plan "
    "--format=slurm`, whose results are taken.",
    LAUNCHERS,
)
for _name, _text in {
    "num_workers": "Processes of the local launcher.",
    "devices": "GPUs or TPUs that each stage is trained and evaluated on, each "
    "with a part of every batch. JAX only.",
    "model_parallel": "With --devices: divide weights, not batches.",
}.items():
    _default = getattr(Options, _name)
    _define = flags.DEFINE_integer if _default else flags.DEFINE_bool
    _flag(_define, _name, _default, _text)
_string("ray_address", "HOST:PORT of a cluster (default: one of its own).")
_flag(
    flags.DEFINE_float,
    "gpus_per_stage",
    Options.gpus_per_stage,
    "Of Ray (default: --devices, where there are any).",
)
_flag(
    flags.DEFINE_string,
    "sbatch_args",
    "",
    "With plan --format=slurm: more arguments of sbatch.",
)
_string("visit", "With visit: a fingerprint of `plan --format=json`.")
_group(TAKE_AWAY)
for _name, _text in {
    "stage": "Folder of a finished stage: "
    "RUN_DIR/stages/<route>/<fingerprint>.",
    "task": "With predict: the task whose test rows are read. With export: "
    "which of several heads, or none for the backbone alone.",
}.items():
    _string(_name, _text)
_choice(
    "format",
    None,
    "With export: huggingface, transformers' own. With plan: slurm, a script "
    "that submits jobs, or json, the same for other engines.",
    ("huggingface", *PLAN_FORMATS),
)
_group("prune")
_flag(flags.DEFINE_bool, "yes", False, "Delete without asking.")
