"""Names for sets of targets."""

SUITES = {
    # One task of each of XTREME's four groups.
    "starter": ("xnli", "udpos", "xquad", "tatoeba"),
}
