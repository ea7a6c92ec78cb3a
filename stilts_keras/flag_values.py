"""What the flags that were given ask for: the values of the Python API."""

import dataclasses

from absl import flags

from stilts_keras import flag_definitions
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown

FLAGS = flags.FLAGS


def run_dir():
    """Returns the run folder, or None."""
    # As with other flags, the last one counts: it overrides a flagfile's.
    return FLAGS.run_dir[-1] if FLAGS.run_dir else None


def need(**flags_needed):
    """Raises InputError for the first flag that is not given."""
    for name, what in flags_needed.items():
        if not FLAGS[name].value:
            raise InputError(f"Pass --{name}={what}.")


def options():
    """Returns how a run is to go about its graph, as `Options`."""
    from stilts_keras.options import Options

    names = [field.name for field in dataclasses.fields(Options)]
    given = {name: FLAGS[name].value for name in names}
    return Options(**given | {"run_dir": run_dir()})


def settings():
    """Returns the flags that a run's folder tells of."""
    return {
        name: FLAGS[name].value
        for group, names in flag_definitions.GROUPS.items()
        for name in names
        if group not in ("score", "prune", flag_definitions.TAKE_AWAY)
    }


def given_flags():
    """Lists the flags that were given, in files too, as they are written."""
    left_out = ("format", "sbatch_args", "launcher", "num_workers", "visit")
    return [
        line
        for names in flag_definitions.GROUPS.values()
        for name in names
        if FLAGS[name].present and name not in left_out
        for line in FLAGS[name].serialize().splitlines()
    ]


def graph():
    """Returns the `Graph` of routes, targets and seeds."""
    from stilts_keras.backbones.description import describe_backbone
    from stilts_keras.data.mixture import Sampling
    from stilts_keras.graph.graph import Graph

    return Graph(
        routes=FLAGS.route,
        targets=FLAGS.targets,
        tasks=_own_tasks(),
        seeds=FLAGS.seed,
        data=FLAGS.data,
        backbone=describe_backbone(
            FLAGS.backbone,
            tokenizer=FLAGS.tokenizer,
            family=FLAGS.family,
            num_layers=FLAGS.num_layers,
            num_heads=FLAGS.num_heads,
            hidden_dim=FLAGS.hidden_dim,
            intermediate_dim=FLAGS.intermediate_dim,
            max_sequence_length=FLAGS.max_sequence_length,
            dropout=FLAGS.dropout,
        ),
        languages=FLAGS.languages,
        target_languages=FLAGS.target_languages,
        target_count=FLAGS.target_count,
        train_limit=FLAGS.train_limit,
        eval_limit=FLAGS.eval_limit,
        eval_on_dev=FLAGS.eval_on_dev,
        retrieval_layer=_retrieval_layer(),
        retrieval_pooling=FLAGS.retrieval_pooling,
        baseline=FLAGS.baseline,
        recipe={
            name: FLAGS[name].value for name in flag_definitions.RECIPE_FIELDS
        },
        task_recipes=_task_recipes(),
        sampling=Sampling(
            kind=FLAGS.sampling,
            cap=FLAGS.sampling_cap,
            temperature=FLAGS.sampling_temperature,
            rates=_sampling_rates(),
        ),
        replay=FLAGS.replay,
        route_steps=FLAGS.route_steps,
        measure_forgetting=FLAGS.measure_forgetting,
        disturb=FLAGS.disturb,
        average=FLAGS.average,
        allow_missing=FLAGS.allow_missing,
    )


def _sampling_rates():
    rates = {}
    for item in FLAGS.sampling_rates:
        name, _, weight = item.partition("=")
        try:
            rates[name] = float(weight)
        except ValueError as error:
            raise InputError(
                "sampling_rates must be written as source=weight, such as "
                f"mnli=2. Received: {item!r}."
            ) from error
    return rates


def _task_recipes():
    """Reads --task_recipe: TASK,TASK:FIELD=VALUE,FIELD=VALUE."""
    recipes = {}
    for item in FLAGS.task_recipe:
        names, colon, given = item.partition(":")
        fields = dict(part.partition("=")[::2] for part in given.split(","))
        if not (names and colon and all(fields.values())):
            raise InputError(
                "task_recipe must be written as TASK:FIELD=VALUE, with commas "
                "between several tasks and between several fields, such as "
                f"squad,xquad:max_length=384,epochs=2. Received: {item!r}."
            )
        recipe = {
            name: _recipe_value(name, text) for name, text in fields.items()
        }
        for name in names.split(","):
            recipes.setdefault(name, {}).update(recipe)
    return recipes


def _recipe_value(name, text):
    """Reads a Recipe's field as its own flag would; Graph names an unknown."""
    if name not in flag_definitions.RECIPE_FIELDS:
        return text
    try:
        return FLAGS[name].parser.parse(text)
    except ValueError as error:
        raise InputError(f"task_recipe: {name}: {error}.") from error


def _retrieval_layer():
    """Reads a number where there is one; Graph refuses all else."""
    value = FLAGS.retrieval_layer
    return int(value) if value and value.isdecimal() else value


def task():
    """Returns the Task of --task, which may be the user's own."""
    from stilts_keras.graph.own_tasks import with_own_tasks

    known = with_own_tasks(_own_tasks())
    if FLAGS.task not in known:
        raise unknown("task", FLAGS.task, known)
    return known[FLAGS.task]


def _own_tasks():
    from stilts_keras.graph.own_tasks import load_task_file

    return [task for file in FLAGS.task_file for task in load_task_file(file)]
