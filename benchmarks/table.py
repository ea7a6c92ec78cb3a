"""Makes the table of docs/speed.md from their JSON lines."""

import json

# Of the sizes, what a row shows.
SIZES = ("layers", "hidden", "vocabulary", "batch", "length")
SIZES += ("n", "h", "rows", "factor", "stages")
# What each was built to reach.
GOALS = {
    "train_step": "best ≥ 2.0, each ≥ 1.2; memory ≤ 0.7",
    "epoch": "≥ 2.0",
    "tokenize": "≥ 4",
    "evaluate": "best ≥ 1.5; torch ≥ 1.0",
    "mining": "≥ 0.77 (1 / 1.3)",
    "scale": "time ≤ 10.5, memory ≤ 1.2",
    "graph": "walking ≤ 20 ms a stage",
    "roofline": "≥ 0.75 of the peak",
    "gpu": "large, 128 tokens: ≥ 50 % of the peak, ≥ 1.2",
}
HEADER = "| benchmark | sizes | who | times as fast (range) | memory | goal |"


def table(lines):
    """Returns a Markdown table, and below it the machines and versions.

    Args:
        lines: list of dict, as benchmarks print them.
    """
    rows = [HEADER, "|---|---|---|---|---|---|"]
    for line in lines:
        name = line["benchmark"]
        sizes = ", ".join(
            f"{key} {line['sizes'][key]:,}"
            for key in SIZES
            if key in line["sizes"]
        )
        for who, figure, memory in _figures(line):
            cells = (name, sizes, who, figure, memory, GOALS.get(name, ""))
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join([*rows, "", *_machines(lines)])


def _figures(line):
    """Yields who, what, and the ratio of memory, of one line."""
    memory = line.get("memory_ratio", {})
    if "times_as_long" in line:
        (ratio,) = memory.values()
        told = f"takes {_spread(line['times_as_long'])} times as long"
        yield "itself", told, f"{ratio:.2f}"
    for who, found in line.get("times_as_fast", {}).items():
        ratio = f"{memory[who]:.2f}" if who in memory else ""
        yield f"{who} : {line['base']}", _spread(found), ratio
    for key in ("plan", "walk"):
        found = line.get(f"{key}_ms_per_stage")
        if found:
            yield key, f"{found['median']:.2f} ms a stage", ""
    for who, share in line.get("share_of_peak", {}).items():
        yield who, f"{_spread(share)} of the peak", ""


def _spread(found):
    return f"{found['median']:.2f} ({found['min']:.2f}–{found['max']:.2f})"


def _machines(lines):
    """Says once for each machine where and with what lines were made."""
    for machine, versions in dict.fromkeys(
        (json.dumps(line["machine"]), json.dumps(line["versions"]))
        for line in lines
    ):
        about, made = json.loads(machine), json.loads(versions)
        threads = "".join(
            f", {name}={value}" for name, value in about["threads"].items()
        )
        yield (
            f"{about['processor']}, {about['cores']} cores, "
            f"{about['memory_gib']} GiB{threads}; "
            + ", ".join(f"{name} {version}" for name, version in made.items())
            + "."
        )
