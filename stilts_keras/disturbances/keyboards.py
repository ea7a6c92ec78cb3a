"""Keyboards: which keys lie beside each other, by layout.

The rows hold what the keys of a layout type, letters and marks only, as the
national standards lay them out and as xkeyboard-config names them: QWERTY,
QWERTZ and AZERTY with what each country adds, the Cyrillic, Greek and Semitic
standards, InScript for the scripts of India, Kedmanee for Thai, Korea's two
sets of letters, and the ones of Georgia and Myanmar. A full stop is a key that
types no letter.
"""

import functools

# Each layout: the rows of digits, of Q, of A and of Z; once more with shift,
# where a script has no capitals.
_LAYOUTS = """
# US
.
q w e r t y u i o p
a s d f g h j k l
z x c v b n m
# German
. . . . . . . . . . . ß
q w e r t z u i o p ü
a s d f g h j k l ö ä
y x c v b n m
# French
. . é . . . . è . ç à
a z e r t y u i o p
q s d f g h j k l m ù
w x c v b n
# Spanish
.
q w e r t y u i o p
a s d f g h j k l ñ . ç
z x c v b n m
# Italian
. . . . . . . . . . . . ì
q w e r t y u i o p è
a s d f g h j k l ò à ù
z x c v b n m
# Portuguese
.
q w e r t y u i o p
a s d f g h j k l ç
z x c v b n m
# Turkish
.
q w e r t y u ı o p ğ ü
a s d f g h j k l ş i
z x c v b n m ö ç
# Azerbaijani
.
q ü e r t y u i o p ö ğ
a s d f g h j k l ı ə
z x c v b n m ç ş
# Lithuanian
. ą č ę ė į š ų ū . . . ž
q w e r t y u i o p
a s d f g h j k l
z x c v b n m
# Hungarian
. . . . . . . . . . ö ü ó
q w e r t z u i o p ő ú
a s d f g h j k l é á ű
y x c v b n m
# Estonian
.
q w e r t y u i o p ü õ
a s d f g h j k l ö ä
z x c v b n m
# Finnish
.
q w e r t y u i o p å
a s d f g h j k l ö ä
z x c v b n m
# Russian
ё
й ц у к е н г ш щ з х ъ
ф ы в а п р о л д ж э
я ч с м и т ь б ю
# Ukrainian
.
й ц у к е н г ш щ з х ї
ф і в а п р о л д ж є ґ
я ч с м и т ь б ю
# Bulgarian
.
. у е и ш щ к с д з ц
ь я а о ж г т н в м ч
ю й ъ э ф х п р л б
# Kazakh
. . ә і ң ғ . . ү ұ қ ө һ
й ц у к е н г ш щ з х ъ
ф ы в а п р о л д ж э
я ч с м и т ь б ю
# Greek
.
. ς ε ρ τ υ θ ι ο π
α σ δ φ γ η ξ κ λ
ζ χ ψ ω β ν μ
# Arabic
ذ
ض ص ث ق ف غ ع ه خ ح ج د
ش س ي ب ل ا ت ن م ك ط
ئ ء ؤ ر . ى ة و ز ظ
ّ
َ ً ُ ٌ . إ
ِ ٍ . . . أ ـ
. ْ . . . آ
# Persian
.
ض ص ث ق ف غ ع ه خ ح ج چ
ش س ی ب ل ا ت ن م ک گ
ظ ط ز ر ذ د پ و
. . . . . . . . . . . ـ
ْ ٌ ٍ ً ُ ِ َ ّ
ؤ ئ ي إ أ آ ة
ك ٓ ژ ٰ . ٔ ء
# Urdu
ً
ق و ع ر ت ے ء ی ہ پ
ا س د ف گ ح ج ک ل
ز ش چ ط ب ن م
.
ْ ؤ ٰ ڑ ٹ َ ئ ِ ۃ ُ
آ ص ڈ ّ غ ھ ض خ ٔ
ذ ژ ث ظ . ں ٘
# Hebrew
.
. . ק ר א ט ו ן ם פ
ש ד ג כ ע י ח ל ך ף
ז ס ב ה נ מ צ ת ץ
# Devanagari
ॊ . . . . . . . . . . . ृ
ौ ै ा ी ू ब ह ग द ज ड ़
ो े ् ि ु प र क त च ट ॉ
ॆ ं म न व ल स . . य
ऒ ऍ ॅ . . . . . . . . ः ऋ
औ ऐ आ ई ऊ भ ङ घ ध झ ढ ञ
ओ ए अ इ उ फ ऱ ख थ छ ठ ऑ
ऎ ँ ण ऩ ऴ ळ श ष . य़
# Bengali
. . . . . . . . . . . . ঋ
ৌ ৈ া ী ূ ব হ গ দ জ ড ়
ো ে ্ ি ু প র ক ত চ ট
. ং ম ন ব ল স . . য়
. . . . . . . . . . . ঃ ৃ
ঔ ঐ আ ঈ ঊ ভ ঙ ঘ ধ ঝ ঢ ঞ
ও এ অ ই উ ফ ঢ় খ থ ছ ঠ
. ঁ ণ ন ব ল শ ষ . য
# Gujarati
. . . . . . . . . . . . ઋ
ૌ ૈ ા ી ૂ બ હ ગ દ જ ડ ઼
ો ે ્ િ ુ પ ર ક ત ચ ટ ૉ
. ં મ ન વ લ સ . . ય
. ઍ ૅ . . . . . . . . ઃ ૃ
ઔ ઐ આ ઈ ઊ ભ ઙ ઘ ધ ઝ ઢ ઞ
ઓ એ અ ઇ ઉ ફ ર ખ થ છ ઠ ઑ
. ઁ ણ ન વ ળ શ ષ
# Gurmukhi
. . . . . . . . . . . ਃ
ੌ ੈ ਾ ੀ ੂ ਬ ਹ ਗ ਦ ਜ ਡ ਼
ੋ ੇ ੍ ਿ ੁ ਪ ਰ ਕ ਤ ਚ ਟ
. ਂ ਮ ਨ ਵ ਲ ਸ . . ਯ
. . . ੱ ੴ
ਔ ਐ ਆ ਈ ਊ ਭ ਙ ਘ ਧ ਝ ਢ ਞ
ਓ ਏ ਅ ਇ ਉ ਫ ੜ ਖ ਥ ਛ ਠ
ਁ ੰ ਣ ਨ ਵ ਲ਼ ਸ਼
# Tamil
ொ
ௌ ை ா ீ ூ . ஹ . . ஜ . ஞ
ோ ே ் ி ு ப ர க த ச ட
ெ ஂ ம ந வ ல ஸ . . ய
ஒ . . . . . . . . . . ஃ
ஔ ஐ ஆ ஈ ஊ . ங
ஓ ஏ அ இ உ . ற
எ . ண ன ழ ள ஶ ஷ
# Telugu
ొ . . . . . . . . . . ః ృ
ౌ ై ా ీ ూ బ హ గ ద జ డ ఞ
ో ే ్ ి ు ప ర క త చ ట
ె ం మ న వ ల స . . య
ఒ . . . . . . . . . . . ఋ
ఔ ఐ ఆ ఈ ఊ భ ఙ ఘ ధ ఝ ఢ
ఓ ఏ అ ఇ ఉ ఫ ఱ ఖ థ ఛ ఠ
ఎ ఁ ణ . . ళ శ ష
# Malayalam
ൊ . . . . . . . . . . . ൃ
ൌ ൈ ാ ീ ൂ ബ ഹ ഗ ദ ജ ഡ
ോ േ ് ി ു പ ര ക ത ച ട
െ ം മ ന വ ല സ . . യ
ഒ . . . . . . . . . . ഃ ഋ
ഔ ഐ ആ ഈ ഊ ഭ ങ ഘ ധ ഝ ഢ ഞ
ഓ ഏ അ ഇ ഉ ഫ റ ഖ ഥ ഛ ഠ
എ . ണ . ഴ ള ശ ഷ
# Thai
. ๅ . . ภ ถ ุ ึ ค ต จ ข ช
ๆ ไ ำ พ ะ ั ี ร น ย บ ล
ฟ ห ก ด เ ้ ่ า ส ว ง ฃ
ผ ป แ อ ิ ื ท ม ใ ฝ
. . . . . . ู
. . ฎ ฑ ธ ํ ๊ ณ ฯ ญ ฐ
ฤ ฆ ฏ โ ฌ ็ ๋ ษ ศ ซ . ฅ
. . ฉ ฮ ฺ ์ . ฒ ฬ ฦ
# Georgian
.
ქ წ ე რ ტ ყ უ ი ო პ
ა ს დ ფ გ ჰ ჯ კ ლ
ზ ხ ც ვ ბ ნ მ
.
. ჭ . ღ თ
. შ . . . . ჟ
ძ . ჩ
# Burmese
.
ဆ တ န မ အ ပ က င သ စ ဟ ဩ
ေ ျ ိ ် ါ ့ ြ ု ူ း
ဖ ထ ခ လ ဘ ည ာ
ဎ ဍ ၒ ဋ . . . ရ
ဈ ဝ ဣ . ဤ . ဥ . ဿ ဏ ဧ ဪ
ဗ ှ ီ ္ ွ ံ ဲ ဒ ဓ ဂ
ဇ ဌ ဃ ဠ ယ ဉ ဦ
# Korean
.
ㅂ ㅈ ㄷ ㄱ ㅅ ㅛ ㅕ ㅑ ㅐ ㅔ
ㅁ ㄴ ㅇ ㄹ ㅎ ㅗ ㅓ ㅏ ㅣ
ㅋ ㅌ ㅊ ㅍ ㅠ ㅜ ㅡ
.
ㅃ ㅉ ㄸ ㄲ ㅆ . . . ㅒ ㅖ
.
.
"""
# What keys a hand may hit instead: those whose middles are nearer, in widths
# of a key, in the same row or the next; farther where none types a letter.
_REACH = 1.1
_FAR = 2.1
# Where a row begins, in widths of a key: rows are staggered.
_STARTS = (0.0, 1.5, 1.75, 2.25)


def _read_layouts():
    """Reads `_LAYOUTS`: a dict from a name to its levels, lists of rows."""
    layouts = {}
    for block in _LAYOUTS.strip().split("# ")[1:]:
        name, *rows = block.strip().split("\n")
        rows = [row.split() for row in rows]
        layouts[name] = [rows[at : at + 4] for at in range(0, len(rows), 4)]
    return layouts


LAYOUTS = _read_layouts()


@functools.cache
def neighbours(layout):
    """Maps what each key of a layout types to what the keys beside it type.

    At the same level, so that a letter typed with shift becomes another such;
    at the other one where none lies beside it.

    Args:
        layout: str. One of `LAYOUTS`.

    Returns:
        Dict from a letter to a tuple of letters, the letter not among them.
    """
    levels = LAYOUTS[layout]
    found = {}
    for level in levels:
        for letter, place in _places(level):
            beside = (
                _beside(place, [level], _REACH)
                or _beside(place, levels, _REACH)
                or _beside(place, levels, _FAR)
            )
            others = tuple(key for key in beside if key != letter)
            if letter not in found and others:
                found[letter] = others
    return found


def _places(level):
    """Yields each letter of a level with its place: row, and key's middle."""
    for number, row in enumerate(level):
        for at, letter in enumerate(row):
            if letter != ".":
                yield letter, (number, _STARTS[number] + at)


def _beside(place, levels, reach):
    row, middle = place
    return [
        letter
        for level in levels
        for letter, (other_row, other) in _places(level)
        if abs(other_row - row) <= 1
        and abs(other - middle) < reach
        and (other_row, other) != place
    ]
