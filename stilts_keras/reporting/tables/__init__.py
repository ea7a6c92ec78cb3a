"""Tables of results as numbers; `rendering` writes and prints them.

A frame is a table as computed, a plain dict that can be tested and stored:

    {"title": str, "columns": [str], "notes": [str],
     "rows": [{"label": str, "cells": {column: cell}}]}

and a cell is a dict with

- `value`: percent; `low` and `high`: its 95 % interval; `margin`: half of it;
- `n`: number of examples; `count`: number of seeds; `deviation`: standard
  deviation over them;
- `difference`: percentage points to the baseline's, `difference_low` and
  `difference_high`: its interval; `difference_count`: over how many seeds;
  `p`: how likely one as large would be if there was none; `adjusted_p`: after
  Holm's correction over all differences of the table; `detectable`: the
  smallest true difference that 80 of 100 such studies would find in the
  strictest test of that correction;
  `difference_above_chance`: whether the better of the two lies above chance,
  outside its interval, without which a difference does not count;
  `is_significant`: whether it counts and `adjusted_p` is below 0.05;
- `collapsed`: whether a score in it is of constant predictions;
- `in_benchmark`: False in a language that the target's benchmark does not
  list, which is in no mean;
- `seen_language`: whether a stage trained another task in the language, and
  none the target;
- `own_task`: whether a score in it is of a route that trained the target's own
  task or head; `is_transfer`: whether its difference is free of such scores on
  both sides (see `reporting.own_task`);
- `zero_shot`, `above_chance` and `complete` (bool);

each None where it is not known or makes no sense. A column that a row lacks
stands for a score that is not there. A frame whose rows are no routes says in
`head` what they are.

Every value is first computed within each seed, then averaged over the seeds.
Where the seeds of a cell have scores of different languages, only those count
that all seeds have; where there are none, all count and the cell is not
`complete`.

Rows of results.jsonl may carry `low` and `high`, the 95 % interval over
examples, and `chance`; without them, margins and the chance row are left out.
Rows that are `collapsed` (see `scoring.collapse`) stay in means, but take no
part in differences: those are over the scores that are left.
With `draws`, scores on resampled examples as by `scoring.bootstrap.draw`,
intervals of means and differences are theirs; without, a mean has the mean of
its scores' intervals, which is too wide, and differences are not judged.
"""

from stilts_keras.reporting.tables.cells import CHANCE
from stilts_keras.reporting.tables.cells import has_replicates
from stilts_keras.reporting.tables.cells import is_replicated
from stilts_keras.reporting.tables.cells import new_cell
from stilts_keras.reporting.tables.chains import forgetting_frame
from stilts_keras.reporting.tables.comparison import MIN_EXAMPLES
from stilts_keras.reporting.tables.groups import TARGETS_MEAN
from stilts_keras.reporting.tables.groups import group_frame
from stilts_keras.reporting.tables.groups import number_of_tasks_frame
from stilts_keras.reporting.tables.groups import source_set_frame
from stilts_keras.reporting.tables.layers import layer_frame
from stilts_keras.reporting.tables.pools import pool_frame
from stilts_keras.reporting.tables.suites import suite_frame
from stilts_keras.reporting.tables.targets import MEAN
from stilts_keras.reporting.tables.targets import difference_frame
from stilts_keras.reporting.tables.targets import summary_frame
from stilts_keras.reporting.tables.targets import target_frame

__all__ = [
    "CHANCE",
    "MEAN",
    "MIN_EXAMPLES",
    "TARGETS_MEAN",
    "difference_frame",
    "forgetting_frame",
    "group_frame",
    "has_replicates",
    "is_replicated",
    "layer_frame",
    "new_cell",
    "number_of_tasks_frame",
    "source_set_frame",
    "pool_frame",
    "suite_frame",
    "summary_frame",
    "target_frame",
]
