"""Training weights out of an exported graph, so that a later run can go on from what is shipped.

`export` folds no constants, so each parameter stands in the graph under its own name.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from models.text2image.export import HALF, PREFIX


def exported_weights(graph: Path) -> dict[str, torch.Tensor]:
    """The state dict of the graph's weights, float32, as exact as the file's float16."""
    return {
        tensor.name.removeprefix(PREFIX).removesuffix(HALF): torch.from_numpy(
            numpy_helper.to_array(tensor).astype(np.float32)
        )
        for tensor in onnx.load(str(graph)).graph.initializer
        if tensor.name.startswith(PREFIX)
    }
