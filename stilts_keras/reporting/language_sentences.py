"""Studies of source languages in words, computed from their tables."""

from stilts_keras.reporting.language_contrasts import ALL_SOURCES
from stilts_keras.reporting.language_contrasts import OTHERS
from stilts_keras.reporting.power import seeds_text
from stilts_keras.reporting.power import shown_from
from stilts_keras.reporting.source_languages import OWN
from stilts_keras.reporting.source_languages import POINTS
from stilts_keras.reporting.tables.comparison import SIGNIFICANCE


def sentences(tables):
    """Says in words what the tables come to, computed from them.

    Args:
        tables: dict, of `tables_of`.

    Returns:
        List of str; empty without a study.
    """
    if not tables:
        return []
    found = []
    gains = _records(tables["language_gains"])
    of_most = [row for row in gains if row["source"] == ALL_SOURCES] or gains
    chosen = [
        row
        for row in of_most
        if row["languages"] == _last_set(of_most) and OWN not in row["kind"]
    ]
    if chosen:
        parts = [f"{row['kind']} {_described(row)}" for row in chosen]
        found.append(
            f"Source languages, {_called(chosen[0]['languages'])} against as "
            f"much English alone, in languages that no source is in: "
            f"{'; '.join(parts)}."
        )
    else:
        found.append(
            "Source languages: no gain over English can be judged; the table "
            "says why."
        )
    if "language_interaction" in tables:
        found.append(_interaction_sentence(tables["language_interaction"]))
    return found


def _interaction_sentence(table):
    rows = _records(table)
    if not rows:
        return (
            "Whether the source's language matters more for one kind of "
            "problem cannot be judged; the table says why."
        )
    of_question = [row for row in rows if row["languages"] == _last_set(rows)]
    real = [row for row in rows if row["adjusted p"] < SIGNIFICANCE]
    told = [row for row in of_question if row in real] or real
    if told:
        most = min(told, key=lambda row: row["adjusted p"])
        verb = "gains more" if most[POINTS] > 0 else "gains less"
        return (
            f"The source's language matters by kind of problem: {most['kind']} "
            f"{verb} than {most['less']} from {_called(most['languages'])}, "
            f"by {_described(most)}; {len(real)} of {len(rows)} such "
            "differences are significant after Holm's correction."
        )
    powers = ", ".join(
        f"{row['kind']} less {row['less']} {shown_from(row['detectable'])}"
        for row in of_question
    )
    return (
        "No kind of problem gains significantly more from other source "
        f"languages than another ({len(rows)} tests, Holm's correction). That "
        f"is no proof of no difference: with these {rows[0]['families']} "
        f"families and {seeds_text(rows[0]['seeds'])}, a true one of {powers}."
    )


def _described(row):
    return (
        f"{row[POINTS]:+z.1f} points (95 % interval {row['low']:+z.1f} to "
        f"{row['high']:+z.1f}, {_probability(row['adjusted p'])})"
    )


def _probability(p):
    return "adjusted p < 0.001" if p < 0.001 else f"adjusted p = {p:.3f}"


def _called(languages):
    return "other languages" if languages == OTHERS else f"`{languages}`"


def _last_set(rows):
    """The mean of several sets where there is one, else the last set."""
    names = [row["languages"] for row in rows]
    return OTHERS if OTHERS in names else names[-1] if names else None


def _records(table):
    return [
        dict(zip(table["columns"], row, strict=True)) for row in table["rows"]
    ]
