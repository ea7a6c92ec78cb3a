"""What runs left behind, read again: the matter of a report.

Needs results.jsonl and the predictions. Without run.json a report knows no
settings, and says so.
"""

import dataclasses
import functools
import pathlib

from stilts_keras import files
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.graph.compatibility import check_compatible
from stilts_keras.graph.route import PRETRAINED
from stilts_keras.graph.task_facts import TaskFacts
from stilts_keras.records import embeddings
from stilts_keras.records import results
from stilts_keras.records.remaining import asked_of_cells
from stilts_keras.records.remaining import cell_key
from stilts_keras.records.remaining import languages_of
from stilts_keras.records.remaining import of_chains
from stilts_keras.records.remaining import of_graph
from stilts_keras.records.results import clean_and_disturbed
from stilts_keras.records.rows import ChainScore
from stilts_keras.records.rows import LayerScore
from stilts_keras.records.rows import Score
from stilts_keras.records.rows import Training
from stilts_keras.records.rows import Unscored
from stilts_keras.records.rows import key_of
from stilts_keras.reporting import own_task
from stilts_keras.reporting import so_far
from stilts_keras.reporting.samples import sample_of
from stilts_keras.scoring import bootstrap
from stilts_keras.scoring.suites import TARGETS

# Of problems of one kind.
MAX_NAMED = 5


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class JudgedScore(Score):
    """A score with what its predictions tell of how sure it is.

    Attributes:
        run_dir: path. Of the run that it is from.
        draws: float array of shape `(num_draws,)` or None. The score on
            resampled examples; see `scoring.bootstrap.draw`.
        own_task: bool. Whether the route trained the target's own task or
            head; see `own_task`.
    """

    run_dir: pathlib.Path | None = None
    draws: object = None
    own_task: bool = False


@dataclasses.dataclass
class Evidence:
    """Results of one run folder or of several, and where they are from.

    Attributes:
        rows: list of `JudgedScore`. Those of a target's own metric have
            `draws` if their predictions are there.
        disturbed: list of `JudgedScore`. Those of disturbed rows, which are
            in `rows` never; none has `draws`, see `robustness.pairs`.
        lessons: list of `ChainScore`.
        layers: list of `LayerScore`.
        unscored: list of `Unscored`.
        trainings: list of `Training`.
        embeddings: list of tuples: route, target, language and the dict of
            `embeddings.read`.
        run_dirs: list of path.
        run: dict. run.json of the first folder that has one, or empty.
        tasks: dict from a name to `TaskFacts`. Those of all folders' run.json.
        baseline: str. The route to compare with.
        problems: list of str. What is missing or damaged.
        asked: dict from a cell's key to its languages, as all run.json say.
        stages: set of str. Fingerprints of all stages, likewise.
        so_far: str. What is still to come, of a run at work; else empty.
    """

    rows: list = dataclasses.field(default_factory=list)
    disturbed: list = dataclasses.field(default_factory=list)
    lessons: list = dataclasses.field(default_factory=list)
    layers: list = dataclasses.field(default_factory=list)
    unscored: list = dataclasses.field(default_factory=list)
    trainings: list = dataclasses.field(default_factory=list)
    embeddings: list = dataclasses.field(default_factory=list)
    run_dirs: list = dataclasses.field(default_factory=list)
    run: dict = dataclasses.field(default_factory=dict)
    tasks: dict = dataclasses.field(default_factory=dict)
    baseline: str = ""
    problems: list = dataclasses.field(default_factory=list)
    asked: dict = dataclasses.field(default_factory=dict)
    stages: set = dataclasses.field(default_factory=set)
    so_far: str = ""

    @property
    def description(self):
        """What `Graph.description` says, or an empty dict."""
        return self.run.get("graph", {})

    def task(self, name):
        """Returns the `TaskFacts` of a task that a run names.

        Raises:
            InputError: If it is the user's own and no run.json describes it.
        """
        if name in self.tasks:
            return self.tasks[name]
        if name not in TARGETS:
            raise InputError(
                f"Task {name!r} is none of stilts_keras's, and no "
                f"{results.RUN_FILE} of {', '.join(map(str, self.run_dirs))} "
                "describes it. Run the same command with its --task_file "
                "again: what is done stays, and the file is written anew."
            )
        return TaskFacts.of(TARGETS[name])

    @property
    def primary(self):
        """Each target's own metric, in the order of the targets."""
        named = languages_of(self.description) if self.description else ()
        there = {(row.target, row.metric): None for row in self.rows}
        metrics_of = {
            target: self.task(target).metrics[0]
            for target in dict.fromkeys([*named, *(name for name, _ in there)])
        }
        return {
            target: metric
            for target, metric in metrics_of.items()
            if (target, metric) in there
        }


def gather(run_dirs, *, baseline=None, is_at_work=False):
    """Reads run folders; several are taken for parts of one experiment.

    Args:
        run_dirs: list of path.
        baseline: str or None. The route to compare with; None: that of the
            first run, or `pretrained`, or the first route there is.
        is_at_work: bool. Whether results are still to come: then only what is
            complete is taken, and what is missing is no problem.

    Returns:
        `Evidence`.

    Raises:
        InputError: If a folder holds no results, the baseline has none, or
            the folders are of different backbones, data or settings.
    """
    evidence = Evidence()
    known = {}
    folders = [files.at_home(path) for path in run_dirs]
    for run_dir in dict.fromkeys(folders):
        if not (run_dir / results.RESULTS_FILE).is_file():
            raise InputError(
                f"{str(run_dir)!r} is no run folder: it has no "
                f"{results.RESULTS_FILE}. Pass the --run_dir of `stilts run`."
            )
        _add(evidence, run_dir, known)
    _sort(evidence)
    _mark_own(evidence)
    if is_at_work:
        so_far.keep_complete(evidence)
    else:
        _name_missing(evidence)
    evidence.baseline = _baseline(evidence, baseline)
    for target in evidence.primary:
        _draw(evidence, target)
    return evidence


def _add(evidence, run_dir, known):
    """Adds what one folder holds."""
    run = _read_run(evidence, run_dir)
    if run and evidence.run:
        _check_alike(evidence, run, run_dir)
    evidence.run_dirs.append(run_dir)
    evidence.run = evidence.run or run
    graph = run.get("graph")
    if graph:
        evidence.asked |= asked_of_cells(graph)
        evidence.stages |= set(graph["stages"])
    for name, found in (graph or {}).get("tasks", {}).items():
        where = f"{run_dir / results.RUN_FILE}: task {name!r}"
        evidence.tasks.setdefault(name, TaskFacts.from_dict(found, where))
    # A folder keeps rows of trainings that changed data have made obsolete.
    is_of_graph = of_graph(graph) if graph else _any
    is_of_chain = of_chains(graph) if graph else _any
    for row in _read(evidence, run_dir / results.RESULTS_FILE, Score):
        if is_of_graph(row):
            _take(evidence, row, run_dir, known)
    evidence.rows, evidence.disturbed = clean_and_disturbed(known.values())
    there = {key_of(row) for row in evidence.lessons}
    evidence.lessons += [
        row
        for row in _read(
            evidence, run_dir / results.FORGETTING_FILE, ChainScore
        )
        if is_of_chain(row) and key_of(row) not in there
    ]
    layers = _read(evidence, run_dir / results.LAYERS_FILE, LayerScore)
    layers, _ = clean_and_disturbed(filter(is_of_graph, layers))
    evidence.layers += layers
    unscored = _read(evidence, run_dir / results.UNSCORED_FILE, Unscored)
    evidence.unscored += filter(is_of_graph, unscored)
    there = {row.stage for row in evidence.trainings}
    evidence.trainings += [
        row
        for row in _read(evidence, run_dir / results.TRAININGS_FILE, Training)
        if row.stage not in there
    ]
    _read_embeddings(evidence, run_dir)


def _read_embeddings(evidence, run_dir):
    """Adds sentence embeddings of routes and languages that are not there."""
    routes = {row.route for row in evidence.rows}
    known = {found[:3] for found in evidence.embeddings}
    for route, target, language, file in embeddings.find(run_dir):
        place = (route, target, language)
        if route in routes and place not in known:
            try:
                evidence.embeddings.append((*place, embeddings.read(file)))
            except DamageError as error:
                evidence.problems.append(str(error))


def _name_missing(evidence):
    """Names cells of run.json without all of their scores."""
    if not evidence.description:
        return
    there = {
        (cell_key(row), row.language)
        for row in (*evidence.rows, *evidence.disturbed)
        if row.metric == evidence.task(row.target).metrics[0]
    }
    # Their gold is hidden: no score is missing.
    there |= {(cell_key(row), row.language) for row in evidence.unscored}
    named = []
    for cell, languages in asked_of_cells(evidence.description).items():
        route, target, seed, *disturbed = cell.split("|")
        missing = [code for code in languages if (cell, code) not in there]
        if missing:
            named.append(
                f"No score of {' '.join([target, *disturbed])} after "
                f"{route}, seed {seed}, in {' '.join(missing)}: not run yet, "
                "or damaged."
            )
    _name(evidence, named, "cells")


def _name(evidence, problems, what):
    """Adds problems of one kind; of many, the first."""
    evidence.problems += problems[:MAX_NAMED]
    if problems[MAX_NAMED:]:
        more = len(problems) - MAX_NAMED
        evidence.problems.append(f"Likewise {more} more {what}.")


def _read(evidence, file, kind):
    damaged = []
    rows = results.read_rows(file, kind, damaged)
    evidence.problems += [str(error) for error in damaged]
    return rows


def _read_run(evidence, run_dir):
    file = run_dir / results.RUN_FILE
    try:
        run = files.read_sealed(file)
    except DamageError as error:
        evidence.problems.append(f"{error} Its settings are not known.")
        return {}
    results.check_format(run, file)
    return run


def _check_alike(evidence, run, run_dir):
    try:
        check_compatible(evidence.description, run["graph"])
    except InputError as error:
        raise InputError(
            f"{str(run_dir)!r} and {str(evidence.run_dirs[0])!r} are of "
            f"different experiments: {error} Report them one by one."
        ) from None
    known, other = (
        {**found.get("settings", {}), "data": found.get("data")}
        for found in (evidence.description, run["graph"])
    )
    changed = [
        f"{name} {other.get(name)!r}, not {known.get(name)!r}"
        for name in {**known, **other}
        if known.get(name) != other.get(name)
    ]
    if changed:
        raise InputError(
            f"{str(run_dir)!r} was run with other settings than "
            f"{str(evidence.run_dirs[0])!r}: {'; '.join(changed)}. Report them "
            "one by one."
        )


def _any(row):
    """Without run.json, each row tells itself what it is of."""
    return True


def _take(evidence, row, run_dir, known):
    """Adds a score, unless another folder has the same."""
    names = [name for name in Score.KEY if name != "stage"]
    key = tuple(getattr(row, name) for name in names)
    before = known.get(key)
    if before is None or before.run_dir == run_dir:
        # Without run.json, the last training of a route is that of now.
        known.pop(key, None)
        known[key] = JudgedScore(**vars(row), run_dir=run_dir)
    elif row.value != before.value:
        evidence.problems.append(
            f"{run_dir}: {row.metric} of {row.target} in "
            f"{row.language} after {row.route}, seed {row.seed}, is "
            f"{row.value}, not {before.value} as in another folder; "
            "the first folder counts."
        )


def _sort(evidence):
    """Brings routes into the order of the flags."""
    routes = [
        cell.partition("|")[0] for cell in evidence.description.get("cells", {})
    ]
    places = {route: at for at, route in enumerate(dict.fromkeys(routes))}
    for rows in (evidence.rows, evidence.disturbed):
        rows.sort(key=lambda row: places.get(row.route, len(places)))


def _mark_own(evidence):
    """Marks the scores of routes that trained the target's own task."""
    is_own = functools.cache(
        lambda *place: bool(own_task.is_own(*place, evidence.tasks))
    )
    places = {}
    for rows in (evidence.rows, evidence.disturbed):
        for at, row in enumerate(rows):
            places[row.route, row.target] = True
            if is_own(row.route, row.target):
                rows[at] = dataclasses.replace(row, own_task=True)
    unknown = own_task.untold(places, evidence.tasks)
    evidence.problems += [unknown] if unknown else []


def _baseline(evidence, asked):
    routes = list(dict.fromkeys(row.route for row in evidence.rows))
    if not routes:
        raise InputError(
            f"{', '.join(map(str, evidence.run_dirs))}: no results to report "
            "yet. Run the experiment first. "
            + " ".join(evidence.problems[:MAX_NAMED])
        )
    if asked is not None and asked not in routes:
        raise unknown("baseline route", asked, routes)
    for route in (asked, evidence.run.get("baseline"), PRETRAINED):
        if route in routes:
            return route
    return routes[0]


def _draw(evidence, target):
    """Gives a target's rows their scores on resampled examples."""
    metric = evidence.primary[target]
    samples, owners, damaged = {}, {}, []
    for row in evidence.rows:
        if (row.target, row.metric) == (target, metric):
            key = (row.route, row.seed, row.language)
            try:
                samples[key] = sample_of(row)
                owners[key] = row
            except DamageError as error:
                damaged.append(f"{error} Its score is not judged.")
    _name(evidence, damaged, f"predictions of {target}")
    drawn = {
        id(owners[key]): draws for key, draws in bootstrap.draw(samples).items()
    }
    evidence.rows = [
        dataclasses.replace(row, draws=drawn[id(row)])
        if id(row) in drawn
        else row
        for row in evidence.rows
    ]
