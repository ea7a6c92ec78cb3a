"""Whether a run folder's results and another graph's can lie together."""

from stilts_keras.errors import InputError
from stilts_keras.graph.averaging import is_over_seeds


def check_compatible(old, new):
    """Checks that a run folder's description allows another one's results.

    New routes, targets, seeds and languages may be added; an average over
    seeds is then another one, whose results take the place of the old.

    Args:
        old: dict. `Graph.description()` of the folder's run.json.
        new: dict. That of the graph to run now.

    Raises:
        InputError: If backbone or `eval_limit` differ, or a result of both
            would come from other weights or other evaluation rows.
    """
    pairs = [
        (
            "backbone",
            old.get("backbone", {}).get("fingerprint"),
            new["backbone"]["fingerprint"],
        ),
        ("eval_limit", old.get("eval_limit"), new["eval_limit"]),
    ]
    for kind in (
        "data_fingerprints",
        "disturbed_fingerprints",
        "cells",
        "disturbed_cells",
    ):
        # Older run folders know of nothing disturbed.
        known = old.get(kind, {})
        pairs += [
            (f"{kind} {key}", known[key], value)
            for key, value in new.get(kind, {}).items()
            # A seed more makes another average over seeds.
            if key in known and not is_over_seeds(key.partition("|")[0])
        ]
    for what, before, now in pairs:
        if before != now:
            raise _incompatible(what, before, now, old, new)


def _incompatible(what, before, now, old, new):
    changed = _changed_settings(old.get("settings", {}), new["settings"])
    if changed and what not in ("backbone", "eval_limit"):
        return InputError(
            "The run folder holds results of other settings: "
            f"{'; '.join(changed)}. Choose another --run_dir, or the flags of "
            "the first run."
        )
    if what == "backbone":
        before = f"{old.get('backbone', {}).get('name')} ({before})"
        now = f"{new['backbone']['name']} ({now})"
    elif what.partition(" ")[0].endswith("_fingerprints"):
        what = f"evaluation data of {what.partition(' ')[2]}"
        before = f"{before} of data {old.get('data')!r}"
        now = f"{now} of data {new['data']!r}"
    elif what.partition(" ")[0].endswith("cells"):
        what = f"stage of {what.partition(' ')[2]} (route|target|seed)"
    return InputError(
        f"The run folder belongs to another graph: {what} was {before} and "
        f"is now {now}. Choose another --run_dir, or the flags of the first "
        "run."
    )


def _changed_settings(old, new):
    """Says of each setting that differs what it was and is."""
    return [
        f"{name} was {_shown(old.get(name))} and is now {_shown(new.get(name))}"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _shown(value):
    return "unset" if value in (None, []) else value
