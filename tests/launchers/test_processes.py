"""Processes that make visits end as they should."""

import multiprocessing

import pytest

from fakes import graph
from stilts_keras.graph.part import Part
from stilts_keras.launchers.local import Processes
from stilts_keras.options import Options
from stilts_keras.visits.worker import FAILED


def test_a_process_without_a_visit_is_not_killed_by_the_drivers_error(tmp_path):
    options = Options(run_dir=tmp_path, num_workers=1)
    with pytest.raises(KeyError), Processes(tmp_path, options) as processes:
        processes.start(Part(graph(), None))
        ((_, outcome),) = processes.wait(timeout_seconds=None)
        # The graph's backbone is nowhere.
        assert outcome.kind == FAILED, outcome
        (process,) = multiprocessing.active_children()
        raise KeyError
    # Killed, it would leave semaphores behind, and warnings of them.
    assert process.exitcode == 0
