"""LAReQA and Mewsli-X from published files to scores and predictions."""

import csv
import json

import pytest

import retrieval_rows
from command import stilts
from command import tiny_backbone
from stilts_keras.data.sources import open_data
from stilts_keras.predict import predict
from stilts_keras.records import predictions
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import Score
from stilts_keras.scoring import metrics
from stilts_keras.tasks import LAREQA
from stilts_keras.tasks import MEWSLIX

TINY = [
    *tiny_backbone(),
    "--batch_size=8",
    "--epochs=1",
    "--eval_every_steps=0",
    "--keras_backend=torch",
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("retrieval")
    retrieval_rows.write(folder / "rows")
    out = stilts(
        "run",
        "--route=pretrained",
        "--targets=lareqa,mewslix",
        "--languages=de,en,ta",
        f"--data={folder / 'rows'}",
        f"--run_dir={folder / 'run'}",
        *TINY,
    ).stdout
    rows = read_rows(folder / "run/results.jsonl", Score)
    return folder, out, rows


def of(rows, target):
    return {
        (row.language, row.metric): row for row in rows if row.target == target
    }


def test_every_language_is_scored_by_every_metric(finished):
    _, _, rows = finished
    names = ("map_at_20", "map_at_20_within", "map_at_20_across")
    assert set(of(rows, "lareqa")) == {
        (language, name) for language in ("de", "en") for name in names
    }
    # Not evaluated in Thai, whose candidates are in the pool all the same.
    for row in of(rows, "lareqa").values():
        assert row.n == 2 * retrieval_rows.NUM_PARAGRAPHS
        assert "searched among 36 candidates (de en th)" in row.notes
        assert row.zero_shot == (row.language != "en")
        assert row.low <= row.value <= row.high
    assert set(of(rows, "mewslix")) == {
        (language, "mrr_at_20") for language in ("de", "ta")
    }
    for row in of(rows, "mewslix").values():
        assert row.n == retrieval_rows.NUM_MENTIONS
        assert "searched among 30 candidates (mul)" in row.notes


def test_chance_is_stated(finished):
    _, _, rows = finished
    lareqa, mewslix = of(rows, "lareqa"), of(rows, "mewslix")
    # Of each language's 12 candidates one is right.
    within = 100 / 12 * sum(1 / rank for rank in range(1, 13))
    assert lareqa["de", "map_at_20_within"].chance == pytest.approx(within)
    assert lareqa["de", "map_at_20"].chance < within
    mean = 100 / 30 * sum(1 / rank for rank in range(1, 21))
    assert mewslix["ta", "mrr_at_20"].chance == pytest.approx(mean)


def test_predictions_tell_the_scores(finished):
    folder, _, rows = finished
    for target, name in (("lareqa", "map_at_20"), ("mewslix", "mrr_at_20")):
        file = predictions.file_of(
            folder / "run",
            route="pretrained",
            target=target,
            seed=1,
            split="test",
            language="de",
        )
        gold, found, ids = predictions.read(file)
        score = metrics.find(name)(gold, found, "de")
        assert score == pytest.approx(of(rows, target)["de", name].value)
        assert len(ids) == len(gold)
    assert ids[:2] == ["de-0-0", "de-0-1"]
    assert gold[0] == ["Q0"]


def ranked(run_dir, target):
    """The first 20 that the run found for each German query."""
    file = predictions.file_of(
        run_dir,
        route="pretrained",
        target=target,
        seed=1,
        split="test",
        language="de",
    )
    _, found, ids = predictions.read(file)
    return {
        name: ranking[:20] for name, ranking in zip(ids, found, strict=True)
    }


def test_a_finished_stage_ranks_as_the_run_did(finished, tmp_path):
    folder, _, _ = finished
    stages = folder / "run/stages"
    (stage,) = (stages / "squad_retrieval").iterdir()
    data = open_data(str(folder / "rows"))
    written = predict(
        stage, LAREQA, data=data, output=tmp_path, languages=["de"]
    )
    written = json.loads(written["de"].read_text())
    assert written == ranked(folder / "run", "lareqa")


def without_gold(file):
    """Takes the entities out of mentions: the first null, the others gone."""
    articles = [json.loads(line) for line in file.read_text().splitlines()]
    for mention in articles[0]["mentions"]:
        mention["entity_id"] = None
    for article in articles[1:]:
        for mention in article["mentions"]:
            del mention["entity_id"]
    retrieval_rows.write_lines(file, articles)


def test_mentions_without_entities_are_predicted_and_not_scored(
    finished, tmp_path
):
    folder, _, _ = finished
    rows = tmp_path / "rows"
    retrieval_rows.write(rows)
    without_gold(rows / "extra/mewsli_x/wikinews_mentions-test.jsonl")
    (stage,) = (folder / "run/stages/wikipedia_pairs").iterdir()
    written = predict(
        stage,
        MEWSLIX,
        data=open_data(str(rows)),
        output=tmp_path / "predicted",
        languages=["de"],
    )
    written = json.loads(written["de"].read_text())
    assert written == ranked(folder / "run", "mewslix")
    item = MEWSLIX.to_example(
        {"mentions": None, "context": None, "entity_id": None}
        | {"example_id": "m", "mention": "a { b } c"}
    )
    with pytest.raises(ValueError, match="no answers"):
        item.check()


def test_the_queries_of_all_languages_are_told_together(finished):
    folder, _, rows = finished
    file = folder / "run/report/tables/lareqa_all.csv"
    table = {
        row["column"]: float(row["value"])
        for row in csv.DictReader(file.read_text().splitlines())
        if row["route"] == "pretrained"
    }
    scores = of(rows, "lareqa")
    for name in ("map_at_20", "map_at_20_within", "map_at_20_across"):
        together = (scores["de", name].value + scores["en", name].value) / 2
        assert table[name] == pytest.approx(together)


def test_published_files_read_as_they_are(tmp_path):
    retrieval_rows.write(tmp_path)
    data = open_data(str(tmp_path))
    assert data.languages(LAREQA, "test") == ("de", "en", "th")
    assert data.languages(MEWSLIX, "test") == ("de", "ta")
    row = data.load(LAREQA, "de", "test")[1]
    item = LAREQA.to_example(row)
    (query,) = item.queries
    assert query.text == "de 1 0?"
    texts = {each.id: each.text for each in item.candidates}
    # Sentence and paragraph, without a separator, without line breaks.
    assert texts[query.answers[0]] == "Ann 0 de.de 0 eins. Ann 0 de.Ende."
