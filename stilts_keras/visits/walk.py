"""Makes the visits that are left of a folder, one after the other, here."""

import contextlib
import dataclasses
import time

from stilts_keras import backend
from stilts_keras import files
from stilts_keras.graph.holdings import missing_notes
from stilts_keras.graph.modality import check_readable
from stilts_keras.graph.per_device import check_divisible
from stilts_keras.graph.per_device import describe_memory
from stilts_keras.graph.plan import problems_of
from stilts_keras.records.remaining import Remaining
from stilts_keras.records.rows import Speed
from stilts_keras.records.rows import from_dict
from stilts_keras.steps.inputs import refuse_long_rows
from stilts_keras.steps.update import check_sliceable
from stilts_keras.versions import versions
from stilts_keras.visits.averaging import check_means
from stilts_keras.visits.keeping import keep
from stilts_keras.visits.pace import speed_of_evaluation
from stilts_keras.visits.place import Place
from stilts_keras.visits.planning import plan_visits
from stilts_keras.visits.values import Note
from stilts_keras.visits.values import Scored
from stilts_keras.visits.values import Setting
from stilts_keras.visits.values import Trained
from stilts_keras.visits.visit import make


@dataclasses.dataclass(frozen=True)
class Begun:
    """What is to be done in a folder, once all of it was checked.

    Attributes:
        visits: list of `Visit`, parents first.
        left: `Remaining`.
        place: `Place`, all data packed; None where there is no visit.
    """

    visits: list
    left: Remaining
    place: Place | None


def walk(folder, options, screen, interruption, settings):
    """Makes the visits that are left, and keeps what they yield.

    Args:
        folder: `RunFolder`, locked: of a run, or of a visit.
        options: Options.
        screen: Screen.
        interruption: Interruption.
        settings: dict. Kept in `run.json`.
    """
    begun = begin(folder, options, screen, settings)
    left = begun.left
    screen.expect(left)
    with company(interruption):
        for visit in begun.visits:
            backend.wait_for_all("a visit")
            with folder.files.open_events():
                found = make(visit, begun.place, screen, interruption)
                speeds = _kept(found, folder, screen, begun.place)
            folder.files.keep_speeds(speeds)
            left = without(left, visit)
            folder.drop_unneeded(options.keep, left)
            screen.end_visit(left)


def company(interruption):
    """Has all processes at a run stop together, where there are several."""
    if backend.num_processes() == 1:
        return contextlib.nullcontext()
    return interruption.together(backend.stop_signal)


def agree(visits, options):
    """Makes sure that all processes at a run do the same.

    Raises:
        InputError: If this one has other visits, or other versions.
    """
    facts = [
        [
            visit.stage and visit.stage.fingerprint,
            visit.is_trained,
            [[cell.key, *cell.languages] for cell in visit.cells],
            [str(lesson) for lesson in visit.lessons],
        ]
        for visit in visits
    ]
    how = [options.devices, options.micro_batch_size, versions()]
    backend.agree("work to do", files.fingerprint_of([facts, how]))


def _kept(results, folder, screen, place):
    """Keeps what a visit yields as it comes; returns a `Speed` of each."""
    speeds, began = [], time.monotonic()
    for found in results:
        seconds = time.monotonic() - began
        match found:
            case Trained(stage):
                told = (folder.stages.manifest(stage) or {}).get("speed")
                if told:
                    where = f"speed of {stage.path} ({stage.fingerprint})"
                    speeds.append(from_dict(Speed, told, where))
            # What was found before took no time.
            case Scored(cell=cell, language=language, is_repeated=False):
                speeds.append(
                    speed_of_evaluation(cell, language, place, seconds)
                )
        keep(folder, found, screen)
        if not isinstance(found, Note):
            # Whatever is noted is of what comes next.
            began = time.monotonic()
    return speeds


def begin(folder, options, screen, settings, *, is_here=True):
    """Finds what is left, and all that can be wrong with it, at once.

    Args:
        folder: `RunFolder`, locked.
        options: Options.
        screen: Screen.
        settings: dict. Kept in `run.json`.
        is_here: bool. Whether this process makes the visits itself.

    Returns:
        `Begun`. The folder is described.
    """
    left = folder.remaining()
    graph = folder.graph
    for note in (*folder.notes, *_left_out(graph), *graph.notes_on_longer()):
        screen.note(note)
    # What is damaged is gone.
    backend.wait_for_all("the run folder")
    visits = plan_visits(graph, left)
    check_means(graph, folder.stages, left)
    agree(visits, options)
    place = prepare(folder, visits, options, screen, is_here=is_here)
    if visits or not folder.is_described:
        folder.describe({"settings": settings, **versions()})
    folder.keep_trainings(folder.graph.stages)
    folder.drop_unneeded(options.keep, left)
    return Begun(visits, left, place)


def without(left, visit):
    """Returns what is left once a visit is made."""
    return left.without(
        visit.stage and visit.stage.fingerprint,
        [cell.key for cell in visit.cells],
    )


def _check_devices(backbone, visits, options, is_here):
    """Refuses devices that are not there, or not for these stages."""
    backend.check_devices(options.devices, is_here=is_here)
    if options.model_parallel:
        check_divisible(backbone, options.devices)
        # Each has all rows.
        return
    for visit in visits:
        if visit.takes_steps:
            backend.check_rows(
                visit.stage.path,
                visit.stage.recipe.batch_size,
                options.devices,
                options.micro_batch_size,
            )


def prepare(folder, visits, options, screen, *, is_here=True):
    """Finds all that can be wrong with visits, at once.

    Args:
        folder: `RunFolder`.
        visits: list of `Visit`.
        options: Options.
        screen: Onlooker.
        is_here: bool. Whether this process makes the visits itself.

    Returns:
        `Place`, all data packed; None where there is no visit.
    """
    if not visits:
        return None
    _check_devices(folder.graph.backbone, visits, options, is_here)
    place = Place(
        Setting(
            data=folder.graph.data,
            backbone=folder.graph.backbone,
            stages=folder.stages,
            options=options,
        )
    )
    # Of a backbone on the Hub it was not known what it reads.
    asked = folder.graph.request
    check_readable(place.root, asked.used_tasks, asked.known_tasks)
    trained = [visit.stage for visit in visits if visit.takes_steps]
    _describe_division(place, trained, options, screen)
    for line in folder.graph.lowered_lengths(place.root.max_sequence_length):
        screen.note(line)
    for stage in trained:
        for source in stage.all_sources:
            check_sliceable(
                str(source),
                place.inputs.problem(source.task),
                stage.recipe.batch_size,
                options.micro_batch_size,
            )
    cut = place.inputs.prepare(
        trained,
        [cell for visit in visits for cell in visit.cells],
        [lesson for visit in visits for lesson in visit.lessons],
    )
    if options.long_rows == "error":
        refuse_long_rows(cut)
    for note in place.inputs.notes():
        screen.note(f"{note}.")
    for note in place.root.limits(problems_of(trained)):
        screen.note(note)
    for where, count in cut.items():
        screen.note(f"{where}: {count} long sequences were cut.")
    for where in place.inputs.without_dev(trained):
        screen.note(f"{where}: no dev rows; the last step is kept.")
    notes = (f"{note}." for note in folder.graph.trials.notes)
    for note in (*notes, *missing_notes(folder.graph)):
        screen.note(note)
    return place


def _describe_division(place, trained, options, screen):
    """Says what each device needs of a divided model, now that it is known."""
    if not options.model_parallel:
        return
    # Of a backbone on the Hub not all was known before.
    check_divisible(place.root, options.devices)
    backbone = place.root
    if backbone.vocabulary_size is None:
        # A random one takes its tokenizer's.
        backbone = dataclasses.replace(
            backbone, vocabulary_size=place.inputs.tokenizer.vocabulary_size
        )
    if trained:
        screen.note(describe_memory(backbone, trained, options))


def _left_out(graph):
    return [f"Left out: {reason}" for reason in graph.left_out.values()]
