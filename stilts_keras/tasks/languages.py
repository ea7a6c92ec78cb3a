"""The languages of XTREME and XTREME-R: names, families, scripts, grammar.

Families are named as in the table of languages of XTREME's paper (Hu et al.
2020, https://arxiv.org/abs/2003.11080): top-level families, Indo-European
(IE) by its branches. The ten languages that XTREME-R adds (Ruder et al. 2021,
https://arxiv.org/abs/2104.07412) follow suit by Glottolog
(https://glottolog.org), but for Haitian, which as a creole stands alone.

A script is the one that the benchmarks' texts are written in, by its English
name in ISO 15924.

Features of grammar are those of the World Atlas of Language Structures (WALS,
https://wals.info), whose feature each of `FEATURES` names, as read from its
copy in URIEL (Littell et al. 2017, https://aclanthology.org/E17-2002), package
lang2vec 1.1.2, columns `syntax_wals`. URIEL's imputed values and its other
sources are left out: what it does not have of WALS is None, such as the
correlative clauses of Hindi. Arabic is Modern Standard Arabic. Where URIEL
joins the members of a macrolanguage and these differ, as twice in Malay, None
too.
"""

import dataclasses
from collections.abc import Mapping

from stilts_keras.errors import unknown

ENGLISH = "en"
# Feature: its number in WALS.
FEATURES = {
    "word_order": "81A",
    "adposition": "85A",
    "genitive": "86A",
    "adjective": "87A",
    "demonstrative": "88A",
    "numeral": "89A",
    "relative_clause": "90A",
    "affixes": "26A",
    "negation": "112A",
}
# One line for each language, with its features in the order of FEATURES: order
# of subject, object and verb; prepositions or postpositions; order of the noun
# and its genitive, adjective, demonstrative, numeral and relative clause;
# inflection by suffixes, by prefixes, by both alike (mixed) or little of it;
# negation by a word, which may be an auxiliary verb, or by an affix. Of orders,
# mixed: none dominates. The sign - stands for unknown.
_GRAMMAR = """
af -     -     -     -     -     -     -     -      -
ar VSO   pre   NGen  NAdj  DemN  NumN  -     suffix -
az SOV   -     GenN  AdjN  -     NumN  -     suffix affix
bg SVO   pre   mixed AdjN  DemN  NumN  NRel  suffix word
bn SOV   -     -     -     -     -     -     -      word
de mixed pre   NGen  AdjN  DemN  NumN  NRel  suffix word
el mixed pre   NGen  AdjN  DemN  NumN  NRel  suffix word
en SVO   pre   mixed AdjN  DemN  NumN  NRel  suffix word
es SVO   pre   NGen  NAdj  DemN  NumN  NRel  suffix word
et SVO   post  GenN  AdjN  DemN  NumN  NRel  suffix word
eu SOV   post  GenN  NAdj  NDem  NumN  RelN  mixed  word
fa SOV   pre   NGen  NAdj  DemN  NumN  NRel  suffix affix
fi SVO   post  GenN  AdjN  DemN  NumN  NRel  suffix word
fr SVO   pre   NGen  NAdj  DemN  NumN  NRel  suffix word
gu SOV   post  -     AdjN  DemN  NumN  -     -      word
he SVO   pre   NGen  NAdj  NDem  NumN  NRel  suffix word
hi SOV   post  GenN  AdjN  DemN  NumN  -     suffix word
ht -     -     -     -     -     -     -     -      -
hu mixed post  GenN  AdjN  DemN  NumN  mixed suffix word
id SVO   pre   NGen  NAdj  NDem  NumN  NRel  suffix word
it SVO   pre   NGen  NAdj  DemN  NumN  NRel  suffix word
ja SOV   post  GenN  AdjN  DemN  NumN  RelN  suffix affix
jv -     -     -     -     -     -     -     -      -
ka SOV   post  GenN  AdjN  DemN  NumN  NRel  suffix word
kk -     -     -     -     -     -     -     -      -
ko SOV   post  GenN  AdjN  DemN  NumN  RelN  suffix word
lt SVO   pre   GenN  AdjN  DemN  NumN  NRel  suffix affix
ml SOV   -     GenN  AdjN  DemN  NumN  RelN  -      affix
mr SOV   post  GenN  AdjN  DemN  NumN  RelN  suffix -
ms SVO   pre   NGen  NAdj  -     -     NRel  suffix word
my SOV   post  GenN  NAdj  DemN  NNum  RelN  suffix -
nl mixed pre   NGen  AdjN  DemN  NumN  NRel  suffix word
pa SOV   post  GenN  AdjN  DemN  NumN  mixed suffix word
pl SVO   pre   NGen  AdjN  DemN  NumN  NRel  suffix word
pt SVO   pre   NGen  NAdj  DemN  -     NRel  suffix word
qu SOV   post  GenN  AdjN  DemN  NumN  RelN  suffix word
ro SVO   pre   NGen  NAdj  -     NumN  NRel  suffix word
ru SVO   pre   NGen  AdjN  DemN  NumN  NRel  suffix word
sw SVO   pre   NGen  NAdj  NDem  NNum  NRel  prefix affix
ta SOV   post  GenN  AdjN  DemN  NumN  RelN  suffix affix
te SOV   post  GenN  AdjN  DemN  NumN  RelN  suffix affix
th SVO   pre   NGen  NAdj  NDem  NNum  NRel  little word
tl VSO   -     NGen  mixed -     NumN  NRel  little word
tr SOV   post  GenN  AdjN  DemN  NumN  RelN  suffix affix
uk SVO   pre   -     AdjN  DemN  NumN  NRel  suffix word
ur SOV   post  GenN  AdjN  DemN  NumN  -     suffix -
vi SVO   pre   NGen  NAdj  NDem  NumN  NRel  little word
wo SVO   pre   NGen  NAdj  NDem  NumN  NRel  little word
yo SVO   pre   NGen  NAdj  NDem  NNum  NRel  little word
zh SVO   mixed GenN  AdjN  DemN  NumN  RelN  suffix word
"""


@dataclasses.dataclass(frozen=True)
class Language:
    """One language.

    Attributes:
        code: str. As the benchmarks spell it: ISO 639-1.
        name: str. In English.
        family: str. Such as `Turkic` or `IE: Slavic`.
        script: str. Such as `Latin` or `Han`.
        features: mapping from each of `FEATURES` to a str such as `SOV`, or
            to None where it is not known.
    """

    code: str
    name: str
    family: str
    script: str
    features: Mapping[str, str | None] = dataclasses.field(
        default_factory=dict, hash=False
    )


def _read_grammar():
    """Reads `_GRAMMAR`: a dict from a language to its dict of features."""
    return {
        code: {
            name: None if value == "-" else value
            for name, value in zip(FEATURES, values, strict=True)
        }
        for code, *values in map(str.split, _GRAMMAR.strip().splitlines())
    }


_FEATURES_OF = _read_grammar()
LANGUAGES = {
    language.code: dataclasses.replace(
        language, features=_FEATURES_OF[language.code]
    )
    for language in (
        Language("af", "Afrikaans", "IE: Germanic", "Latin"),
        Language("ar", "Arabic", "Afro-Asiatic", "Arabic"),
        Language("az", "Azerbaijani", "Turkic", "Latin"),
        Language("bg", "Bulgarian", "IE: Slavic", "Cyrillic"),
        Language("bn", "Bengali", "IE: Indo-Aryan", "Bengali"),
        Language("de", "German", "IE: Germanic", "Latin"),
        Language("el", "Greek", "IE: Greek", "Greek"),
        Language("en", "English", "IE: Germanic", "Latin"),
        Language("es", "Spanish", "IE: Romance", "Latin"),
        Language("et", "Estonian", "Uralic", "Latin"),
        Language("eu", "Basque", "Basque", "Latin"),
        Language("fa", "Persian", "IE: Iranian", "Arabic"),
        Language("fi", "Finnish", "Uralic", "Latin"),
        Language("fr", "French", "IE: Romance", "Latin"),
        Language("gu", "Gujarati", "IE: Indo-Aryan", "Gujarati"),
        Language("he", "Hebrew", "Afro-Asiatic", "Hebrew"),
        Language("hi", "Hindi", "IE: Indo-Aryan", "Devanagari"),
        Language("ht", "Haitian Creole", "French creole", "Latin"),
        Language("hu", "Hungarian", "Uralic", "Latin"),
        Language("id", "Indonesian", "Austronesian", "Latin"),
        Language("it", "Italian", "IE: Romance", "Latin"),
        Language("ja", "Japanese", "Japonic", "Japanese"),
        Language("jv", "Javanese", "Austronesian", "Latin"),
        Language("ka", "Georgian", "Kartvelian", "Georgian"),
        Language("kk", "Kazakh", "Turkic", "Cyrillic"),
        Language("ko", "Korean", "Koreanic", "Hangul"),
        Language("lt", "Lithuanian", "IE: Baltic", "Latin"),
        Language("ml", "Malayalam", "Dravidian", "Malayalam"),
        Language("mr", "Marathi", "IE: Indo-Aryan", "Devanagari"),
        Language("ms", "Malay", "Austronesian", "Latin"),
        Language("my", "Burmese", "Sino-Tibetan", "Myanmar"),
        Language("nl", "Dutch", "IE: Germanic", "Latin"),
        Language("pa", "Punjabi", "IE: Indo-Aryan", "Gurmukhi"),
        Language("pl", "Polish", "IE: Slavic", "Latin"),
        Language("pt", "Portuguese", "IE: Romance", "Latin"),
        Language("qu", "Quechua", "Quechuan", "Latin"),
        Language("ro", "Romanian", "IE: Romance", "Latin"),
        Language("ru", "Russian", "IE: Slavic", "Cyrillic"),
        Language("sw", "Swahili", "Niger-Congo", "Latin"),
        Language("ta", "Tamil", "Dravidian", "Tamil"),
        Language("te", "Telugu", "Dravidian", "Telugu"),
        Language("th", "Thai", "Kra-Dai", "Thai"),
        Language("tl", "Tagalog", "Austronesian", "Latin"),
        Language("tr", "Turkish", "Turkic", "Latin"),
        Language("uk", "Ukrainian", "IE: Slavic", "Cyrillic"),
        Language("ur", "Urdu", "IE: Indo-Aryan", "Arabic"),
        Language("vi", "Vietnamese", "Austro-Asiatic", "Latin"),
        Language("wo", "Wolof", "Niger-Congo", "Latin"),
        Language("yo", "Yoruba", "Niger-Congo", "Latin"),
        Language("zh", "Chinese", "Sino-Tibetan", "Han"),
    )
}


def family_of(code):
    """Returns the family of a language.

    Args:
        code: str. Such as `sw`.

    Returns:
        A str such as `Niger-Congo`.

    Raises:
        InputError: If the language is not in `LANGUAGES`.
    """
    return _language(code).family


def script_of(code):
    """Returns the script of a language.

    Args:
        code: str. Such as `ur`.

    Returns:
        A str such as `Arabic`.

    Raises:
        InputError: If the language is not in `LANGUAGES`.
    """
    return _language(code).script


def by_family(codes):
    """Sorts languages by family, then by code; English's family comes first.

    Args:
        codes: iterable of str.

    Returns:
        A list of str.

    Raises:
        InputError: If a language is not in `LANGUAGES`.
    """
    first = family_of(ENGLISH)

    def place(code):
        family = family_of(code)
        return family != first, family, code

    return sorted(codes, key=place)


def families(codes):
    """Groups languages by family, in the order of `by_family`.

    Args:
        codes: iterable of str.

    Returns:
        A dict from family to a list of str.

    Raises:
        InputError: If a language is not in `LANGUAGES`.
    """
    found = {}
    for code in by_family(codes):
        found.setdefault(family_of(code), []).append(code)
    return found


def distance(first, second):
    """Returns in how much of their grammar two languages differ.

    Every feature weighs the same, and of a feature any two different values
    are equally far apart, so that SVO is as far from `mixed` as from SOV.

    Args:
        first: str. A language's code.
        second: str. Likewise.

    Returns:
        A float in [0, 1]: the share, of the features that are known of both,
        in which they differ; None where fewer than half of `FEATURES` are
        known of both.

    Raises:
        InputError: If a language is not in `LANGUAGES`.
    """
    ours, theirs = _language(first).features, _language(second).features
    known = [
        name
        for name in FEATURES
        if ours[name] is not None and theirs[name] is not None
    ]
    if 2 * len(known) < len(FEATURES):
        return None
    return sum(ours[name] != theirs[name] for name in known) / len(known)


def distance_from_english(code):
    """Returns in how much of its grammar a language differs from English.

    Args:
        code: str. Such as `tr`.

    Returns:
        A float in [0, 1], or None, as `distance` says; 0 of English.

    Raises:
        InputError: If the language is not in `LANGUAGES`.
    """
    return distance(code, ENGLISH)


def _language(code):
    if code not in LANGUAGES:
        raise unknown("language", code, LANGUAGES)
    return LANGUAGES[code]
