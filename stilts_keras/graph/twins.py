"""Stages that are one but for the seed, as plans show them."""


def twins_of(graph):
    """Lists stages with those of other seeds, averages last.

    Seeds change no structure: stage k of one seed is stage k of each. Averages
    over seeds have no twins.
    """
    stages = {seed: [] for seed in graph.seeds}
    averages = {}
    for stage in graph.stages:
        if not stage.averaged:
            stages[stage.seed].append(stage)
    plain = list(zip(*stages.values(), strict=True))
    places = {stage: at for at, twins in enumerate(plain) for stage in twins}
    for stage in graph.stages:
        if stage.averaged:
            key = average_title(stage), places[stage.parent]
            averages.setdefault(key, []).append(stage)
    return [*plain, *averages.values()]


def average_title(stage):
    """Says what an average is of."""
    if stage.num_checkpoints:
        return f"average of the last {stage.num_checkpoints} evaluations"
    seeds = ", ".join(str(parent.seed) for parent in stage.averaged)
    return f"average of seeds {seeds}"
