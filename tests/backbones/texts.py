"""Texts that tokenizers stumble over, and real ones in every language."""

import unicodedata

import pytest

PARENTS = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
TEXTS = {
    "plain": "Hello World!",
    "arabic": "القاهرة هي عاصمة مصر، وتقع على نهر النيل.",
    "hindi": "नई दिल्ली भारत की राजधानी है।",
    "thai": "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย น้ำ",
    "chinese": "北京是中国的首都，人口两千万。",
    "japanese": "東京は日本の首都です。ｶﾞｷﾞ カ゛",
    "korean": unicodedata.normalize("NFD", "한국어 서울"),
    "full-width": "\uff11\uff12\uff13\uff14\uff15 \uff21\uff22 \uff08x\uff09",
    "ligatures": "the o\ufb03ce \ufb02oor of \ufb01sh",
    "nfc": "caf\u00e9 na\u00efve \u1ebf",
    "nfd": "cafe\u0301 nai\u0308ve e\u0302\u0301",
    "spaces": "  two  spaces   here ",
    "line ends": "one\r\ntwo\r\n\r\nthree\tfour\u00a0five\u3000six",
    "emoji": f"a {PARENTS} family \U0001f3f3\ufe0f\u200d\U0001f308 ok",
    "expanding": "\u00bd \u338f \u337f \ufdfa \u2026\u2026 x",
    "control": "a\x00b \ufffc c",
}


def rows_of(folder, num=20):
    """The longest text of the first rows of each folder: of one language."""
    parquet = pytest.importorskip("pyarrow.parquet")
    firsts = {path.parent: path for path in sorted(folder.rglob("*.parquet"))}
    for path in firsts.values():
        rows = next(parquet.ParquetFile(path).iter_batches(num), None)
        for row in rows.to_pylist() if rows else ():
            texts = [text for text in row.values() if isinstance(text, str)]
            yield from [text[:200] for text in sorted(texts, key=len)[-1:]]


def assert_nearly_equal_ids(ours, theirs, material):
    """Compares a `Tokenizer` with transformers', in every language there."""
    texts = list(rows_of(material / "data"))
    assert len(texts) > 5_000
    found = [ours.join(ids).columns["token_ids"] for ids in ours.encode(texts)]
    different = [
        text
        for text, ids, expected in zip(
            texts, found, theirs(texts)["input_ids"], strict=True
        )
        if ids != expected
    ]
    # Theirs normalises grapheme by grapheme, which cuts a few otherwise.
    assert len(different) <= len(texts) // 2_000, different
