import dataclasses
import io
import subprocess
import sys

import pytest
from rich.console import Console

from stilts_keras.backbones.description import Backbone
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.errors import InputError
from stilts_keras.graph.graph import Graph
from stilts_keras.graph.plan import estimate_cost
from stilts_keras.graph.plan import estimate_flops
from stilts_keras.graph.plan import render_plan

BASE = describe_backbone("xlm_roberta_base_multi")
UNKNOWN = Backbone(name="hf://some/one", kind="preset", fingerprint="0" * 16)


class FakeData:
    name = "fake"

    def __init__(self, rows=1000):
        self.rows = rows

    def languages(self, task, split):
        if split not in task.splits:
            return ()
        return tuple(code for code in task.languages if code != "sw")

    def num_rows(self, task, language, split):
        return self.rows

    def fingerprint(self, task, language, split):
        return f"{task.name}-{language}-{split}"


def graph(**changes):
    values = {
        "routes": ["pretrained", "mnli", "mnli/squad"],
        "targets": ["xnli", "tatoeba"],
        "data": FakeData(),
        "backbone": BASE,
    }
    return Graph(**values | changes)


def plan(built, done=frozenset(), encoding="utf-8"):
    binary = io.BytesIO()
    file = io.TextIOWrapper(binary, encoding=encoding)
    render_plan(built, done, Console(file=file, width=100))
    file.flush()
    return binary.getvalue().decode(encoding)


def test_every_stage_is_printed_once_with_its_recipe_and_cost():
    built = graph()
    text = plan(built)
    assert text.count(" steps, tokens") == len(built.stages)
    assert "1,000 examples, 2 epochs, learning rate 1e-05, batch 32" in text
    assert "63 steps, tokens ~ 512k, FLOPs ~ 2.6e+14, disk 1.11 GB" in text


def test_a_lowered_length_is_said_and_counted():
    short = dataclasses.replace(BASE, max_sequence_length=128)
    text = " ".join(plan(graph(backbone=short)).split())
    assert "batch 32, max length 128" in text
    assert "max_length 128: the published 256 of mnli, xnli is above" in text
    # 2 epochs of 1,000 examples.
    assert "63 steps, tokens ~ 256k" in text
    assert "published" not in plan(graph())


def test_shared_stages_name_their_routes():
    assert "mnli  shared by pretrained, mnli, mnli/squad" in plan(graph())


def test_targets_tell_their_languages_and_what_is_missing():
    text = plan(graph())
    line = "-> xnli in 14 languages  after pretrained  (not in the data: sw)"
    assert line in text


def test_seeds_multiply_the_totals_and_not_the_tree():
    one, three = graph(), graph(seeds=(1, 2, 3))
    text = plan(three)
    assert "x seeds 1, 2, 3" in text
    assert text.count(" steps, tokens") == len(one.stages)
    total = next(line for line in text.splitlines() if "each once" in line)
    assert str(3 * len(one.stages)) in total.split()


def test_done_stages_are_marked_and_leave_the_rest():
    built = graph(seeds=(1, 2))
    assert "done for seed 1" in plan(built, {built.stages[0].fingerprint})
    everything = {stage.fingerprint for stage in built.stages}
    text = plan(built, everything)
    assert text.count("  done") >= len(built.stages) // 2
    left = next(line for line in text.splitlines() if "to train" in line)
    assert left.split() == ["to", "train", "0", "0", "0", "0", "0", "B"]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_lines_fit_a_hundred_columns_without_a_terminal(encoding):
    for line in plan(graph(seeds=(1, 2)), encoding=encoding).splitlines():
        assert len(line.rstrip()) <= 100
        assert "\x1b" not in line


def test_unknown_sizes_are_called_unknown():
    built = graph(
        routes=["udpos@de"], backbone=UNKNOWN, data=FakeData(rows=None)
    )
    text = plan(built)
    assert "sizes known after loading" in text
    assert "steps unknown, tokens ~ unknown" in text
    assert "disk unknown" in text
    # The English target stage is known as published; the German one is not.
    total = next(line for line in text.splitlines() if "each once" in line)
    assert "24,544 + ?" in total


def test_what_a_family_says_of_a_problem_is_noted_where_it_is_trained():
    backbone = describe_backbone("deberta_v3_base_multi")
    (note,) = backbone.limits({"masked_lm"})
    for route, is_said in (("mlm@de/mnli", True), ("mnli", False)):
        text = plan(graph(routes=[route], backbone=backbone))
        assert (note in " ".join(text.split())) == is_said
    assert note not in plan(graph(routes=["mlm@de/mnli"]))


def test_flops_are_six_per_parameter_and_token():
    assert estimate_flops(BASE, 1000) == 6 * 85_054_464 * 1000
    assert estimate_flops(BASE, None) is None
    assert estimate_flops(UNKNOWN, 1000) is None


def test_tokens_count_each_source_at_its_own_length():
    stage = graph(routes=["squad:100+hellaswag:200"]).stages[0]
    cost = estimate_cost(stage)
    assert cost.tokens == 2 * (100 * 384 + 200 * 256)
    assert cost.disk == 4 * 277_450_752


def test_what_a_pair_costs_is_said_to_be_of_one_text():
    text = plan(graph(routes=["pretrained"], targets=["lareqa"]))
    assert "FLOPs are those of one text of a pair" in text


def test_a_plan_without_stages_is_a_plan():
    text = plan(graph(routes=["pretrained"], targets=["tatoeba"]))
    assert "-> tatoeba in 40 languages  after pretrained" in text


def test_this_room_imports_no_framework():
    code = (
        "import sys, stilts_keras.graph.plan, stilts_keras.graph.graph\n"
        "heavy = {'keras', 'numpy', 'pandas', 'datasets', 'rich'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) "
        "else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert done.returncode == 0, done.stderr


def test_languages_of_the_data_alone_are_planned_and_named(material):
    built = Graph(
        routes=["pretrained"],
        targets=["tatoeba", "starter"],
        data=str(material / "data"),
        backbone=BASE,
        languages=["dan", "ro", "de"],
    )
    text = plan(built)
    assert "tatoeba in 3 languages" in text and "in no benchmark: dan" in text
    # XTREME has it not, but XTREME-R has.
    assert "xquad in 2 languages  after pretrained\n" in text


def test_a_lora_stage_costs_factors_on_the_disk_and_no_weights_gradients():
    chain = ["mnli/squad"]
    full = graph(routes=chain).stages
    lora = graph(routes=chain, recipe={"lora_rank": 8}).stages
    for stage, other in zip(lora, full, strict=True):
        cost = estimate_cost(stage)
        assert cost.flops == estimate_cost(other).flops * 4 / 6
        # Queries and values, A and B, 12 layers of 768 units, rank 8; and the
        # factors of the stages before.
        assert cost.disk == 4 * stage.depth * 2 * 2 * 12 * 768 * 8
    text = " ".join(plan(graph(routes=chain, recipe={"lora_rank": 8})).split())
    assert "warm-up 0.1, LoRA of rank 8" in text


def test_a_rank_that_would_save_nothing_is_refused():
    with pytest.raises(InputError, match="lora_rank must be at most half"):
        graph(recipe={"lora_rank": 385})
    with pytest.raises(InputError, match="lora_rank must be a whole number"):
        graph(recipe={"lora_rank": 0})


def test_the_plan_says_whose_labels_are_permuted():
    text = " ".join(plan(graph(routes=["mnli-shuffled+squad"])).split())
    assert "mnli-shuffled + squad" in text
    assert "labels of mnli-shuffled permuted among its rows" in text


def test_the_plan_says_how_many_steps_a_target_takes_more():
    built = graph(routes=["pretrained", "longer:500"])
    text = " ".join(plan(built).split())
    assert "2 epochs and 500 steps more" in text
    # 2 epochs of 1,000 rows, then 500 batches of 32, of 256 tokens.
    assert "563 steps, tokens ~ 4.61M" in text
    assert "longer:500: nothing is trained for tatoeba" in text
    assert "nothing is trained" not in plan(graph())
