"""A place where visits are made: tokenizer, packed rows, Models."""

from stilts_keras import backend
from stilts_keras import files
from stilts_keras.backbones import loading
from stilts_keras.backbones.stage_heads import describe_heads
from stilts_keras.records.damage import Damages
from stilts_keras.steps import checkpoint
from stilts_keras.steps.assembly import Assembly
from stilts_keras.steps.inputs import Inputs


class Place:
    """Where visits of a run are made: tokenizer, packed rows, Models.

    Attributes:
        setting: Setting.
        root: Backbone, fetched.
        inputs: `Inputs`.
        models: `Assembly`.
        damages: `Damages`.
    """

    def __init__(self, setting):
        """Fetches the backbone and reads its tokenizer."""
        self.setting = setting
        self.root = loading.fetch(setting.backbone)
        self.inputs = Inputs(
            setting.data,
            loading.load_tokenizer(self.root),
            num_positions=self.root.max_sequence_length,
            bad_rows=setting.options.bad_rows,
        )
        self.models = Assembly(self.root, self.inputs, setting.stages)
        self.damages = Damages(setting.options.on_damage)

    def save_stage(self, stage, model, facts, means=None):
        """Writes a stage's folder, in one of all processes.

        All go on with it there; what the stage was made of may then go. It is
        linked where it lies in a store.

        Args:
            stage: Stage.
            model: `MultiTask`, with the weights to be kept.
            facts: dict. What the manifest tells besides its files.
            means: dict or None. As `checkpoint.save_stage` takes them.
        """
        stages = self.setting.stages
        target = stages.target(stage)
        # Processes may be apart until here.
        backend.wait_for_all("made")
        if backend.is_first_process():
            checkpoint.save_stage(
                target,
                model=model,
                heads=describe_heads(
                    self.inputs.task(source.task)
                    for source in stage.all_sources
                ),
                facts=facts,
                means=means,
            )
            stages.adopt(stage)
        backend.wait_for_all("saved")
        files.await_seen(target / files.MANIFEST)
