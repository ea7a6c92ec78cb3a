"""Two machines that share no disk, but a mirror."""

import json

import pytest
from launchers_run import FLAGS

from command import stilts
from stilts_keras.records.stage_folders import stages_in_store

GRAPH = ["--route=mnli/squad", "--targets=xnli", "--keep=none"]


@pytest.mark.slow
def test_what_one_machine_has_trained_another_goes_on_from(tmp_path):
    mirror = tmp_path / "mirror"

    def run(name, *more):
        stilts(
            *("run", *FLAGS, *GRAPH, *more, "--keras_backend=torch"),
            f"--run_dir={tmp_path / name}",
            f"--stage_store={tmp_path / name}_store",
            f"--stage_mirror=file://{mirror}",
        )

    run("first")
    manifests = mirror / "manifests"
    trained = {file.name: file.read_bytes() for file in manifests.iterdir()}
    assert trained.keys() == stages_in_store(tmp_path / "first_store").keys()
    lines = (tmp_path / "first" / "trainings.jsonl").read_text().splitlines()
    _, second, third = [json.loads(line)["stage"] for line in lines]
    # As if the machine had been lost before its last stage.
    (manifests / third).unlink()
    run("other", "--num_workers=2")
    assert stages_in_store(tmp_path / "other_store").keys() == {second, third}
    assert sorted(file.name for file in manifests.iterdir()) == sorted(trained)
    for file in ("results.jsonl", "trainings.jsonl"):
        one, two = (tmp_path / name / file for name in ("first", "other"))
        assert one.read_bytes() == two.read_bytes()
