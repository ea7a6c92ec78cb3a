"""The lines that end a run can be pasted."""

from stilts_keras.reporting.refresh import places
from stilts_keras.scoring.submission_files import submissions_of
from stilts_keras.scoring.suites import XTREME
from stilts_keras.scoring.suites import with_files


def test_a_run_without_labels_of_a_suite_is_whole(tmp_path):
    for suite in with_files():
        submissions_of(tmp_path, suite)[0].mkdir(parents=True)
    lines = [line for line in places(tmp_path) if "stilts score" in line]
    assert len(lines) == len(with_files())
    assert not any("--allow_missing" in line for line in lines)


def test_the_command_that_scores_allows_for_languages_not_evaluated(tmp_path):
    predictions, labels = submissions_of(tmp_path, XTREME)
    predictions.mkdir(parents=True)

    def command():
        (line,) = [line for line in places(tmp_path) if "stilts score" in line]
        return line

    def write(languages):
        for language in languages:
            file = XTREME.layout.file_of(labels, "xnli", language)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("neutral\n")

    write(["en", "de"])
    assert command().endswith(" --allow_missing")
    # Of XNLI alone, in all of its languages: other tasks were not asked for.
    write(XTREME.languages_of("xnli"))
    assert command().endswith(f"--labels={labels}")
