"""Evidence of a study of source languages, made without runs or files."""

import numpy as np

import fake_runs
from stilts_keras.graph.task_facts import TaskFacts
from stilts_keras.reporting.evidence import Evidence
from stilts_keras.tasks import get_task

TARGETS = ("xnli", "pawsx", "panx", "udpos")
SETS = ("en", "es", "de", "en,es,de")
LANGUAGES = ("en", "de", "es", "fr", "hi", "ru", "tr", "zh", "fi", "ar")
NUM_DRAWS = 200


def route_of(task, languages, size):
    """The canonical route of one size in all languages together."""
    codes = languages.split(",")
    count = f":{size // len(codes)}"
    return "+".join(
        task + ("" if code == "en" else f"@{code}") + count for code in codes
    )


def no_gain(target, names, size):
    """Nothing matters."""
    return 0.0


def tagging_gains(target, names, size):
    """Other languages than English help tagging by 5 points, others by 1."""
    if names == "en":
        return 0.0
    return 5.0 if target in ("panx", "udpos") else 1.0


def study(
    gain,
    *,
    tasks=("xnli",),
    sets=SETS,
    sizes=(600, 2400),
    targets=TARGETS,
    languages=LANGUAGES,
    seeds=(1, 2, 3),
    spread=1.0,
    of_seed=0.3,
    seed=17,
    **changes,
):
    """Makes evidence: `gain` of target, set and size is added to 60 %.

    Languages differ in what they gain by `spread` points, trainings of one
    seed in all that they score by `of_seed`; examples err by 0.3.
    """
    random = np.random.default_rng(seed)
    routes = {"pretrained": ("", 0, "")} | {
        route_of(task, names, size): (names, size, task)
        for task in tasks
        for names in sets
        for size in sizes
    }
    rows = []
    shared = random.normal(0, 0.3, NUM_DRAWS)
    for route, (names, size, task) in routes.items():
        luck = {each: random.normal(0, of_seed) for each in seeds}
        for target in targets:
            level = 60.0 + (gain(target, names, size) if names else -5.0)
            own = dict.fromkeys(languages, 0.0)
            if names not in ("", "en"):
                own = {code: random.normal(0, spread) for code in languages}
            for each in seeds:
                for code in languages:
                    value = level + own[code] + luck[each]
                    noise = random.normal(0, 0.3, NUM_DRAWS)
                    rows.append(
                        _row(
                            route,
                            each,
                            target,
                            code,
                            value=value + random.normal(0, 0.3),
                            zero_shot=_is_zero_shot(target, code, task, names),
                            **{"draws": value + shared + noise, **changes},
                        )
                    )
    names = (*targets, *tasks)
    return Evidence(
        rows=rows,
        baseline="pretrained",
        tasks={name: TaskFacts.of(get_task(name)) for name in names},
    )


def _row(route, seed, target, language, *, value, **facts):
    return fake_runs.score(
        **{
            "route": route,
            "seed": seed,
            "target": target,
            "language": language,
            "metric": get_task(target).metrics[0],
            "value": value,
            "low": value - 3,
            "high": value + 3,
            "chance": 35.0,
            "n": 500,
            **facts,
        }
    )


def _is_zero_shot(target, code, task, names):
    if code == "en":
        return False
    return not (target == task and code in names.split(","))
