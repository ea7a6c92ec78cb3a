"""Every intermediate task and target there trains and scores on real rows."""

import json

import pytest

from command import stilts
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import Score
from stilts_keras.scoring.suites import XTREME

# ANLI and QQP have no training rows in the material.
ROUTE = (
    "snli+mnli/squad_v2+squad+ccg/cosmosqa+commonsenseqa+siqa+copa+hellaswag"
)
LANGUAGES = "en,zh"


@pytest.fixture(scope="module")
def run_dir(material, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    (folder / "extra").mkdir()
    (folder / "extra/ccg").symlink_to(material / "data/extra/ccg_fracas")
    model = "FacebookAI/xlm-roberta-base/sentencepiece.bpe.model"
    stilts(
        "run",
        f"--route={ROUTE}",
        "--targets=xtreme",
        "--eval_on_dev=bucc2018",
        f"--languages={LANGUAGES}",
        f"--data={material / 'data'},{folder}",
        "--backbone=random",
        f"--tokenizer={material / 'data' / model}",
        *"--num_layers=1 --num_heads=2 --hidden_dim=8".split(),
        *"--intermediate_dim=16 --max_sequence_length=128".split(),
        *"--max_length=96 --train_limit=16 --eval_limit=8".split(),
        *"--batch_size=16 --epochs=1".split(),
        *"--eval_every_steps=4 --dev_limit=8".split(),
        f"--run_dir={folder / 'run'}",
        # Compiles nothing.
        "--keras_backend=torch",
    )
    return folder / "run"


def test_a_run_of_all_nine_targets_shows_xtremes_own_table(run_dir):
    content = "".join(
        file.read_bytes().decode("utf-8", "replace")
        for file in (run_dir / "tensorboard" / "report").glob("events.*")
    )
    assert "tables/xtreme" in content
    assert "not comparable with published scores" in content


def test_every_intermediate_task_chose_its_checkpoint_by_dev_rows(run_dir):
    for stage in ROUTE.split("/"):
        name = "+".join(f"{task}:16" for task in stage.split("+"))
        (file,) = run_dir.glob(f"stages/**/{name}/*/manifest.json")
        manifest = json.loads(file.read_text("utf-8"))
        assert 0 <= manifest["dev_score"] <= 100
        assert manifest["best_step"] <= manifest["num_steps"]


def test_score_agrees_with_the_results_of_all_nine_targets(run_dir):
    out = run_dir.parent / "scores.json"
    shown = stilts(
        "score",
        f"--predictions={run_dir / 'submission/xtreme'}",
        f"--labels={run_dir / 'submission/labels'}",
        f"--output={out}",
        "--allow_missing",
    ).stdout
    (scores,) = json.loads(out.read_text("utf-8")).values()
    assert set(XTREME.names) < set(scores)
    assert f"{scores['all_task']:.1f}" in shown
    assert "bucc2018: on dev rows" in shown
    assert "bucc2018 without de fr ru" in shown
    rows = read_rows(run_dir / "results.jsonl", Score)
    seen = set()
    for row in rows:
        name = XTREME.reference_name(row.metric)
        if name in scores[row.target]:
            value = scores[row.target][name][row.language]
            assert value == pytest.approx(row.value, abs=1e-9)
            seen.add(row.target)
    assert seen == set(XTREME.names)
    assert {row.split for row in rows if row.target == "bucc2018"} == {"dev"}
