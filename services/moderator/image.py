"""How likely a picture is sexual: nsfwjs' MobileNetV2 through onnxruntime, on bounded decodes only.

It sees nudity and sexual drawings. It does not see violence or hate: no openly licensed classifier for those
ships anywhere, so for them the prompt's screening stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from services.runtime.pictures import read_still

_SIDE = 224
_CLASSES = ("drawing", "hentai", "neutral", "porn", "sexy")


class ImageModel:
    """Safe to call from several threads: the session keeps no call state."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Load `model.onnx`; raises FileNotFoundError if it is absent."""
        if not path.is_file():
            raise FileNotFoundError(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def scores(self, image: bytes) -> Mapping[str, float]:
        """ "sexual" (like a photo), "sexual_drawing" and "suggestive", 0 to 1, together at most 1.

        Raises Fault INVALID_ARGUMENT.
        """
        pixels = decode(image)[None]
        probabilities = self._session.run(["probabilities"], {"pixels": pixels})[0][0]
        by_class = dict(zip(_CLASSES, (float(p) for p in probabilities), strict=True))
        return {
            "sexual": by_class["porn"],
            "sexual_drawing": by_class["hentai"],
            "suggestive": by_class["sexy"],
        }


def decode(image: bytes) -> NDArray[np.float32]:
    """RGB pixels [224,224,3] in 0..255, transparency on white. Raises Fault INVALID_ARGUMENT on anything that is
    not one still picture of a sane size."""
    flat = read_still(image, "image", least=2 * _SIDE)
    return np.asarray(flat.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0), np.float32)
