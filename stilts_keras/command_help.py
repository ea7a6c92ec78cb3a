"""What `stilts --help` prints."""

import itertools
import textwrap

from absl import flags

from stilts_keras.flag_definitions import GROUPS

USAGE = """\
Does training on an intermediate task first help in languages never seen?

usage: stilts COMMAND [--flagfile=FILE] [--flag=value ...]

commands:
  run      train and evaluate all routes on all targets; what is done is kept
  visit    make one stage of a run and what it serves, as jobs do
  plan     print what `run` would do, and what it would cost
  rank     order candidate routes before they are paid for
  report   rebuild report.md, tables and figures from a run's results
  prune    delete weights that no run needs any more; asks first
  predict  write a stage's predictions of rows without labels
  export   write a stage's model as transformers opens it
  score    score files in XTREME's submission layout, by XTREME's rules
  tasks    list tasks and suites; `stilts tasks xnli` tells all of one

examples:
  stilts run --data=pocket --backbone=pocket --route=pretrained --route=mnli \\
    --targets=xnli --run_dir=runs/first
  stilts plan --route=pretrained --route=mlm@de:20k+mnli/squad --targets=xnli
"""


def text():
    """Returns what `stilts --help` prints."""
    lines = [USAGE]
    groups = {
        **GROUPS,
        "flags in files": {"flagfile": "Reads flags from a file, one a line."},
    }
    column = 6 + max(map(len, itertools.chain(*groups.values())))
    for group, texts in groups.items():
        lines.append(f"{group}:")
        for name, words in texts.items():
            default = flags.FLAGS[name].default if name in flags.FLAGS else None
            if default not in (None, [], ""):
                shown = default[0] if isinstance(default, list) else default
                words += f" [{shown}]"
            lines += textwrap.wrap(
                words,
                width=79,
                initial_indent=f"  --{name}".ljust(column),
                subsequent_indent=" " * column,
            )
        lines.append("")
    return "\n".join(lines).rstrip()
