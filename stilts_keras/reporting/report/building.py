"""What a report holds, computed from the evidence."""

import dataclasses
import functools

from stilts_keras.reporting import answers
from stilts_keras.reporting import collapsed
from stilts_keras.reporting import evidence as evidence_of
from stilts_keras.reporting import findings
from stilts_keras.reporting import language_effects
from stilts_keras.reporting import language_sentences
from stilts_keras.reporting import published
from stilts_keras.reporting import robustness
from stilts_keras.reporting import source_languages
from stilts_keras.reporting import tables
from stilts_keras.reporting import typology
from stilts_keras.reporting.report.drawing import draw_figures
from stilts_keras.reporting.report.frames import frames_of
from stilts_keras.reporting.report.frames import published_table
from stilts_keras.reporting.report.frames import secondary_frames
from stilts_keras.reporting.tables.notes import data_notes
from stilts_keras.tasks.languages import by_family


@dataclasses.dataclass
class Report:
    """All that a report says.

    Attributes:
        evidence: `Evidence`.
        frames: dict from a short name to a frame of `tables`.
        differences: dict from target to the frame of its languages'
            differences.
        plain: dict from a short name to a plain table; see `findings`.
        secondary: dict from a short name to the frame of another metric of a
            target.
        sentences: list of str. What is still to come, of a run at work; the
            finding, negative transfer, what source
            languages gain, whether robustness changes, what collapsed, and
            what is to be said of the data.
    """

    evidence: evidence_of.Evidence
    frames: dict
    differences: dict
    secondary: dict
    plain: dict
    sentences: list

    @functools.cached_property
    def figures(self):
        """Dict from a short name to a pair of bytes: PNG and SVG."""
        return draw_figures(self)


def build(evidence):
    """Computes all tables.

    Args:
        evidence: `Evidence`.

    Returns:
        `Report`.
    """
    rows, baseline = evidence.rows, evidence.baseline
    differences = _differences(evidence)
    studies = source_languages.studies_of(evidence)
    frames = frames_of(evidence, studies)
    effects = language_effects.tables_of(studies, evidence)
    counts = findings.negative_transfer(differences)
    disturbed_frames, disturbed = robustness.tables_of(evidence)
    frames |= disturbed_frames
    answer = answers.answer_table(frames["summary"], baseline)
    plain = {
        **({answers.NAME: answer} if answer else {}),
        **effects,
        **disturbed,
    }
    agreements = published.agreement(
        rows, evidence.description, baseline=baseline
    )
    if agreements:
        plain["published"] = published_table(agreements)
    if any(
        row["label"] != baseline
        for frame in differences.values()
        for row in frame["rows"]
    ):
        # Without rows, its notes say why there are none.
        plain["typology"] = typology.typology_table(differences, baseline)
    return Report(
        evidence=evidence,
        frames=frames,
        differences=differences,
        secondary=secondary_frames(evidence),
        plain=plain,
        sentences=[
            *filter(None, [evidence.so_far]),
            findings.finding(frames["summary"], baseline),
            findings.negative_transfer_sentence(counts),
            *language_sentences.sentences(effects),
            *robustness.sentences(disturbed, evidence),
            *collapsed.sentences(evidence),
            *data_notes([*rows, *evidence.disturbed]),
        ],
    )


def _differences(evidence):
    """Maps targets to the frames of their languages' differences."""
    rows, baseline = evidence.rows, evidence.baseline
    found = {}
    for target, metric in evidence.primary.items():
        chosen = [row for row in rows if row.target == target]
        # Against another route they would be called differences to this one.
        if any(_is_compared(row, baseline, metric) for row in chosen):
            found[target] = tables.difference_frame(
                rows,
                target,
                metric,
                baseline,
                languages=by_family({row.language for row in chosen}),
            )
    return found


def _is_compared(row, baseline, metric):
    """Whether a row is a zero-shot score of the baseline."""
    is_of = (row.route, row.metric) == (baseline, metric)
    return is_of and row.zero_shot
