"""A graph in run.json: what identifies its results, and what reports need."""

from stilts_keras.graph.request import SWEEP
from stilts_keras.graph.task_facts import TaskFacts


def describe(graph):
    """Describes a graph.

    Args:
        graph: Graph.

    Returns:
        Dict, JSON-serialisable. Beside backbone, data and settings:
        `data_fingerprints`, of each target's and language's rows, for a cell
        of a bare backbone has no stage that would tell data apart; `stages`,
        with their parents, and of LoRA stages the stage that they are added
        to, if one is; `lessons`, what each may forget, where that is
        measured; `tasks`, for reports, which may know no task of the user's
        own; `counts`, how many rows of results a target has in each language;
        `cells`, and the weights they are of; `disturbed_cells`, likewise, and
        `disturbed_fingerprints`, which rows these are evaluated on.
    """
    request = graph.request
    return {
        "backbone": {
            "name": graph.backbone.name,
            "fingerprint": graph.backbone.fingerprint,
        },
        "data": graph.data.name,
        "eval_limit": request.eval_limit,
        "settings": _settings(request),
        "data_fingerprints": {
            rows_key(name, language): fingerprint
            for name, found in graph.data_fingerprints.items()
            for language, fingerprint in found.items()
        },
        "stages": {
            stage.fingerprint: {
                "parent": stage.parent and stage.parent.fingerprint,
                "replays": bool(stage.replayed) and not stage.averaged,
                **_base(stage),
                **_averaged(stage),
            }
            for stage in graph.stages
        },
        "lessons": _lessons(graph),
        "tasks": _task_facts(graph),
        "counts": {
            task.name: {
                "scores": len(task.metrics),
                "layers": _num_layer_scores(graph, task),
            }
            for task in graph.targets
        },
        "cells": {
            cell.key: (cell.stage or graph.backbone).fingerprint
            for cell in graph.cells
        },
        "disturbed_cells": {
            cell.key: (cell.stage or graph.backbone).fingerprint
            for cell in graph.disturbed_cells
        },
        "disturbed_fingerprints": {
            rows_key(trial.target, language, trial.name, trial.severity): found
            for trial in graph.trials.found
            for language, found in trial.fingerprints.items()
        },
    }


def rows_key(target, language, disturbance="", severity=0):
    """Names what one language of a target is evaluated on."""
    key = f"{target}|{language}"
    return f"{key}|{disturbance}|{severity}" if disturbance else key


def _base(stage):
    """Names the stage without whose weights those of a LoRA stage are none."""
    if stage.base in (stage, None):
        return {}
    return {"base": stage.base.fingerprint}


def _averaged(stage):
    """Names the stages whose mean a stage is."""
    if not stage.averaged:
        return {}
    return {"averaged": [parent.fingerprint for parent in stage.averaged]}


def _settings(request):
    """Lists what only serves to name what differs, where anything does."""
    return {
        **request.recipe,
        **{
            f"{field} of {name}": value
            for name, recipe in request.task_recipes.items()
            for field, value in recipe.items()
        },
        "train_limit": request.train_limit,
        "target_languages": list(request.target_languages),
        "target_count": request.target_count,
        "sampling": vars(request.sampling),
        "replay": request.replay,
        "route_steps": request.route_steps,
        "eval_on_dev": sorted(request.eval_on_dev),
        "retrieval_layer": request.retrieval_layer,
        "retrieval_pooling": request.retrieval_pooling,
        **(
            {"average": list(map(str, request.average))}
            if request.average
            else {}
        ),
        **{
            f"file of task {task.name}": task.file_digest
            for task in request.tasks
            if task.file_digest
        },
    }


def _lessons(graph):
    """Lists what is measured after which stages, if anything is."""
    found = {
        stage.fingerprint: {
            lesson.source.name: {
                "data_fingerprint": lesson.data_fingerprint,
                "scores": len(lesson.source.task.metrics),
            }
            for lesson in graph.lessons(stage)
        }
        for stage in graph.stages
    }
    return {name: lessons for name, lessons in found.items() if lessons}


def _task_facts(graph):
    trained = [
        source.task for stage in graph.stages for source in stage.all_sources
    ]
    # A target last: it may have fewer languages than the task can be trained
    # in, those of a suite.
    return {
        task.name: TaskFacts.of(task).to_dict()
        for task in (*trained, *graph.targets)
    }


def _num_layer_scores(graph, task):
    """Returns how many scores of hidden states a language has, or 0."""
    if task.kind.is_trained or graph.request.retrieval_layer != SWEEP:
        return 0
    # The embedding is one of them; unknown before a download.
    num_layers = (graph.backbone.num_layers or 0) + 1
    return num_layers * len(task.metrics)
