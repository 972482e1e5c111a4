"""Training weights out of an exported graph, so that a later run can go on from what is shipped.

The exporter renames, transposes and reshapes parameters (a linear layer's weight becomes an anonymous
MatMul operand). Which initializer holds which parameter is found by exporting a twin whose values are
all different: the same code and exporter give the same names.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from models.text2image.export import write_graph
from models.text2image.model import ModelConfig, PictureModel

_Turn = Callable[[np.ndarray], np.ndarray]


def exported_weights(graph: Path, config: ModelConfig) -> dict[str, torch.Tensor]:
    """The state dict of the graph's weights, float32, as exact as the file's float16.

    Raises ValueError when a parameter cannot be found: the graph is of another shape of model.
    """
    torch.manual_seed(0)
    twin = PictureModel(config)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.copy_(torch.randn_like(parameter))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "twin.onnx"
        write_graph(twin, path)
        marked = _initializers(path)
    wanted = _initializers(graph)
    names = {_mark(values): name for name, values in marked.items()}
    state = {}
    for name, parameter in twin.state_dict().items():
        for turned, turn_back in _forms(parameter.numpy()):
            found = names.get(_mark(turned))
            if found in wanted and wanted[found].shape == turned.shape:
                state[name] = torch.from_numpy(turn_back(wanted[found]).astype(np.float32).copy())
                break
        else:
            raise ValueError(f"{graph} holds no {name} as this model has it")
    return state


def _initializers(path: Path) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(str(path)).graph.initializer}


def _mark(values: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    """Shape and first values: enough to tell random tensors apart, blind to float16 against float32."""
    return values.shape, values.ravel()[:16].astype(np.float16).tobytes()


def _forms(values: np.ndarray) -> Iterator[tuple[np.ndarray, _Turn]]:
    """The ways an exporter stores a parameter, each with its way back."""
    yield values, lambda stored: stored
    if values.ndim == 2:
        yield values.T, lambda stored: stored.T
    if values.ndim == 1:
        yield values[:, None, None], lambda stored: stored[:, 0, 0]
