"""What test_whisper.py has each backend do with real weights and speech.

`KERAS_BACKEND=torch python real_speech_run.py FOLDER` writes FOLDER/torch.npz
of FOLDER/real, a Hugging Face folder, and FOLDER/waveforms.npz.
"""

import pathlib
import sys

import keras
import numpy as np

from backbones import speech
from stilts_keras import backend
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.backbones.loading import load_root
from stilts_keras.backbones.loading import load_tokenizer

NAME = keras.backend.backend()


def main(folder):
    backend.prepare()
    root = describe_backbone(str(folder / "real"))
    log_mel = load_tokenizer(root)
    encoder = load_root(root, tokenizer=log_mel)
    network = encoder.cut(range(encoder.num_layers + 1))
    with np.load(folder / "waveforms.npz") as archive:
        waveforms = dict(archive)
    frames = log_mel.encode([*waveforms.values()])
    # Together: the shorter is padded.
    x = speech.arrays(log_mel, frames)
    found = network.predict_on_batch(x)
    found = np.stack([keras.ops.convert_to_numpy(state) for state in found])
    noted = {}
    for row, (name, each) in enumerate(zip(waveforms, frames, strict=True)):
        noted[f"{name}/states"] = found[:, row, : len(each)]
        if NAME == "torch":
            for key, dtype in (("theirs", "float32"), ("exact", "float64")):
                noted[f"{name}/{key}"] = speech.states_of_transformers(
                    folder / "real", each.frames, dtype
                )
    np.savez(folder / f"{NAME}.npz", **noted)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
