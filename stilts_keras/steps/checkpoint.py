"""Weights on disk: of finished stages, and of one that is being trained.

A finished stage's folder is a KerasHub preset of the backbone, a weights file
for each head, and a manifest with the heads and the sha256 of every file.
"""

import math
import pathlib
import shutil

import keras
import numpy as np

from stilts_keras import backend
from stilts_keras import files
from stilts_keras.backbones.lora import num_factor_bytes
from stilts_keras.backbones.stage_heads import HEADS
from stilts_keras.backbones.stage_heads import read_heads
from stilts_keras.backbones.vocabulary import multiply
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.errors import first_line
from stilts_keras.steps.arrays import ROWS
from stilts_keras.steps.arrays import read_arrays
from stilts_keras.steps.arrays import write_arrays

WEIGHTS = "weights.npz"
OPTIMIZER = "optimizer.npz"
# Folder of the weights at the last evaluations, where their mean is wanted.
CHECKPOINTS = "checkpoints"
PAGE_BYTES = 4096


class Saved(keras.Model):
    """Holds one head, for Keras writes and reads the weights of Models."""

    def __init__(self, head):
        """Takes a built layer."""
        super().__init__(name="saved")
        self.head = head
        self.built = True


# ------------------------------------------------------------ Finished stages
def save_stage(folder, *, model, heads, facts, means=None):
    """Writes a finished stage's folder.

    Args:
        folder: path. If it exists by now, it stays as it is.
        model: `MultiTask`.
        heads: dict from head key to `StageHead`: what the manifest tells of
            each of the Model's heads.
        facts: dict, JSON-serialisable. What the manifest tells besides.
        means: dict from a number of checkpoints to a file with the mean of
            their weights, to be kept; or None.

    Raises:
        ValueError: If the heads described are not those of the Model.
    """
    if set(heads) != set(model.heads):
        raise ValueError(
            f"The Model has the heads {sorted(model.heads)}. Received: a "
            f"description of {sorted(heads)}."
        )
    told = {key: head.facts() for key, head in heads.items()}
    with files.write_folder(folder, {**facts, HEADS: told}) as partial:
        # HDF5 crashes the process where the disk is full.
        num_bytes = _num_bytes(model) + model.encoder.tokenizer.num_bytes
        num_bytes += sum(x.stat().st_size for x in (means or {}).values())
        files.check_space(partial, num_bytes)
        model.encoder.save(partial)
        (partial / HEADS).mkdir()
        for key, head in model.heads.items():
            Saved(head).save_weights(str(partial / heads[key].file))
        for count, file in (means or {}).items():
            place = mean_file(partial, count)
            place.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, place)


def mean_file(folder, count):
    """Returns where a stage keeps the mean of its last checkpoints.

    Args:
        folder: path. The stage's.
        count: int. How many they are.
    """
    return pathlib.Path(folder, "means", f"{count}.npz")


def load_heads(folder, heads):
    """Reads heads of a stage into built layers.

    Args:
        folder: path. The stage's; it may hold other heads besides.
        heads: dict from head key to built layer.

    Raises:
        InputError: If the stage lacks one, or has it in another shape.
    """
    known = read_heads(folder)
    missing = [key for key in heads if key not in known]
    if missing:
        raise InputError(
            f"Stage folder {str(folder)!r} has no head for "
            f"{', '.join(missing)}. Its heads: {', '.join(known) or 'none'}."
        )
    for key, head in heads.items():
        file = pathlib.Path(folder) / known[key].file
        if not file.is_file():
            raise DamageError(f"{file}: the file is missing.")
        try:
            Saved(head).load_weights(str(file))
        except ValueError as error:
            raise InputError(
                f"{file}: head {key!r} does not fit ({first_line(error)}). "
                f"It was trained for {known[key].problem} with "
                f"{len(known[key].labels)} labels."
            ) from error


# ------------------------------------------------------- A stage in training
class TrainingProgress:
    """The folder from which a stage that was cut off goes on.

    It holds the newest state, and the weights of the best one by dev score
    where that is another: a folder for each, written whole or not at all. A
    new one is complete before an old one is deleted.

    A compact vocabulary is saved as it is. A run that has the whole one, or
    another, goes on from there all the same, equal to rounding.
    """

    def __init__(self, folder, meet_damage, num_checkpoints=0):
        """Writes nothing yet.

        Args:
            folder: path.
            meet_damage: function of a `DamageError`; may raise it. Otherwise
                the stage begins anew.
            num_checkpoints: int. Of how many last evaluations the weights are
                kept, besides the best one's.
        """
        self.folder = pathlib.Path(folder)
        self._meet_damage = meet_damage
        self._num_checkpoints = num_checkpoints

    def save(self, model, state):
        """Writes all that the next step depends on.

        Args:
            model: `MultiTask`, compiled with its optimizer.
            state: dict of what JSON can hold, with `step`, `best_step` and
                `is_evaluated`.
        """
        if not backend.is_first_process():
            return
        name = _name(state["step"], state["is_evaluated"])
        facts = {"state": state, "backend": keras.backend.backend()}
        with files.write_folder(self.folder / name, facts) as partial:
            _write_weights(partial, model)
            write_arrays(
                partial / OPTIMIZER,
                [*model.optimizer.variables, *backend.random_state()],
            )
        best = _name(state["best_step"], True)
        for other in self._states():
            if other.name not in (name, best):
                files.remove(other)
            elif other.name != name:
                (other / OPTIMIZER).unlink(missing_ok=True)

    def keep_checkpoint(self, model, step):
        """Keeps the weights at an evaluation, if they are wanted.

        Args:
            model: `MultiTask`.
            step: int. Steps done.
        """
        if not self._num_checkpoints or not backend.is_first_process():
            return
        with files.write_folder(self._checkpoint(step), {}) as partial:
            _write_weights(partial, model)
        for other in self._checkpoints()[: -self._num_checkpoints]:
            files.remove(other)

    def load_checkpoint(self, model, step):
        """Reads the weights at one of the last evaluations.

        Raises:
            DamageError: If they are not as they were saved.
        """
        folder = self._checkpoint(step)
        files.check_folder(folder)
        file = folder / WEIGHTS
        read_arrays(file, _variables(model), _Fitting(model, file, step))

    def load(self, model, evaluated=lambda state: []):
        """Reads the newest state back, as it was saved.

        Args:
            model: `MultiTask`, compiled with its optimizer.
            evaluated: function of a state -> list of int: the steps at which
                it was evaluated.

        Returns:
            dict: the state. None where there is none, or a damaged one.

        Raises:
            InputError: If another backend has saved it.
        """
        # It removes what is damaged.
        with backend.first_process_first():
            state = self._load(model, evaluated)
        step = None if state is None else state["step"]
        backend.agree("saved progress", str(step))
        return state

    def _load(self, model, evaluated):
        if not self.folder.exists():
            return None
        try:
            # The last by name; a folder without any was being deleted.
            newest = max(self._states(), default=None)
            manifest = newest and files.check_folder(newest)
            if manifest and manifest["state"]["best_step"]:
                self._check_best(manifest["state"]["best_step"])
            if manifest:
                self._check_checkpoints(evaluated(manifest["state"]))
        except DamageError as error:
            self._meet_damage(error)
            self.remove()
            return None
        if manifest is None:
            return None
        self._check_backend(manifest["backend"])
        state = manifest["state"]
        fitted = _Fitting(model, newest / WEIGHTS, state["step"])
        read_arrays(newest / WEIGHTS, _variables(model), fitted)
        arrays = read_arrays(
            newest / OPTIMIZER, model.optimizer.variables, fitted
        )
        backend.set_random_state(arrays)
        return state

    def load_best(self, model, step):
        """Reads the weights of the best state.

        Raises:
            DamageError: If they are not as they were saved.
        """
        self._check_best(step)
        file = self.folder / _name(step, True) / WEIGHTS
        read_arrays(file, _variables(model), _Fitting(model, file, step))

    def remove(self):
        """Deletes the folder."""
        if not backend.is_first_process():
            return
        files.remove(self.folder)

    def _check_backend(self, name):
        """Dropout is drawn otherwise on each backend."""
        if name != keras.backend.backend():
            raise InputError(
                f"The progress in {self.folder} was saved on {name}. Pass "
                f"--keras_backend={name} to go on, or delete it to begin this "
                f"stage anew on {keras.backend.backend()}."
            )

    def _check_best(self, step):
        best = self.folder / _name(step, True)
        manifest = files.read_sealed(best / files.MANIFEST)
        files.check_file(best, WEIGHTS, manifest)

    def _check_checkpoints(self, steps):
        """Leaves those of the last evaluations, which must be there."""
        number = self._num_checkpoints
        wanted = [self._checkpoint(step) for step in steps[-number:] if number]
        for folder in wanted:
            if not folder.exists():
                raise DamageError(
                    f"{self.folder}: the progress has no weights of the "
                    f"evaluation after step {int(folder.name)}, for it was "
                    "saved by a run that did not average checkpoints."
                )
            files.check_folder(folder)
        for folder in self._checkpoints():
            # Of steps that are taken once more.
            if folder not in wanted:
                files.remove(folder)

    def _checkpoint(self, step):
        return self.folder / CHECKPOINTS / f"{step:012d}"

    def _checkpoints(self):
        return sorted((self.folder / CHECKPOINTS).glob("[0-9]*"))

    def _states(self):
        found = self.folder.glob("[0-9]*")
        return sorted(path for path in found if path.is_dir())


def _name(step, is_evaluated):
    # In the order of the alphabet, as in that of time.
    return f"{step or 0:012d}-{int(is_evaluated)}"


def _variables(model):
    """All that training changes: weights, and the states of dropout."""
    frozen = {id(weight) for weight in model.non_trainable_weights}
    others = model.non_trainable_variables
    states = [other for other in others if id(other) not in frozen]
    return [*model.trainable_variables, *states]


def _num_bytes(model):
    """Bounds what a model's weights take on disk, with HDF5's own."""
    variables, factors = model.variables, 0
    if model.encoder.adapters:
        variables = model.trainable_variables
        factors = num_factor_bytes(model.encoder)
    return factors + sum(
        PAGE_BYTES + math.prod(each.shape) * np.dtype(each.dtype).itemsize
        for each in variables
    )


class _Fitting:
    """Gives saved arrays of the token embedding the rows that a Model has."""

    def __init__(self, model, file, step):
        """Reads which rows were saved.

        Args:
            model: `MultiTask`, compiled with its optimizer.
            file: path. Saved weights.
            step: int. Steps done when they were saved.
        """
        self._encoder, self._optimizer = model.encoder, model.optimizer
        self._step = step
        vocabulary = model.encoder.vocabulary
        self._wanted = None if vocabulary is None else vocabulary.rows
        with np.load(file, allow_pickle=False) as archive:
            self._saved = archive[ROWS] if ROWS in archive else None
        self._is_same = np.array_equal(self._saved, self._wanted)

    def __call__(self, variable, array):
        """Returns an array of the variable's shape."""
        if self._is_same:
            return array
        embedding = self._encoder.token_embedding
        if variable is embedding:
            table = None if self._saved is None else self._unread_rows()
        elif any(variable is m for m in self._optimizer.moments(embedding)):
            shape = self._encoder.vocabulary_size, array.shape[1]
            table = np.zeros(shape, array.dtype)
        else:
            return array
        if self._saved is not None:
            table[self._saved] = array
            array = table
        return array if self._wanted is None else array[self._wanted]

    def _unread_rows(self):
        """Returns a table whose rows are right where no step has read them."""
        embedding = self._encoder.token_embedding
        decay = self._optimizer.decay(embedding, self._step)
        if self._encoder.vocabulary is not None:
            return self._encoder.vocabulary.decayed(decay)
        # What the Model has by now may be of a later step.
        now = int(self._optimizer.iterations)
        table = np.array(keras.ops.convert_to_numpy(embedding))
        multiply(table, decay / self._optimizer.decay(embedding, now))
        return table


def _write_weights(folder, model):
    """Writes what training has changed, and which rows these are of."""
    vocabulary = model.encoder.vocabulary
    rows = {} if vocabulary is None else {ROWS: vocabulary.rows}
    write_arrays(folder / WEIGHTS, _variables(model), rows)
