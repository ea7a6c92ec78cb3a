"""The languages of XTREME and XTREME-R: names, families, scripts.

Families are named as in the table of languages of XTREME's paper (Hu et al.
2020, https://arxiv.org/abs/2003.11080): top-level families, Indo-European
(IE) by its branches. The ten languages that XTREME-R adds (Ruder et al. 2021,
https://arxiv.org/abs/2104.07412) follow suit by Glottolog
(https://glottolog.org), but for Haitian, which as a creole stands alone.

A script is the one that the benchmarks' texts are written in, by its English
name in ISO 15924.
"""

import dataclasses

from stilts_keras.errors import unknown


@dataclasses.dataclass(frozen=True)
class Language:
    """One language.

    Attributes:
        code: str. As the benchmarks spell it: ISO 639-1.
        name: str. In English.
        family: str. Such as `Turkic` or `IE: Slavic`.
        script: str. Such as `Latin` or `Han`.
    """

    code: str
    name: str
    family: str
    script: str


LANGUAGES = {
    language.code: language
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
    if code not in LANGUAGES:
        raise unknown("language", code, LANGUAGES)
    return LANGUAGES[code].family
