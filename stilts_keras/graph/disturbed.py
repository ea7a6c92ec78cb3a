"""Disturbed evaluations: what a request's disturbances make of clean cells.

Each is a Cell with the weights of the clean one: nothing is trained for it.
"""

import copy
import dataclasses

from stilts_keras.data.matching import MATCHING_VERSION
from stilts_keras.data.matching import can_match
from stilts_keras.disturbances import DISTURBANCES
from stilts_keras.errors import InputError
from stilts_keras.files import fingerprint_of
from stilts_keras.graph.request import SWEEP
from stilts_keras.tasks.task import Task

TEST = "test"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """One disturbance of one target, at one severity.

    Attributes:
        target: str. The task's name.
        name: str. Of the disturbance.
        severity: int.
        noisy: Task or None. The task that holds the disturbed rows, if one
            does.
        fingerprints: dict from each language to what the scores depend on
            besides the weights.
    """

    target: str
    name: str
    severity: int
    noisy: Task | None
    fingerprints: dict


class Trials:
    """All disturbances of a request's targets, and what is left out of them.

    Attributes:
        found: tuple of `Trial`.
        notes: tuple of str. What is not disturbed, and why.
    """

    def __init__(self, graph, holdings):
        """Finds what of the targets each disturbance fits.

        Args:
            graph: Graph, whose `data_fingerprints` are known.
            holdings: Holdings.

        Raises:
            InputError: If a disturbance fits none of the targets that it is
                asked of.
        """
        self._graph, self._holdings = graph, holdings
        found, notes = {}, []
        for asked in graph.request.disturb:
            taken, refused = [], []
            for task in graph.targets:
                if asked.target in (None, task.name):
                    trials, note = self._of(asked, task)
                    taken += trials
                    refused += [note] if note else []
            if not taken:
                raise InputError(
                    f"Disturbance {asked.name!r} fits no target that it is "
                    f"asked of: {'; '.join(refused)}. Leave it out of "
                    "--disturb, or choose other --targets."
                )
            # Asked of one target and of all, it is one.
            for trial in taken:
                found[trial.target, trial.name, trial.severity] = trial
            notes += [f"{asked.name} is left out of {note}" for note in refused]
        self.found = tuple(found.values())
        self.notes = tuple(dict.fromkeys(notes))

    def alone(self):
        """Returns the same without the graph: to be handed on."""
        other = copy.copy(self)
        other._graph = other._holdings = None
        return other

    def _of(self, asked, task):
        """Returns the trials of a target, and what is left out, or None."""
        if asked.name in DISTURBANCES:
            return self._changed(asked, task)
        return self._given(asked, task)

    def _changed(self, asked, task):
        """Disturbs a target's rows."""
        disturbance = DISTURBANCES[asked.name]
        if not disturbance.fits(task):
            return [], (
                f"{task.name}: it changes {disturbance.reads} of "
                f"{', '.join(disturbance.problems)}, and {task.name} is "
                f"{task.problem} of {task.reads}"
            )
        clean = self._graph.data_fingerprints[task.name]
        languages = list(filter(disturbance.fits_language, clean))
        others = [code for code in clean if code not in languages]
        note = f"{task.name} ({' '.join(others)}): it has nothing to change"
        if not languages:
            return [], note
        trials = _trials(
            asked,
            task,
            languages,
            lambda code, severity: [
                clean[code],
                *disturbance.at(severity).identity,
            ],
        )
        return trials, note if others else None

    def _given(self, asked, task):
        """Takes the rows of the task that disturbs the target."""
        noisy = [
            other
            for other in self._graph.request.known_tasks.values()
            if (other.disturbs, other.disturbance) == (task.name, asked.name)
        ]
        if not noisy:
            return [], f"{task.name}: no task has such rows of it"
        if len(noisy) > 1:
            names = ", ".join(other.name for other in noisy)
            return [], f"{task.name}: more than one task has such rows: {names}"
        (noisy,) = noisy
        if (noisy.problem, noisy.reads) != (task.problem, task.reads):
            return [], (
                f"{task.name}: {noisy.name} is {noisy.problem} of "
                f"{noisy.reads}, not {task.problem} of {task.reads}"
            )
        if not can_match(noisy, task):
            return [], (
                f"{task.name}: which clean row each of {noisy.name} is of is "
                "only found in texts of classification or tagging, or where "
                "both tasks read other columns of the same rows"
            )
        if self._graph.eval_split(task) != TEST:
            return [], f"{task.name}: its rows are test rows, not dev rows"
        clean = self._graph.data_fingerprints[task.name]
        held = self._holdings.languages(noisy, TEST)
        languages = [code for code in clean if code in held]
        others = [code for code in clean if code not in languages]
        if not languages:
            missing = self._holdings.not_held(noisy.name, noisy, TEST)
            return [], f"{task.name}: {missing}"
        trials = _trials(
            asked,
            task,
            languages,
            lambda code, severity: [
                clean[code],
                asked.name,
                severity,
                self._holdings.fingerprint(noisy, code, TEST),
                noisy.identity,
                MATCHING_VERSION,
            ],
            noisy,
        )
        if not others:
            return trials, None
        return trials, (
            f"{task.name} ({' '.join(others)}): the data have no such rows"
        )

    def cells(self, cells):
        """Yields the disturbed cells of clean ones, in their order.

        Args:
            cells: iterable of Cell.
        """
        for cell in cells:
            for trial in self.found:
                if trial.target == cell.target.name:
                    yield self._cell(cell, trial)

    def _cell(self, cell, trial):
        return dataclasses.replace(
            cell,
            disturbance=trial.name,
            severity=trial.severity,
            noisy=trial.noisy,
            languages=tuple(trial.fingerprints),
            # Of all hidden states, the documented one.
            layer=None if cell.layer == SWEEP else cell.layer,
            is_projected=False,
            facts={
                language: dataclasses.replace(
                    cell.facts[language], data_fingerprint=fingerprint
                )
                for language, fingerprint in trial.fingerprints.items()
            },
        )


def _trials(asked, task, languages, depends_on, noisy=None):
    """Makes a Trial of each severity.

    Args:
        asked: `disturbances.asked.Asked`.
        task: Task. The target.
        languages: list of str.
        depends_on: function (language, severity) -> list, of all that scores
            depend on besides the weights.
        noisy: Task or None, as in `Trial`.
    """
    return [
        Trial(
            target=task.name,
            name=asked.name,
            severity=severity,
            noisy=noisy,
            fingerprints={
                code: fingerprint_of(depends_on(code, severity))
                for code in languages
            },
        )
        for severity in asked.severities
    ]


def plan_notes(graph, left=None):
    """Says what disturbances add to a plan.

    Args:
        graph: Graph.
        left: mapping from a cell's key to the languages that lack a score, or
            None where nothing is done yet.

    Yields:
        str.
    """
    cells = graph.disturbed_cells
    if not cells:
        return
    todo = [
        len(cell.languages if left is None else left.get(cell.key, ()))
        for cell in cells
    ]
    settings = {(cell.disturbance, cell.severity) for cell in cells}
    total = sum(len(cell.languages) for cell in cells)
    yield (
        f"Disturbed: {len(settings)} settings, {len(cells):,} more results "
        f"(route, target, seed, disturbance, severity), {total:,} more "
        f"evaluations of one language, of which {sum(todo):,} are to be made. "
        "No training."
    )
    for note in graph.trials.notes:
        yield f"Disturbed: {note}."
