"""A mirror of stages: whole or not there, checked, and never in the way."""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

import fsspec
import pytest

from fakes import graph
from stilts_keras import experiment
from stilts_keras import files
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.errors import StageError
from stilts_keras.files import remote
from stilts_keras.graph.part import Part
from stilts_keras.options import Options
from stilts_keras.records import prune
from stilts_keras.records import stage_mirror
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.records.stage_folders import StageFolders
from stilts_keras.records.stage_mirror import StageMirror
from stilts_keras.visits import worker

CONTENT = {"config.json": b"{}", "heads/a.h5": b"w" * 1000, "heads/b.h5": b"{}"}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(remote, "PAUSES_SECONDS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(remote, "CHUNK_BYTES", 300)


@pytest.fixture(params=["file", "memory"])
def url(request, tmp_path):
    """An empty mirror."""
    if request.param == "file":
        return f"file://{tmp_path}/mirror"
    return f"memory://{tmp_path.name}"


@pytest.fixture
def stage():
    return graph().stages[0]


def place(tmp_path, name, url):
    """The stages of a machine of its own."""
    return StageFolders(tmp_path / name / "run", tmp_path / name / "store", url)


def make(folders, stage, content=None):
    facts = {
        "fingerprint": stage.fingerprint,
        "stage": stage.path,
        "parent": None,
        "seed": 1,
        "num_steps": 1,
        "sources": [],
    }
    with files.write_folder(folders.target(stage), facts) as partial:
        (partial / "heads").mkdir()
        for name, data in (content or CONTENT).items():
            (partial / name).write_bytes(data)
    folders.adopt(stage)
    return folders.find(stage)


def upload(folders, stage):
    folders.mirror.upload(stage.fingerprint, folders.find(stage))


def mirrored(tmp_path, url, stage):
    """Uploads a stage, and opens the stages of another machine."""
    here = place(tmp_path, "here", url)
    make(here, stage)
    upload(here, stage)
    return here, place(tmp_path, "there", url)


def objects(url):
    """Path -> content of all that lies in a mirror."""
    fs, root = fsspec.core.url_to_fs(url)
    found = fs.find(root) if fs.exists(root) else []
    return {path[len(root) + 1 :]: fs.cat_file(path) for path in found}


def overwrite(url, name, data):
    fs, root = fsspec.core.url_to_fs(url)
    fs.pipe_file(f"{root}/{name}", data)


def contents(folder):
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in pathlib.Path(folder).rglob("*")
        if file.is_file()
    }


# ------------------------------------------------------------- There and back
def test_a_stage_comes_back_byte_for_byte(tmp_path, url, stage):
    here, there = mirrored(tmp_path, url, stage)
    assert there.is_mirrored(stage) and there.find(stage) is None
    there.download(stage)
    assert contents(there.find(stage)) == contents(here.find(stage))
    files.check_folder(there.find(stage))
    # Nothing else is left: no partial folder, no lock, no download.
    assert sorted(p.name for p in there.store.iterdir()) == [
        stage.fingerprint[:2],
        "downloads",
    ]
    assert not list((there.store / "downloads").iterdir())
    (note,) = there.mirror.notes
    assert url in note and "1,004 bytes" in note


def test_the_manifest_is_written_last(tmp_path, url, stage, monkeypatch):
    here = place(tmp_path, "here", url)
    make(here, stage)
    written, write = [], files.Remote.write
    put = files.Remote.put
    monkeypatch.setattr(
        files.Remote,
        "write",
        lambda self, name, data: (
            written.append(name),
            write(self, name, data),
        ),
    )
    monkeypatch.setattr(
        files.Remote,
        "put",
        lambda self, file, name: (written.append(name), put(self, file, name)),
    )
    upload(here, stage)
    assert written[-1] == f"manifests/{stage.fingerprint}"
    assert len(written) == 3  # Two files are of one content.


def test_what_has_no_manifest_yet_is_not_seen(tmp_path, url, stage):
    mirrored(tmp_path, url, stage)
    fs, root = fsspec.core.url_to_fs(url)
    fs.rm(f"{root}/manifests/{stage.fingerprint}")
    assert not place(tmp_path, "there", url).is_mirrored(stage)


def test_an_upload_that_was_cut_off_sends_only_what_is_missing(
    tmp_path, url, stage, monkeypatch
):
    mirrored(tmp_path, url, stage)
    here = place(tmp_path, "here", url)
    fs, root = fsspec.core.url_to_fs(url)
    fs.rm(f"{root}/manifests/{stage.fingerprint}")
    # And one file in part, as disks may have it.
    (large,) = [n for n, data in objects(url).items() if len(data) == 1000]
    overwrite(url, large, b"w" * 10)
    sent, put = [], files.Remote.put
    monkeypatch.setattr(
        files.Remote,
        "put",
        lambda self, file, name: (sent.append(name), put(self, file, name)),
    )
    upload(here, stage)
    assert sent == [large]
    there = place(tmp_path, "there", url)
    there.download(stage)
    files.check_folder(there.find(stage))


def test_two_machines_may_upload_one_stage_at_once(tmp_path, url, stage):
    """Of other bytes, as of two GPUs; whoever is last, all is whole."""
    places = [place(tmp_path, name, url) for name in ("a", "b", "c")]
    for at, one in enumerate(places):
        make(one, stage, {**CONTENT, "heads/a.h5": b"%d" % at * 999})
        # Each looked before the others began.
        assert not one.is_mirrored(stage)
        one.mirror._remote.size = lambda name: None
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda one: upload(one, stage), places))
    there = place(tmp_path, "there", url)
    there.download(stage)
    files.check_folder(there.find(stage))
    found = contents(there.find(stage))
    assert found in [contents(one.find(stage)) for one in places]


# ------------------------------------------------------------------- Downloads
def test_a_download_goes_on_where_it_was_cut_off(
    tmp_path, url, stage, monkeypatch
):
    _, there = mirrored(tmp_path, url, stage)
    asked, read = [], files.Remote._range

    def cut(self, name, begin, end):
        asked.append((begin, end))
        if len(asked) == 4:
            raise KeyboardInterrupt
        return read(self, name, begin, end)

    monkeypatch.setattr(files.Remote, "_range", cut)
    with pytest.raises(KeyboardInterrupt):
        there.download(stage)
    assert there.find(stage) is None
    there.download(stage)
    files.check_folder(there.find(stage))
    begun = [(0, 2), (0, 300), (300, 600), (600, 900)]
    assert asked == [*begun, (600, 900), (900, 1000), (0, 2)]


def test_what_was_begun_and_is_wrong_is_fetched_again(tmp_path, url, stage):
    here, there = mirrored(tmp_path, url, stage)
    facts = files.read_sealed(here.find(stage) / "manifest.json")["files"]
    begun = there.store / "downloads" / stage.fingerprint
    begun.mkdir(parents=True)
    name = f"{files.digest_of('heads/a.h5')}-{facts['heads/a.h5']['sha256']}"
    (begun / name).write_bytes(b"\0" * 500)
    there.download(stage)
    assert contents(there.find(stage)) == contents(here.find(stage))


def test_of_two_processes_one_downloads_and_the_other_waits(
    tmp_path, url, stage, monkeypatch
):
    _, there = mirrored(tmp_path, url, stage)
    monkeypatch.setattr(stage_mirror, "POLL_SECONDS", 0.01)
    other = place(tmp_path, "there", url)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda one: one.download(stage), [there, other]))
    assert len(there.mirror.notes + other.mirror.notes) == 1
    files.check_folder(there.find(stage))


def damage(url, stage, kind):
    """Damages a mirror; returns the object that a message must name."""
    found = objects(url)
    (large,) = [
        name
        for name, data in found.items()
        if stage.fingerprint in name and len(data) == 1000
    ]
    manifest = f"manifests/{stage.fingerprint}"
    if kind == "bytes":
        overwrite(url, large, b"w" * 999 + b"x")
    elif kind == "cut":
        overwrite(url, large, b"w" * 999)
    elif kind == "gone":
        fs, root = fsspec.core.url_to_fs(url)
        fs.rm(f"{root}/{large}")
    elif kind == "manifest":
        overwrite(url, manifest, found[manifest].replace(b"1000", b"1001"))
    else:
        facts = files.unsealed(found[manifest], "mirror")
        if kind == "other stage":
            facts["fingerprint"] = "0" * 16
        else:
            facts["files"]["../../../x"] = facts["files"]["config.json"]
        overwrite(
            url, manifest, files.to_line(files.sealed(facts), "").encode()
        )
    return manifest if kind in ("manifest", "other stage", "escape") else large


DAMAGE = ("bytes", "cut", "gone", "manifest", "other stage", "escape")


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_download_is_named_and_never_seen(tmp_path, url, stage, kind):
    _, there = mirrored(tmp_path, url, stage)
    name = damage(url, stage, kind)
    with pytest.raises(DamageError, match=re.escape(f"{url}/{name}")):
        there.download(stage)
    assert there.find(stage) is None
    assert not [p for p in there.store.rglob("*") if p.is_file()]
    assert not (tmp_path / "there" / "x").exists()


@pytest.fixture
def built():
    return graph(routes=["mnli"], targets=["xnli"], languages=["de"])


def folder_of(tmp_path, name, built, url, **more):
    """The run folder of a machine of its own."""
    return RunFolder(
        tmp_path / name / "run",
        built,
        stage_store=tmp_path / name / "store",
        stage_mirror=url,
        **more,
    )


def uploaded(tmp_path, url, built):
    folder = folder_of(tmp_path, "here", built, url)
    with folder.lock():
        folder.describe({})
        for stage in built.stages:
            make(folder.stages, stage)
        assert folder.upload(built.stages) == []
    return folder


def test_a_run_downloads_what_it_needs_and_no_more(tmp_path, url):
    built = graph(routes=["mnli/squad"], targets=["xquad"], languages=["de"])
    uploaded(tmp_path, url, built)
    there = folder_of(tmp_path, "there", built, url)
    with there.lock():
        left = there.remaining()
        assert not left.stages and left.cells
        there.keep_trainings(built.stages)
    leaf = built.stages[-1]
    stored = {stage: there.stages.find(stage) for stage in built.stages}
    assert [stage for stage in built.stages if stored[stage]] == [leaf]
    # How the others came about is known from their manifests.
    assert len(list(there.files._trainings.rows())) == len(built.stages)
    assert len(there.notes) == 1


def test_damage_in_the_mirror_is_trained_and_uploaded_anew(
    tmp_path, url, built
):
    uploaded(tmp_path, url, built)
    (stage,) = built.stages[-1:]
    damage(url, stage, "bytes")
    there = folder_of(tmp_path, "there", built, url)
    with there.lock():
        left = there.remaining()
        assert stage.fingerprint in left.stages
        assert "Damaged, and made again" in there.notes[0]
        make(there.stages, stage)
        assert there.upload([stage]) == []
    third = place(tmp_path, "third", url)
    third.download(stage)
    files.check_folder(third.find(stage))


def test_damage_in_the_mirror_fails_the_run_if_asked_to(tmp_path, url, built):
    uploaded(tmp_path, url, built)
    damage(url, built.stages[-1], "bytes")
    there = folder_of(tmp_path, "there", built, url, on_damage="fail")
    with there.lock(), pytest.raises(DamageError, match="on_damage=remake"):
        there.remaining()


def test_a_damaged_stage_of_the_store_is_not_handed_on(tmp_path, url, built):
    folder = folder_of(tmp_path, "here", built, url)
    (stage,) = built.stages[-1:]
    with folder.lock():
        (make(folder.stages, stage) / "heads/a.h5").write_bytes(b"x" * 1000)
        (problem,) = folder.upload([stage])
    assert "not uploaded" in problem and "sha256" in problem
    assert list(objects(url)) == ["mirror.json"]


def test_neither_keep_none_nor_prune_deletes_from_a_mirror(
    tmp_path, url, built
):
    folder = uploaded(tmp_path, url, built)
    before = objects(url)
    with folder.lock():
        left = folder.remaining(is_plan=True)
        for stage in built.stages:
            left = left.without(stage.fingerprint, list(left.cells))
        folder.drop_unneeded("none", left)
        assert not folder.stages.is_in_run(built.stages[-1])
    begun = folder.stages.store / "downloads" / built.stages[-1].fingerprint
    begun.mkdir(parents=True)
    (begun / "x").write_bytes(b"x")
    os.utime(begun, (0, 0))
    agreed = {"is_agreed": lambda pruning: True}
    prune.prune_run(folder.path, keep="none", **agreed)
    (folder.path / "run.json").unlink()
    pruned = prune.prune_store(folder.stages.store, **agreed)
    assert begun in pruned.paths and len(pruned.paths) == 1 + len(built.stages)
    assert objects(url) == before


# ----------------------------------------------------------------- Bad mirrors
class Broken:
    """A file system that fails so many times."""

    def __init__(self, fs, num_failures, error):
        self._fs = fs
        self.left = num_failures
        self._error = error

    def __getattr__(self, name):
        def ask(*arguments, **named):
            self.left -= 1
            if self.left >= 0:
                raise self._error
            return getattr(self._fs, name)(*arguments, **named)

        return ask


def break_off(mirror, num_failures, error):
    fs, root = mirror._remote._place()
    mirror._remote._opened = Broken(fs, num_failures, error), root
    return mirror._remote._opened[0]


RESET = ConnectionResetError("the peer went away")


def test_three_failures_are_waited_for(tmp_path, url, stage):
    here, there = mirrored(tmp_path, url, stage)
    broken = break_off(there.mirror, 3, RESET)
    there.download(stage)
    assert broken.left < 0
    files.check_folder(there.find(stage))


@pytest.mark.parametrize(
    "error, num_tries", [(RESET, 4), (PermissionError("Access Denied"), 1)]
)
def test_a_mirror_out_of_reach_is_said_before_any_training(
    tmp_path, url, built, error, num_tries
):
    folder = folder_of(tmp_path, "here", built, url)
    broken = break_off(folder.stages.mirror, 99, error)
    with pytest.raises(files.Unreachable) as caught, folder.lock():
        raise AssertionError("a run began")
    said = str(caught.value)
    assert said.startswith(f"--stage_mirror={url} cannot be reached")
    assert f"({error}; tries: {num_tries})" in said and "\n" not in said
    assert "or leave --stage_mirror out" in said
    assert broken.left == 99 - num_tries
    assert not (tmp_path / "here").exists()


def test_an_upload_that_fails_leaves_the_stage_and_is_made_up_for(
    tmp_path, url, built
):
    folder = folder_of(tmp_path, "here", built, url)
    with folder.lock():
        for stage in built.stages:
            make(folder.stages, stage)
        broken = break_off(folder.stages.mirror, 4, RESET)
        # One of all that could be said: the others would wait as long.
        (problem,) = folder.upload(built.stages)
        assert "stays in the store" in problem and "tries: 4" in problem
        assert broken.left == 0
        assert folder.upload(built.stages) == []
    there = place(tmp_path, "there", url)
    assert all(there.is_mirrored(stage) for stage in built.stages)


def test_a_run_whose_stages_are_not_uploaded_says_so_at_its_end(
    tmp_path, url, built, monkeypatch
):
    def launch(run):
        for stage in built.stages:
            make(run.folder.stages, stage)
        break_off(run.folder.stages.mirror, 99, RESET)
        return ["Another has failed."]

    monkeypatch.setattr(experiment.launchers, "launch", launch)
    places = {name: tmp_path / name for name in ("run_dir", "stage_store")}
    with pytest.raises(StageError) as caught:
        experiment.run(built, **places, stage_mirror=url)
    said = str(caught.value)
    assert said.startswith("Another has failed. Stage mnli (")
    assert "is not uploaded and stays in the store" in said


def test_a_worker_that_does_not_reach_the_mirror_is_to_try_again(
    tmp_path, url, built, monkeypatch
):
    def out_of_reach(mirror):
        raise files.Unreachable("gone")

    monkeypatch.setattr(StageMirror, "check", out_of_reach)
    places = {name: tmp_path / name for name in ("run_dir", "stage_store")}
    options = Options(**places, stage_mirror=url)
    outcome = worker.attempt(Part(built, built.stages[0]), options)
    assert outcome == worker.Outcome(worker.STOPPED, "gone")


def test_a_mirror_of_another_kind_is_refused(url):
    mark = files.to_line(files.sealed({"format": 2}), "").encode()
    files.Remote(url, "stage_mirror").write("mirror.json", mark)
    with pytest.raises(InputError, match="another kind or version.*another"):
        StageMirror(url).check()


def test_a_full_disk_here_is_not_the_mirrors_fault(
    tmp_path, url, stage, monkeypatch
):
    _, there = mirrored(tmp_path, url, stage)

    def full(self, name, begin, end):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.Remote, "_range", full)
    with pytest.raises(OSError, match="No space left"):
        there.download(stage)


@pytest.mark.parametrize(
    "wrong",
    [
        "mirror",
        "/mirror",
        "ftp://a/b",
        "s3://",
        "file://mirror",
        "file:///",
        "file:///a/../b",
        "s3://a::zip://b",
    ],
)
def test_urls_that_name_no_place_are_refused(tmp_path, wrong):
    with pytest.raises(InputError, match="names no place of files.*s3://"):
        Options(run_dir="r", stage_store="s", stage_mirror=wrong)


def test_a_mirror_needs_a_store():
    with pytest.raises(InputError, match="pass --stage_store=FOLDER, too"):
        Options(run_dir="r", stage_mirror="s3://bucket/x")


@pytest.mark.parametrize("scheme, client", [("s3", "s3fs"), ("gs", "gcsfs")])
def test_a_client_that_is_not_installed_is_named(monkeypatch, scheme, client):
    monkeypatch.setattr(remote.importlib.util, "find_spec", lambda name: None)
    line = f"pip install {client} fsspec=={fsspec.__version__}$"
    with pytest.raises(InputError, match=line):
        StageMirror(f"{scheme}://bucket/x")


# --------------------------------------------------------------- A real server
@pytest.mark.slow
def test_a_server_of_s3_takes_and_gives_stages(tmp_path, stage, monkeypatch):
    pytest.importorskip("s3fs")
    pytest.importorskip("flask_cors")
    moto = pytest.importorskip("moto.server")
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    url = "s3://stages/of/us"
    try:
        with pytest.raises(files.Unreachable, match="no such bucket"):
            StageMirror(url).check()
        fsspec.filesystem("s3").mkdir("stages")
        StageMirror(url).check()
        StageMirror(url).check()
        here, there = mirrored(tmp_path, url, stage)
        there.download(stage)
        assert contents(there.find(stage)) == contents(here.find(stage))
        damage(url, stage, "bytes")
        with pytest.raises(DamageError, match="s3://stages/of/us/files/"):
            place(tmp_path, "third", url).download(stage)
        # And from a process that knows nothing yet.
        code = (
            "import sys\n"
            "from stilts_keras.records.stage_mirror import StageMirror\n"
            "print(StageMirror(sys.argv[1]).has(sys.argv[2]))"
        )
        command = [sys.executable, "-c", code, url, stage.fingerprint]
        out = subprocess.run(command, capture_output=True, check=True).stdout
        assert out.split() == [b"True"]
    finally:
        server.stop()
    with pytest.raises(files.Unreachable, match="cannot be reached.*tries: 4"):
        StageMirror(url).check()
