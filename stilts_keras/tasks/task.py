"""A Task: a data set, how its rows read, and how it is trained and scored."""

import dataclasses
import functools
from collections.abc import Callable
from collections.abc import Mapping

from stilts_keras.tasks.columns import Column
from stilts_keras.tasks.kinds import KINDS
from stilts_keras.tasks.repository import Repository

PROBLEMS = tuple(KINDS)
SPLITS = ("train", "dev", "test")
TRANSLATORS = ("machines", "people")
# Raised when `data.shuffling` permutes labels in another way.
SHUFFLING_VERSION = 1
# float16 would need its loss scaled; bfloat16 has float32's range.
DTYPE_POLICIES = ("float32", "mixed_bfloat16")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a stage is optimised; each Task carries its published default.

    Attributes:
        epochs: float. Passes over the training examples.
        learning_rate: float. Peak of the linear warm-up and decay.
        batch_size: int. Examples (or windows of them) per step.
        max_length: int. Tokens of one sequence, special tokens included.
        warmup_ratio: float in [0, 1]. Share of the steps that warm up.
        weight_decay: float. Decoupled; not on biases and layer norms.
        eval_every_steps: int. Steps between evaluations on the dev split;
            the best of these checkpoints is kept. 0 keeps the last.
        dev_limit: int. Examples of the dev split for that choice.
        dtype_policy: str. Keras dtype policy, such as `mixed_bfloat16`.
        num_steps: int or None. Optimiser steps, in place of `epochs`.
        early_stopping: int or None. A stage ends after so many evaluations on
            dev rows without gain; the learning rate falls as if it did not.
        lora_rank: int or None. Rank of low-rank factors on queries and values
            that are trained in place of the backbone, which is frozen whole,
            with its biases, layer norms and embeddings (Hu et al., 2021); heads
            are trained as ever. Alpha is the rank: factors are scaled by 1.
            None trains everything.
    """

    epochs: float = 3.0
    learning_rate: float = 1e-5
    batch_size: int = 32
    max_length: int = 256
    warmup_ratio: float = 0.1
    weight_decay: float = 0.01
    eval_every_steps: int = 1000
    dev_limit: int = 500
    dtype_policy: str = "float32"
    num_steps: int | None = None
    early_stopping: int | None = None
    lora_rank: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """A data set as this project trains on it and scores it.

    Attributes:
        name: str. The literature's lower-case key, such as `xnli`.
        problem: str. One of `PROBLEMS`; see `kind`.
        repositories: tuple of `Repository`, tried in this order.
        columns: mapping from each column that `to_example` reads to what it
            may hold, a kind of `tasks.columns`.
        to_example: function from a row (dict; values as `columns` read them)
            to an Example of `tasks.example`, or to None where the row is to
            be left out, as the data set's own documentation says.
        languages: tuple of str. ISO codes, in the benchmark's order.
        splits: tuple of str. Those of `SPLITS` that the task has.
        labels: tuple of str. Class or tag names in head order.
        numbered_labels: tuple of str. The same in the order in which the data
            set numbers them, where that is another.
        labels_from_data: bool. Whether the training rows name the labels.
        has_unanswerable: bool. Whether a question may have no answer.
        metrics: tuple of str. Names that `scoring.metrics` computes; the
            first one selects checkpoints. May be given with Metrics of one's
            own (`scoring.metric`) among them, which leaves their names here.
        train_task: str or None. For targets without training rows of their
            own: the English task that is trained instead.
        train_first: tuple of str. Tasks that are trained after the route and
            before that, one after another, each by its own recipe in its own
            language. If the task has a head, it is handed on from each stage
            to the next: for benchmarks that go on with the whole model, not
            the encoder alone.
        head_key: str. Tasks of equal key share a head; default: the name.
        candidates: Task or None. Of a target that searches: whose test rows,
            in its own language, are searched; None: the target's rows in all
            languages.
        disturbs: str. The target whose test rows these are, disturbed; empty
            where they are rows of their own. `data.matching` finds which clean
            row each is of.
        disturbance: str. What `--disturb` calls that, such as `real_noise`.
        noise: mapping from a language to how much its rows are disturbed, as
            it is to be read, such as `10 % of words`.
        recipe: `Recipe`. The published one.
        num_train_examples: int. As published; for plans made before a
            download.
        num_train_examples_in: mapping from a language other than `language`
            to the same, where it is known.
        translated_by: str. Who translated the training rows from `language`
            into the others, one of `TRANSLATORS`; empty where the rows were
            written in each language.
        parallel_by: str. How a training row's translations are found: by its
            `number`, or by the text of a column, such as `id`; empty where no
            row translates another. Rows that are drawn are then the same in
            every language; see `data.draws`.
        parallel_tests: bool. Whether the test rows of a language are those of
            English, translated, in the same order. Predictions can then be
            compared with those of the English items; that gold is the same,
            row by row, is checked where it is done.
        language: str. The language meant where a route names none.
        licence: str. Of the data.
        citation: str. Authors, year and address.
        version: int. Raised when packing, columns, `to_example`, labels or a
            Metric of one's own change; of a task file, any edit counts.
        own_metrics: mapping from name to Metric, of those in `metrics` that
            are not known by name alone. Filled from `metrics`.
        extra_languages: tuple of str. Those of `languages` that the benchmark
            does not list, but the user asks for.
        file_digest: str. Of the user's file that defines the task, if one
            does.
        is_shuffled: bool. Whether training labels are permuted among the rows,
            so that they tell nothing; see `tasks.shuffled`.
    """

    name: str
    problem: str
    repositories: tuple[Repository, ...]
    columns: Mapping[str, Column]
    to_example: Callable
    languages: tuple[str, ...]
    splits: tuple[str, ...]
    metrics: tuple[str, ...]
    labels: tuple[str, ...] = ()
    numbered_labels: tuple[str, ...] = ()
    labels_from_data: bool = False
    has_unanswerable: bool = False
    train_task: str | None = None
    train_first: tuple[str, ...] = ()
    head_key: str = ""
    candidates: "Task | None" = None
    disturbs: str = ""
    disturbance: str = ""
    noise: Mapping[str, str] = dataclasses.field(default_factory=dict)
    recipe: Recipe = Recipe()
    num_train_examples: int = 0
    num_train_examples_in: Mapping[str, int] = dataclasses.field(
        default_factory=dict
    )
    translated_by: str = ""
    parallel_by: str = ""
    parallel_tests: bool = False
    language: str = "en"
    licence: str = ""
    citation: str = ""
    version: int = 1
    own_metrics: Mapping[str, object] = dataclasses.field(default_factory=dict)
    extra_languages: tuple[str, ...] = ()
    file_digest: str = ""
    is_shuffled: bool = False

    def __hash__(self):
        """Hashes the name, for mappings cannot be hashed."""
        return hash(self.name)

    def __post_init__(self):
        """Checks the definition, so that a wrong task file fails at import."""
        self._name_metrics()
        if self.problem not in PROBLEMS:
            raise ValueError(
                f"Task {self.name!r}: problem must be one of {PROBLEMS}. "
                f"Received: {self.problem!r}."
            )
        if not set(self.splits) <= set(SPLITS):
            raise ValueError(
                f"Task {self.name!r}: splits must be among {SPLITS}. "
                f"Received: {self.splits}."
            )
        if not self.numbered_labels:
            object.__setattr__(self, "numbered_labels", self.labels)
        if set(self.numbered_labels) != set(self.labels):
            raise ValueError(
                f"Task {self.name!r}: numbered_labels must be the labels in "
                f"another order. Received: {self.numbered_labels}."
            )
        if self.translated_by and self.translated_by not in TRANSLATORS:
            raise ValueError(
                f"Task {self.name!r}: translated_by must be empty or one of "
                f"{TRANSLATORS}. Received: {self.translated_by!r}."
            )
        if bool(self.disturbs) != bool(self.disturbance):
            raise ValueError(
                f"Task {self.name!r}: disturbs and disturbance go together. "
                f"Received: {self.disturbs!r} and {self.disturbance!r}."
            )
        if not self.head_key:
            object.__setattr__(self, "head_key", self.name)
        if self.candidates is not None and self.file_digest:
            # It is of the same file.
            candidates = dataclasses.replace(
                self.candidates, file_digest=self.file_digest
            )
            object.__setattr__(self, "candidates", candidates)

    def with_languages(self, languages):
        """Returns the Task with languages that the benchmark does not list.

        Args:
            languages: iterable of str, none of which the task has.
        """
        languages = tuple(languages)
        return dataclasses.replace(
            self,
            languages=(*self.languages, *languages),
            extra_languages=(*self.extra_languages, *languages),
        )

    def within(self, languages):
        """Returns the Task in some of its languages, in its own order.

        Args:
            languages: container of str.
        """
        kept = tuple(code for code in self.languages if code in languages)
        if kept == self.languages:
            return self
        return dataclasses.replace(self, languages=kept)

    @property
    def identity(self):
        """What stands for the definition in fingerprints."""
        facts = [self.version]
        if self.file_digest:
            facts.append(self.file_digest)
        if self.is_shuffled:
            facts.append(f"shuffled {SHUFFLING_VERSION}")
        return facts if len(facts) > 1 else self.version

    @property
    def reads(self):
        """What a backbone must read for it: `text` or `audio`."""
        kinds = {column.reads for column in self.columns.values()}
        return "audio" if "audio" in kinds else "text"

    @property
    def is_trainable(self):
        """Whether a stage can train on this task's own rows."""
        return "train" in self.splits

    @functools.cached_property
    def train_languages(self):
        """Tuple of the languages that are documented to have train rows.

        Those of the user's own are among them: only the data know.
        """
        places = [x for x in self.repositories if "train" in x.splits]
        return tuple(
            language
            for language in (self.languages if self.is_trainable else ())
            if language in self.extra_languages
            or not places
            or any(x.is_documented(language, "train") for x in places)
        )

    def published_count(self, language):
        """Returns the training examples in a language; None: not known."""
        if language == self.language:
            return self.num_train_examples or None
        return self.num_train_examples_in.get(language)

    @property
    def is_target(self):
        """Whether the task can be evaluated as a target."""
        return "test" in self.splits

    def _name_metrics(self):
        """Leaves names in `metrics`: rows on disk know no more."""
        own = dict(self.own_metrics)
        for metric in self.metrics:
            if not isinstance(metric, str):
                if not isinstance(getattr(metric, "name", None), str):
                    raise ValueError(
                        f"Task {self.name!r}: metrics must be names or Metrics "
                        f"of scoring.metric. Received: {metric!r}."
                    )
                own[metric.name] = metric
        names = tuple(
            metric if isinstance(metric, str) else metric.name
            for metric in self.metrics
        )
        if len(set(names)) < len(names):
            raise ValueError(
                f"Task {self.name!r}: each metric must be named once. "
                f"Received: {names}."
            )
        object.__setattr__(self, "metrics", names)
        own = {name: own[name] for name in names if name in own}
        object.__setattr__(self, "own_metrics", own)

    @property
    def kind(self):
        """What all tasks of its problem have in common: a `Kind`."""
        return KINDS[self.problem]
