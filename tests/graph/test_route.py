import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from stilts_keras.errors import InputError
from stilts_keras.graph.route import Route
from stilts_keras.graph.route import Source
from stilts_keras.tasks import TASKS

SOURCES = st.sampled_from(
    [
        (task, language)
        for task in TASKS.values()
        if task.is_trainable
        for language in task.train_languages
    ]
)
COUNTS = st.none() | st.integers(1, 10**12 - 1)


@st.composite
def stages(draw):
    names = draw(st.lists(SOURCES, min_size=1, max_size=4, unique=True))
    return tuple(Source(*name, draw(COUNTS)) for name in names)


ROUTES = st.builds(
    Route, st.lists(stages(), max_size=4).map(tuple)
) | st.builds(Route, st.just(()), is_longer=st.just(True), more_steps=COUNTS)


@pytest.mark.parametrize(
    ("text", "task", "language", "trainable"),
    [
        ("udpos@th", "udpos", "th", "af, ar, bg"),
        ("mnli/udpos@en,yo:20", "udpos", "yo", "af, ar, bg"),
    ],
)
def test_a_language_without_train_rows_is_refused_before_data_are_opened(
    text, task, language, trainable
):
    with pytest.raises(InputError) as caught:
        Route.parse(text)
    message = str(caught.value)
    assert (
        f"task {task!r} has no train rows in language {language!r}" in message
    )
    assert trainable in message and "\n" not in message
    assert language not in message.split("trained on in: ")[1]


def test_translated_training_rows_make_a_source_of_each_language():
    route = Route.parse("squad@de,es:20k+sib200@sw/xnli@en,de:10k")
    assert str(route) == (
        "squad@de:20k+squad@es:20k+sib200@sw/xnli:10k+xnli@de:10k"
    )


@given(ROUTES)
def test_what_is_printed_parses_to_the_same_route(route):
    assert Route.parse(str(route)) == route


@given(ROUTES, ROUTES)
def test_routes_are_equal_exactly_where_their_text_is(one, other):
    assert (one == other) == (str(one) == str(other))


@settings(max_examples=300)
@given(st.text(alphabet="mnlisquadpretrained@:+/05kK -\n", max_size=20))
@example("mnli:" + "9" * 5000)
@example("mnli:٣")
def test_any_text_is_a_route_or_an_input_error(text):
    try:
        route = Route.parse(text)
    except InputError as error:
        assert repr(text) in str(error) or not text
        return
    assert Route.parse(str(route)) == route


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("pretrained", "pretrained"),
        ("squad@en", "squad"),
        ("squad:50000", "squad:50k"),
        ("squad:50k", "squad:50k"),
        ("squad:1500", "squad:1500"),
        ("xnli@de:20k+mnli@en/hellaswag", "xnli@de:20k+mnli/hellaswag"),
        ("udpos:0500", None),
        ("longer", "longer"),
        ("longer:9000", "longer:9k"),
        ("longer:150", "longer:150"),
        ("longer:", None),
        ("longer:0", None),
    ],
)
def test_canonical_text_leaves_out_what_goes_unsaid(text, canonical):
    if canonical is None:
        with pytest.raises(InputError):
            Route.parse(text)
    else:
        assert str(Route.parse(text)) == canonical


def test_stages_and_sources_are_read_in_order():
    assert Route.parse("mnli+xnli@de:20k/squad") == Route(
        (
            (Source(TASKS["mnli"], "en"), Source(TASKS["xnli"], "de", 20_000)),
            (Source(TASKS["squad"], "en"),),
        )
    )


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", ["empty", "'pretrained'"]),
        ("mnli//squad", ["stage 2", "write 'mnli/squad'"]),
        ("/mnli", ["stage 1", "write 'mnli'"]),
        ("mnli/", ["stage 2"]),
        ("mnli++squad", ["source 2", "'mnli+squad'"]),
        ("+", ["source 1", "expected"]),
        ("pretrained/mnli", ["'pretrained' is a whole route", "leave it out"]),
        ("mnli+pretrained", ["'pretrained' is a whole route"]),
        ("mnli / squad", ["white space at position 5", "'mnli/squad'"]),
        ("MNLI", ["upper-case letter 'M' at position 1", "write 'mnli'"]),
        ("mnli,squad", ["a comma", "between languages", "expected"]),
        ("mnli:0", ["above 0", "received: '0'"]),
        ("mnli:-5", ["above 0", "received: '-5'"]),
        ("mnli:", ["above 0", "received: ''"]),
        ("mnli:1.5k", ["whole number", "received: '1.5k'"]),
        ("mnli:k", ["whole number"]),
        ("mnli:5k@en", ["language before the count"]),
        ("@de", ["unknown task ''"]),
        ("mnlii", ["unknown task 'mnlii'", "did you mean 'mnli'"]),
        ("mnli@", ["unknown language ''"]),
        ("xnli@dee", ["unknown language 'dee'", "did you mean 'de'"]),
        ("squad/xquad", ["train on 'squad'", "--targets=xquad"]),
        ("tatoeba", ["only evaluated", "--targets=tatoeba"]),
        ("mnli+mnli@en:5k", ["'mnli'", "'en' twice", "once"]),
        ("anliplus:5k", ["neither language nor count", "'snli+mnli+anli'"]),
        ("anliplus@de", ["neither language nor count"]),
        ("mnli/xtreme", ["without a train split", "xquad", "tatoeba"]),
        ("anliplus@en:5k", ["neither language nor count"]),
        ("anliplus:", ["neither language nor count"]),
        ("starter", ["without a train split", "xquad", "--targets=starter"]),
        ("xtreme:5k", ["without a train split"]),
        ("bucc2018", ["only evaluated", "--targets=bucc2018"]),
        ("anlipluss", ["did you mean 'anliplus'"]),
        ("anliplus+mnli", ["'mnli'", "twice", "'anliplus' holds it"]),
        ("anliplus+anliplus", ["'snli'", "twice"]),
        ("mlm-shuffled", ["'mlm' (masked_lm)", "no labels", "'mnli-shuffled'"]),
        ("wikipedia_pairs-shuffled", ["(dual_encoder)", "no labels"]),
        ("tatoeba-shuffled", ["only evaluated"]),
        ("mnlii-shuffled", ["unknown task 'mnlii'", "did you mean 'mnli'"]),
        ("mnli:5-shuffled", ["received: '5-shuffled'"]),
        ("anliplus-shuffled:5k", ["'snli-shuffled+mnli-shuffled+"]),
        ("mnli/longer", ["'longer' is a whole route", "of its own"]),
        ("longer+mnli", ["'longer' is a whole route"]),
        ("longer:x", ["number of steps", "received: 'x'"]),
        ("longer@de", ["'longer' is a whole route"]),
        ("pretrained-shuffled", ["'pretrained' is a whole route"]),
    ],
)
def test_a_wrong_route_is_quoted_with_cause_and_fix(text, pieces):
    with pytest.raises(InputError) as caught:
        Route.parse(text)
    message = str(caught.value)
    assert f"Route {text!r}" in message
    for piece in pieces:
        assert piece in message.lower() or piece in message
    assert "\n" not in message


def test_a_suite_that_cannot_be_trained_is_never_suggested():
    with pytest.raises(InputError) as caught:
        Route.parse("xtrem")
    assert "xtreme" not in str(caught.value)


def test_a_suite_is_short_for_its_tasks():
    route = Route.parse("anliplus/squad+anliplus")
    assert str(route) == "snli+mnli+anli/squad+snli+mnli+anli"
    assert Route.parse(str(route)) == route


def test_a_task_with_shuffled_labels_is_another_task():
    route = Route.parse("mnli-shuffled+xnli-shuffled@de:20k/mnli")
    (first, second), (true,) = route.stages
    assert str(route) == "mnli-shuffled+xnli-shuffled@de:20k/mnli"
    assert Route.parse(str(route)) == route
    assert first.task.is_shuffled and not true.task.is_shuffled
    assert (first.task.head_key, second.language) == ("mnli-shuffled", "de")
    # No dev rows: of labels that tell nothing none is better.
    assert first.task.splits == ("train",)


def test_a_suite_may_be_shuffled_whole():
    assert Route.parse("anliplus-shuffled") == Route.parse(
        "snli-shuffled+mnli-shuffled+anli-shuffled"
    )
