"""What is said of collapsed models: which, how they were trained, what next."""

from stilts_keras.graph.route import PRETRAINED

# Of many, so many are told one by one.
MAX_NAMED = 5


def sentences(evidence):
    """Tells which results are of constant predictions.

    Args:
        evidence: `Evidence`.

    Returns:
        A list of str: one for each route and target, of all seeds that
        collapsed alike, then one for each stage that only led to others; of
        many the first.
    """
    trainings = {row.stage: row for row in evidence.trainings}
    primary, found = evidence.primary, {}
    for row in evidence.rows:
        if primary.get(row.target) == row.metric and row.collapsed:
            key = (row.route, row.target, row.seed)
            found.setdefault(key, []).append(row)
    alike = {}
    for (route, target, _), rows in found.items():
        rates = tuple(_learning_rates(rows[0].stage, trainings))
        predicted = frozenset((row.constant, row.language) for row in rows)
        key = (route, target, rates, predicted)
        alike.setdefault(key, []).extend(rows)
    told = [of_results(rows, rates) for (*_, rates, _), rows in alike.items()]
    evaluated = {row.stage for row in evidence.rows}
    told += [
        of_stage(row.path, row.seed, constant, _rates_to(row, trainings))
        for row in evidence.trainings
        if (constant := of_dev_rows(row.constants))
        and row.stage not in evaluated
    ]
    more = len(told) - MAX_NAMED
    if more > 0:
        told[MAX_NAMED:] = [
            f"Collapsed likewise: {more} more routes and targets, or stages; "
            "results are marked ‡ in the tables."
        ]
    return told


def of_results(rows, learning_rates):
    """Tells which predictions of one route and target are constant.

    Args:
        rows: list of `Score`, of one route, target and metric, all
            `collapsed`; one for each language and seed.
        learning_rates: list of float. Of the stages that led there, the first
            one first; empty where they are not known.

    Returns:
        A str that names the learning rate and the next move.
    """
    first = rows[0]
    languages = {}
    for row in rows:
        languages.setdefault(row.constant, {})[row.language] = None
    constants = "; ".join(
        f"{constant} ({' '.join(codes)})"
        for constant, codes in languages.items()
    )
    how, moves = _how(learning_rates), list(MOVES)
    if first.stage == PRETRAINED:
        how, moves = "not trained", []
    if first.layer is not None:
        moves.append("another --retrieval_layer")
    seeds = list(dict.fromkeys(row.seed for row in rows))
    noun = "seed" if len(seeds) == 1 else "seeds"
    return (
        f"Collapsed: `{first.route}` on {first.target}, {noun} "
        f"{', '.join(map(str, seeds))}, {how}: the same is predicted for every "
        f"example, {constants}. This is no finding and in no comparison. "
        f"{_next(moves)}"
    )


def of_stage(path, seed, constant, learning_rates):
    """Tells that a stage's predictions of its dev rows are constant.

    Args:
        path: str. The stage's.
        seed: int.
        constant: str, of `of_dev_rows`.
        learning_rates: as in `of_results`.

    Returns:
        A str that names the learning rate and the next move.
    """
    return (
        f"Collapsed: stage `{path}`, seed {seed}, {_how(learning_rates)}: the "
        f"same is predicted for every example, {constant}. What follows it "
        f"says nothing of what these tasks teach. {_next(MOVES)}"
    )


def of_dev_rows(constants):
    """Says what a collapsed stage predicts of its dev rows.

    Args:
        constants: dict from each source with dev rows to what is predicted of
            all of them, or None; or None where that is not known.

    Returns:
        A str; None unless it is so of every source.
    """
    if not constants or None in constants.values():
        return None
    return "; ".join(
        f"{constant} (dev rows of {source})"
        for source, constant in constants.items()
    )


MOVES = ("a lower --learning_rate", "more --epochs", "another --seed")


def _next(moves):
    return f"Next, in another --run_dir: {' or '.join(moves)}."


def _how(learning_rates):
    rates = dict.fromkeys(f"{rate:g}" for rate in learning_rates)
    return f"learning rate {', then '.join(rates) or 'not known'}"


def _learning_rates(stage, trainings):
    """Lists the rates of a chain of stages, the first one first."""
    return _rates_to(trainings[stage], trainings) if stage in trainings else []


def _rates_to(training, trainings):
    rate = (training.recipe or {}).get("learning_rate")
    before = _learning_rates(training.parent, trainings)
    return before if rate is None else [*before, rate]
