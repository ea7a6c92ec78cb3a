"""Every choice meets the prompt in a sequence of its own."""

import numpy as np

from stilts_keras.problems.multiple_choice import MultipleChoice
from stilts_keras.tasks import HELLASWAG
from stilts_keras.tasks.example import MultipleChoice as Choices


def test_choices_are_packed_with_the_prompt(pocket_tokenizer):
    problem = MultipleChoice(HELLASWAG)
    item = Choices(prompt="แมว", choices=("นอน", "วิ่ง"), label=1)
    columns = problem.pack([item], pocket_tokenizer, 32)
    prompt, *choices = pocket_tokenizer.encode(["แมว", "นอน", "วิ่ง"])
    assert columns["token_ids"] == [
        [[0, *prompt, 2, 2, *choice, 2] for choice in choices]
    ]
    assert columns["label"] == [1]
    assert columns["example"] == [0]
    assert columns["num_cut"] == [0]


def test_an_overlong_prompt_is_cut_for_each_choice_alone(pocket_tokenizer):
    problem = MultipleChoice(HELLASWAG)
    item = Choices(prompt="a " * 30, choices=("b", "b " * 5), label=0)
    columns = problem.pack([item], pocket_tokenizer, 16)
    assert [len(row) for row in columns["token_ids"][0]] == [16, 16]
    (b,) = pocket_tokenizer.encode(["b"])
    assert columns["token_ids"][0][0][-len(b) - 1 :] == [*b, 2]
    prompt, long = pocket_tokenizer.encode([item.prompt, item.choices[1]])
    total = 2 * len(prompt) + len(b) + len(long)
    assert columns["num_cut"] == [total - 2 * 12]


def test_batches_are_padded_to_one_length(pocket_tokenizer):
    problem = MultipleChoice(HELLASWAG)
    items = [
        Choices(prompt="a", choices=("b", "c d e"), label=0),
        Choices(prompt="a b", choices=("c", "d"), label=1),
    ]
    columns = problem.pack(items, pocket_tokenizer, 32)
    x, y = problem.collate(columns, 32, pocket_tokenizer)
    assert x["token_ids"].shape == x["padding_mask"].shape == (2, 2, 32)
    for index, rows in enumerate(columns["token_ids"]):
        for choice, row in enumerate(rows):
            padded = x["token_ids"][index, choice].tolist()
            assert padded == row + [1] * (32 - len(row))
            assert x["padding_mask"][index, choice].sum() == len(row)
    assert y["label"].tolist() == [0, 1]


def test_labels_survive_packing_and_decoding(pocket_tokenizer):
    problem = MultipleChoice(HELLASWAG)
    items = [
        Choices(prompt="猫", choices=("睡觉", "跑", "吃"), label=label)
        for label in (2, 0, 1)
    ]
    columns = problem.pack(items, pocket_tokenizer, 32)
    _, y = problem.collate(columns, 32, pocket_tokenizer)
    decoded = problem.decode(np.eye(3)[y["label"]], columns)
    gold, predictions = problem.finish(decoded, columns, items)
    assert gold == predictions == [2, 0, 1]
