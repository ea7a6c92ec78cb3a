"""The front page: short, with two commands and one picture.

What it shows and says is checked as that of every page, by test_docs.
"""

import re

from pages import PAGES
from pages import ROOT
from pages import block_after

README = PAGES["README.md"]
MAX_LINES = 150


def test_it_is_short():
    assert len(README.splitlines()) <= MAX_LINES


def test_the_two_commands_are_one_line_each():
    for name in ("quickstart", "test"):
        lines = block_after(f"<!-- command: {name} -->").strip().splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("python3 -m venv .venv && ")


def test_one_picture_is_there():
    (name,) = re.findall(r"!\[.*?\]\((.*?)\)", README)
    assert (ROOT / name).is_file()


def test_differences_in_the_table_are_those_of_its_scores():
    rows = re.findall(
        r"^\| [\w/+]+ (\|.*)\|$",
        README[README.index("<!-- table: quickstart -->") :],
        re.MULTILINE,
    )
    number, in_brackets = r"\| *([\d.]+)", r"\(([+-][\d.]+)"
    baseline = [float(value) for value in re.findall(number, rows[1])]
    for row in rows[2:5]:
        scores = map(float, re.findall(number, row))
        differences = map(float, re.findall(in_brackets, row))
        for score, base, difference in zip(
            scores, baseline, differences, strict=True
        ):
            # Each of the three was rounded by itself.
            assert abs(score - base - difference) <= 0.15 + 1e-9
