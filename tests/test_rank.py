"""`stilts rank` from flags to tables, on a backbone of hardly any size."""

import json
import types

import numpy as np
import pytest

import fake_runs
from encoders import describe_tiny
from stilts_keras import files
from stilts_keras.backbones.loading import load_root
from stilts_keras.backbones.loading import load_tokenizer
from stilts_keras.errors import InputError
from stilts_keras.graph.graph import Graph
from stilts_keras.rank import ask
from stilts_keras.rank import by_heads
from stilts_keras.rank import rank
from stilts_keras.records.results import FORMAT
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import Score
from stilts_keras.records.stage_folders import StageFolders
from stilts_keras.scoring.logme import Moments
from stilts_keras.steps import checkpoint
from stilts_keras.steps.multitask import MultiTask

ROUTES = ("pretrained", "squad", "panx", "mlm@de", "squad/hellaswag", "mnli")
TARGETS = ("xnli", "tatoeba")
# What really helped, by route and target.
SCORES = {
    ("pretrained", "xnli"): 40.0,
    ("squad", "xnli"): 50.0,
    ("panx", "xnli"): 45.0,
    ("mlm@de", "xnli"): 60.0,
    ("squad/hellaswag", "xnli"): 55.0,
    ("mnli", "xnli"): 99.0,
    ("squad", "tatoeba"): 20.0,
    ("panx", "tatoeba"): 10.0,
    ("mlm@de", "tatoeba"): 40.0,
    ("squad/hellaswag", "tatoeba"): 30.0,
    ("mnli", "tatoeba"): 25.0,
}


@pytest.fixture(scope="module")
def graph():
    return Graph(
        routes=ROUTES,
        targets=TARGETS,
        languages=("en", "de", "hi"),
        data="pocket",
        backbone=describe_tiny(),
        train_limit=60,
        eval_limit=30,
        recipe={"max_length": 32},
    )


@pytest.fixture(scope="module")
def run_dir(graph, tmp_path_factory):
    """A run of the graph: scores, and a stage that has changed nothing."""
    run_dir = tmp_path_factory.mktemp("rank") / "run"
    rows = []
    for cell in graph.cells:
        value = SCORES.get((cell.route, cell.target.name))
        for language in cell.languages if value is not None else ():
            rows.append(
                fake_runs.score(
                    Score,
                    route=cell.route,
                    target=cell.target.name,
                    language=language,
                    metric=cell.target.metrics[0],
                    # English is no zero-shot: it must not count.
                    value=0.0 if language == "en" else value,
                    zero_shot=language != "en",
                    stage=cell.stage.fingerprint
                    if cell.stage
                    else "pretrained",
                    data_fingerprint=cell.facts[language].data_fingerprint,
                )
            )
    RowFile(run_dir / "results.jsonl", Score).add(rows)
    files.write_json(
        run_dir / "run.json",
        files.sealed(
            {
                "format": FORMAT,
                "baseline": "pretrained",
                "graph": graph.description(),
            }
        ),
    )
    stage = next(one for one in graph.stages if one.path == "squad:60")
    encoder = load_root(
        graph.backbone, tokenizer=load_tokenizer(graph.backbone)
    )
    checkpoint.save_stage(
        StageFolders(run_dir).place(stage),
        model=MultiTask(encoder, {}),
        heads={},
        facts={},
    )
    return run_dir


@pytest.fixture(scope="module")
def ranking(graph, run_dir):
    return rank(ask(graph, run_dir=run_dir, output=run_dir.parent / "x.json"))


def target_of(ranking, name):
    return {one["target"]: one for one in ranking["targets"]}[name]


def candidates_of(ranking, name):
    found = target_of(ranking, name)["candidates"]
    return {one["route"]: one for one in found}


def test_the_targets_own_task_is_no_candidate(ranking):
    assert target_of(ranking, "xnli")["own"] == ["mnli"]
    assert "mnli" not in candidates_of(ranking, "xnli")
    assert "mnli" in candidates_of(ranking, "tatoeba")


def test_what_is_not_defined_has_no_value_but_a_reason(ranking):
    found = candidates_of(ranking, "xnli")
    assert set(found["squad"]["undefined"]) == set()
    assert set(found["panx"]["undefined"]) == {"logme_stage"}
    reasons = found["mlm@de"]["undefined"]
    assert set(reasons) == {"logme_stage", "logme_heads"}
    assert "masked_lm has no labels" in reasons["logme_heads"]
    assert "several sources" in str(found["squad/hellaswag"]["undefined"])
    for one in candidates_of(ranking, "tatoeba").values():
        assert "tatoeba (retrieval)" in one["undefined"]["logme_stage"]
        for name in one["undefined"]:
            assert one["values"][name] is None
            assert one["ranks"][name] is None


def test_similarity_is_a_cosine_and_places_follow_it(ranking):
    found = candidates_of(ranking, "tatoeba")
    values = [one["values"]["text_similarity"] for one in found.values()]
    known = [value for value in values if value is not None]
    assert len(known) == 4
    assert all(-1 <= value <= 1 for value in known)
    ranks = [one["ranks"]["text_similarity"] for one in found.values()]
    order = np.argsort([-value for value in known]).argsort() + 1
    assert [rank for rank in ranks if rank] == order.tolist()


def test_a_stage_that_changed_nothing_scores_as_the_bare_backbone(ranking):
    found = candidates_of(ranking, "xnli")["squad"]["values"]["logme_stage"]
    bare = target_of(ranking, "xnli")["logme_pretrained"]
    assert found == pytest.approx(bare, abs=1e-6)
    assert candidates_of(ranking, "xnli")["squad"]["values"][
        "logme_heads"
    ] != pytest.approx(bare, abs=1e-6)


def test_orders_are_judged_by_zero_shot_means(ranking):
    found = candidates_of(ranking, "xnli")
    assert {route: one["zero_shot"] for route, one in found.items()} == {
        "squad": 50.0,
        "panx": 45.0,
        "mlm@de": 60.0,
        "squad/hellaswag": 55.0,
    }
    assert target_of(ranking, "xnli")["languages"] == ["de", "hi"]
    judged = target_of(ranking, "xnli")["judgements"]["text_similarity"]
    # One has no value: it comes last, and might have been the best.
    assert (judged["num_valued"], judged["num_candidates"]) == (3, 4)
    values = {
        route: one["values"]["text_similarity"] for route, one in found.items()
    }
    first = max(("squad", "panx", "mlm@de"), key=values.get)
    lost = 100 * (60 - found[first]["zero_shot"]) / 60
    assert judged["regret_at_1"] == pytest.approx(lost)
    assert judged["regret_at_3"] == 0


def test_means_are_over_the_same_targets_for_every_measure(ranking):
    of_xnli = target_of(ranking, "xnli")["judgements"]
    assert set(of_xnli) > set(target_of(ranking, "tatoeba")["judgements"])
    assert set(ranking["mean"]) == set(of_xnli)
    for name, mean in ranking["mean"].items():
        assert mean["num_targets"] == 1
        assert mean["regret_at_1"] == of_xnli[name]["regret_at_1"]


def test_the_file_holds_the_ranking(ranking, run_dir):
    file = run_dir.parent / "x.json"
    assert json.loads(file.read_text("utf-8")) == ranking


def test_tables_name_each_candidate_and_what_is_not_defined(
    ranking, graph, capsys
):
    from stilts_keras.reporting.source_ranking import print_ranking

    print_ranking(ranking)
    out = " ".join(capsys.readouterr().out.split())
    for words in (
        "xnli (classification)",
        "squad/hellaswag",
        "Orders against what really helped",
        "mean of 1",
        "Means are over targets with all measures: xnli.",
        "xnli: no candidates, since more of the same is no transfer: mnli.",
        "No logme heads of mlm@de: masked_lm has no labels",
    ):
        assert words in out


def test_heads_that_say_the_same_of_every_row_have_no_place(graph):
    candidate = next(one for one in ask(graph).candidates if one.source)
    question = ask(graph).questions[0]
    moments = Moments.zeros(4, 2)
    moments.add(np.eye(4), np.eye(4, 2))
    target = types.SimpleNamespace(moments=moments)
    nothing, something = np.zeros((4, 2)), np.eye(4, 2)
    found = [
        by_heads(candidate, question, target, {candidate.route: head})
        for head in ((nothing, np.ones(2)), (something, np.ones(2)))
    ]
    assert "the same of every row" in found[0]
    assert isinstance(found[1], float)


def test_without_a_run_there_is_an_order_and_no_judgement():
    small = Graph(
        routes=("squad", "panx"),
        targets=["tatoeba", "xcopa"],
        languages=["de", "tr"],
        data="pocket",
        backbone=describe_tiny(),
        recipe={"max_length": 32},
    )
    found = rank(ask(small, max_sequences=20))
    assert not found["mean"]
    # Both sides of 10 pairs in two languages, of which half are drawn; ten
    # times two choices.
    rows = {one["target"]: one["num_rows"] for one in found["targets"]}
    assert rows == {"tatoeba": 20, "xcopa": 10}
    for target in found["targets"]:
        assert target["judgements"] == {}
        assert target["metric"] is None
        assert all(one["zero_shot"] is None for one in target["candidates"])


def test_results_of_another_graph_are_refused(run_dir):
    other = Graph(
        routes=ROUTES,
        targets=TARGETS,
        data="pocket",
        backbone=describe_tiny(hidden_dim=16),
        eval_limit=30,
    )
    with pytest.raises(InputError, match="another graph"):
        ask(other, run_dir=run_dir)
