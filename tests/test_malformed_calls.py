"""A malformed call is answered in one line with exit 2, whatever it is."""

import pathlib

import pytest

from stilts_keras.main import main

PLAN = "plan --data=pocket --backbone=pocket --route=mnli --targets=xnli"
RANDOM = f"{PLAN} --backbone=random --tokenizer=pocket"
EXPLICIT = f"{PLAN} --sampling=explicit --route=mnli+squad"
# A command and, parted by |, each way to spoil it. In the test's folder lie a
# file x.txt and an empty folder.
CALLS = {
    PLAN: (
        "--seed=-1|--seed=one|--seed=1 --seed=1|--seed=1.5|--seed=|--route=|"
        "--route=/|--route=+|--route=mnli@|--route=mnli:|--route=mnli:k|"
        "--route=mnli:-5|--route=mnli:1e99|--route=mnli@en@de|"
        "--route=mnli+mnli|--route=pretrained/mnli|--route=MNLI|--route=../x|"
        "--targets=|--targets=,|--targets=mnli|--targets=xnli,nope|"
        "--languages=|--languages=,|--languages=DE|--languages=de,xx|"
        "--languages=zh|--train_limit=0|--train_limit=-1|--eval_limit=0|"
        "--eval_limit=x|--eval_on_dev=squad|--eval_on_dev=tatoeba|"
        "--eval_on_dev=nope|--epochs=0|--epochs=-1|--epochs=nan|--epochs=inf|"
        "--learning_rate=0|--learning_rate=1e999|--batch_size=0|"
        "--batch_size=1.5|--max_length=65|--max_length=7|--max_length=1e3|"
        "--warmup_ratio=2|--warmup_ratio=-0.1|--eval_every_steps=-1|"
        "--dev_limit=0|--dtype_policy=float8|--sampling=equal|"
        "--sampling=capped --sampling_cap=0|--sampling=explicit|"
        "--sampling=temperature --sampling_temperature=0|"
        "--sampling=temperature --sampling_temperature=nan|"
        "--sampling_rates=mnli=1|--replay=1|--replay=-1|--replay=nan|"
        "--task_recipe=xnli|--task_recipe=xnli:|--task_recipe=:epochs=1|"
        "--task_recipe=xnli:epochs=x|--task_recipe=nope:epochs=1|"
        "--task_recipe=xnli:epoch=1|--task_recipe=panx:epochs=1|"
        "--route_steps=0|--route=mnli/squad --route_steps=1|"
        "--route=longer|--route=longer:0|--route=mnli/longer:5|"
        "--route=mlm-shuffled|--route=wikipedia_pairs-shuffled|"
        "--average=seeds|--average=checkpoints|--average=checkpoints:1|"
        "--average=checkpoints:2 --eval_every_steps=0|"
        "--retrieval_layer=-1|--retrieval_layer=1.5|--retrieval_layer=|"
        "--retrieval_layer=²|--retrieval_pooling=max|--baseline=nope|"
        "--baseline=|--baseline=mnli//|--data=|--data=,|--data=x.txt|"
        "--data=nope|--backbone=|--backbone=x.txt|--backbone=empty|"
        "--backbone=hf://|--backbone=hf://a|--backbone=nope/nope|"
        "--backbone=~nobody-of-this-name/x|--data=~nobody-of-this-name/x|"
        "--tokenizer=~nobody-of-this-name/x|--family=mt5|--bad_rows=keep|"
        "--early_stopping=0|--early_stopping=3 --eval_every_steps=0|"
        "--tokenizer=x.txt|--long_rows=drop|--keep=some|--on_damage=ignore|"
        "--allow_missing=perhaps|--measure_forgetting=2|--keras_backend=mxnet|"
        "extra|-- x|--nope|--nope=1|--route|--Route=mnli|--flagfile=nope|"
        "--flagfile=empty|--run_dir=x.txt|--stage_store=x.txt"
    ),
    EXPLICIT: (
        "--sampling_rates=mnli|--sampling_rates=mnli=x|"
        "--sampling_rates=nope=1|--sampling_rates=mnli=-1|"
        "--sampling_rates=mnli=inf,squad=1|--sampling_rates=mnli=1"
    ),
    RANDOM: (
        "--family=t5|--family=XLM|--tokenizer=empty|--num_layers=0|--num_heads=3|--dropout=1|"
        "--dropout=nan|--max_sequence_length=4|--hidden_dim=-4"
    ),
    "run --data=pocket --backbone=pocket --route=mnli --targets=xnli": (
        "|--run_dir=|--run_dir=r --log_every_steps=0|--run_dir=x.txt|"
        "--run_dir=r --micro_batch_size=0|--run_dir=r --devices=0|"
        "--run_dir=r --stage_store=x.txt|--run_dir=x.txt/run"
    ),
    "report": (
        "|--run_dir=|--run_dir=nope|--run_dir=empty|--run_dir=x.txt|"
        "--run_dir=empty --run_dir=nope|--run_dir=empty --output=x.txt|"
        "--run_dir=~nobody-of-this-name/x"
    ),
    "rank --data=pocket --backbone=pocket --route=mnli --targets=panx": (
        "|--route=pretrained|--route=squad --run_dir=nope|"
        "--route=squad --run_dir=empty|--route=squad --output=empty|"
        "--route=nope|--route=squad --targets=|--route=squad --train_limit=0"
    ),
    "prune": (
        "|--run_dir=|--run_dir=nope|--run_dir=empty|--stage_store=nope|"
        "--stage_store=x.txt|--run_dir=~nobody-of-this-name/x"
    ),
    "score": (
        "|--predictions=nope --labels=nope|--predictions=empty --labels=empty|"
        "--predictions=x.txt --labels=x.txt|--predictions= --labels=|"
        "--predictions=~nobody-of-this-name/x --labels=empty|"
        "--predictions=empty --labels=empty --output=empty"
    ),
    "": "RUN|run plan|plan tasks|tasks x|--yes|report x",
}


@pytest.mark.parametrize(
    "call",
    [
        f"{command} {rest}".strip()
        for command, spoilt in CALLS.items()
        for rest in spoilt.split("|")
    ],
)
def test_a_malformed_call_is_one_line_and_exit_2(
    call, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("x.txt").write_text("x")
    pathlib.Path("empty").mkdir()
    assert main(["stilts", *call.split(" ")]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    (line,) = error.splitlines()
    assert line.startswith("stilts: error: ")
    # It says something, and ends like a sentence or with what was received.
    assert len(line) > 40
    assert {path.name for path in tmp_path.rglob("*")} == {"x.txt", "empty"}
