"""Answers come back from windows character for character."""

import dataclasses

import numpy as np
import pytest

from letters import LETTERS
from stilts_keras.errors import InputError
from stilts_keras.problems import span_extraction
from stilts_keras.problems.span_extraction import SpanExtraction
from stilts_keras.tasks import SQUAD
from stilts_keras.tasks.example import Question


def ask(context, answer, question="Q?"):
    start = context.index(answer)
    return Question(
        id="1", question=question, context=context, answers=((answer, start),)
    )


def round_trip(examples, tokenizer, max_length):
    """Lets logits be right in each window; returns what comes back."""
    problem = SpanExtraction(SQUAD)
    columns = problem.pack(examples, tokenizer, max_length)
    assert max(map(len, columns["token_ids"])) <= max_length
    _, y = problem.collate(columns, max_length, tokenizer)
    eye = np.eye(max_length)
    logits = np.stack([eye[y["start"]], eye[y["end"]]], axis=-1)
    decoded = problem.decode(logits, columns)
    return problem.finish(decoded, columns, examples)


def test_a_question_is_packed_as_worked_by_hand():
    item = ask("x abc d", "bc")
    columns = SpanExtraction(SQUAD).pack([item], LETTERS, 20)
    ids = LETTERS.encode(["Q?xabcd"])[0]
    assert columns == {
        "token_ids": [[0, *ids[:2], 2, 2, *ids[2:], 2]],
        "length": [11],
        "context_start": [5],
        "first_characters": [[0, 2, 3, 4, 6]],
        "end_characters": [[1, 3, 4, 5, 7]],
        "none": [0],
        "answer_start": [7],
        "answer_end": [8],
        "example": [0],
        "num_cut": [0],
    }


@pytest.mark.parametrize("num_tokens", [1, 20, 21, 47, 300])
@pytest.mark.parametrize("room", [8, 9, 20, 300])
def test_windows_overlap_and_cover_everything(num_tokens, room):
    windows = list(span_extraction._windows(num_tokens, room))
    assert windows[0][0] == 0 and windows[-1][1] == num_tokens
    assert all(end - start <= room for start, end in windows)
    for (_, end), (start, _) in zip(windows, windows[1:], strict=False):
        assert end - start >= room // 2
    # At most the stride is added by each: published step sizes are kept.
    steps = {b[0] - a[0] for a, b in zip(windows, windows[1:], strict=False)}
    assert steps <= {min(128, room // 2)}


def test_windows_of_384_step_by_128():
    windows = list(span_extraction._windows(900, 370))
    assert [start for start, _ in windows] == [0, 128, 256, 384, 512, 640]


@pytest.mark.parametrize("start", range(0, 57))
def test_an_answer_across_a_windows_edge_is_found_in_the_next(start):
    context = "".join(chr(200 + index) for index in range(60))
    item = ask(context, context[start : start + 4])
    # 60 tokens in windows of 20 that step by 10.
    gold, predictions = round_trip([item], LETTERS, 26)
    assert predictions == gold[0] == [context[start : start + 4]]


def test_windows_without_the_whole_answer_train_on_the_first_token():
    context = "".join(chr(200 + index) for index in range(60))
    item = ask(context, context[18:22])
    columns = SpanExtraction(SQUAD).pack([item], LETTERS, 26)
    assert columns["answer_start"] == [0, 5 + 8, 0, 0, 0]
    assert columns["answer_end"] == [0, 5 + 11, 0, 0, 0]


def test_questions_are_cut_at_64_tokens_and_counted():
    item = ask("abc", "b", question="q" * 70)
    columns = SpanExtraction(SQUAD).pack([item], LETTERS, 100)
    assert columns["context_start"] == [67]
    assert columns["num_cut"] == [6]


def test_a_question_that_leaves_no_room_is_refused():
    item = ask("abc", "b", question="q" * 70)
    with pytest.raises(InputError, match=r"leaves 7 tokens.*--max_length"):
        SpanExtraction(SQUAD).pack([item], LETTERS, 75)


def test_answers_have_at_most_30_tokens():
    firsts = list(range(100))
    logits = np.zeros((100, 2))
    logits[10, 0] = logits[39, 1] = 5.0
    ends = [first + 1 for first in firsts]
    assert span_extraction._best_span(logits, firsts, ends) == (10.0, 10, 40)
    logits[40, 1] = 9.0
    score, start, end = span_extraction._best_span(logits, firsts, ends)
    assert end - start <= 30
    assert (score, start, end) == (10.0, 10, 40)


def test_an_answers_end_never_precedes_its_start():
    logits = np.zeros((10, 2))
    logits[8, 0] = logits[3, 1] = 5.0
    _, start, end = span_extraction._best_span(
        logits, list(range(10)), list(range(1, 11))
    )
    assert start < end


def test_the_best_window_wins():
    items = [ask("abcdef", "b")]
    problem = SpanExtraction(SQUAD)
    decoded = [(1.0, 0, 1, 9.0), (3.0, 2, 4, 9.0), (2.0, 5, 6, 9.0)]
    found = problem.finish(decoded, {"example": [0, 0, 0]}, items)
    assert found == ([["b"]], ["cd"])


SQUAD_V2 = dataclasses.replace(SQUAD, has_unanswerable=True)


def test_no_answer_is_the_first_tokens_score_in_its_worst_window():
    items = [ask("abcdef", "b"), ask("abcdef", "c")]
    features = {"example": [0, 0, 1]}
    # Best spans 3 and 1; <s> scores 2 (not 9) and 5: margins of -1 and 4.
    decoded = [(1.0, 0, 1, 9.0), (3.0, 1, 2, 2.0), (1.0, 2, 3, 5.0)]
    problem = SpanExtraction(SQUAD_V2)
    for threshold, expected in (
        (-2.0, ["", ""]),
        (0.0, ["b", ""]),
        (4.0, ["b", "c"]),
    ):
        _, found = problem.finish(decoded, features, items, threshold)
        assert found == expected


def test_the_threshold_for_no_answer_is_the_best_on_dev():
    unanswerable = dataclasses.replace(ask("abcdef", "c"), answers=())
    items = [ask("abcdef", "b"), unanswerable]
    decoded = [(3.0, 1, 2, 2.0), (1.0, 2, 3, 5.0)]
    problem = SpanExtraction(SQUAD_V2)
    features = {"example": [0, 1]}
    threshold = problem.threshold(decoded, features, items)
    assert -1.0 < threshold < 4.0
    gold, found = problem.finish(decoded, features, items, threshold)
    assert gold == [["b"], []]
    assert found == ["b", ""]


def test_answerable_targets_never_answer_nothing():
    problem = SpanExtraction(SQUAD)
    assert not problem.has_threshold
    item = ask("abcdef", "b")
    columns = problem.pack([item], LETTERS, 20)
    logits = np.zeros((1, 20, 2))
    logits[0, 0] = 1000.0
    decoded = problem.decode(logits, columns)
    _, (found,) = problem.finish(decoded, columns, [item])
    assert found


def test_a_context_without_pieces_answers_nothing(pocket_tokenizer):
    item = Question(id="1", question="Q?", context="\u200b", answers=())
    columns = SpanExtraction(SQUAD).pack([item], pocket_tokenizer, 32)
    logits = np.zeros((1, 32, 2))
    ((_, start, end, _),) = SpanExtraction(SQUAD).decode(logits, columns)
    assert item.context[start:end].strip("\u200b") == ""


CASES = [
    ("北京是中国的首都，人口两千万。", "首都"),
    ("กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย", "กรุงเทพมหานคร"),
    ("القاهرة هي عاصمة مصر.", "عاصمة مصر"),
    ("नई दिल्ली भारत की राजधानी है।", "नई दिल्ली"),
    (" Leading  double  spaces here", "double  spaces"),
    ("the o\ufb03ce on the \ufb02oor", "o\ufb03ce"),
    ("\uff11\uff12\uff13 rooms", "\uff11\uff12\uff13"),
    ("a cafe\u0301 there", "cafe\u0301"),
    ("one\r\ntwo\r\nthree", "two"),
    ("go \U0001f469\u200d\U0001f467 home", "\U0001f469\u200d\U0001f467"),
    ("ends here", "here"),
    ("  start is spaced", " start "),
]


@pytest.mark.parametrize(("context", "answer"), CASES)
def test_answers_come_back_as_they_were_given(xlmr_tokenizer, context, answer):
    gold, predictions = round_trip([ask(context, answer)], xlmr_tokenizer, 96)
    assert gold == [[answer]]
    assert predictions == [answer.strip()]


# Without Chinese and Thai: a run of unknown letters is one piece there.
@pytest.mark.parametrize(("context", "answer"), CASES[2:])
def test_answers_come_back_through_the_pockets_pieces(
    pocket_tokenizer, context, answer
):
    gold, predictions = round_trip([ask(context, answer)], pocket_tokenizer, 96)
    assert gold == [[answer]]
    assert predictions == [answer.strip()]


def test_chinese_is_not_joined_with_spaces(xlmr_tokenizer):
    item = ask("人口约为两千一百万人，面积很大。", "两千一百万人")
    _, (prediction,) = round_trip([item], xlmr_tokenizer, 64)
    assert prediction == "两千一百万人"


def test_loss_of_even_scores_is_the_logarithm_of_the_length():
    y = {name: np.array([3, 0], "int32") for name in ("start", "end")}
    loss = SpanExtraction(SQUAD).loss(y, np.zeros((2, 10, 2), "float32"))
    total, weight = map(float, loss)
    assert (total, weight) == (pytest.approx(2 * np.log(10), rel=1e-5), 2)
