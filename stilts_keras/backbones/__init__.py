"""Backbones: one module per family, and this one, which knows them all.

Nothing outside this room knows a family, a token id or the name of an input.
"""

from stilts_keras.backbones.bert import Bert
from stilts_keras.backbones.deberta_v3 import DebertaV3
from stilts_keras.backbones.distil_bert import DistilBert
from stilts_keras.backbones.mt5 import Mt5
from stilts_keras.backbones.xlm_roberta import XlmRoberta
from stilts_keras.errors import unknown

FAMILIES = {
    family.name: family
    for family in (XlmRoberta(), Bert(), DistilBert(), DebertaV3(), Mt5())
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
