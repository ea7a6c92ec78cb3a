"""README and the pages of docs/, as tests read them."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[1]
FILES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
# Path in the repository -> text.
PAGES = {
    file.relative_to(ROOT).as_posix(): file.read_text("utf-8") for file in FILES
}
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def block_after(marker):
    """The first fenced block below a line of one page."""
    (rest,) = (
        text[text.index(f"{marker}\n") :]
        for text in PAGES.values()
        if f"{marker}\n" in text
    )
    return FENCED.search(rest).group(2)


def blocks(kind):
    """Yields page, text above, and every fenced block of one kind."""
    for page, text in PAGES.items():
        for found in FENCED.finditer(text):
            if found.group(1) == kind:
                yield page, text[: found.start()], found.group(2)


def shell_lines():
    """Every command of every shell block, on one line each."""
    for _, _, block in blocks("sh"):
        for line in block.replace("\\\n", " ").splitlines():
            yield from (part.strip() for part in line.split("&&"))


def prose(text):
    """A page without its fenced blocks."""
    return FENCED.sub("", text)


def inline_code(text):
    """What stands between backticks, each on one line."""
    found = re.findall(r"`([^`]+)`", prose(text))
    return [" ".join(code.split()) for code in found]


def headings(text):
    """The headings of a page."""
    return re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)


def anchor(heading):
    """What GitHub makes of a heading."""
    bare = re.sub(r"[^\w\- ]", "", heading.lower())
    return bare.replace(" ", "-")


def links(text):
    """Targets of all links and pictures of a page that lead to files."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(text))
    return [link for link in found if "://" not in link]
