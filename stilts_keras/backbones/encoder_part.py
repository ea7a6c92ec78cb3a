"""Families of which KerasHub's class has a decoder, too: the encoder alone.

A stage's folder holds the encoder alone, in KerasHub's format, and says so
under our own key of config.json. KerasHub itself cannot open it: its class
wants the decoder, too.
"""

import gc
import pathlib

from stilts_keras.backbones.family import WEIGHTS_FILE
from stilts_keras.backbones.family import Family
from stilts_keras.backbones.family import from_preset
from stilts_keras.backbones.family import unloadable
from stilts_keras.backbones.family import write_config
from stilts_keras.backbones.family_facts import SETTINGS_KEY
from stilts_keras.backbones.huggingface import read_config

# Our setting that marks a folder of ours.
PART, ENCODER = "part", "encoder"


class EncoderPart(Family):
    """An encoder, as a Model with `arguments`: those of KerasHub's class."""

    def build_encoder(self, arguments, dtype_policy):
        """Builds the encoder, and no decoder; weights mean nothing yet.

        Args:
            arguments: dict. Of KerasHub's class, what the encoder follows.
            dtype_policy: str or `keras.DTypePolicy`.

        Returns:
            `keras.Model` with `arguments`.
        """
        raise NotImplementedError

    def take_encoder(self, whole):
        """Takes the encoder out of KerasHub's class, as a Model of its own.

        Args:
            whole: KerasHub's backbone.

        Returns:
            As `build_encoder`, with its weights.
        """
        raise NotImplementedError

    def keras_model(self, model):
        """The encoder."""
        import keras_hub

        kind = getattr(keras_hub.models, self.keras_class)
        return self.take_encoder(model) if isinstance(model, kind) else model

    def read_keras_settings(self, config):
        """All but the mark that only `load_keras` asks for."""
        settings = super().read_keras_settings(config)
        return {name: settings[name] for name in settings if name != PART}

    def size(self, model, name):
        """All are arguments of KerasHub's class."""
        return model.arguments.get(name)

    def load_keras(self, preset, dtype_policy):
        """Loads a stage's folder; of KerasHub's own, drops the decoder."""
        import keras_hub

        if pathlib.Path(preset).is_dir():
            config = read_config(preset)
            if config.get(SETTINGS_KEY, {}).get(PART) == ENCODER:
                return self._load_encoder(
                    preset, config["config"], dtype_policy
                )
        kind = getattr(keras_hub.models, self.keras_class)
        whole = from_preset(kind, preset, dtype=dtype_policy)
        encoder = self.take_encoder(whole)
        # Models are cycles, and this one is large.
        del whole
        gc.collect()
        return encoder

    def save(self, model, folder, settings):
        """Writes config and weights of the encoder alone."""
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.save_config(model, folder, settings)
        model.save_weights(str(folder / WEIGHTS_FILE))

    def save_config(self, model, folder, settings):
        """Writes that of KerasHub's class, and that the encoder alone is here.

        Args:
            model: as `keras_model`.
            folder: path.
            settings: dict. Goes into config.json under our own key.
        """
        import keras
        import keras_hub

        kind = getattr(keras_hub.models, self.keras_class)
        config = {
            "module": kind.__module__,
            "class_name": kind.__name__,
            "config": dict(model.arguments),
            "registered_name": keras.saving.get_registered_name(kind),
            SETTINGS_KEY: {**settings, PART: ENCODER},
        }
        write_config(folder, config)

    def _load_encoder(self, folder, arguments, dtype_policy):
        """Builds the encoder and reads its weights from a stage's folder."""
        model = self.build_encoder(arguments, dtype_policy)
        try:
            model.load_weights(str(pathlib.Path(folder, WEIGHTS_FILE)))
        except Exception as error:  # noqa: BLE001 - of Keras and of HDF5
            what = f"the encoder of {self.keras_class}"
            raise unloadable(str(folder), what, error) from error
        return model
