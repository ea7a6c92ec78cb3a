"""What a store of stages holds, to be compared with another's."""

from stilts_keras import files
from stilts_keras.records.stage_folders import stages_in_store

DATED = "metadata.json"
TIMED = "speed"


def contents_of_store(store):
    """The sha256 of every file of every stage, and what manifests tell.

    But for KerasHub's metadata.json, which tells when it was written, and for
    how long it took.
    """
    found = {}
    for name, place in stages_in_store(store).items():
        facts = files.read_sealed(place / files.MANIFEST)
        digests = {k: v for k, v in facts.pop("files").items() if k != DATED}
        facts = {k: v for k, v in facts.items() if k != TIMED}
        found[name] = facts, digests
    return found
