"""Files of a run: written whole or not at all, and checked when read.

Everything is first written under a temporary name in the same folder, flushed
to the disk and then renamed, so that a reader (or a run that was cut off)
sees the old file or the new one and never a part of one. What a later run
relies on carries a checksum.
"""

from stilts_keras.files.checksums import CHECKSUM
from stilts_keras.files.checksums import digest_of
from stilts_keras.files.checksums import fingerprint_of
from stilts_keras.files.checksums import read_sealed
from stilts_keras.files.checksums import sealed
from stilts_keras.files.checksums import sha256_of
from stilts_keras.files.checksums import unsealed
from stilts_keras.files.folders import MANIFEST
from stilts_keras.files.folders import check_file
from stilts_keras.files.folders import check_folder
from stilts_keras.files.folders import copy_folder
from stilts_keras.files.folders import leftovers
from stilts_keras.files.folders import move_files
from stilts_keras.files.folders import num_bytes
from stilts_keras.files.folders import remove
from stilts_keras.files.folders import remove_leftovers
from stilts_keras.files.folders import write_folder
from stilts_keras.files.places import FULL
from stilts_keras.files.places import REFUSED
from stilts_keras.files.places import at_home
from stilts_keras.files.places import await_seen
from stilts_keras.files.places import check_file_place
from stilts_keras.files.places import check_folder_place
from stilts_keras.files.places import check_space
from stilts_keras.files.places import file_system_of
from stilts_keras.files.places import refusals_said
from stilts_keras.files.remote import Remote
from stilts_keras.files.remote import Unreachable
from stilts_keras.files.remote import check_url
from stilts_keras.files.remote import is_safe
from stilts_keras.files.whole import PARTIAL
from stilts_keras.files.whole import atomic_write
from stilts_keras.files.whole import partial_of
from stilts_keras.files.whole import to_line
from stilts_keras.files.whole import write_json
from stilts_keras.files.whole import write_jsonl

__all__ = [
    "CHECKSUM",
    "FULL",
    "MANIFEST",
    "PARTIAL",
    "REFUSED",
    "Remote",
    "Unreachable",
    "at_home",
    "atomic_write",
    "await_seen",
    "check_file",
    "check_file_place",
    "check_folder",
    "check_folder_place",
    "check_space",
    "check_url",
    "copy_folder",
    "digest_of",
    "file_system_of",
    "fingerprint_of",
    "is_safe",
    "leftovers",
    "move_files",
    "num_bytes",
    "partial_of",
    "read_sealed",
    "refusals_said",
    "remove",
    "remove_leftovers",
    "sealed",
    "sha256_of",
    "to_line",
    "unsealed",
    "write_folder",
    "write_json",
    "write_jsonl",
]
