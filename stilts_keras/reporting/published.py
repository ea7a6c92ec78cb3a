"""Scores that others have published, to be set beside a run's own.

Only figures that were read in the named place: none from memory, and none
that was derived from others. Where two places differ, both stand here. The
tables of Phang et al. (2020) themselves could not be read; what stands here
of theirs is what later work quotes.

All are means over a task's languages in XTREME, English included
(https://github.com/google-research/xtreme, evaluate.py).
"""

import dataclasses
import statistics
from collections.abc import Mapping

from stilts_keras.graph.route import PRETRAINED
from stilts_keras.reporting.route_names import is_plain
from stilts_keras.scoring.suites import XTREME
from stilts_keras.tasks import get_task
from stilts_keras.tasks.languages import ENGLISH
from stilts_keras.tasks.task import Recipe

BEST = "any intermediate task, best per target"
# Names of one backbone, as `--backbone` takes them.
XLM_R_LARGE = (
    "xlm_roberta_large_multi",
    "hf://keras/xlm_roberta_large_multi",
    "hf://FacebookAI/xlm-roberta-large",
)
# What a folder that holds a backbone is mostly called.
FOLDER_NAMES = {
    "xlm-roberta-large": XLM_R_LARGE,
    "xlm_roberta_large_multi": XLM_R_LARGE,
}
# How XTREME's own scripts train XLM-R large, scripts/train_*.sh.
XTREME_SCRIPTS = {
    **{
        name: {
            "epochs": epochs,
            "learning_rate": rate,
            "batch_size": 32,
            "max_length": 128,
        }
        for name, epochs, rate in (
            ("xnli", 5, 3e-5),
            ("pawsx", 5, 2e-5),
            ("udpos", 10, 2e-5),
            ("panx", 10, 2e-5),
        )
    },
    **{
        name: {
            "epochs": 3,
            "learning_rate": 3e-5,
            "batch_size": 32,
            "max_length": 384,
            "weight_decay": 1e-4,
        }
        for name in ("xquad", "mlqa", "tydiqa")
    },
}
# Settings under which retrieval is as in Phang et al.'s code, which takes
# state 14 of 24; a sweep scores that one, and the others beside it.
PUBLISHED_RETRIEVAL = {
    "retrieval_layer": (None, "sweep", 14),
    "retrieval_pooling": (None, "mean"),
}
# Fields that matter to a score where nothing is trained.
UNTRAINED_FIELDS = ("max_length", "dtype_policy")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Published:
    """One row of a table elsewhere.

    Attributes:
        name: str. Of the model, with the paper that made it.
        backbones: tuple of str. Names of its backbone.
        kind: str. `PRETRAINED` or `BEST`: what came before the targets.
        scores: mapping from a target to a mapping from a metric to percent.
        provenance: str. Where the figures were read.
        recipes: mapping from a target to the `Recipe` fields known of it;
            of others, a run is compared with the Task's own, which for the
            targets are those of Phang et al.'s code.
        languages: str. What the scores are means over.
    """

    name: str
    backbones: tuple[str, ...]
    kind: str
    scores: Mapping[str, Mapping[str, float]]
    provenance: str
    recipes: Mapping[str, Mapping] = dataclasses.field(default_factory=dict)
    languages: str = "all XTREME languages, English included"


PUBLISHED = (
    Published(
        name="XLM-R large",
        backbones=XLM_R_LARGE,
        kind=PRETRAINED,
        scores={
            "xnli": {"accuracy": 79.2},
            "pawsx": {"accuracy": 86.4},
            "udpos": {"chunk_f1": 73.8},
            "panx": {"entity_f1": 65.4},
            "xquad": {"f1": 76.6, "exact_match": 60.8},
            "mlqa": {"mlqa_f1": 71.6, "mlqa_exact_match": 53.2},
            "tydiqa": {"f1": 65.1, "exact_match": 45.0},
        },
        provenance="RemBERT, arXiv 2010.12821, Tables 7 and 16",
        recipes=XTREME_SCRIPTS,
    ),
    Published(
        name="XLM-R large",
        backbones=XLM_R_LARGE,
        kind=PRETRAINED,
        scores={
            "bucc2018": {"pair_f1": 66.0},
            "tatoeba": {"accuracy": 57.3},
        },
        provenance="a summary of VECO, arXiv 2010.16046; its table unknown",
    ),
    Published(
        name="STILTs (Phang et al. 2020), best task per target",
        backbones=XLM_R_LARGE,
        kind=BEST,
        scores={
            "xnli": {"accuracy": 80.0},
            "pawsx": {"accuracy": 87.9},
            "udpos": {"chunk_f1": 74.9},
            "panx": {"entity_f1": 64.0},
            "xquad": {"f1": 78.7, "exact_match": 63.3},
            "mlqa": {"mlqa_f1": 72.4, "mlqa_exact_match": 53.7},
            "tydiqa": {"f1": 76.0, "exact_match": 59.5},
        },
        provenance="RemBERT, arXiv 2010.12821, Tables 7 and 16",
    ),
    # The same submission, but most figures differ from those above.
    Published(
        name="STILTs (Phang et al. 2020), best task per target",
        backbones=XLM_R_LARGE,
        kind=BEST,
        scores={
            "xnli": {"accuracy": 80.4},
            "pawsx": {"accuracy": 87.7},
            "panx": {"entity_f1": 64.7},
            "xquad": {"f1": 77.2},
            "mlqa": {"mlqa_f1": 72.3},
            "tydiqa": {"f1": 76.0},
        },
        provenance="mT5, arXiv 2010.11934, README of multilingual-t5",
    ),
)


def agreement(rows, description, *, baseline):
    """Sets published scores beside those of a run.

    Ours is the mean over all languages of a target that every seed has,
    English included, then over seeds. Beside `PRETRAINED` stands the route
    `pretrained`. Beside `BEST` stands the other route that is best at the
    target's first metric, among those of the most languages; other metrics of
    that target come from it too.

    Args:
        rows: iterable of `Score`.
        description: dict or None. `Graph.description()`, as in run.json; it
            may lack keys.
        baseline: str. The route that the run compares others with.

    Returns:
        A list of dicts, one for each published figure of a target that the
        run evaluates, of `target`, `metric`, `published`, `name`,
        `provenance`, `ours` (None where the run has no such route or metric),
        `route` (likewise) and `differs`: a list of str, each a setting that is
        not, or is not known to be, that of the published score. Empty unless
        the run's backbone is one that is published of.
    """
    description = description or {}
    backbone = (description.get("backbone") or {}).get("name") or ""
    aliases = FOLDER_NAMES.get(_folder_name(backbone), (backbone,))
    rows = list(rows)
    targets = {row.target for row in rows}
    return [
        _entry(published, target, metric, rows, description, baseline)
        for published in PUBLISHED
        if set(aliases) & set(published.backbones)
        for target, scores in published.scores.items()
        if target in targets
        for metric in scores
    ]


def _folder_name(backbone):
    """Returns the last part of a path; None of names that are no path."""
    is_path = "/" in backbone and "://" not in backbone
    return backbone.rstrip("/").rpartition("/")[2] if is_path else None


def _entry(published, target, metric, rows, description, baseline):
    task = get_task(target)
    routes = _routes_of(published, task, rows)
    route = _best(routes)
    run = route and _Run(task, metric, _rows_of(rows, target, metric, route))
    ours = run.value if run else None
    differs = []
    if ours is not None:
        differs += run.differs()
        if published.kind == BEST:
            differs += _route_differs(route, routes, description, baseline)
        differs += _settings_differ(published, task, description)
    return {
        "target": target,
        "metric": metric,
        "published": published.scores[target][metric],
        "name": published.name,
        "provenance": published.provenance,
        "ours": ours,
        "route": None if ours is None else route,
        "differs": differs,
    }


def _rows_of(rows, target, metric, route):
    found = [
        row
        for row in rows
        if (row.target, row.metric, row.route) == (target, metric, route)
        and row.in_benchmark
    ]
    # Dev rows stand in only for test rows that are not there.
    return [row for row in found if row.split == "test"] or found


class _Run:
    """The scores of one route, target and metric."""

    def __init__(self, task, metric, rows):
        self._whole = XTREME.languages_of(task.name)
        self._rows = rows
        self._by_seed = {}
        for row in rows:
            values = self._by_seed.setdefault(row.seed, {})
            values[row.language] = row.value
        every = [set(values) for values in self._by_seed.values()]
        shared = set.intersection(*every) if every else set()
        self.languages = [name for name in self._whole if name in shared]
        self.value = None
        if self.languages:
            self.value = statistics.fmean(
                statistics.fmean(values[name] for name in self.languages)
                for values in self._by_seed.values()
            )

    def differs(self):
        """Lists what the rows themselves tell."""
        missing = [name for name in self._whole if name not in self.languages]
        trained = [
            name
            for name in self.languages
            if name != ENGLISH
            and not all(
                row.zero_shot for row in self._rows if row.language == name
            )
        ]
        collapsed = sorted(
            {row.language for row in self._rows if row.collapsed}
        )
        number = len(self._by_seed)
        seeds = "1 seed" if number == 1 else f"mean of {number} seeds"
        found = []
        if missing:
            here, whole = len(self.languages), len(self._whole)
            found.append(
                f"{here} of {whole} languages, without {', '.join(missing)}"
            )
        if trained:
            found.append(f"not zero-shot: {', '.join(trained)}")
        if collapsed:
            found.append(f"constant predictions in {', '.join(collapsed)}")
        if any(row.split != "test" for row in self._rows):
            found.append("dev rows in place of test rows")
        return [*found, f"{seeds}; theirs are not known here"]


def _routes_of(published, task, rows):
    """Maps the routes that may stand beside a row to their scores."""
    names = dict.fromkeys(row.route for row in rows if row.target == task.name)
    metric = task.metrics[0]
    return {
        name: _Run(task, metric, _rows_of(rows, task.name, metric, name))
        for name in names
        if (name == PRETRAINED) == (published.kind == PRETRAINED)
        and is_plain(name)
    }


def _best(routes):
    """Returns the best of the routes that have the most languages."""
    scored = [name for name, run in routes.items() if run.value is not None]
    return max(
        scored,
        key=lambda name: (len(routes[name].languages), routes[name].value),
        default=None,
    )


def _route_differs(route, routes, description, baseline):
    """Lists what sets our choice of a route apart from the paper's."""
    settings = description.get("settings") or {}
    # 9 tasks: the second version of arXiv 2005.13013.
    found = [
        f"best of {len(routes)} {'route' if len(routes) == 1 else 'routes'} "
        "by these very scores; theirs of 9 tasks and their mixture"
    ]
    if "/" in route:
        found.append("several intermediate stages; theirs is one")
    if ":" in route:
        found.append("the route caps its training examples")
    if "@" in route:
        found.append("the route trains in other languages than English")
    if "+" in route and settings.get("sampling"):
        kind = settings["sampling"].get("kind")
        found.append(f"sampling {kind}; theirs is not known here")
    if "/" in route and settings.get("replay"):
        found.append(f"replay {settings['replay']}")
    if settings.get("route_steps") is not None:
        found.append(f"route_steps {settings['route_steps']}")
    if baseline != PRETRAINED:
        found.append(f"baseline {baseline}; theirs is {PRETRAINED}")
    return found


def _settings_differ(published, task, description):
    """Lists what the run's settings tell."""
    is_trained = published.kind == BEST or task.kind.is_trained
    found = []
    backbone = description["backbone"]["name"]
    if backbone not in published.backbones:
        found.append(f"backbone known by its folder's name alone: {backbone}")
    data = description.get("data")
    if data != "hub":
        found.append(f"data {data}, not the Hub's" if data else "data unknown")
    limit = description.get("eval_limit")
    # Pools are always taken whole.
    if limit is not None and not task.kind.is_pool_whole:
        found.append(f"eval_limit {limit}")
    settings = description.get("settings")
    if settings is None:
        return [*found, "settings unknown"]
    if is_trained and settings.get("train_limit") is not None:
        found.append(f"train_limit {settings['train_limit']}")
    found += _recipe_differs(published, task, settings, is_trained)
    if not task.kind.is_trained:
        found += _retrieval_differs(task, settings)
    return found


def _recipe_differs(published, task, settings, is_trained):
    known = {}
    if task.kind.is_trained:
        known = published.recipes.get(task.name, {})
    found = []
    for field in dataclasses.fields(Recipe):
        override = settings.get(
            f"{field.name} of {task.name}", settings.get(field.name)
        )
        own = getattr(task.recipe, field.name)
        ours = own if override is None else override
        theirs = known.get(field.name, own)
        whose = "theirs" if field.name in known else "the task's own"
        if not is_trained and field.name not in UNTRAINED_FIELDS:
            continue
        # Intermediate stages take an override too, whatever their own is.
        everywhere = override is not None and published.kind == BEST
        if ours != theirs or everywhere:
            other = "" if theirs in (None, ours) else f", {whose} {theirs}"
            where = " in every stage" if everywhere else ""
            found.append(f"{field.name} {ours}{where}{other}")
    return found


def _retrieval_differs(task, settings):
    found = [
        f"{name} {settings[name]}"
        for name, usual in PUBLISHED_RETRIEVAL.items()
        if settings.get(name) not in usual
    ]
    if not found and task.kind.predicts == "pairs":
        found.append(
            "hidden states as in Phang et al.'s code; XTREME's script for "
            "BUCC takes cls of another layer"
        )
    return found
