"""The table of languages: whole, and right where it was checked by hand."""

import pytest

from stilts_keras.errors import InputError
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.languages import FEATURES
from stilts_keras.tasks.languages import LANGUAGES
from stilts_keras.tasks.languages import by_family
from stilts_keras.tasks.languages import distance
from stilts_keras.tasks.languages import distance_from_english
from stilts_keras.tasks.languages import family_of
from stilts_keras.tasks.languages import script_of

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


VALUES = {
    "word_order": {"SVO", "SOV", "VSO", "mixed"},
    "adposition": {"pre", "post", "mixed"},
    "genitive": {"GenN", "NGen", "mixed"},
    "adjective": {"AdjN", "NAdj", "mixed"},
    "demonstrative": {"DemN", "NDem"},
    "numeral": {"NumN", "NNum"},
    "relative_clause": {"RelN", "NRel", "mixed"},
    "affixes": {"suffix", "prefix", "mixed", "little"},
    "negation": {"word", "affix"},
}
WITHOUT_DISTANCE = {"af", "bn", "ht", "jv", "kk"}


def features(code):
    return LANGUAGES[code].features


@pytest.mark.parametrize("code", LANGUAGES)
def test_features_are_of_their_kind(code):
    assert list(features(code)) == list(FEATURES) == list(VALUES)
    for name, value in features(code).items():
        assert value is None or value in VALUES[name]


@pytest.mark.parametrize("name", FEATURES)
def test_features_are_known_of_most_languages(name):
    known = [code for code in LANGUAGES if features(code)[name] is not None]
    assert len(known) >= 40


@pytest.mark.parametrize("code", "hi ja ko ta te tr mr my eu qu ka".split())
def test_verbs_come_last_with_postpositions(code):
    assert features(code)["word_order"] == "SOV"
    assert features(code)["adposition"] == "post"
    assert features(code)["genitive"] == "GenN"


@pytest.mark.parametrize("code", "th vi id yo sw fr it es he".split())
def test_objects_follow_verbs_with_prepositions(code):
    assert features(code)["word_order"] == "SVO"
    assert features(code)["adposition"] == "pre"
    assert features(code)["genitive"] == "NGen"
    assert features(code)["adjective"] == "NAdj"


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("ar", {"word_order": "VSO", "adposition": "pre"}),
        ("tl", {"word_order": "VSO", "adposition": None}),
        ("de", {"word_order": "mixed", "adjective": "AdjN"}),
        ("nl", {"word_order": "mixed", "adposition": "pre"}),
        # The rare postpositions of an SVO language.
        ("fi", {"word_order": "SVO", "adposition": "post"}),
        # The rare prepositions of an SOV language.
        ("fa", {"word_order": "SOV", "adposition": "pre"}),
        # Relative clauses before the noun, though the verb is not last.
        ("zh", {"word_order": "SVO", "relative_clause": "RelN"}),
        ("sw", {"affixes": "prefix", "negation": "affix"}),
        ("vi", {"affixes": "little", "numeral": "NumN"}),
        ("tr", {"affixes": "suffix", "negation": "affix"}),
        # A genitive before the noun as well as one after it.
        ("en", {"word_order": "SVO", "genitive": "mixed"}),
        ("my", {"adjective": "NAdj", "numeral": "NNum"}),
        ("th", {"demonstrative": "NDem", "numeral": "NNum"}),
    ],
)
def test_features_are_as_checked_by_hand(code, known):
    assert {name: features(code)[name] for name in known} == known


def test_distances_from_english():
    assert distance_from_english("en") == 0
    # Turkish differs in order, adposition, genitive, relative clause and
    # negation; Spanish in genitive and adjective.
    assert distance_from_english("tr") == pytest.approx(5 / 9)
    assert distance_from_english("es") == pytest.approx(2 / 9)
    # Of Portuguese's eight known features the same two differ.
    assert distance_from_english("pt") == pytest.approx(2 / 8)
    assert distance_from_english("de") < distance_from_english("ja")
    assert distance_from_english("nl") < distance_from_english("sw")


def test_a_language_of_few_known_features_has_no_distance():
    missing = {c for c in LANGUAGES if distance_from_english(c) is None}
    assert missing == WITHOUT_DISTANCE
    assert distance("kk", "kk") is None


def test_distances_are_symmetric_shares():
    for first in LANGUAGES:
        for second in LANGUAGES:
            found = distance(first, second)
            assert found == distance(second, first)
            assert found is None or 0 <= found <= 1
        if first not in WITHOUT_DISTANCE:
            assert distance(first, first) == 0


def test_related_languages_are_near():
    assert distance("ta", "te") == distance("th", "yo") == 0
    assert distance("es", "it") < distance("es", "tr")


def test_scripts():
    assert script_of("ur") == script_of("fa") == script_of("ar") == "Arabic"
    assert script_of("sw") == "Latin"
    latin = {code for code in LANGUAGES if script_of(code) == "Latin"}
    assert latin == set(
        "af az de en es et eu fi fr ht hu id it jv lt ms nl pl pt qu ro sw tl "
        "tr vi wo yo".split()
    )


def test_languages_are_sorted_by_family_with_english_s_first():
    found = by_family(["zh", "tr", "ru", "en", "bg", "fi", "de", "ar"])
    assert found == ["de", "en", "ar", "bg", "ru", "zh", "tr", "fi"]
    assert by_family(reversed(found)) == found
    whole = by_family(LANGUAGES)
    assert whole[:4] == ["af", "de", "en", "nl"]
    families = [family_of(code) for code in whole]
    # Each family is one run.
    changes = sum(map(str.__ne__, families, families[1:]))
    assert changes == len(set(families)) - 1


def test_languages_can_be_put_in_sets():
    assert len(set(LANGUAGES.values())) == 50


@pytest.mark.parametrize(
    "ask",
    [
        family_of,
        script_of,
        distance_from_english,
        lambda code: by_family([code]),
    ],
)
def test_an_unknown_language_is_an_error_with_the_known_ones(ask):
    with pytest.raises(InputError, match="Unknown language 'xx'"):
        ask("xx")
