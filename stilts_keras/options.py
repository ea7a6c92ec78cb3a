"""How a run goes about its graph; results do not depend on it."""

import dataclasses
import pathlib

from stilts_keras.data.rows import BAD_ROWS
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.records.damage import ON_DAMAGE
from stilts_keras.records.remaining import KEEP

LONG_ROWS = ("cut", "error")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """What `run` takes besides a graph.

    Attributes:
        run_dir: path. Made if absent; may hold earlier results of the graph
            or of a smaller one.
        stage_store: path or None. Folder of finished stages that several run
            folders share.
        log_every_steps: int. Steps between two points in TensorBoard.
        save_every_minutes: float. A stage's progress is saved so often, at
            every evaluation on dev rows, and when the process is asked to
            stop (SIGINT, SIGTERM).
        micro_batch_size: int or None. Most rows of a batch that are computed
            at a time; None for the whole batch.
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

    Raises:
        InputError: If a value is none that is known.
    """

    run_dir: pathlib.Path
    stage_store: pathlib.Path | None = None
    log_every_steps: int = 50
    save_every_minutes: float = 10.0
    micro_batch_size: int | None = None
    compact_vocabulary: bool = True
    long_rows: str = "cut"
    bad_rows: str = "skip"
    keep: str = "all"
    on_damage: str = "remake"

    def __post_init__(self):
        """Checks each value."""
        for name, known in (
            ("long_rows", LONG_ROWS),
            ("bad_rows", BAD_ROWS),
            ("keep", KEEP),
            ("on_damage", ON_DAMAGE),
        ):
            if getattr(self, name) not in known:
                raise unknown(name, str(getattr(self, name)), known)
        for name in ("log_every_steps", "micro_batch_size"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise InputError(
                    f"{name} must be a whole number of at least 1. Received: "
                    f"{value!r}."
                )
        if not self.save_every_minutes > 0:
            raise InputError(
                "save_every_minutes must be above 0. Received: "
                f"{self.save_every_minutes!r}."
            )
