"""A stage's Model put together: a backbone, and fresh or trained heads."""

from stilts_keras import backend
from stilts_keras.backbones import loading
from stilts_keras.backbones.lora import add_factors
from stilts_keras.backbones.lora import add_lora
from stilts_keras.backbones.lora import merge_lora
from stilts_keras.backbones.lora import read_factors
from stilts_keras.backbones.lora_folder import LORA
from stilts_keras.backbones.lora_folder import check_base
from stilts_keras.backbones.lora_folder import lora_facts
from stilts_keras.backend import jit_compile
from stilts_keras.errors import StageError
from stilts_keras.graph.request import SWEEP
from stilts_keras.problems.retrieval import DOCUMENTED_POOLING
from stilts_keras.problems.retrieval import documented_layer
from stilts_keras.steps import checkpoint
from stilts_keras.steps.averaging import mean_of
from stilts_keras.steps.multitask import MultiTask


class Assembly:
    """Makes the Models of one run's stages."""

    def __init__(self, root, inputs, stages):
        """Loads nothing yet.

        Args:
            root: `Backbone`, fetched.
            inputs: `Inputs`. It knows the problems, and labels from data.
            stages: `StageFolders`.
        """
        self._root = root
        self._inputs = inputs
        self._stages = stages

    def untrained(self, stage):
        """Returns a stage's Model as its training begins."""
        model = self._model(stage, start=stage.parent, is_trained=True)
        self._take_replayed_heads(stage, model)
        if stage.takes_head:
            self._take_head(stage, model)
        return model

    def settle(self, model):
        """Makes a Model that was trained what `finished` would load."""
        if model.encoder.adapters:
            merge_lora(model.encoder)
            # What was compiled would add the factors once more.
            model.compile(jit_compile=jit_compile())

    def lora_facts(self, stage):
        """Returns what a LoRA stage's manifest tells; {} for others."""
        if stage.recipe.lora_rank is None:
            return {}
        facts = lora_facts(
            stage.lora_ranks,
            backbone=stage.backbone,
            target=self._stages.target(stage),
            base=stage.base and self.folder(stage.base),
        )
        return {LORA: facts}

    def finished(self, stage):
        """Returns a finished stage's Model with its heads."""
        model = self._model(stage, start=stage)
        checkpoint.load_heads(self.folder(stage), model.heads)
        return model

    def mean_of(self, stage):
        """Returns the Model whose weights are the mean of finished stages'.

        Args:
            stage: Stage, with stages that it is the mean of.
        """
        model = mean_of(
            lambda parent=parent: self.finished(parent)
            for parent in stage.averaged
        )
        # Weights of its own: of the factors, no folder is to tell.
        model.encoder.factors = []
        return model

    def with_heads_of(self, stage, encoder):
        """Puts the trained heads of a finished stage on a backbone."""
        model = self._with_new_heads(stage, encoder)
        checkpoint.load_heads(self.folder(stage), model.heads)
        return model

    def pooled(self, cell, encoder=None):
        """Makes a Model from tokens to pooled hidden states.

        Args:
            cell: `Cell` of a target that is not trained.
            encoder: `Encoder` with the weights of the cell's stage, or None to
                load them.

        Returns:
            Tuple: the Model; the list of its hidden states' numbers; the
            index of the one that counts; how they are pooled.
        """
        if encoder is None:
            encoder = self._encoder(cell.stage, cell.recipe.dtype_policy)
        layer = cell.layer
        is_sweep = layer == SWEEP
        if layer is None or is_sweep:
            layer = documented_layer(encoder.num_layers)
        layers = [*range(encoder.num_layers + 1)] if is_sweep else [layer]
        pooling = cell.pooling or DOCUMENTED_POOLING
        head = self._inputs.problem(cell.target).head(encoder, pooling)
        model = MultiTask(
            encoder,
            {cell.target.head_key: head},
            network=encoder.cut(layers),
        )
        return model, layers, layers.index(layer), pooling

    def folder(self, stage):
        """Returns the folder of a finished stage.

        Raises:
            StageError: If it is gone.
        """
        found = self._stages.find(stage)
        if found is None:
            raise StageError(
                f"Stage {stage.path!r} was deleted while this run needed it. "
                "Run the same command again: it is then trained anew."
            )
        return found

    def _model(self, stage, *, start, is_trained=False):
        """Builds a stage's Model: fresh heads on the backbone of `start`."""
        backend.set_seed(stage.seed)
        encoder = self._encoder(start, stage.recipe.dtype_policy)
        if is_trained and stage.recipe.lora_rank is not None:
            add_lora(encoder, stage.recipe.lora_rank, stage.seed)
        return self._with_new_heads(stage, encoder)

    def _with_new_heads(self, stage, encoder):
        """Puts fresh heads for all of a stage's sources on a backbone."""
        heads = {}
        for source in stage.all_sources:
            if source.task.head_key not in heads:
                problem = self._inputs.problem(source.task)
                heads[source.task.head_key] = problem.head(encoder)
        return MultiTask(encoder, heads, seed=stage.head_seed)

    def _encoder(self, stage, dtype_policy):
        """Loads the backbone of a finished stage, or the root (None)."""
        how = {
            "tokenizer": self._inputs.tokenizer,
            "dtype_policy": dtype_policy,
        }
        if stage is None:
            return loading.load_root(self._root, **how)
        folder = self.folder(stage)
        if stage.recipe.lora_rank is None:
            return loading.load_stage(folder, backbone=self._root, **how)
        if stage.base is not None:
            check_base(folder, self.folder(stage.base))
        encoder = self._encoder(stage.base, dtype_policy)
        add_factors(encoder, read_factors(folder))
        return encoder

    def _take_head(self, stage, model):
        """Lets a stage's own head begin as its parent's, of another key."""
        before = stage.parent.sources[0].task.head_key
        heads = self.with_heads_of(stage.parent, model.encoder).heads
        head = model.heads[stage.sources[0].task.head_key]
        head.set_weights(heads[before].get_weights())

    def _take_replayed_heads(self, stage, model):
        """Lets replayed sources go on with the heads that they had."""
        own = {source.task.head_key for source in stage.sources}
        for source in stage.replayed:
            key = source.task.head_key
            if key not in own:
                last = holder(stage.parent, key)
                heads = self.with_heads_of(last, model.encoder).heads
                model.heads[key].set_weights(heads[key].get_weights())


def holder(stage, head_key):
    """Returns the last stage of a chain that trained a head."""
    return next(
        earlier
        for earlier in reversed(stage.chain)
        if head_key in {s.task.head_key for s in earlier.all_sources}
    )
