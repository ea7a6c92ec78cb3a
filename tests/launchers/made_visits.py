"""Visits that are made without a model, and a screen that takes notes."""

import fake_runs
from stilts_keras.records import results
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import Training
from stilts_keras.records.visit_folders import visit_folder
from stilts_keras.visits.values import Onlooker

GOLD = [fake_runs.LABELS[at % 3] for at in range(12)]


class Screen(Onlooker):
    """Takes notes, also as the display of whatever stage."""

    def __init__(self):
        self.notes = []
        self.progress = self
        self.begun = []

    def another(self):
        return self

    def start(self, name, num_steps, step):
        self.begun.append((name, num_steps, step))

    def update(self, step, loss):
        self.begun.append(step)

    def finish(self):
        pass

    def note(self, text):
        self.notes.append(text)

    def end_visit(self, left):
        self.left = left

    def tell_rest(self, left, num_at_once):
        self.rest = left, num_at_once


def write_visit(run_dir, part):
    """Writes what a visit of these cells would."""
    path = visit_folder(run_dir, part.fingerprint)
    path.mkdir(parents=True, exist_ok=True)
    if part.own:
        row = Training(
            stage=part.own.fingerprint,
            path=part.own.path,
            parent=None,
            seed=1,
            num_steps=1,
            sources=(),
        )
        RowFile(path / results.TRAININGS_FILE, Training).add([row])
    for cell in part.cells:
        for language in cell.languages:
            fake_runs.write_cell(path, cell, language, GOLD, GOLD)
