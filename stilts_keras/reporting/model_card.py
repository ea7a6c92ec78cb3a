"""The README.md of an exported model: what it is, how it came to be, scores.

All is read from the stage's manifest and, where the stage lies in a run's
folder, from what that run has kept.
"""

import pathlib

from stilts_keras import files
from stilts_keras.records import results
from stilts_keras.records.rows import Score
from stilts_keras.records.rows import Training
from stilts_keras.records.rows import from_dict
from stilts_keras.records.stage_folders import STAGES
from stilts_keras.reporting.rendering import COLLAPSED
from stilts_keras.reporting.rendering import OUTSIDE
from stilts_keras.reporting.tables.notes import data_notes
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.shuffled import base_name

PIPELINES = {
    "classification": "text-classification",
    "tagging": "token-classification",
    "span_extraction": "question-answering",
    "multiple_choice": "multiple-choice",
    "masked_lm": "fill-mask",
}
NOTES = {
    None: "The hidden states are the model's output; no head is on it.",
    "classification": "Texts, or pairs of texts, are classified.",
    "tagging": "Each word's tag is that of its first token.",
    "span_extraction": "Scores are of the answer's first and last token.",
    "multiple_choice": "Each choice is scored as a pair of prompt and choice.",
    "masked_lm": "Masked tokens are found.",
}
UNANSWERABLE = (
    "Questions may have no answer: the first token then stands for it. The "
    "threshold that dev rows choose is no part of the model."
)


def model_card(stage, manifest, head, class_name):
    """Writes the card.

    Args:
        stage: path. The stage's folder, as the user named it.
        manifest: dict. The stage's.
        head: `StageHead` or None for the backbone alone.
        class_name: str. transformers'.

    Returns:
        str, Markdown.
    """
    run_dir = _run_of(stage)
    chain = _chain(manifest, run_dir)
    names = _tasks(chain, head)
    parts = [
        _front_matter(head),
        f"# {manifest['stage']}",
        f"`{class_name}`, made by stilts_keras from the backbone "
        f"`{manifest.get('backbone', 'unknown')}`: stage `{manifest['stage']}`"
        f", fingerprint `{manifest['fingerprint']}`, seed {manifest['seed']}.",
        _use(head, class_name),
        "## Training",
        _mean(manifest) + _training(chain),
        "## Scores",
        _scores(manifest, run_dir),
        "## Data",
        _data(names),
        "## Versions",
        _versions(manifest),
    ]
    return "\n\n".join(parts) + "\n"


# -------------------------------------------------------- What the run has kept
def _run_of(stage):
    """Finds the run whose stage this is: above it, by the path as given."""
    place = pathlib.Path(stage).absolute()
    for parent in place.parents:
        if (
            parent.name == STAGES
            and (parent.parent / results.RUN_FILE).is_file()
        ):
            return parent.parent
    return None


def _chain(manifest, run_dir):
    """Returns the `Training` of each known stage, the earliest first."""
    known = {}
    if run_dir is not None:
        file = run_dir / results.TRAININGS_FILE
        known = {
            row.stage: row for row in results.read_rows(file, Training, [])
        }
    facts = {"path": manifest["stage"], "stage": manifest["fingerprint"]}
    chain = [from_dict(Training, {**manifest, **facts}, files.MANIFEST)]
    while chain[0].parent in known:
        chain.insert(0, known[chain[0].parent])
    return chain


def _tasks(chain, head):
    """Lists the tasks whose rows the model has seen."""
    named = [
        source.name.partition("@")[0].partition(":")[0]
        for stage in chain
        for source in stage.sources
    ]
    return list(dict.fromkeys([*named, *(head.tasks if head else ())]))


def _rows(manifest, run_dir):
    """Returns the stage's `Score`s, of rows as they are."""
    rows, _ = results.clean_and_disturbed(
        results.read_rows(run_dir / results.RESULTS_FILE, Score, [])
    )
    return [row for row in rows if row.stage == manifest["fingerprint"]]


# -------------------------------------------------------------------- Sections
def _front_matter(head):
    lines = ["---", "library_name: transformers", "tags:", "- stilts_keras"]
    if head is not None:
        lines.append(f"pipeline_tag: {PIPELINES[head.problem]}")
    return "\n".join([*lines, "---"])


def _use(head, class_name):
    code = "\n".join(
        [
            "```python",
            f"from transformers import AutoTokenizer, {class_name}",
            "",
            'tokenizer = AutoTokenizer.from_pretrained("PATH")',
            f'model = {class_name}.from_pretrained("PATH")',
            "```",
        ]
    )
    note = NOTES[head.problem if head else None]
    if head is not None and head.labels:
        note += f" Labels: {', '.join(head.labels)}."
    if head is not None and head.has_unanswerable:
        note += f" {UNANSWERABLE}"
    return f"{code}\n\n{note}"


def _mean(manifest):
    """Says of an average what it is of, for a chain has one parent each."""
    if not manifest.get("averaged"):
        return ""
    return (
        f"No training of its own: its weights are {manifest['end']}. Here "
        "stands the first of what was averaged.\n\n"
    )


def _training(chain):
    header = (
        "stage",
        "rows seen",
        "steps (kept)",
        "peak learning rate",
        "batch size",
        "max_length",
        "dev score",
    )
    rows = [
        (
            stage.path,
            ", ".join(
                f"{source.name}: {source.sequences_seen:,}"
                for source in stage.sources
            ),
            f"{stage.num_steps:,} ({stage.best_step or stage.num_steps:,})",
            f"{stage.recipe['learning_rate']:g}",
            stage.recipe["batch_size"],
            stage.recipe["max_length"],
            _number(stage.dev_score),
        )
        for stage in chain
    ]
    text = _table(header, rows)
    if chain[0].parent is not None:
        text += (
            "\n\nThe recipes of the stages before are not known here: export "
            "the stage from its run's folder."
        )
    recipes = [
        f"- `{stage.path}`, seed {stage.seed}: "
        + ", ".join(
            f"{name} {value}"
            for name, value in sorted(stage.recipe.items())
            if value is not None
        )
        for stage in chain
    ]
    return "\n\n".join([text, "Recipes, all of it:", "\n".join(recipes)])


def _scores(manifest, run_dir):
    rows = [] if run_dir is None else _rows(manifest, run_dir)
    if not rows:
        where = (
            "the stage does not lie in a run's folder"
            if run_dir is None
            else "its run has not evaluated it"
        )
        return f"None are known: {where}."
    header = (
        "route",
        "target",
        "language",
        "split",
        "metric",
        "score",
        "95 % interval",
        "rows",
        "zero-shot",
    )
    table = _table(
        header,
        [
            (
                row.route,
                row.target,
                row.language,
                row.split,
                row.metric,
                _number(row.value) + _marks(row),
                _interval(row),
                f"{row.n:,}",
                "yes" if row.zero_shot else "no",
            )
            for row in rows
        ],
    )
    note = "Percent; intervals are over the examples, of this one seed."
    if any(row.collapsed for row in rows):
        note += " ‡ predictions are constant."
    if not all(row.in_benchmark for row in rows):
        note += " § the task's benchmark does not list the language."
    return "\n\n".join([f"{table}\n\n{note}", *data_notes(rows)])


def _marks(row):
    """Marks a score as tables do."""
    outside = "" if row.in_benchmark else OUTSIDE
    return (COLLAPSED if row.collapsed else "") + outside


def _data(names):
    rows = []
    for name in names:
        task = TASKS.get(base_name(name))
        licence = (task.licence or "not known") if task else "its own"
        citation = task.citation if task else "not of stilts_keras"
        rows.append((name, licence, citation))
    return _table(("task", "licence of the data", "source"), rows)


def _versions(manifest):
    found = {"python": manifest.get("python"), **manifest.get("versions", {})}
    return ", ".join(f"{name} {value}" for name, value in found.items()) + (
        f". Trained on {manifest.get('backend')}."
    )


def _table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        f"| {' | '.join(_cell(value) for value in row)} |" for row in lines
    )


def _cell(value):
    return " ".join(str(value).replace("|", "\\|").split())


def _interval(row):
    ends = [row.low, row.high]
    return "-" if None in ends else " to ".join(map(_number, ends))


def _number(value):
    return "-" if value is None else f"{value:.1f}"


def write_card(folder, text):
    """Writes the card into a folder.

    Args:
        folder: path.
        text: str.
    """
    with files.atomic_write(pathlib.Path(folder) / "README.md") as file:
        file.write(text)
