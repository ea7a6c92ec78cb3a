"""Cells of frames, and what is asked of them; see `reporting.tables`."""

CHANCE = "chance"


def new_cell(value, **known):
    """Builds one cell of a frame."""
    return {
        "value": value,
        "low": None,
        "high": None,
        "margin": None,
        "n": None,
        "count": None,
        "deviation": None,
        "difference": None,
        "difference_low": None,
        "difference_high": None,
        "difference_count": None,
        "p": None,
        "adjusted_p": None,
        "detectable": None,
        "difference_above_chance": True,
        "is_significant": False,
        "collapsed": False,
        "zero_shot": True,
        "seen_language": False,
        "own_task": False,
        "is_transfer": True,
        "in_benchmark": True,
        "above_chance": True,
        "complete": True,
        **known,
    }


def chance_row(chance, columns):
    """Builds the row of chance scores, or none."""
    cells = {
        column: new_cell(float(chance[column]))
        for column in columns
        if chance.get(column) is not None
    }
    return [{"label": CHANCE, "cells": cells}] if cells else []


def has_replicates(table_rows):
    """Whether any cell of the table stands on more than one seed."""
    return any(
        is_replicated(cell)
        for row in table_rows
        for cell in row["cells"].values()
    )


def is_replicated(cell):
    """Whether a cell stands on more than one seed."""
    return cell["deviation"] is not None
