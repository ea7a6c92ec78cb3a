"""Run folders as `stilts run` leaves them, made without a model.

Answers are drawn so that routes have the accuracies asked for; a route's
answers are those of the baseline where neither luck nor skill differs.
"""

import numpy as np

from stilts_keras import files
from stilts_keras.graph.description import rows_key
from stilts_keras.graph.route import PRETRAINED
from stilts_keras.graph.task_facts import TaskFacts
from stilts_keras.records import embeddings
from stilts_keras.records import predictions
from stilts_keras.records.remaining import cell_key
from stilts_keras.records.results import FORMAT
from stilts_keras.records.results import RowFile
from stilts_keras.records.results import clean_and_disturbed
from stilts_keras.records.rows import ChainScore
from stilts_keras.records.rows import Score
from stilts_keras.records.rows import SourceShare
from stilts_keras.records.rows import Training
from stilts_keras.reporting.evidence import JudgedScore
from stilts_keras.scoring import collapse
from stilts_keras.scoring import metrics
from stilts_keras.tasks import TASKS
from stilts_keras.tasks import get_task
from stilts_keras.tasks.kinds import KINDS

LABELS = ("entailment", "neutral", "contradiction")
LANGUAGES = ("en", "de", "es", "hi", "ru", "tr", "zh")


def score(kind=JudgedScore, **changes):
    """A row of results.jsonl, complete."""
    facts = {
        "route": "mnli",
        "seed": 1,
        "target": "xnli",
        "language": "de",
        "split": "test",
        "metric": "accuracy",
        "value": 61.5,
        "n": 100,
        "zero_shot": True,
        "stage": "f",
        "data_fingerprint": "rows",
    }
    return kind(**facts | changes)


def answers(random, gold, share):
    """Answers of which a share is right."""
    right = random.random(len(gold)) < share
    return [
        truth if hit else LABELS[(LABELS.index(truth) + 1) % 3]
        for truth, hit in zip(gold, right, strict=True)
    ]


def write_scores(
    run_dir,
    route,
    target,
    guesses,
    *,
    gold,
    seed=1,
    metric="accuracy",
    ids=None,
    zero_shot=None,
    with_counts=True,
    disturbance="",
    severity=0,
    **changes,
):
    """Adds rows and predictions: `guesses` and `gold` by language."""
    rows = []
    for language, guess in guesses.items():
        file = predictions.file_of(
            run_dir,
            route=route,
            target=target,
            seed=seed,
            split="test",
            language=language,
            disturbance=disturbance,
            severity=severity,
        )
        predictions.write(
            file,
            gold[language],
            guess,
            ids,
            metric=metric if with_counts else None,
            language=language,
        )
        found = metrics.find(metric)
        low, high = found.interval(gold[language], guess)
        facts = {
            "route": route,
            "seed": seed,
            "target": target,
            "language": language,
            "metric": found.name,
            "value": found(gold[language], guess),
            "n": len(guess),
            "zero_shot": language != "en" if zero_shot is None else zero_shot,
            "stage": f"{route} {target} {seed}",
            "low": low,
            "high": high,
            "chance": found.chance(gold[language]),
            "data_fingerprint": f"rows of {target} {language}{disturbance}",
            "disturbance": disturbance,
            "severity": severity,
            "constant": collapse.constant_of(
                _kind_of(target), gold[language], guess
            ),
        }
        rows.append(score(Score, **facts | changes))
    RowFile(run_dir / "results.jsonl", Score).add(rows)
    return rows


def write_cell(run_dir, cell, language, guess, gold):
    """Adds what a Cell of a Graph yields in one language."""
    write_scores(
        run_dir,
        cell.route,
        cell.target.name,
        {language: guess},
        gold={language: gold},
        seed=cell.seed,
        stage=cell.stage.fingerprint if cell.stage else PRETRAINED,
        data_fingerprint=cell.facts[language].data_fingerprint,
    )


def _kind_of(target):
    """The kind of a task; one that is the user's own classifies."""
    known = TASKS.get(target)
    return known.kind if known else KINDS["classification"]


def write_run(
    run_dir,
    shares,
    *,
    target="xnli",
    languages=LANGUAGES,
    seeds=(1,),
    n=400,
    random_seed=0,
):
    """Writes a run: `shares` maps a route to its share of right answers."""
    # Gold is the same in every run; answers are not.
    gold_random = np.random.default_rng(99)
    gold = {
        language: [LABELS[at] for at in gold_random.integers(0, 3, n)]
        for language in languages
    }
    for route, share in shares.items():
        for seed in seeds:
            random = np.random.default_rng(
                [random_seed, seed, *route.encode("utf-8")]
            )
            write_scores(
                run_dir,
                route,
                target,
                {
                    language: answers(random, gold[language], share)
                    for language in languages
                },
                gold=gold,
                seed=seed,
            )
    return run_dir


def describe(run_dir, *, baseline="pretrained", asked=None, **graph):
    """Writes run.json for the rows that are there."""
    rows = RowFile(run_dir / "results.jsonl", Score).rows()
    clean, disturbed = clean_and_disturbed(rows)
    lessons = RowFile(run_dir / "forgetting.jsonl", ChainScore).rows()
    files.write_json(
        run_dir / "run.json",
        files.sealed(
            {
                "format": FORMAT,
                "settings": asked or {},
                "baseline": baseline,
                "backend": "jax",
                "python": "3.11",
                "versions": {"keras": "3.15"},
                "graph": {
                    "backbone": {"name": "tiny", "fingerprint": "b"},
                    "data": "pocket",
                    "eval_limit": None,
                    "settings": {"sampling": {"kind": "proportional"}},
                    **_cells("data_fingerprints", "cells", clean),
                    **_cells(
                        "disturbed_fingerprints", "disturbed_cells", disturbed
                    ),
                    "stages": {
                        row.stage: {"parent": None} for row in (*rows, *lessons)
                    },
                    "lessons": _lessons(lessons),
                    "tasks": {
                        name: TaskFacts.of(get_task(name)).to_dict()
                        for name in (
                            *(row.target for row in rows),
                            *(row.task for row in lessons),
                        )
                        if name in TASKS
                    },
                    **graph,
                },
            }
        ),
    )
    return run_dir


def _cells(fingerprints, cells, rows):
    """Lists cells, and what their rows are, under these names."""
    return {
        fingerprints: {
            rows_key(
                row.target, row.language, row.disturbance, row.severity
            ): row.data_fingerprint
            for row in rows
        },
        cells: {cell_key(row): row.stage for row in rows},
    }


def _lessons(rows):
    """What is measured after which stage, as run.json lists it."""
    lessons = {}
    for row in rows:
        lessons.setdefault(row.stage, {})[row.source] = {
            "data_fingerprint": row.data_fingerprint,
            "scores": 1,
        }
    return lessons


def training(stage, path, *, sources=("mnli",), **changes):
    """A row of trainings.jsonl, its named sources of equal shares."""
    shares = [
        SourceShare(
            name=name,
            sequences=100,
            share=1 / len(sources),
            sequences_seen=100,
            tokens_seen=1000 * (at + 1),
        )
        if isinstance(name, str)
        else name
        for at, name in enumerate(sources)
    ]
    facts = {"parent": None, "seed": 1, "num_steps": 10}
    return Training(
        stage=stage, path=path, sources=tuple(shares), **facts | changes
    )


def lesson(path, source, value, learner, *, seed=1, **changes):
    """A row of forgetting.jsonl: what a stage left of an earlier source."""
    facts = {
        "stage_path": path,
        "seed": seed,
        "source": source,
        "task": source,
        "language": "en",
        "metric": get_task(source).metrics[0],
        "value": value,
        "n": 100,
        "stage": f"f {path}",
        "low": value - 5,
        "high": value + 5,
        "chance": 30.0,
        "data_fingerprint": "dev rows",
        "learned_in": f"f {learner}",
        "num_stages": path.count("/") + 1,
        "first_route": path,
        "forgetting": 0.0 if path == learner else 80.0 - value,
    }
    return ChainScore(**facts | changes)


def write_embeddings(run_dir, route, language="de", num_pairs=20, width=8):
    """Writes sentence embeddings of one route and language."""
    random = np.random.default_rng(len(route))
    embeddings.write(
        embeddings.file_of(run_dir, route, "tatoeba", language),
        vectors=random.normal(size=(2 * num_pairs, width)),
        texts=[f"sentence {at}" for at in range(2 * num_pairs)],
        pairs=[*range(num_pairs)] * 2,
        languages=[language] * num_pairs + ["en"] * num_pairs,
    )
