"""What an exported model's card tells, of its stage and of its run."""

from dataclasses import replace

from manifests import MANIFEST
from stilts_keras import files
from stilts_keras.backbones.stage_heads import StageHead
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import Score
from stilts_keras.records.rows import Training
from stilts_keras.records.rows import from_dict
from stilts_keras.reporting.model_card import model_card

NLI = StageHead(
    key="nli",
    problem="classification",
    labels=("entailment", "neutral", "contradiction"),
    tasks=("mnli", "xnli"),
)
QUESTIONS = StageHead(
    key="squad_v2",
    problem="span_extraction",
    has_unanswerable=True,
    tasks=("squad_v2",),
)
SCORE = Score(
    route="mnli",
    seed=7,
    target="xnli",
    language="de",
    split="test",
    metric="accuracy",
    stage=MANIFEST["fingerprint"],
    data_fingerprint="rows",
    value=72.56,
    low=70.11,
    high=74.99,
    n=5010,
    zero_shot=True,
)


def test_without_a_run_no_scores_are_known(tmp_path):
    card = model_card(tmp_path, MANIFEST, QUESTIONS, "SomeForQuestions")
    assert card.startswith("---\nlibrary_name: transformers\n")
    assert "pipeline_tag: question-answering" in card
    assert "import AutoTokenizer, SomeForQuestions" in card
    assert "None are known: the stage does not lie in a run" in card
    assert "threshold" in card
    assert "| mnli | mnli:2k: 6,000 | 1,234 (1,000) | 1e-05 | 32" in card
    assert "OANC" in card and "some/backbone" in card and "seed 7" in card


def test_a_backbone_alone_has_no_pipeline(tmp_path):
    card = model_card(tmp_path, MANIFEST, None, "SomeModel")
    assert "pipeline_tag" not in card and "no head is on it" in card


def test_chain_scores_and_intervals_come_from_the_run(tmp_path):
    run_dir = tmp_path / "run"
    folder = run_dir / "stages" / "mnli" / "xnli" / MANIFEST["fingerprint"]
    parent = {"stage": "f" * 16, "path": "mnli", "num_steps": 77_777}
    files.write_json(run_dir / "run.json", files.sealed({}))
    RowFile(run_dir / "trainings.jsonl", Training).add(
        [from_dict(Training, MANIFEST | parent, "")]
    )
    facts = MANIFEST | {"stage": "mnli/xnli", "parent": "f" * 16}
    card = model_card(folder, facts, NLI, "SomeClassifier")
    assert "None are known: its run has not evaluated it" in card
    RowFile(run_dir / "results.jsonl", Score).add(
        [
            SCORE,
            replace(SCORE, language="fr", metric="f1", constant="neutral"),
            replace(SCORE, language="ru", low=None, high=None),
            replace(SCORE, language="eu", in_benchmark=False),
            replace(SCORE, stage="another", value=11.1),
        ]
    )
    card = model_card(folder, facts, NLI, "SomeClassifier")
    row = "| mnli | xnli | {} | test | {} | {} | {} | 5,010 | yes |"
    interval = "70.1 to 75.0"
    assert row.format("de", "accuracy", "72.6", interval) in card
    assert row.format("fr", "f1", "72.6‡", interval) in card
    assert "predictions are constant" in card
    assert row.format("ru", "accuracy", "72.6", "-") in card
    assert row.format("eu", "accuracy", "72.6§", interval) in card
    assert "§ the task's benchmark does not list the language" in card
    assert "11.1" not in card
    for path in ("mnli", "mnli/xnli"):
        assert f"- `{path}`, seed 7: batch_size 32, learning_rate 1e-05" in card
    assert "77,777" in card and "not known here" not in card


def test_a_chain_whose_beginning_is_lost_is_said(tmp_path):
    facts = MANIFEST | {"stage": "mnli/xnli", "parent": "f" * 16}
    card = model_card(tmp_path, facts, NLI, "SomeClassifier")
    assert "stages before are not known here" in card


def test_a_task_of_ones_own_is_named_without_a_licence(tmp_path):
    source = MANIFEST["sources"][0] | {"name": "my|task@de:20k"}
    card = model_card(
        tmp_path, MANIFEST | {"sources": [source]}, None, "SomeModel"
    )
    assert "| my\\|task | its own | not of stilts_keras |" in card
