"""What a store of stages holds, to be compared with another's."""

from stilts_keras import files
from stilts_keras.records.stage_folders import stages_in_store

DATED = "metadata.json"


def contents_of_store(store):
    """The sha256 of every file of every stage, and what manifests tell.

    But for KerasHub's metadata.json, which tells when it was written.
    """
    found = {}
    for name, place in stages_in_store(store).items():
        facts = files.read_sealed(place / files.MANIFEST)
        digests = {k: v for k, v in facts.pop("files").items() if k != DATED}
        found[name] = facts, digests
    return found
