"""Predicts rows without gold, with the head of a finished stage."""

import dataclasses

from stilts_keras import backend
from stilts_keras import files
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.backbones.loading import fetch
from stilts_keras.backbones.loading import load_root
from stilts_keras.backbones.loading import load_tokenizer
from stilts_keras.backbones.stage_heads import listed
from stilts_keras.backbones.stage_heads import read_heads
from stilts_keras.data.features import load_features
from stilts_keras.data.pool import pool_of
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.graph.holdings import Holdings
from stilts_keras.graph.ranges import check_recipe_field
from stilts_keras.graph.recipes import Recipes
from stilts_keras.problems import problem_of
from stilts_keras.problems.dual_encoder import check_pool
from stilts_keras.scoring import suites
from stilts_keras.scoring.submission_files import layout_for
from stilts_keras.steps.checkpoint import load_heads
from stilts_keras.steps.evaluate import Evaluator
from stilts_keras.steps.lengths import lengths_for
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.tasks import TASKS


def predict(stage, task, *, data, output, languages=None, max_length=None):
    """Writes a stage's predictions of a task's test rows, labels or not.

    Files are laid out as the suites have them: `<task>/test-<language>.tsv`
    or `.json` below `output`.

    Args:
        stage: path. Folder of a finished stage.
        task: `Task` that shares a head with one that the stage trained on.
        data: a data source of `data.sources`.
        output: path. A folder; files of the same names are replaced.
        languages: iterable of str or None. None: all that the data hold.
        max_length: int or None. Tokens; None: the task's own, or as many as
            the backbone has positions.

    Returns:
        Dict from language to the file that was written.

    Raises:
        InputError: If the stage, its head, the rows or the place is unfit;
            before anything is predicted.
    """
    output = files.check_folder_place(output, "output")
    stage = files.at_home(stage)
    head = _head_for(task, stage)
    task, languages = _evaluated(task, data, languages)
    overrides = {} if max_length is None else {"max_length": max_length}
    for name, value in overrides.items():
        check_recipe_field(name, value)
    files.check_folder(stage)
    backend.prepare()
    backbone = fetch(describe_backbone(stage))
    recipe = Recipes(overrides, backbone).of(task)
    tokenizer = load_tokenizer(backbone)
    task = dataclasses.replace(
        task, labels=head.labels, numbered_labels=(), labels_from_data=False
    )
    problem = problem_of(task)
    pool = pool_of(task, data, "test")
    asked = [(task, language, "test") for language in languages]
    splits = {
        (task, language): load_features(
            data,
            task,
            language,
            split,
            pack=problem.pack_evaluated,
            pack_key=problem.pack_key,
            tokenizer=tokenizer,
            max_length=recipe.max_length,
            count=None,
            is_evaluated=True,
            is_hidden=True,
        )
        for task, language, split in dict.fromkeys([*asked, *pool])
    }
    if task.candidates is not None:
        check_pool(*([splits[e[:2]] for e in each] for each in (asked, pool)))
    encoder = load_root(backbone, tokenizer=tokenizer)
    model = MultiTask(encoder, {task.head_key: problem.head(encoder)})
    load_heads(stage, model.heads)
    evaluator = Evaluator(
        task=task,
        problem=problem,
        tokenizer=tokenizer,
        batch_size=recipe.batch_size,
        padded_lengths=lengths_for(splits.values()),
    )
    searched = None
    if pool:
        searched = evaluator.embed(model, [splits[each[:2]] for each in pool])
    written = {}
    for language in languages:
        split = splits[task, language]
        found = evaluator.evaluate(model, split, searched=searched)
        _, layout, name = layout_for(task, language, suites.with_files())
        written[language] = layout.write(
            output, name, language, found.predictions, found.ids
        )
    return written


def _head_for(task, stage):
    """Returns the stage's `StageHead` that predicts a task."""
    heads = read_heads(stage)
    told = listed(heads)
    if not task.kind.is_trained:
        raise InputError(
            f"Task {task.name!r} compares hidden states and has no head. Pass "
            f"it to `stilts run` as a target. Heads of the stage: {told}."
        )
    found = heads.get(task.head_key)
    if found is None or found.problem != task.problem:
        raise InputError(
            f"Stage {str(stage)!r} has no head for task {task.name!r}. Its "
            f"heads: {told}. Pass a task that one of them was trained for."
        )
    return found


def _evaluated(task, data, asked):
    """Returns the Task, with languages that only the data have, and which."""
    holdings = Holdings(data, TASKS)
    task = holdings.with_asked_languages(task, "test", asked)
    held = holdings.languages(task, "test")
    if not held:
        raise holdings.not_held(f"Task {task.name!r}", task, "test")
    for language in asked or ():
        if language not in held:
            raise unknown("language", language, held)
    return task, tuple(asked or held)
