"""Prints a graph as a tree with its cost, before anything is spent."""

import collections
import dataclasses
import sys

from stilts_keras.backbones import get_family
from stilts_keras.data.mixture import PROPORTIONAL
from stilts_keras.graph import amounts
from stilts_keras.graph.disturbed import plan_notes
from stilts_keras.graph.request import SWEEP
from stilts_keras.graph.twins import average_title
from stilts_keras.graph.twins import twins_of

WIDTH = 100


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a stage takes; None where a size is not known yet.

    Attributes:
        steps: int or None.
        tokens: int or None. Estimate: each row one sequence at its full length.
        flops: int or None. Of training, for that many tokens.
        disk: int or None. Bytes of the float32 weights, or factors.
    """

    steps: int | None
    tokens: int | None
    flops: int | None
    disk: int | None


def estimate_flops(backbone, num_tokens, is_frozen=False):
    """Estimates the floating-point operations of training on some tokens.

    6 N D: N parameters without embeddings, D tokens; 2 for the forward and 4
    for the backward pass, half of which are gradients of weights, which a
    frozen backbone needs not. Leaves out attention scores, heads and factors.

    Args:
        backbone: Backbone.
        num_tokens: int or None.
        is_frozen: bool.

    Returns:
        int, or None where the backbone's size or the tokens are unknown.

    Source: Kaplan et al., 2020, section 2.1, https://arxiv.org/abs/2001.08361.
    """
    parameters = backbone.num_encoder_parameters
    if parameters is None or num_tokens is None:
        return None
    return (4 if is_frozen else 6) * parameters * num_tokens


def estimate_cost(stage):
    """Estimates what a stage takes, from sizes alone.

    Args:
        stage: Stage.

    Returns:
        A `Cost`.
    """
    if stage.averaged:
        disk = _num_bytes(stage)
        if stage.num_checkpoints and disk is not None:
            # The stage itself keeps the mean, too.
            disk *= 2
        return Cost(steps=0, tokens=0, flops=0, disk=disk)
    tokens = None
    if stage.num_steps is not None and None not in stage.num_examples:
        shares = stage.shares(list(stage.num_examples))
        length = sum(
            share * most
            for share, most in zip(shares, stage.max_lengths, strict=True)
        )
        examples = stage.num_steps * stage.recipe.batch_size
        if stage.recipe.num_steps is None and not stage.replayed:
            # Not rounded up to whole batches.
            examples = stage.recipe.epochs * stage.sampling.epoch_size(
                stage.num_examples
            )
            examples += stage.more_steps * stage.recipe.batch_size
        tokens = round(examples * length)
    return Cost(
        steps=stage.num_steps,
        tokens=tokens,
        flops=estimate_flops(
            stage.backbone, tokens, stage.recipe.lora_rank is not None
        ),
        disk=_num_bytes(stage),
    )


def render_plan(
    graph, done=(), console=None, stored=(), mirrored=(), left=None, notes=()
):
    """Prints every stage once, who shares it, its cost, and the totals.

    Args:
        graph: Graph.
        done: set of str. Fingerprints of stages already trained.
        console: rich Console or None. None prints to standard output.
        stored: set of str. Of those, others, that the stage store holds.
        mirrored: set of str. Of those, others, that its mirror holds.
        left: mapping or None. `Remaining.cells`, of a run that has begun.
        notes: iterable of str. What is to be said besides.
    """
    # Imported here: rich takes longer to import than this whole room.
    from rich.console import Console
    from rich.tree import Tree

    if console is None:
        terminal = sys.stdout.isatty()
        console = Console(width=None if terminal else WIDTH, highlight=False)
    tree = Tree(_describe_root(graph), guide_style="dim")
    nodes = {None: tree}
    places = {"done": done, "in the store": stored, "in the mirror": mirrored}
    cells = _first_seed_cells(graph)
    _add_results(tree, graph, cells[None])
    for twins in twins_of(graph):
        stage = twins[0]
        node = nodes[stage.parent].add(_describe_stage(graph, twins, places))
        nodes[stage] = node
        _add_results(node, graph, cells[stage])
    console.print(tree)
    console.print()
    console.print(_totals(graph, places))
    for note in (*_notes(graph), *plan_notes(graph, left), *notes):
        console.print(note, style="dim", markup=False)


def _num_bytes(stage):
    backbone = stage.backbone
    parameters = backbone.num_parameters
    family = backbone.family and get_family(backbone.family)
    if stage.lora_ranks:
        # The folder has those of all LoRA stages since the base.
        parameters = family and family.num_lora_parameters(
            backbone, sum(stage.lora_ranks)
        )
    elif parameters is not None:
        parameters += family.num_fixed_parameters(backbone)
    return None if parameters is None else 4 * parameters


def _first_seed_cells(graph):
    """Groups one seed's routes by stage and target."""
    grouped = collections.defaultdict(lambda: collections.defaultdict(list))
    for cell in graph.cells:
        if cell.seed == graph.seeds[0]:
            grouped[cell.stage][cell.target].append(cell)
    return grouped


def _describe_root(graph):
    from rich.text import Text

    backbone = graph.backbone
    name = Text(f"{backbone.name}", style="bold")
    name.append(f"  {_size(backbone)}; data {graph.data.name}", "not bold dim")
    if len(graph.seeds) > 1:
        name.append(f"  x seeds {_list(graph.seeds)}", "not bold cyan")
    elif graph.seeds != (1,):
        name.append(f"  seed {graph.seeds[0]}", "not bold cyan")
    return name


def _size(backbone):
    if backbone.num_layers is None:
        return "sizes known after loading"
    parameters = backbone.num_parameters
    size = f"{backbone.num_layers} layers x {backbone.hidden_dim}"
    if parameters is None:
        encoder = amounts.short(backbone.num_encoder_parameters)
        return f"{size}, {encoder} parameters and embeddings"
    return f"{size}, {amounts.short(parameters)} parameters"


def _describe_stage(graph, twins, places):
    from rich.text import Text

    stage = twins[0]
    title = " + ".join(map(str, stage.sources))
    if stage.averaged:
        title = average_title(stage)
    text = Text(title, style="bold")
    for name, found in places.items():
        seeds = [twin.seed for twin in twins if twin.fingerprint in found]
        if len(seeds) == len(twins):
            text.append(f"  {name}", "not bold green")
        elif seeds:
            text.append(f"  {name} for seed {_list(seeds)}", "not bold green")
    routes = graph.used_by(stage)
    if len(routes) > 1:
        text.append(f"  shared by {_list(routes)}", "not bold cyan")
    text.append("\n" + _recipe_line(stage), "not bold")
    text.append("\n" + _cost_line(estimate_cost(stage)), "not bold dim")
    return text


def _recipe_line(stage):
    recipe = stage.recipe
    if stage.averaged:
        number = stage.num_checkpoints or len(stage.averaged)
        what = "checkpoints" if stage.num_checkpoints else "stages"
        return f"mean of the weights of {number} {what}"
    numbers = " + ".join(
        "?" if number is None else f"{number:,}"
        for number in stage.num_examples[: len(stage.sources)]
    )
    lengths = "/".join(map(str, dict.fromkeys(stage.max_lengths)))
    how_long = f"{recipe.epochs:g} epochs"
    if recipe.num_steps is not None:
        how_long = f"{recipe.num_steps:,} steps"
    if stage.more_steps:
        how_long += f" and {stage.more_steps:,} steps more"
    if recipe.early_stopping:
        how_long = f"at most {how_long}"
    return (
        f"{numbers} examples, {how_long}, learning rate "
        f"{recipe.learning_rate:g}, batch {recipe.batch_size}, max length "
        f"{lengths}, warm-up {recipe.warmup_ratio:g}{_lora(recipe)}"
        f"{_mixing(stage)}{_begins_with(stage)}"
    )


def _lora(recipe):
    rank = recipe.lora_rank
    return "" if rank is None else f", LoRA of rank {rank}"


def _begins_with(stage):
    if not stage.takes_head:
        return ""
    return f", begins with the head of {_list(stage.parent.sources)}"


def _mixing(stage):
    """Says how sources share the steps, where that is not as usual.

    And whose labels are permuted.
    """
    sampling, text = stage.sampling, ""
    permuted = [x.name for x in stage.all_sources if x.task.is_shuffled]
    if permuted:
        text += f", labels of {_list(permuted)} permuted among its rows"
    if len(stage.sources) > 1 and sampling.kind != PROPORTIONAL:
        details = {
            "capped": f" at {sampling.cap:,}",
            "temperature": f" {sampling.temperature:g}",
        }
        text += f", {sampling.kind}{details.get(sampling.kind, '')}"
    if stage.replayed:
        text += f", {stage.replay:g} replays {_list(stage.replayed)}"
    return text


def _cost_line(cost):
    steps = "steps unknown" if cost.steps is None else f"{cost.steps:,} steps"
    return (
        f"{steps}, tokens ~ {amounts.short(cost.tokens)}, FLOPs ~ "
        f"{amounts.power(cost.flops)}, disk {amounts.num_bytes(cost.disk)}"
    )


def _add_results(node, graph, targets):
    from rich.text import Text

    for target, cells in targets.items():
        count = len(cells[0].languages)
        noun = "language" if count == 1 else "languages"
        text = Text(f"-> {target.name}", style="yellow")
        text.append(f" in {count} {noun}", "default")
        text.append(_how_evaluated(graph, cells[0].target), "default")
        routes = _list([cell.route for cell in cells])
        text.append(f"  after {routes}", "dim")
        extra = [
            code
            for code in cells[0].languages
            if code in target.extra_languages
        ]
        if extra:
            text.append(f"  (in no benchmark: {' '.join(extra)})", "cyan")
        missing = graph.missing_languages(target)
        if missing:
            text.append(f"  (not in the data: {' '.join(missing)})", "red")
        node.add(text)


def _how_evaluated(graph, task):
    """Says what is not as a reader would take it to be."""
    text = ""
    if graph.eval_split(task) != "test":
        text += f", {graph.eval_split(task)} rows"
    if graph.request.eval_limit and graph.eval_count(task) is None:
        text += ", searched whole"
    if task.kind.is_trained:
        return text
    if graph.request.retrieval_layer == SWEEP:
        text += ", all hidden states"
    elif graph.request.retrieval_layer is not None:
        text += f", hidden state {graph.request.retrieval_layer}"
    if graph.request.retrieval_pooling:
        text += f", {graph.request.retrieval_pooling} pooling"
    return text


def _totals(graph, places):
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, title_justify="left")
    table.add_column("total")
    for name in ("stages", "steps", "tokens ~", "FLOPs ~", "disk"):
        table.add_column(name, justify="right")
    groups = {"all stages, each once": graph.stages}
    left = list(graph.stages)
    for place, found in places.items():
        if found or place == "done":
            name = place.replace("in the", "reused from the")
            groups[name] = [s for s in left if s.fingerprint in found]
            left = [s for s in left if s.fingerprint not in found]
    groups["to train"] = left
    for name, stages in groups.items():
        costs = [estimate_cost(stage) for stage in stages]
        table.add_row(
            name,
            f"{len(stages):,}",
            _sum([cost.steps for cost in costs], "{:,}".format),
            _sum([cost.tokens for cost in costs], amounts.short),
            _sum([cost.flops for cost in costs], amounts.power),
            _sum([cost.disk for cost in costs], amounts.num_bytes),
        )
    return table


def _notes(graph):
    for reason in graph.left_out.values():
        yield f"Left out: {reason}"
    yield from graph.lowered_lengths()
    yield from graph.notes_on_longer()
    problems = problems_of(graph.stages)
    unshared = sum(
        cell.stage.depth for cell in graph.cells if cell.stage is not None
    )
    yield (
        f"{len(graph.cells)} results (route, target, seed). Without sharing: "
        f"{unshared} stages."
    )
    if "multiple_choice" in problems:
        yield "Multiple choice: tokens and FLOPs are those of one choice."
    if "dual_encoder" in problems:
        yield "Dual encoder: tokens and FLOPs are those of one text of a pair."
    if "masked_lm" in problems:
        yield "Masked LM: a text above max length counts once here."
    if "span_extraction" in problems:
        yield "Span extraction: a context above max length counts once here."
    yield from graph.backbone.limits(problems)


def problems_of(stages):
    """Returns the names of the problems that stages train on.

    Args:
        stages: iterable of Stage.

    Returns:
        Set of str.
    """
    return {source.task.problem for stage in stages for source in stage.sources}


def _sum(values, write):
    known = [value for value in values if value is not None]
    if values and not known:
        return "unknown"
    # With a part unknown, the sum of the rest is a lower bound.
    more = " + ?" if len(known) < len(values) else ""
    return write(sum(known)) + more


def _list(values):
    return ", ".join(map(str, values))
