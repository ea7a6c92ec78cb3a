"""A route trains what the backbone can read, or nothing is begun."""

import dataclasses
import types

import pytest

from fakes import BACKBONE
from fakes import graph
from stilts_keras.errors import InputError
from stilts_keras.graph.modality import check_readable
from stilts_keras.steps import survey
from stilts_keras.tasks import TASKS
from stilts_keras.visits import walk

SPEECH = dataclasses.replace(BACKBONE, name="heard", family="whisper")


def message_of(**changes):
    with pytest.raises(InputError) as caught:
        graph(**changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"targets": ["xnli"], "routes": ["minds14"]},
        {"targets": ["sib_fleurs"], "routes": ["sib_fleurs/mnli"]},
        {"targets": ["sib_fleurs", "tatoeba"], "routes": ["pretrained"]},
        {"targets": ["minds14"], "routes": ["minds14+mlm"]},
    ],
    ids=["target", "second stage", "second target", "mixture"],
)
def test_a_text_task_on_a_speech_backbone_is_refused(changes):
    text = message_of(backbone=SPEECH, **changes)
    assert text.startswith("Backbone 'heard' reads recordings, and task ")
    assert "has text. Tasks that fit: minds14, sib_fleurs. " in text


def test_a_speech_task_on_a_text_backbone_names_its_text_arms():
    text = message_of(targets=["sib_fleurs"], routes=["pretrained"])
    arms = "sib_fleurs_recognised, sib_fleurs_text."
    assert f"'sib_fleurs' has recordings. Tasks that fit: {arms}" in text
    text = message_of(targets=["xnli"], routes=["minds14"])
    assert "Tasks that fit: minds14_text." in text


def test_what_fits_is_planned():
    built = graph(
        targets=["sib_fleurs", "minds14"],
        routes=["pretrained", "minds14", "sib_fleurs"],
        backbone=SPEECH,
    )
    assert {stage.path for stage in built.stages} >= {"minds14", "sib_fleurs"}


def test_of_an_unknown_family_nothing_is_said_until_it_is_known():
    unknown = dataclasses.replace(BACKBONE, family=None)
    check_readable(unknown, [TASKS["xnli"], TASKS["minds14"]], TASKS)
    with pytest.raises(InputError, match="reads recordings"):
        check_readable(SPEECH, [TASKS["xnli"]], TASKS)


def test_sources_too_are_checked_once_a_backbone_is_fetched(monkeypatch):
    """A text source of a speech target was trained on, or a traceback."""
    unknown = dataclasses.replace(BACKBONE, family=None)
    asked = graph(targets=["minds14"], routes=["mnli"], backbone=unknown)
    place = types.SimpleNamespace(root=SPEECH)
    monkeypatch.setattr(walk, "Place", lambda setting: place)
    monkeypatch.setattr(survey, "fetch", lambda backbone: SPEECH)
    folder = types.SimpleNamespace(graph=asked, stages=None)
    options = types.SimpleNamespace(devices=1, model_parallel=False)
    visits = [types.SimpleNamespace(takes_steps=False)]
    for begin in (
        lambda: walk.prepare(folder, visits, options, None),
        lambda: survey.Surveys(asked, "skip", print),
    ):
        with pytest.raises(InputError, match="reads recordings, and task 'mn"):
            begin()
