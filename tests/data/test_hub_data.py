"""The Hub's rows; within seconds, one line where it does not answer."""

import os
import pathlib
import socket
import subprocess
import sys
import time

import datasets
import pytest

from stilts_keras.data import hub
from stilts_keras.data import sources
from stilts_keras.errors import InputError
from stilts_keras.tasks import BUCC2018
from stilts_keras.tasks import HELLASWAG

ROOT = pathlib.Path(__file__).parents[2]
# Loads one task from the Hub and prints how that ends.
HUB_CODE = """
import sys, time
from stilts_keras.data import hub, sources
from stilts_keras.errors import InputError
from stilts_keras.tasks import get_task
import datasets
hub.CONNECT_TIMEOUT_SECONDS = 2  # 10 otherwise: tests are to be quick
start = time.monotonic()
try:
    sources.open_data("hub").load(get_task(sys.argv[1]), "en", "train")
except InputError as error:
    print(time.monotonic() - start)
    print(error)
"""


@pytest.fixture
def endpoint(request):
    """Address on this machine: of a server that is mute, or of none."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if request.param == "mute":
            server.listen(64)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("endpoint", ["mute", "refusing"], indirect=True)
def test_a_hub_that_does_not_answer_is_reported_within_30_s(endpoint, tmp_path):
    assert hub.CONNECT_TIMEOUT_SECONDS <= 15
    # Two repositories: hellaswag may be tried under two revisions.
    check_hub(tmp_path, "hellaswag", HF_ENDPOINT=endpoint)


@pytest.mark.parametrize("value", ["1", "on"])
@pytest.mark.parametrize("endpoint", ["refusing"], indirect=True)
def test_an_offline_hub_is_reported_at_once(endpoint, tmp_path, value):
    seconds = check_hub(
        tmp_path, "mnli", HF_ENDPOINT=endpoint, HF_HUB_OFFLINE=value
    )
    assert seconds < 10


def check_hub(folder, task, **changes):
    """Loads from a Hub that is not there; returns the seconds that took."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith("HF_")
    }
    environment |= {"HF_HOME": str(folder), **changes}
    start = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-c", HUB_CODE, task],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert time.monotonic() - start < 30
    seconds, *lines = run.stdout.splitlines()
    assert len(lines) == 1
    assert "--data=FOLDER" in lines[0] and "--data=pocket" in lines[0]
    assert task in lines[0]
    return float(seconds)


def test_the_next_repository_is_tried_when_one_is_not_cached(monkeypatch):
    tried = []

    def load(repository, language, split):
        tried.append(repository.revision)
        if repository.revision is None:
            raise ConnectionError("not cached")
        return datasets.Dataset.from_dict({"label": ["0"]})

    monkeypatch.setattr(hub, "_hub_answers", bool)
    monkeypatch.setattr(hub, "_load_from_hub", load)
    data = sources.open_data("hub")
    before = data.fingerprint(HELLASWAG, "en", "dev")
    assert data.load(HELLASWAG, "en", "dev")["label"][:] == ["0"]
    assert tried == [None, "refs/pr/7"]
    # Rows packed from one are never taken for rows of the other.
    assert before.endswith("@main")
    assert data.fingerprint(HELLASWAG, "en", "dev").endswith("@refs/pr/7")
    assert data.fingerprint(HELLASWAG, "en", "train").endswith("@main")


def test_reasons_of_all_repositories_are_given_in_one_line(monkeypatch):
    def load(repository, language, split):
        raise ValueError(f"no {repository.revision}\nand a second line")

    monkeypatch.setattr(hub, "_hub_answers", lambda: True)
    monkeypatch.setattr(hub, "_load_from_hub", load)
    with pytest.raises(InputError, match=r"no None.*no refs/pr/7") as caught:
        sources.open_data("hub").load(HELLASWAG, "en", "dev")
    assert "\n" not in str(caught.value)


def test_the_hub_names_the_folder_for_what_it_does_not_hold():
    with pytest.raises(
        InputError, match=r"not on the Hub.*bucc2018/de-en\.gold"
    ):
        hub.HubData().load(BUCC2018, "de", "test")
