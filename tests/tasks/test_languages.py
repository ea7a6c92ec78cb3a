"""The table of languages: whole, and right where it was checked by hand."""

import pytest

from stilts_keras.errors import InputError
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.languages import LANGUAGES
from stilts_keras.tasks.languages import family_of

XTREME_R_ADDS = set("az gu ht lt pa pl qu ro uk wo".split())


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_every_language_of_every_task_is_known(task):
    assert set(task.languages) <= set(LANGUAGES)


def test_xtreme_r_s_fifty_languages_are_there_in_alphabetical_order():
    assert len(LANGUAGES) == 50
    assert set(LANGUAGES) > XTREME_R_ADDS
    assert list(LANGUAGES) == sorted(LANGUAGES)
    assert all(code == LANGUAGES[code].code for code in LANGUAGES)


def test_names_are_unique_and_nothing_is_left_blank():
    assert len({language.name for language in LANGUAGES.values()}) == 50
    for language in LANGUAGES.values():
        assert language.name and language.family and language.script


def test_xtreme_has_twelve_families_and_two_isolates():
    families = {
        family_of(code).partition(":")[0]
        for code in set(LANGUAGES) - XTREME_R_ADDS
    }
    assert families >= {"IE", "Basque", "Koreanic"}
    assert len(families) == 12 + 2


@pytest.mark.parametrize(
    ("code", "name", "family", "script"),
    [
        ("en", "English", "IE: Germanic", "Latin"),
        ("bn", "Bengali", "IE: Indo-Aryan", "Bengali"),
        ("fa", "Persian", "IE: Iranian", "Arabic"),
        ("ur", "Urdu", "IE: Indo-Aryan", "Arabic"),
        ("hu", "Hungarian", "Uralic", "Latin"),
        ("kk", "Kazakh", "Turkic", "Cyrillic"),
        ("tl", "Tagalog", "Austronesian", "Latin"),
        ("vi", "Vietnamese", "Austro-Asiatic", "Latin"),
        ("th", "Thai", "Kra-Dai", "Thai"),
        ("zh", "Chinese", "Sino-Tibetan", "Han"),
        ("ht", "Haitian Creole", "French creole", "Latin"),
        ("lt", "Lithuanian", "IE: Baltic", "Latin"),
    ],
)
def test_languages_are_as_checked_by_hand(code, name, family, script):
    found = LANGUAGES[code]
    assert (found.name, found.family, found.script) == (name, family, script)


def test_families_hold_together():
    members = {}
    for code in LANGUAGES:
        members.setdefault(family_of(code), set()).add(code)
    assert members["Uralic"] == {"et", "fi", "hu"}
    assert members["Dravidian"] == {"ml", "ta", "te"}
    assert members["Turkic"] == {"az", "kk", "tr"}
    assert members["Afro-Asiatic"] == {"ar", "he"}
    assert members["Niger-Congo"] == {"sw", "wo", "yo"}
    assert members["IE: Slavic"] == {"bg", "pl", "ru", "uk"}


def test_an_unknown_language_is_an_error_with_the_known_ones():
    with pytest.raises(InputError, match="Unknown language 'xx'"):
        family_of("xx")
