"""Looks at data sets through a backbone as it is: nothing is trained.

Array letters: b rows, s sequences of all rows, l tokens, h hidden.
"""

import dataclasses
import gc
import time

import keras
import numpy as np
from keras import ops

from stilts_keras import backend
from stilts_keras import files
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.backbones.loading import fetch
from stilts_keras.backbones.loading import load_root
from stilts_keras.backbones.loading import load_tokenizer
from stilts_keras.data.batches import eval_batches
from stilts_keras.data.features import load_features
from stilts_keras.graph.modality import check_readable
from stilts_keras.problems.labelled_units import UNITS
from stilts_keras.problems.labelled_units import one_hot
from stilts_keras.scoring.logme import Moments
from stilts_keras.steps import lengths
from stilts_keras.steps.ahead import Ahead
from stilts_keras.steps.inputs import Inputs
from stilts_keras.steps.multitask import MultiTask

BATCH_SIZE = 16
# Fixed, so that an order is one of the same sequences whenever it is made.
SEED = 0
STATES = "states"


@dataclasses.dataclass
class Survey:
    """What a backbone sees in the rows of one task.

    Attributes:
        num_rows: int. Packed features.
        num_sequences: int.
        mean: float64 array (h,). The mean over all sequences of the mean over
            their tokens, special ones included.
        moments: `Moments` of the states of the problem's units and of their
            labels; None where it has none. See `problems.labelled_units`.
    """

    num_rows: int
    num_sequences: int
    mean: np.ndarray
    moments: Moments | None


def surveyor(encoder):
    """Makes the Model that `survey` takes.

    Args:
        encoder: `Encoder`.

    Returns:
        `MultiTask` from the encoder's inputs to its last hidden states.
    """
    return MultiTask(encoder, {STATES: States()})


def survey(model, task, splits):
    """Surveys the rows of one task, in one pass and in bounded memory.

    Args:
        model: `MultiTask`, from `surveyor`.
        task: `Task`, with its labels.
        splits: list of `SplitFeatures`, packed for the model's tokenizer.

    Returns:
        `Survey`.
    """
    hidden_dim = model.encoder.hidden_dim
    units = UNITS.get(task.problem)
    found = Survey(0, 0, np.zeros(hidden_dim), None)
    if units:
        found.moments = Moments.zeros(hidden_dim, units.labels(task))
    padded_lengths = lengths.lengths_for(splits)
    for split in splits:
        batches = eval_batches(
            split.lengths,
            num_rows=lengths.eval_rows(BATCH_SIZE, split.max_length),
            padded_lengths=padded_lengths,
            is_full=lengths.is_full(),
        )
        collated = Ahead(
            lambda batch, split=split: _collate(model, split, batch),
            batches,
            name="survey",
        )
        with collated:
            for num_valid, columns, mask, x in collated:
                states = model.predict_on_batch({STATES: x})
                _add(found, units, columns, num_valid, mask, states)
    found.mean /= found.num_sequences
    return found


def _collate(model, split, batch):
    columns = split.features[batch.indices]
    tokenizer = model.encoder.tokenizer
    # Not the problem's `collate`, which may hide tokens.
    x = tokenizer.arrays(columns, batch.length)
    return batch.num_valid, columns, x[tokenizer.mask_input], model.prepared(x)


def _add(found, units, columns, num_valid, mask, states):
    """Adds a batch, whose rows beyond `num_valid` repeat others."""
    columns = {name: values[:num_valid] for name, values in columns.items()}
    mask = np.asarray(mask)[:num_valid]
    mask = mask.reshape(-1, mask.shape[-1]).astype("float32")
    states = np.asarray(states)[: len(mask)]
    means = np.einsum("slh,sl->sh", states, mask)
    means /= mask.sum(axis=1, keepdims=True)
    found.num_rows += num_valid
    found.num_sequences += len(means)
    found.mean += means.sum(axis=0, dtype="float64")
    if units:
        features, labels = units.take(columns, states, means)
        known = labels >= 0
        shares = one_hot(labels[known], len(found.moments.label_sum))
        found.moments.add(features[known], shares)


class States(keras.layers.Layer):
    """Hidden states as they are, in float32."""

    def call(self, hidden, x, training=None):
        """Maps states (s, l, h) to themselves."""
        return ops.cast(hidden, "float32")


class Surveys:
    """Data sets as backbones see them, each packed once and looked at once."""

    def __init__(self, graph, bad_rows, note):
        """Fetches the backbone and reads its tokenizer.

        Args:
            graph: Graph.
            bad_rows: str. One of `rows.BAD_ROWS`.
            note: function of a str, which is shown.
        """
        backend.prepare()
        self._root = fetch(graph.backbone)
        # Of a backbone on the Hub it was not known what it reads.
        asked = graph.request
        check_readable(self._root, asked.used_tasks, asked.known_tasks)
        self._tokenizer = load_tokenizer(self._root)
        # It knows problems, and labels that only the data name.
        self._inputs = Inputs(graph.data, self._tokenizer)
        self._bad_rows = bad_rows
        self._note = note
        self._splits = {}
        # One seed's labels are enough to be looked at.
        self._seed = graph.seeds[0]

    def read(self, all_splits):
        """Packs rows, so that what is wrong with them is found at once.

        Args:
            all_splits: iterable of tuples of `candidates.Split`.
        """
        for splits in all_splits:
            for split in splits:
                if split not in self._splits:
                    self._splits[split] = self._load(split)

    def notes(self):
        """Lists what is to be said of rows that are left out or cut."""
        notes = []
        for split in self._splits.values():
            notes += [f"{note}." for note in split.notes()]
            if split.num_cut_rows:
                notes.append(
                    f"{split.where}: {split.num_cut_rows} long sequences were "
                    "cut."
                )
        return list(dict.fromkeys(notes))

    def of(self, all_splits, folder=None):
        """Surveys data sets through one backbone, which is loaded once.

        Args:
            all_splits: iterable of tuples of `candidates.Split`, each the rows
                of one task.
            folder: path of a finished stage, or None for the bare backbone.

        Returns:
            Dict from each tuple to its `Survey`.
        """
        found = {}
        model = surveyor(self._encoder(folder))
        for splits in dict.fromkeys(all_splits):
            started_at = time.monotonic()
            task = self._inputs.task(splits[0].task)
            found[splits] = survey(
                model, task, [self._sample(split) for split in splits]
            )
            seconds = time.monotonic() - started_at
            self._note(
                f"{_named(splits)} through {folder or self._root.name}: "
                f"{found[splits].num_sequences:,} sequences, {seconds:.1f} s."
            )
        return found

    def _encoder(self, folder):
        # The last Model and what it has compiled refer to each other.
        gc.collect()
        backbone = self._root
        if folder:
            files.check_folder(folder)
            # A stage's folder is a backbone, too.
            backbone = fetch(describe_backbone(str(folder)))
        return load_root(backbone, tokenizer=self._tokenizer)

    def _sample(self, split):
        """Draws features where there are too many sequences, the same ever."""
        found, tokenizer = self._splits[split], self._tokenizer
        x = tokenizer.arrays(found.features[:1], int(found.lengths[0]))
        mask = x[tokenizer.mask_input]
        count = max(1, split.max_sequences * mask.shape[-1] // mask.size)
        if count >= len(found.lengths):
            return found
        numbers = np.random.default_rng(SEED).permutation(len(found.lengths))
        features = found.features.select(np.sort(numbers[:count]))
        return dataclasses.replace(found, features=features)

    def _load(self, split):
        problem = self._inputs.problem(split.task)
        is_evaluated = split.name != "train"
        positions = self._root.max_sequence_length or split.max_length
        return load_features(
            self._inputs.data,
            self._inputs.task(split.task),
            split.language,
            split.name,
            pack=problem.pack_evaluated if is_evaluated else problem.pack,
            pack_key=problem.pack_key,
            tokenizer=self._tokenizer,
            max_length=min(split.max_length, positions),
            count=split.count,
            is_evaluated=is_evaluated,
            bad_rows=self._bad_rows,
            shuffle_seed=self._seed if split.task.is_shuffled else None,
        )


def _named(splits):
    languages = " ".join(split.language for split in splits)
    return f"{splits[0].task.name} ({languages}, {splits[0].name})"
