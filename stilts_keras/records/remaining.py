"""What of a graph is left to do, and which weights that will be read from.

Both the run that goes on and the pruning that follows it ask here; they see
the graph as run.json describes it.
"""

import collections
import dataclasses
from collections.abc import Mapping

from stilts_keras.graph.cell import key_of
from stilts_keras.graph.description import rows_key
from stilts_keras.graph.route import PRETRAINED

# Whose weights stay when nothing more needs them: all; those that a target
# was evaluated with; none.
KEEP = ("all", "last", "none")


@dataclasses.dataclass(frozen=True)
class Remaining:
    """What is left to do.

    Attributes:
        stages: frozenset of str. Fingerprints of those to be trained.
        cells: mapping from a cell (its `key`, clean or disturbed) to a tuple
            of the languages that lack a score.
        measured: frozenset of str. Stages after which the sources of their
            chain are to be scored.
    """

    stages: frozenset
    cells: Mapping
    measured: frozenset

    def without(self, stage, cells):
        """Returns what is left once a stage and cells are done.

        Args:
            stage: str or None. Fingerprint.
            cells: iterable of str.
        """
        done = set(cells)
        return Remaining(
            self.stages - {stage},
            {key: left for key, left in self.cells.items() if key not in done},
            self.measured - {stage},
        )

    def needed(self, description):
        """Returns the fingerprints of the stages whose weights will be read.

        Args:
            description: dict. `Graph.description()`, or run.json's copy.
        """
        stages = description["stages"]
        weights = weights_of_cells(description)
        needed = {weights[key] for key in self.cells}
        for name in self.stages:
            facts = stages[name]
            needed.update(facts.get("averaged", [facts["parent"]]))
            if facts["replays"]:
                # What is replayed goes on with the heads that it had.
                needed.update(_ancestors(stages, name))
        for name in self.measured:
            needed.update({name, *_ancestors(stages, name)})
        # A cell of the bare backbone has no stage.
        return _with_bases(stages, needed & set(stages))


def remaining(
    description,
    scores,
    layers,
    chain_scores,
    unscored,
    is_there,
    *,
    wanted=(),
):
    """Finds what is left to do.

    Args:
        description: dict. `Graph.description()`, or run.json's copy.
        scores: iterable of `rows.Score` of the graph.
        layers: iterable of `rows.LayerScore` of the graph.
        chain_scores: iterable of `rows.ChainScore` of the graph.
        unscored: iterable of `rows.Unscored` of the graph.
        is_there: function of a fingerprint -> bool: whether the stage is
            finished and whole.
        wanted: iterable of str. Fingerprints of stages that are to be there,
            whether anything needs them or not.

    Returns:
        `Remaining`.
    """
    cells = _without_scores(description, scores, layers, unscored)
    measured = _unmeasured(description, chain_scores)
    untrained = frozenset(name for name in wanted if not is_there(name))
    while True:
        left = Remaining(untrained, cells, measured)
        missing = {
            name
            for name in left.needed(description)
            if name not in untrained and not is_there(name)
        }
        if not missing:
            return left
        untrained |= missing


def kept_stages(description, keep, left):
    """Returns the fingerprints of the stages whose weights must stay.

    Args:
        description: dict. `Graph.description()`, or run.json's copy.
        keep: str. One of `KEEP`.
        left: `Remaining`.
    """
    stages = description["stages"]
    kept = {
        "all": set(stages),
        "last": set(description["cells"].values()) & set(stages),
        "none": set(),
    }[keep]
    return left.needed(description) | _with_bases(stages, kept)


def of_graph(description):
    """Returns the test of a score for being of a graph's weights and data.

    A folder keeps rows of trainings that changed data have made obsolete.

    Args:
        description: dict. `Graph.description()`, or run.json's copy.

    Returns:
        Function of a `rows.Score` or `rows.Unscored` -> bool.
    """
    fingerprints = {
        **description["data_fingerprints"],
        **description.get("disturbed_fingerprints", {}),
    }
    cells, stages = weights_of_cells(description), description["stages"]

    def is_of_graph(row):
        stage = cells.get(cell_key(row))
        if stage is not None and stage not in stages:
            stage = PRETRAINED
        rows = rows_key(row.target, row.language, row.disturbance, row.severity)
        return row.stage == stage and row.data_fingerprint == fingerprints.get(
            rows
        )

    return is_of_graph


def of_chains(description):
    """Returns the test of a dev score for being of a graph's chains.

    Args:
        description: dict. `Graph.description()`, or run.json's copy.

    Returns:
        Function of a `rows.ChainScore` -> bool.
    """
    lessons = description["lessons"]

    def is_of_chain(row):
        lesson = lessons.get(row.stage, {}).get(row.source)
        return (
            lesson is not None
            and lesson["data_fingerprint"] == row.data_fingerprint
        )

    return is_of_chain


def cell_key(row):
    """Names the cell of a score as run.json does."""
    return key_of(
        row.route, row.target, row.seed, row.disturbance, row.severity
    )


def weights_of_cells(description):
    """Returns the weights of all cells, clean and disturbed, by their keys.

    Args:
        description: dict. `Graph.description()`, or run.json's copy, which of
            an older folder knows of nothing disturbed.
    """
    return {**description["cells"], **description.get("disturbed_cells", {})}


def asked_of_cells(description):
    """Lists the languages that each cell, clean or disturbed, is evaluated in.

    Args:
        description: dict. `Graph.description()`, or run.json's copy.

    Returns:
        Dict from a cell's key to a tuple of str.
    """
    languages = {}
    for kind in ("data_fingerprints", "disturbed_fingerprints"):
        for rows in description.get(kind, {}):
            target, language, *disturbed = rows.split("|")
            languages.setdefault((target, *disturbed), []).append(language)
    return {
        key: tuple(languages[target, *disturbed])
        for key in weights_of_cells(description)
        for _, target, _, *disturbed in [key.split("|")]
    }


def languages_of(description):
    """Lists the languages that each target is evaluated in.

    Args:
        description: dict. `Graph.description()`, or run.json's copy.

    Returns:
        Dict from a target (str) to a list of str.
    """
    languages = {}
    for pair in description["data_fingerprints"]:
        target, _, language = pair.partition("|")
        languages.setdefault(target, []).append(language)
    return languages


def _without_scores(description, scores, layers, unscored):
    predicted = {(cell_key(row), row.language) for row in unscored}
    done, swept = (
        collections.Counter((cell_key(row), row.language) for row in rows)
        for rows in (scores, layers)
    )
    cells = {}
    for key, languages in asked_of_cells(description).items():
        _, target, _, *disturbed = key.split("|")
        counts = description["counts"][target]
        # Of disturbed rows, one hidden state is scored.
        num_layers = 0 if disturbed else counts["layers"]
        missing = tuple(
            language
            for language in languages
            if (key, language) not in predicted
            and (
                done[key, language] < counts["scores"]
                or swept[key, language] < num_layers
            )
        )
        if missing:
            cells[key] = missing
    return cells


def _unmeasured(description, chain_scores):
    done = collections.Counter((row.stage, row.source) for row in chain_scores)
    return frozenset(
        name
        for name, lessons in description["lessons"].items()
        if any(
            done[name, source] < lesson["scores"]
            for source, lesson in lessons.items()
        )
    )


def _with_bases(stages, names):
    """Adds the stages whose weights LoRA stages are added to."""
    bases = {stages[name].get("base") for name in names}
    return names | (bases - {None})


def _ancestors(stages, name):
    """Lists a stage's ancestors, the nearest first."""
    found = []
    while stages[name]["parent"] is not None:
        name = stages[name]["parent"]
        found.append(name)
    return found
