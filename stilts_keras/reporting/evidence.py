"""What runs left behind, read again: the matter of a report.

Needs results.jsonl and the predictions. Without run.json, or without
trainings.jsonl, a report says less and says so.
"""

import dataclasses
import pathlib

from stilts_keras import files
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.graph.graph import check_compatible
from stilts_keras.graph.route import PRETRAINED
from stilts_keras.reporting import predictions
from stilts_keras.reporting import results
from stilts_keras.scoring import bootstrap
from stilts_keras.tasks import get_task

# What rows on forgetting have besides.
LESSON = {"source", "learned_in", "forgetting", "first_route", "num_stages"}
# A score is written with all its digits; sums of other orders differ less.
TOLERANCE = 1e-6


@dataclasses.dataclass
class Evidence:
    """Results of one run folder or of several, and where they are from.

    Attributes:
        rows: list of dicts of results.jsonl, of targets. Those of a target's
            own metric have `draws` if their predictions are there.
        lessons: list of dicts of results.jsonl, of sources along chains.
        layers: list of dicts of retrieval_layers.jsonl.
        trainings: list of dicts of trainings.jsonl.
        run_dirs: list of path.
        run: dict. run.json of the first folder that has one, or empty.
        baseline: str. The route to compare with.
        problems: list of str. What is missing or damaged.
    """

    rows: list
    lessons: list
    layers: list
    trainings: list
    run_dirs: list
    run: dict
    baseline: str
    problems: list

    @property
    def description(self):
        """What `Graph.description` says, or an empty dict."""
        return self.run.get("graph", {})

    @property
    def primary(self):
        """Each target's own metric, in the order of the targets."""
        named = [
            pair.partition("|")[0]
            for pair in self.description.get("evaluation", {})
        ]
        there = [row["target"] for row in self.rows]
        return {
            target: get_task(target).metrics[0]
            for target in dict.fromkeys([*named, *there])
            if target in there
        }


def gather(run_dirs, *, baseline=None):
    """Reads run folders; several are taken for parts of one experiment.

    Args:
        run_dirs: list of path.
        baseline: str or None. The route to compare with; None: that of the
            first run, or `pretrained`, or the first route there is.

    Returns:
        `Evidence`.

    Raises:
        InputError: If a folder holds no results, the baseline has none, or
            the folders are of different backbones, data or settings.
    """
    evidence = Evidence([], [], [], [], [], {}, "", [])
    known = {}
    for run_dir in map(pathlib.Path, run_dirs):
        run_dir = run_dir.expanduser()
        if not (run_dir / results.RESULTS_FILE).is_file():
            raise InputError(
                f"{str(run_dir)!r} is no run folder: it has no "
                f"{results.RESULTS_FILE}. Pass the --run_dir of `stilts run`."
            )
        _add(evidence, run_dir, known)
    _sort(evidence)
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
    is_current = _current(run.get("graph"))
    strange = 0
    for row in _read(evidence, run_dir / results.RESULTS_FILE):
        if "source" in row and not LESSON <= row.keys():
            strange += 1
        elif is_current(row):
            _take(evidence, row, run_dir, known)
    if strange:
        evidence.problems.append(
            f"{run_dir}: {strange} rows on forgetting are of another version "
            "of stilts_keras and left out."
        )
    layers = _read(evidence, run_dir / results.LAYERS_FILE)
    evidence.layers += [row for row in layers if is_current(row)]
    there = {row["stage"] for row in evidence.trainings}
    evidence.trainings += [
        row
        for row in _read(
            evidence, run_dir / results.TRAININGS_FILE, results.TRAINING
        )
        if row["stage"] not in there
    ]


def _read(evidence, file, columns=results.COLUMNS):
    damaged = []
    rows = results.read_results(file, damaged, columns)
    evidence.problems += [str(error) for error in damaged]
    return rows


def _read_run(evidence, run_dir):
    try:
        return files.read_sealed(run_dir / results.RUN_FILE)
    except DamageError as error:
        evidence.problems.append(f"{error} Its settings are not known.")
        return {}


def _check_alike(evidence, run, run_dir):
    try:
        check_compatible(evidence.description, run["graph"])
    except InputError as error:
        raise InputError(
            f"{str(run_dir)!r} and {str(evidence.run_dirs[0])!r} are of "
            f"different experiments: {error} Report them one by one."
        ) from None


def _current(description):
    """Returns whether a row is of the weights and data of now.

    A folder keeps rows of trainings that changed data have made obsolete.
    """
    if not description:
        return lambda row: True
    evaluations = description.get("evaluation", {})
    cells = description.get("cells", {})
    stages = description.get("stages", {})

    def is_current(row):
        if "source" in row:
            return row["stage"] in stages
        key = "|".join(map(str, (row["route"], row["target"], row["seed"])))
        pair = f"{row['target']}|{row['language']}"
        return (
            key in cells
            and row["stage"] in (PRETRAINED, cells[key])
            and row.get("evaluation") == evaluations.get(pair)
        )

    return is_current


def _take(evidence, row, run_dir, known):
    """Adds a row, unless another folder has the same."""
    kind = evidence.lessons if "source" in row else evidence.rows
    key = tuple(row[name] for name in results.KEY) + (row.get("source"),)
    if key not in known:
        known[key] = row
        kind.append({**row, "run_dir": run_dir})
    elif row["value"] != known[key]["value"]:
        evidence.problems.append(
            f"{run_dir}: {row['metric']} of {row['target']} in "
            f"{row['language']} after {row['route']}, seed {row['seed']}, is "
            f"{row['value']}, not {known[key]['value']} as in another folder; "
            "the first folder counts."
        )


def _sort(evidence):
    """Brings routes into the order of the flags."""
    routes = [
        cell.partition("|")[0] for cell in evidence.description.get("cells", {})
    ]
    places = {route: at for at, route in enumerate(dict.fromkeys(routes))}
    evidence.rows.sort(key=lambda row: places.get(row["route"], len(places)))


def _baseline(evidence, asked):
    routes = list(dict.fromkeys(row["route"] for row in evidence.rows))
    if not routes:
        raise InputError(
            f"{', '.join(map(str, evidence.run_dirs))}: no results to report "
            "yet. Run the experiment first."
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
    samples, owners = {}, {}
    for row in evidence.rows:
        if (row["target"], row["metric"]) == (target, metric):
            key = (row["route"], row["seed"], row["language"])
            try:
                samples[key] = _sample(row)
                owners[key] = row
            except DamageError as error:
                evidence.problems.append(f"{error} Its score is not judged.")
    for key, draws in bootstrap.draw(samples).items():
        owners[key]["draws"] = draws


def _sample(row):
    """Reads the predictions behind a row.

    Raises:
        DamageError: If they are missing, damaged or not those of the row.
    """
    names = ("route", "target", "seed", "split", "language")
    file = predictions.file_of(
        row["run_dir"], **{name: row[name] for name in names}
    )
    sample, n = predictions.sample_of(file, row["metric"], row["language"])
    if abs(sample.value - row["value"]) > TOLERANCE or n != row["n"]:
        raise DamageError(
            f"{file}: scores {sample.value:.6g} on {n} examples, but "
            f"results.jsonl has {row['value']:.6g} on {row['n']}."
        )
    return sample
