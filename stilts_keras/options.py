"""How a run goes about its graph; results do not depend on it."""

import dataclasses
import pathlib

from stilts_keras import files
from stilts_keras.data.rows import BAD_ROWS
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.records.damage import ON_DAMAGE
from stilts_keras.records.remaining import KEEP

LONG_ROWS = ("cut", "error")
LAUNCHERS = ("local", "ray", "slurm")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """What `run` takes besides a graph.

    Attributes:
        run_dir: path. Made if absent; may hold earlier results of the graph
            or of a smaller one.
        stage_store: path or None. Folder of finished stages that several run
            folders share.
        stage_mirror: str or None. URL of a mirror of the store: `s3://`,
            `gs://`, `file://` or `memory://`.
        log_every_steps: int. Steps between two points in TensorBoard.
        save_every_minutes: float. A stage's progress is saved so often, at
            every evaluation on dev rows, and when the process is asked to
            stop (SIGINT, SIGTERM).
        micro_batch_size: int or None. Most rows of a batch that are computed
            at a time; None for the whole batch.
        devices: int. On how many each stage is trained and evaluated, each
            with a part of every batch; above 1 on JAX only.
        model_parallel: bool. Whether devices have a part of the weights each,
            in place of a part of every batch.
        compact_vocabulary: bool. A stage trains on the rows of the token
            embedding that its data have tokens for, wherever the result is
            the same.
        long_rows: str. `cut`: rows longer than `max_length` lose tokens, as
            published, and are counted; `error`: they are refused.
        bad_rows: str. `skip`: training and dev rows with an empty text or a
            missing value are left out, up to 1 %, and named; `error`: they
            are refused.
        keep: str. Weights that stay when nothing left to do needs them:
            `all`; `last`, those that a target was evaluated with; `none`.
        on_damage: str. `remake`: what does not match its checksum is named
            and made again; `fail`: it is an error.
        launcher: str. Where stages are trained and evaluated: `local`, on
            this machine; `ray`, on a cluster; `slurm`, by jobs that `stilts
            plan --format=slurm` has submitted and whose results are taken.
        num_workers: int. Processes of the local launcher.
        ray_address: str or None. HOST:PORT of a running cluster; None for
            one of this machine, which ends with the run.
        gpus_per_stage: float or None. Of the Ray launcher; None: 1 where the
            cluster has any.

    Raises:
        InputError: If a value is none that is known.
    """

    run_dir: pathlib.Path
    stage_store: pathlib.Path | None = None
    stage_mirror: str | None = None
    log_every_steps: int = 50
    save_every_minutes: float = 10.0
    micro_batch_size: int | None = None
    devices: int = 1
    model_parallel: bool = False
    compact_vocabulary: bool = True
    long_rows: str = "cut"
    bad_rows: str = "skip"
    keep: str = "all"
    on_damage: str = "remake"
    launcher: str = "local"
    num_workers: int = 1
    ray_address: str | None = None
    gpus_per_stage: float | None = None

    def __post_init__(self):
        """Checks each value."""
        for name, known in (
            ("long_rows", LONG_ROWS),
            ("bad_rows", BAD_ROWS),
            ("keep", KEEP),
            ("on_damage", ON_DAMAGE),
            ("launcher", LAUNCHERS),
        ):
            if getattr(self, name) not in known:
                raise unknown(name, str(getattr(self, name)), known)
        for name in (
            "log_every_steps",
            "micro_batch_size",
            "devices",
            "num_workers",
        ):
            value = getattr(self, name)
            is_unset = value is None and name == "micro_batch_size"
            if not is_unset and (type(value) is not int or value < 1):
                raise InputError(
                    f"{name} must be a whole number of at least 1. Received: "
                    f"{value!r}."
                )
        if not self.save_every_minutes > 0:
            raise InputError(
                "save_every_minutes must be above 0. Received: "
                f"{self.save_every_minutes!r}."
            )
        if self.model_parallel and self.devices == 1:
            raise InputError(
                "--model_parallel divides weights among devices. Pass "
                "--devices=2 or more, too."
            )
        self._check_launcher()
        if self.stage_mirror is not None:
            files.check_url(self.stage_mirror, "stage_mirror")
            if self.stage_store is None:
                raise InputError(
                    f"--stage_mirror={self.stage_mirror} mirrors a store: pass "
                    "--stage_store=FOLDER, too."
                )

    @property
    def storage(self):
        """Dict of what folders of runs and visits take besides."""
        return {
            "stage_store": self.stage_store,
            "stage_mirror": self.stage_mirror,
            "on_damage": self.on_damage,
        }

    def _check_launcher(self):
        """Checks what launchers need, and that none is given in vain."""
        is_apart = self.launcher != "local" or self.num_workers > 1
        if is_apart and self.stage_store is None:
            raise InputError(
                "Stages that are trained in other processes are handed on "
                f"through a store: --launcher={self.launcher} with "
                f"--num_workers={self.num_workers} needs --stage_store=FOLDER, "
                "which all of them see."
            )
        if self.num_workers > 1 and self.launcher != "local":
            raise InputError(
                f"--num_workers={self.num_workers} is of --launcher=local. "
                f"Leave it out with --launcher={self.launcher}."
            )
        for name in ("ray_address", "gpus_per_stage"):
            if getattr(self, name) is not None and self.launcher != "ray":
                raise InputError(
                    f"--{name}={getattr(self, name)} is of --launcher=ray. "
                    "Pass that, too, or leave it out."
                )
        gpus = self.gpus_per_stage
        if gpus is not None and not gpus >= 0:
            raise InputError(
                "gpus_per_stage must be a number of at least 0. Received: "
                f"{gpus!r}."
            )
        if gpus and gpus < self.devices:
            raise InputError(
                f"--devices={self.devices} on --gpus_per_stage={gpus:g}: a "
                "stage has no more devices than its GPUs. Pass "
                f"--gpus_per_stage={self.devices}."
            )
