"""A place where visits are made: tokenizer, packed rows, Models."""

from stilts_keras.backbones import loading
from stilts_keras.records.damage import Damages
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
