"""What studies of source languages say: gains over English, and of which kind.

The gain of a set of languages is the mean difference to as many English
examples, over sizes, targets and languages that no source is in. It grows by
so much with each doubling of the examples. The interaction asks whether it is
larger for one kind of problem than for another; both kinds are then compared
after the same sources and sizes.

Whether gains in points of unlike metrics and levels differ is a matter of the
scale as well (Loftus, 1978, https://doi.org/10.3758/BF03197461), so that the
test is made in log-odds too. Targets, sources and sizes are those of the
study and no sample of others; languages and seeds are a sample; see
`scoring.crossed`.
"""

from stilts_keras.errors import InputError
from stilts_keras.reporting.language_contrasts import OTHERS
from stilts_keras.reporting.language_contrasts import growth
from stilts_keras.reporting.language_contrasts import interaction
from stilts_keras.reporting.language_contrasts import mean_gain
from stilts_keras.reporting.language_contrasts import pairs_of_kinds
from stilts_keras.reporting.language_contrasts import scopes
from stilts_keras.reporting.language_contrasts import sets_of
from stilts_keras.reporting.language_contrasts import shared_by
from stilts_keras.reporting.source_languages import LOG_ODDS
from stilts_keras.reporting.source_languages import OWN
from stilts_keras.reporting.source_languages import POINTS
from stilts_keras.reporting.source_languages import cells_of
from stilts_keras.reporting.tables.comparison import MIN_EXAMPLES
from stilts_keras.reporting.tables.comparison import SIGNIFICANCE
from stilts_keras.reporting.tables.notes import seeds_note
from stilts_keras.scoring import behrens_fisher
from stilts_keras.scoring import bootstrap
from stilts_keras.tasks.languages import ENGLISH

GAIN_COLUMNS = [
    "source",
    "kind",
    "languages",
    POINTS,
    "low",
    "high",
    "p",
    "adjusted p",
    "per doubling",
    "doubling low",
    "doubling high",
    "families",
    "seeds",
]
INTERACTION_COLUMNS = [
    "kind",
    "less",
    "languages",
    POINTS,
    "low",
    "high",
    "p",
    "adjusted p",
    "detectable",
    f"p in {LOG_ODDS}",
    "sources",
    "families",
    "seeds",
]


def tables_of(studies, evidence):
    """Computes the tables of all studies.

    Args:
        studies: list of `Study`.
        evidence: `Evidence`.

    Returns:
        Dict from a short name to a plain table (see `findings`):
        `language_gains`, and `language_interaction` where there are several
        kinds of problems; empty without a set to compare with English.
    """
    cells, odds = (
        [
            cell
            for study in studies
            for cell in cells_of(study, evidence, studies, scale=scale)
        ]
        for scale in (POINTS, LOG_ODDS)
    )
    if not _has_other_languages(studies):
        return {}
    notes = _notes_of_choice(studies, evidence)
    tables = {"language_gains": gains_table(cells, notes)}
    kinds = {kind for study in studies for kind in study.kinds.values()}
    if len({kind for kind in kinds if OWN not in kind}) > 1:
        tables["language_interaction"] = interaction_table(cells, odds, notes)
    return tables


def _has_other_languages(studies):
    return any(
        one.num_examples == other.num_examples
        and one.languages == (ENGLISH,) != other.languages
        for study in studies
        for one in study.sets.values()
        for other in study.sets.values()
    )


def gains_table(cells, notes):
    """Lists what each set of languages gains over English in each kind.

    Args:
        cells: list of `source_languages.Cell`, in points.
        notes: list of str. On what is compared.

    Returns:
        A plain table with a row for each source, kind and set of languages.
    """
    rows, problems = [], {}
    for scope, kind, languages, chosen in scopes(cells):
        name = f"{scope}, {kind}, {languages}"
        try:
            level = mean_gain(chosen)
        except InputError as error:
            problems.setdefault(str(error), []).append(name)
            continue
        rows.append(
            [
                scope,
                kind,
                languages,
                *_numbers(level),
                None,
                *_slope(chosen, name, problems),
                level.num_clusters,
                level.num_seeds,
            ]
        )
    _adjust(rows, GAIN_COLUMNS)
    return {
        "title": "What other source languages gain over English",
        "columns": GAIN_COLUMNS,
        "rows": rows,
        "notes": [
            "Points over as many English examples, mean over sizes, then over "
            "targets, then over languages; per doubling: by how much that "
            "grows as the examples double",
            *notes,
            *_method_notes(rows, GAIN_COLUMNS),
            *_not_judged(problems, cells),
        ],
    }


def interaction_table(cells, odds, notes):
    """Tests whether the source's language matters more for one kind.

    Args:
        cells: list of `source_languages.Cell`, in points.
        odds: list of the same in log-odds.
        notes: list of str. On what is compared.

    Returns:
        A plain table with a row for each kind and set of languages.
    """
    rows, problems = [], {}
    pairs = pairs_of_kinds(cells)
    tests = [
        (kind, other, languages)
        for kind, other in pairs
        for languages in sets_of(cells)
    ]
    for kind, other, languages in tests:
        try:
            found, in_odds = (
                interaction(scaled, kind, other, languages)
                for scaled in (cells, odds)
            )
        except InputError as error:
            name = f"{kind} less {other}, {languages}"
            problems.setdefault(str(error), []).append(name)
            continue
        sources = shared_by(cells, kind, other, languages)
        rows.append(
            [
                kind,
                other,
                languages,
                *_numbers(found),
                None,
                # Of the strictest test that Holm's correction may ask for.
                found.detectable(SIGNIFICANCE / _family_size(tests, languages)),
                in_odds.p,
                ", ".join(dict.fromkeys(cell.task for cell in sources)),
                found.num_clusters,
                found.num_seeds,
            ]
        )
    _adjust(rows, INTERACTION_COLUMNS)
    return {
        "title": "Does the source's language matter more for one kind of "
        "problem?",
        "columns": INTERACTION_COLUMNS,
        "rows": rows,
        "notes": [
            "Points: the gain over English of one kind less that of the other, "
            "after the same sources and sizes; detectable: the smallest true "
            "difference that these languages and seeds would have shown in "
            f"{100 * behrens_fisher.POWER:.0f} of 100 such studies, at "
            f"{SIGNIFICANCE:.0%} over all tests that are corrected together",
            "Points of unlike metrics and levels: an interaction that log-odds "
            "do not show is one of the scale",
            *notes,
            *_method_notes(rows, INTERACTION_COLUMNS),
            *_not_judged(problems, cells),
        ],
    }


def _slope(cells, name, problems):
    """Judges the growth; where that cannot be, says why among the problems."""
    try:
        found = growth(cells)
    except InputError as error:
        problems.setdefault(str(error), []).append(f"{name}, per doubling")
        return [None] * 3
    return [None] * 3 if found is None else [found.value, *found.interval()]


def _numbers(found):
    return [found.value, *found.interval(), found.p]


def _adjust(rows, columns):
    """Corrects p values for their number: means apart from single sets.

    Means of all sets are the question; which set does it comes after.
    """
    at, to = columns.index("p"), columns.index("adjusted p")
    place = columns.index("languages")
    for is_mean in (True, False):
        family = [row for row in rows if (row[place] == OTHERS) == is_mean]
        adjusted = bootstrap.holm([row[at] for row in family])
        for row, p in zip(family, adjusted, strict=True):
            row[to] = p


def _family_size(tests, languages):
    """How many tests are corrected together with one of these languages."""
    return sum(
        (found == OTHERS) == (languages == OTHERS) for *_, found in tests
    )


# ----------------------------------------------------------------- The notes
def _notes_of_choice(studies, evidence):
    """Says which languages and targets are compared."""
    sources = frozenset().union(*(study.languages for study in studies))
    notes = [
        "In languages that no source is in: all that a target has but "
        f"{', '.join(sorted(sources))}"
    ]
    own = [
        f"{target} after {study.task}"
        for study in studies
        for target, kind in study.kinds.items()
        if OWN in kind
    ]
    if own:
        notes.append(
            f"{OWN.capitalize()}, and so in no interaction: the source trains "
            f"the target itself, as {', '.join(own)}"
        )
    notes += [
        f"{', '.join(study.beside_chance)} after {study.task}: left out, since "
        "chance lies within most intervals of the scores, which no language "
        "could move"
        for study in studies
        if study.beside_chance
    ]
    if len({row.seed for row in evidence.rows}) == 1:
        notes.append(seeds_note(evidence.rows))
    return notes


def _method_notes(rows, columns):
    if not rows:
        return []
    families = min(row[columns.index("families")] for row in rows)
    return [
        "95 % intervals and p: languages, by their families (Student's t), "
        "seeds (Student's t) and examples that languages share (bootstrap) as "
        "crossed random factors; adjusted: Holm's correction, over the means "
        "of all sets together and over single sets together; from "
        f"{families} families",
        "Trainings of one seed are taken to err each by itself: were a seed "
        "to move all of them alike, and nothing else differ, p would be below "
        "0.05 by chance in up to 17 of 100 cases",
        "Targets, sources and sizes are these: of others nothing is said",
    ]


def _not_judged(problems, cells):
    if not cells:
        return [
            "Nothing to judge: nowhere are a set of languages and as many "
            "English examples both scored in all seeds, above chance, by "
            f"predictions that vary, on at least {MIN_EXAMPLES} examples"
        ]
    return [
        f"Not judged ({error}): {'; '.join(names)}"
        for error, names in problems.items()
    ]
