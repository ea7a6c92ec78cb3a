"""What scores badly for a known reason is named, with that reason."""

import json

import numpy as np
import pytest

from stilts_keras.scoring import submission
from stilts_keras.scoring.doubts import doubts_of
from stilts_keras.scoring.suites import XTREME
from stilts_keras.tasks import TASKS

NUM = 60
RANDOM = np.random.default_rng(0)
NLI = TASKS["xnli"].labels
GOLD = {
    "xnli": RANDOM.choice(NLI, NUM).tolist(),
    "pawsx": RANDOM.choice(["0", "1"], NUM).tolist(),
    "udpos": [
        RANDOM.choice(TASKS["udpos"].labels, 1 + number % 9).tolist()
        for number in range(NUM)
    ],
    "panx": [["B-PER", "I-PER", "O", "O", "B-LOC"], ["O", "B-ORG", "I-ORG"]]
    * 9,
    "tatoeba": list(map(str, RANDOM.permutation(NUM))),
    "bucc2018": {(f"de-{n:09}", f"en-{n + 7:09}") for n in range(0, 900, 9)},
    "xquad": {f"56be{n:05}": [f"answer {n}"] for n in range(NUM)},
}
LANGUAGE = {"udpos": "th", "panx": "sw"}


def doubts(task, guess, gold=None):
    language = LANGUAGE.get(task, "de")
    return doubts_of(
        XTREME.layout,
        TASKS[task],
        {language: GOLD[task] if gold is None else gold},
        {language: guess},
    )


def mapped(task, *pairs):
    """Gold labels with some written otherwise."""
    names = dict(pairs)
    if isinstance(GOLD[task][0], list):
        return [[names.get(tag, tag) for tag in tags] for tags in GOLD[task]]
    return [names.get(label, label) for label in GOLD[task]]


def each(task, function):
    if isinstance(GOLD[task][0], list):
        return [list(map(function, tags)) for tags in GOLD[task]]
    return list(map(function, GOLD[task]))


def shifted(values, places):
    return [*values[-places:], *values[:-places]]


def inverse(values):
    return [str(values.index(str(line))) for line in range(len(values))]


PAIRS = sorted(GOLD["bucc2018"])
# Name: the task, its predictions, what is said.
PATTERNS = {
    "columns swapped": (
        "bucc2018",
        {(b, a) for a, b in PAIRS},
        ["100 of 100 pairs are right with their columns exchanged, 0 as they"],
    ),
    "columns swapped, all pairs wrong": (
        "bucc2018",
        {(b, a) for (a, _), (_, b) in zip(PAIRS[1:], PAIRS, strict=False)},
        ["0 of 99 pairs are right with", "columns are swapped"],
    ),
    "ids without their language": (
        "bucc2018",
        {(a.removeprefix("de-"), b) for a, b in PAIRS},
        ["first column", "'000000000'", "'de-000000000'", "another way"],
    ),
    "ids of the other split": (
        "bucc2018",
        {(f"{a}9999", f"{b}9999") for a, b in PAIRS},
        ["first column", "second column", "ids of another split"],
    ),
    "ids that are numbers of rows": (
        "bucc2018",
        {(str(10**7 + n), str(n + 1)) for n in range(5000, 6000)},
        ["numbers of rows in place of ids"],
    ),
    "no pair": ("bucc2018", set(), ["no pair", "threshold"]),
    "counted from 1": (
        "tatoeba",
        [str(int(n) + 1) for n in GOLD["tatoeba"]],
        ["60 of 60 lines are right with 1 subtracted, 0", "counted from 1"],
    ),
    "numbers too low": (
        "tatoeba",
        [str(max(0, int(n) - 1)) for n in GOLD["tatoeba"]],
        ["with 1 added", "1 too low"],
    ),
    "searched the other way": (
        "tatoeba",
        inverse(GOLD["tatoeba"]),
        ["60 of 60 lines are right when read from English"],
    ),
    "own numbers": (
        "tatoeba",
        list(map(str, range(NUM))),
        ["its own number", "no search"],
    ),
    "own numbers from 1": (
        "tatoeba",
        list(map(str, range(1, NUM + 1))),
        ["its own number", "no search"],
    ),
    "one sentence for all": ("tatoeba", ["7"] * NUM, ["all 60 lines are '7'"]),
    "no numbers": (
        "tatoeba",
        [f"en-{n}" for n in GOLD["tatoeba"]],
        ["60 of 60 lines are no label", "number of the sentence found"],
    ),
    "lines late": (
        "tatoeba",
        shifted(GOLD["tatoeba"], 1),
        ["right for the place one before", "one place late"],
    ),
    "other casing": (
        "xnli",
        each("xnli", str.upper),
        ["60 of 60 lines are no label", "another casing", "neutral"],
    ),
    "quotes": ("xnli", each("xnli", '"{}"'.format), ["casing, quotes"]),
    "class numbers": (
        "xnli",
        each("xnli", lambda label: str(NLI.index(label))),
        ["class numbers in place of the labels; expected entailment neutral"],
    ),
    "default names": (
        "xnli",
        each("xnli", lambda label: f"LABEL_{NLI.index(label)}"),
        ["class numbers in place of the labels"],
    ),
    "whole rows": (
        "xnli",
        each("xnli", "a dog\tan animal\t{}".format),
        ["whole rows in place of labels"],
    ),
    "words for numbers": (
        "pawsx",
        each("pawsx", lambda label: ("no", "yes")[int(label)]),
        ["words in place of the class numbers; expected 0 1"],
    ),
    "another task's words": (
        "pawsx",
        each("pawsx", lambda n: ("not_duplicate", "duplicate")[int(n)]),
        ["labels of qqp; expected 0 1"],
    ),
    "unknown words": ("xnli", ["maybe"] * NUM, ["labels of another set"]),
    "labels exchanged": (
        "pawsx",
        mapped("pawsx", ("0", "1"), ("1", "0")),
        ["60 of 60 lines are right when read as 0 for 1, 1 for 0, 0 as they"],
    ),
    "three labels in turn": (
        "xnli",
        mapped("xnli", *zip(NLI, shifted(NLI, 1), strict=True)),
        ["60 of 60 lines are right when read as", "in another order"],
    ),
    "one label for all": (
        "xnli",
        ["neutral"] * NUM,
        ["all 60 lines are 'neutral'", "collapsed"],
    ),
    "lines early": (
        "xnli",
        shifted(GOLD["xnli"], -1),
        ["lines are right for the place one after", "one place early"],
    ),
    "tags late": (
        "udpos",
        [["X", *tags[:-1]] for tags in GOLD["udpos"]],
        ["tags are right for the place one before", "one place late"],
    ),
    "tags early": (
        "udpos",
        [[*tags[1:], "X"] for tags in GOLD["udpos"]],
        ["tags are right for the place one after", "one place early"],
    ),
    "tags in small letters": (
        "udpos",
        each("udpos", str.lower),
        ["another casing"],
    ),
    "tokens with tags": (
        "udpos",
        each("udpos", "word\t{}".format),
        ["whole rows in place of labels"],
    ),
    "tags without a scheme": (
        "panx",
        each("panx", lambda tag: tag.split("-")[-1]),
        ["tags without B- and I-; expected B-LOC"],
    ),
    "tags with another dash": (
        "panx",
        each("panx", lambda tag: tag.replace("-", "_")),
        ["another dash; expected B-LOC"],
    ),
    "tags of another scheme": (
        "panx",
        mapped("panx", ("B-LOC", "S-LOC"), ("I-PER", "E-PER")),
        ["18 of 72 lines are no label", "another scheme"],
    ),
    "all O": ("panx", each("panx", lambda tag: "O"), ["all 72 tags are 'O'"]),
    "ids of another version": (
        "xquad",
        {f"57ab{n + 300:05}": "answer" for n in range(NUM)},
        ["60 of 60 questions have no answer", "57ab00300", "another split"],
    ),
    "ids with a prefix": (
        "xquad",
        {f"de/{name}": text for name, (text,) in GOLD["xquad"].items()},
        ["the same ids written in another way"],
    ),
    "row numbers for ids": (
        "xquad",
        {str(n): text for n, (text,) in enumerate(GOLD["xquad"].values())},
        ["60 answers are to other questions, the first: 0", "numbers of rows"],
    ),
    "some questions left out": (
        "xquad",
        {name: text for name, (text,) in list(GOLD["xquad"].items())[3:]},
        ["3 of 60 questions have no answer", "left out"],
    ),
    "empty answers": (
        "xquad",
        dict.fromkeys(GOLD["xquad"], ""),
        ["all 60 answers are empty", "collapsed"],
    ),
    "one answer": (
        "xquad",
        dict.fromkeys(GOLD["xquad"], "Berlin"),
        ["all 60 answers are 'Berlin'"],
    ),
    "pieces of a tokenizer": (
        "xquad",
        {name: f"▁{text}" for name, (text,) in GOLD["xquad"].items()},
        ["60 answers hold a tokenizer's marks", "tokens in place of text"],
    ),
}


@pytest.mark.parametrize("case", PATTERNS)
def test_a_pattern_is_named_with_its_likely_cause(case):
    task, guess, pieces = PATTERNS[case]
    found = doubts(task, guess)
    assert found and all("\n" not in line for line in found)
    for piece in pieces:
        assert piece in " ".join(found)
    assert all(line.startswith(f"{task}/test-") for line in found)
    assert all("Likely cause: " in line for line in found)


@pytest.mark.parametrize("task", GOLD)
def test_what_is_right_raises_no_doubt(task):
    gold = GOLD[task]
    guess = gold
    if task == "xquad":
        guess = {name: answers[0] for name, answers in gold.items()}
    assert doubts(task, guess) == []


def noisy(random, gold, labels, rate):
    return [
        item if random.random() < rate else str(random.choice(labels))
        for item in gold
    ]


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.4, 0.8])
@pytest.mark.parametrize("task", ["xnli", "pawsx", "tatoeba", "udpos", "xquad"])
def test_what_is_merely_wrong_raises_no_doubt(task, rate):
    """A hundred weak models of every kind: none looks like a mistake."""
    random = np.random.default_rng(1)
    for _ in range(20):
        if task == "udpos":
            labels = list(TASKS[task].labels)
            guess = [noisy(random, tags, labels, rate) for tags in GOLD[task]]
        elif task == "xquad":
            texts = [text for (text,) in GOLD[task].values()]
            answers = noisy(random, texts, ["no", "yes"], rate)
            guess = dict(zip(GOLD[task], answers, strict=True))
        else:
            labels = TASKS[task].labels or [str(n) for n in range(NUM)]
            guess = noisy(random, GOLD[task], labels, rate)
        assert doubts(task, guess) == []


def test_pairs_that_are_merely_wrong_raise_no_doubt():
    firsts, seconds = zip(*PAIRS, strict=True)
    wrong = set(zip(firsts, shifted(seconds, 1), strict=True))
    assert doubts("bucc2018", wrong) == []
    # Of ids that both sides have.
    gold = {(str(n), str(n + 1)) for n in range(40)}
    assert doubts("bucc2018", {("3", "9"), ("2", "1")}, gold) == []
    found = doubts("bucc2018", {(b, a) for a, b in gold}, gold)
    assert "columns are swapped" in found[0]


def test_a_few_sentences_counted_from_1_are_told_by_their_range():
    found = doubts("tatoeba", ["3", "1", "3"], ["2", "0", "1"])
    assert "counted from 1" in found[0]
    # As XTREME's own: some of many sentences.
    assert doubts("tatoeba", ["670", "982"], ["669", "982"]) == []


def test_languages_of_few_rows_tell_a_pattern_together():
    """Six rows a language, half of them right: none is clear alone."""
    task = TASKS["tatoeba"]
    languages = XTREME.languages_of("tatoeba")
    gold = {name: ["9", "4", "7", "2", "6", "5"] for name in languages}
    guess = {name: ["10", "5", "8", "3", "99", "98"] for name in languages}
    (line,) = doubts_of(XTREME.layout, task, gold, guess)
    assert "144 of 216 lines are right with 1 subtracted, 0 as they" in line
    one = {"de": gold["de"]}
    assert doubts_of(XTREME.layout, task, one, {"de": guess["de"]}) == []
    # One language alone is not all of them.
    guess = {**gold, "de": [str(int(n) + 1) for n in gold["de"]]}
    assert doubts_of(XTREME.layout, task, gold, guess) == []
    gold = {name: GOLD["tatoeba"] for name in languages}
    guess = {**gold, "de": [str(int(n) + 1) for n in GOLD["tatoeba"]]}
    (line,) = doubts_of(XTREME.layout, task, gold, guess)
    assert line.startswith("tatoeba/test-de.tsv: 60 of 60 lines")


def test_a_pattern_of_many_languages_is_one_line():
    gold = {name: GOLD["xnli"] for name in TASKS["xnli"].languages}
    guess = {
        name: [label.upper() for label in shifted(GOLD["xnli"], place)]
        for place, name in enumerate(gold)
    }
    (line,) = doubts_of(XTREME.layout, TASKS["xnli"], gold, guess)
    assert line.startswith("xnli/test-ar.tsv: 60 of 60 lines are no label")
    assert line.endswith(
        "The same in 14 more: bg de el en es fr hi ru sw th tr ur vi zh."
    )


@pytest.mark.parametrize("task", ["xnli", "udpos", "bucc2018", "xquad"])
def test_one_file_for_several_languages_is_named(task):
    task = TASKS[task]
    random = np.random.default_rng(2)
    gold = GOLD[task.name]
    if task.name == "xnli":
        guess = noisy(random, gold, NLI, 0.5)
    elif task.name == "udpos":
        guess = [noisy(random, tags, ["X", "ADJ"], 0.5) for tags in gold]
    elif task.name == "bucc2018":
        guess = set(PAIRS[:40])
    else:
        guess = {name: text for name, (text,) in list(gold.items())}
        guess[next(iter(guess))] = "other"
    languages = task.languages[:3]
    found = doubts_of(
        XTREME.layout,
        task,
        dict.fromkeys(languages, gold),
        dict.fromkeys(languages, guess),
    )
    assert found == [
        f"{task.name}: the predictions of 3 languages are the same "
        f"({' '.join(languages)}). Likely cause: one file copied for all."
    ]


def test_predictions_that_are_right_in_all_languages_are_no_copies():
    gold = {"de": GOLD["xnli"], "fr": GOLD["xnli"]}
    assert doubts_of(XTREME.layout, TASKS["xnli"], gold, gold) == []


def test_doubts_stand_beside_the_scores_and_change_none(tmp_path):
    gold = {"tatoeba": dict.fromkeys(TASKS["tatoeba"].languages, None)}
    for place, name in enumerate(gold["tatoeba"]):
        numbers = shifted(GOLD["tatoeba"], place + 1)
        gold["tatoeba"][name] = numbers
        file = tmp_path / "mine/tatoeba" / f"test-{name}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{int(n) + 1}\n" for n in numbers))
    found = submission.score_submission(XTREME, tmp_path / "mine", gold)
    assert len(found["doubts"]) == 1, found["doubts"]
    line = found["doubts"][0]
    assert line.startswith("tatoeba: 2160 of 2160 lines are right with 1")
    assert line.endswith(
        "together. Likely cause: counted from 1; the first "
        "sentence is number 0."
    )
    assert found["tatoeba"]["avg_metric"] == 0.0
    assert json.loads(json.dumps(found)) == found
