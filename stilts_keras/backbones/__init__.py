"""Backbones: one module per family, and this one, which knows them all.

Nothing outside this room knows a family, a token id or the name of an input.
"""

import difflib

from stilts_keras.backbones.bert import Bert
from stilts_keras.backbones.deberta_v3 import DebertaV3
from stilts_keras.backbones.distil_bert import DistilBert
from stilts_keras.backbones.mt5 import Mt5
from stilts_keras.backbones.whisper import Whisper
from stilts_keras.backbones.xlm_roberta import XlmRoberta
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown

FAMILIES = {
    family.name: family
    for family in (
        XlmRoberta(),
        Bert(),
        DistilBert(),
        DebertaV3(),
        Mt5(),
        Whisper(),
    )
}
DEFAULT_FAMILY = "xlm_roberta"
DEFAULT_BACKBONE = "xlm_roberta_base_multi"


def get_family(name):
    """Returns a `Family` by its name.

    Raises:
        InputError: If there is none.
    """
    if name not in FAMILIES:
        raise unknown("backbone family", name, FAMILIES)
    return FAMILIES[name]


def family_of(config, where):
    """Finds the family by Hugging Face's model_type or KerasHub's class.

    Args:
        config: dict. Of a config.json.
        where: str. For messages.

    Raises:
        InputError: If no family opens it.
    """
    model_type = config.get("model_type")
    found = str(
        config.get("registered_name") or config.get("class_name") or ""
    ).rpartition(">")[2]
    for family in FAMILIES.values():
        if model_type in family.model_types or found == family.keras_class:
            return family
        if model_type in family.refused:
            raise InputError(
                f"{where}: config.json says {model_type!r}, which is not "
                f"opened: {family.refused[model_type]} Family {family.name!r} "
                f"opens {' and '.join(family.model_types)}."
            )
    known = {
        name: family.name
        for family in FAMILIES.values()
        for name in (*family.model_types, family.keras_class)
    }
    received = model_type or found or f"the keys {sorted(config)}"
    close = difflib.get_close_matches(str(received), known, 1)
    raise InputError(
        f"{where}: config.json says {received!r}, which no family here opens. "
        + (f"Closest: {close[0]!r}. " if close else "")
        + "Families and what they open: "
        + "; ".join(
            f"{family.name} ({', '.join(family.model_types)}, KerasHub's "
            f"{family.keras_class})"
            for family in FAMILIES.values()
        )
        + "."
    )
