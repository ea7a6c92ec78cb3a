"""Names for sets of tasks."""

SUITES = {
    # One task of each of XTREME's four groups.
    "starter": ("xnli", "udpos", "xquad", "tatoeba"),
    # Hu et al., 2020, https://arxiv.org/abs/2003.11080.
    "xtreme": (
        "xnli",
        "pawsx",
        "udpos",
        "panx",
        "xquad",
        "mlqa",
        "tydiqa",
        "bucc2018",
        "tatoeba",
    ),
    # ANLI+ of Phang et al., 2020: one natural language inference head.
    "anliplus": ("snli", "mnli", "anli"),
}
