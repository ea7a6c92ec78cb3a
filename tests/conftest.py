"""What tests of several rooms share: real material where there is some.

`datasets` reads its cache folder once, at import, so it is set here: a test
session neither fills nor finds the user's own cache.
"""

import os
import pathlib
import shutil
import tempfile

import hypothesis
import pytest

from stilts_keras.backbones import get_family
from stilts_keras.backbones.description import POCKET_FOLDER

# A slow machine is no wrong result.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")

CACHE = tempfile.mkdtemp(prefix="stilts_keras_tests_")
os.environ["HF_DATASETS_CACHE"] = CACHE
POCKET_TOKENIZER = POCKET_FOLDER / "assets" / "tokenizer" / "vocabulary.spm"


def pytest_unconfigure():
    shutil.rmtree(CACHE, ignore_errors=True)


# What takes longest begins first, so that no process is left alone with it.
LONGEST = (
    "faults",
    "test_experiment",
    "test_three_backends",
    "test_long_chains",
    "test_real_tasks",
    "test_docs",
    "test_all_problems",
    "test_families",
)


def pytest_collection_modifyitems(items):
    def place(item):
        names = (item.path.stem, item.path.parent.name)
        found = [LONGEST.index(name) for name in names if name in LONGEST]
        return min(found, default=len(LONGEST))

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A process for each file, and one for all of faults: they share runs."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "faults" if "/faults/" in file else file

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def material():
    """Folder of real subsets in the Hub's layout (`material / "data"`)."""
    name = os.environ.get("STILTS_TEST_MATERIAL")
    if not name:
        pytest.skip("needs real data: set STILTS_TEST_MATERIAL to its folder")
    folder = pathlib.Path(name).resolve()
    if not folder.is_dir():
        pytest.skip(f"STILTS_TEST_MATERIAL={name!r} is no folder")
    return folder


@pytest.fixture(scope="session")
def xlmr_tokenizer(material):
    file = material / "data/FacebookAI/xlm-roberta-base/sentencepiece.bpe.model"
    if not file.is_file():
        pytest.skip(f"needs XLM-R's SentencePiece model at {file}")
    return get_family("xlm_roberta").tokenizer(file)


@pytest.fixture(scope="session")
def pocket_tokenizer():
    return get_family("xlm_roberta").tokenizer(POCKET_TOKENIZER)


@pytest.fixture(scope="session")
def write_pools():
    """Function that writes BUCC's files of one language to a data folder."""

    def write(folder, language, num=20, splits=("validation", "test")):
        import datasets

        place = folder / "extra" / "bucc2018"
        names = {"source": language, "target": "en"}
        for split in splits:
            for code in names.values():
                rows = {
                    "id": [f"{code}-{index}" for index in range(num)],
                    "sentence": [
                        f"{split} {code} {index}" for index in range(num)
                    ],
                }
                file = place / f"{language}-en.{code}" / f"{split}.jsonl"
                file.parent.mkdir(parents=True, exist_ok=True)
                datasets.Dataset.from_dict(rows).to_json(file)
            rows = {
                f"{side}_id": [f"{code}-{index}" for index in range(0, num, 2)]
                for side, code in names.items()
            }
            file = place / f"{language}-en.gold" / f"{split}.jsonl"
            file.parent.mkdir(parents=True, exist_ok=True)
            datasets.Dataset.from_dict(rows).to_json(file)

    return write
