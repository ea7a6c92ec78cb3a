"""Names for tasks that go together, and make no score."""

from stilts_keras.scoring.suite import Suite
from stilts_keras.scoring.suites.xtreme import XTREME
from stilts_keras.tasks import ANLI
from stilts_keras.tasks import MNLI
from stilts_keras.tasks import SNLI
from stilts_keras.tasks import TATOEBA
from stilts_keras.tasks import UDPOS
from stilts_keras.tasks import XNLI
from stilts_keras.tasks import XQUAD

# One task of each of XTREME's four groups, in its languages.
STARTER = Suite(
    name="starter",
    tasks=(XNLI, UDPOS, XQUAD, TATOEBA),
    languages={
        task.name: XTREME.languages_of(task.name)
        for task in (XNLI, UDPOS, XQUAD, TATOEBA)
    },
)
# ANLI+: one natural language inference head.
ANLIPLUS = Suite(
    name="anliplus",
    tasks=(SNLI, MNLI, ANLI),
    source="Phang et al., 2020, https://arxiv.org/abs/2005.13013",
)
