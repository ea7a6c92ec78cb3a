"""Evaluates a visit's cells and what its chain has learned."""

import dataclasses

from stilts_keras import files
from stilts_keras.graph.route import PRETRAINED
from stilts_keras.problems.retrieval import sample_pairs
from stilts_keras.records.rows import LayerScore
from stilts_keras.records.rows import Score
from stilts_keras.records.rows import Unscored
from stilts_keras.reporting import collapsed
from stilts_keras.scoring import metrics
from stilts_keras.steps.assembly import holder
from stilts_keras.steps.evaluate import Evaluator
from stilts_keras.steps.lengths import lengths_for
from stilts_keras.tasks.languages import families
from stilts_keras.visits.values import Note
from stilts_keras.visits.values import Predicted
from stilts_keras.visits.values import Recalled
from stilts_keras.visits.values import Scored

# Whose sentence embeddings TensorBoard's projector shows.
NUM_PROJECTED_LANGUAGES = 5


def evaluator_of(task, batch_size, splits, place, interruption):
    """Makes what evaluates these splits of a task."""
    return Evaluator(
        task=task,
        problem=place.inputs.problem(task),
        tokenizer=place.inputs.tokenizer,
        batch_size=batch_size,
        padded_lengths=lengths_for(splits),
        held=interruption.held,
    )


def recall(visit, place, model, interruption):
    """Scores a stage on all that its chain learned."""
    scores = []
    for lesson in visit.lessons:
        task = lesson.source.task
        last = holder(visit.stage, task.head_key)
        predictor = model
        if last != visit.stage:
            predictor = place.models.with_heads_of(last, model.encoder)
        batch_size = lesson.stage.recipe.batch_size
        split = place.inputs.dev(lesson.stage, lesson.index)
        evaluator = evaluator_of(task, batch_size, [split], place, interruption)
        found = evaluator.evaluate(predictor, split)
        for metric, facts in _scores(found, task, lesson.source.language):
            scores.append((lesson, metric, facts))
    return Recalled(visit.stage, tuple(scores))


class Shared:
    """What cells of a visit share, since its weights are always the same.

    The embedded candidates are those of the last target alone: its disturbed
    cells follow the clean one, and search what it does. What is kept of them
    is a mapped file where it is large.
    """

    def __init__(self):
        """Nothing is known yet."""
        self._splits = []
        self._searched = None
        self._by_states = {}

    def searched(self, splits, evaluator, model):
        """Embeds a pool, unless it is the last one.

        Args:
            splits: list of `SplitFeatures`, of all its candidates.
            evaluator: `Evaluator`.
            model: `MultiTask`. The visit's.

        Returns:
            `steps.evaluate.Searched`.
        """
        # `Inputs` gives the very same objects for the same rows.
        if list(map(id, splits)) != list(map(id, self._splits)):
            # Never two in memory.
            self._searched = None
            self._searched = evaluator.embed(model, splits)
            self._splits = splits
        return self._searched

    def found(self, cell, language):
        """What hidden states yielded of the same rows for another seed.

        Args:
            cell: Cell.
            language: str.

        Returns:
            A list of `Evaluation` without embeddings, and the pairs to be
            looked at; None where nothing was kept.
        """
        return self._by_states.get(cell.facts[language].data_fingerprint)

    def keep(self, cell, language, swept, pairs):
        """Keeps that, where there may be other seeds: see `found`."""
        # Trained weights are those of one seed.
        if cell.stage is None:
            # Without what fills the memory.
            swept = [dataclasses.replace(one, embeddings=None) for one in swept]
            key = cell.facts[language].data_fingerprint
            self._by_states[key] = swept, pairs


def evaluate_cell(cell, place, model, interruption, shared):
    """Evaluates a cell, one language after the other."""
    evaluator = evaluator_of(
        cell.target,
        cell.recipe.batch_size,
        _splits(cell, place),
        place,
        interruption,
    )
    evaluate = _by_head if cell.target.kind.is_trained else _by_states
    predicted = evaluate(cell, place, model, evaluator, shared)
    constant, hidden = [], []
    for language, split, found, facts, more in predicted:
        if split.is_hidden:
            hidden.append(language)
            yield _predicted(cell, language, found)
            continue
        rows = _rows(Score, cell, language, found, facts)
        yield Scored(
            cell=cell,
            language=language,
            rows=rows,
            gold=found.gold,
            predictions=found.predictions,
            ids=found.ids,
            **more,
        )
        is_clean = not cell.disturbance
        constant += [row for row in rows[:1] if row.collapsed and is_clean]
        if not is_clean:
            split.release()
    if hidden:
        yield Note(
            f"{cell.target.name} after {cell.route}: gold of "
            f"{' '.join(hidden)} is hidden; predictions are written, and not "
            "scored."
        )
    if constant:
        rates = learning_rates(cell.stage)
        yield Note(collapsed.of_results(constant, rates))


def _splits(cell, place):
    """Lists all that a cell is evaluated with, of every language."""
    splits = place.inputs.pool(cell) or []
    splits += [
        find(cell, language)
        for language in cell.languages
        for find in (place.inputs.test, place.inputs.threshold_rows)
    ]
    return [split for split in splits if split is not None]


def _by_head(cell, place, model, evaluator, shared):
    """Yields each language with what a trained head predicts."""
    pool = place.inputs.pool(cell)
    searched = pool and shared.searched(pool, evaluator, model)
    for language in cell.languages:
        split = place.inputs.test(cell, language)
        dev = place.inputs.threshold_rows(cell, language)
        found = evaluator.evaluate(model, split, dev, searched)
        notes = (
            _notes(split, dev)
            + _sizes_note(found.sizes)
            + _noise_note(cell, language, place)
        )
        yield language, split, found, {"notes": notes}, {}


def _by_states(cell, place, model, evaluator, shared):
    """Yields each language with what hidden states find, of all if asked."""
    predictor, layers, counts, pooling = place.models.pooled(
        cell, model and model.encoder
    )
    known = {"pooling": pooling, **_collapse(cell.stage, place)}
    for language in cell.languages:
        split = place.inputs.test(cell, language)
        dev = place.inputs.threshold_rows(cell, language)
        before = shared.found(cell, language)
        swept, pairs = before or _swept(
            cell.target.kind, evaluator, predictor, (split, dev), counts
        )
        if not before:
            shared.keep(cell, language, swept, pairs)
        layer_rows = ()
        if len(layers) > 1:
            layer_rows = tuple(
                row
                for layer, found in zip(layers, swept, strict=True)
                for row in _rows(
                    LayerScore, cell, language, found, known | {"layer": layer}
                )
            )
        facts = {"layer": layers[counts], "notes": _notes(split, dev), **known}
        more = {
            "layer_rows": layer_rows,
            "pairs": pairs if _is_shown(cell, language) else None,
            "is_repeated": before is not None,
        }
        yield language, split, swept[counts], facts, more


def _predicted(cell, language, found):
    return Predicted(
        cell=cell,
        row=Unscored(
            route=cell.route,
            seed=cell.seed,
            target=cell.target.name,
            language=language,
            split=cell.split,
            n=len(found.predictions),
            stage=_stage_of(cell),
            data_fingerprint=cell.facts[language].data_fingerprint,
            disturbance=cell.disturbance,
            severity=cell.severity,
        ),
        predictions=found.predictions,
        ids=found.ids,
    )


def _stage_of(cell):
    """Names the weights that a cell evaluates, for files of rows."""
    return cell.stage.fingerprint if cell.stage else PRETRAINED


def _swept(kind, evaluator, predictor, splits, counts):
    """Evaluates each hidden state, and takes pairs of the one that counts."""
    swept = evaluator.evaluate_layers(predictor, *splits)
    if not kind.is_of_pairs:
        return swept, None
    return swept, sample_pairs(swept[counts].embeddings, splits[0])


def _is_shown(cell, language):
    """Whether embeddings are kept to be looked at: of a few languages."""
    # No two of one family.
    shown = [members[0] for members in families(cell.languages).values()]
    return cell.is_projected and language in shown[:NUM_PROJECTED_LANGUAGES]


def _collapse(stage, place):
    """Returns what results say of a stage that has collapsed, or {}.

    Nothing is trained for retrieval: its weights are the stage's own.
    """
    if stage is None:
        return {}
    folder = place.models.folder(stage)
    facts = files.read_sealed(folder / files.MANIFEST)
    constant = collapsed.of_dev_rows(facts.get("constants"))
    return {"constant": constant} if constant else {}


def learning_rates(stage):
    """Lists the peak rates of a chain, the first stage's first."""
    if stage and stage.averaged:
        stage = stage.parent
    chain = stage.chain if stage else ()
    return [earlier.recipe.learning_rate for earlier in chain]


def _rows(kind, cell, language, found, extras):
    known = cell.facts[language]
    return tuple(
        kind(
            **{
                "route": cell.route,
                "seed": cell.seed,
                "target": cell.target.name,
                "language": language,
                "split": cell.split,
                "metric": metric,
                "zero_shot": known.zero_shot,
                "seen_language": known.seen_language,
                "in_benchmark": known.in_benchmark,
                "stage": _stage_of(cell),
                "data_fingerprint": known.data_fingerprint,
                "disturbance": cell.disturbance,
                "severity": cell.severity,
                **facts,
                **extras,
            }
        )
        for metric, facts in _scores(found, cell.target, language)
    )


def _notes(*splits):
    """What results say of the rows they were made with, if there is any."""
    return tuple(note for split in splits if split for note in split.notes())


def _noise_note(cell, language, place):
    """Says which rows are compared, where disturbed ones are a task's own."""
    if cell.noisy is None:
        return ()
    pairs = place.inputs.pairs(cell, language)
    noise = cell.noisy.noise.get(language)
    more = f", {noise} disturbed" if noise and cell.severity else ""
    name = f"{cell.disturbance} {cell.severity}: {cell.noisy.name}"
    return (f"{name} in {language}, {pairs}{more}",)


def _sizes_note(sizes):
    """Says how many candidates were searched, where that is a pool."""
    if sizes is None:
        return ()
    number, languages = sum(sizes.values()), " ".join(sizes)
    return (f"searched among {number:,} candidates ({languages})",)


def _scores(found, task, language):
    """Yields each metric with its value and how sure that is."""
    for metric in metrics.of(task):
        low, high = metric.interval(
            found.gold, found.predictions, language=language
        )
        yield (
            metric.name,
            {
                "value": found.metrics[metric.name],
                "n": len(found.gold),
                "low": low,
                "high": high,
                "chance": metric.chance(found.gold, found.sizes, language),
                "constant": found.constant,
            },
        )
