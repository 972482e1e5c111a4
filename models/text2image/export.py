"""Export a checkpoint as an ONNX model folder: `python -m models.text2image.export CHECKPOINT`.

The folder follows the layout diffusers uses: model_index.json, scheduler/ and unet/. The graph takes
a noisy picture and a noise level a row and returns the velocity (noise - clean picture), so a plain
flow-match Euler step needs nothing else. Weights are stored as float16 and widened when the session
loads: half the file, and arithmetic stays float32.
"""

import argparse
import hashlib
import json
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from models.text2image.model import ModelConfig, PictureModel, config_of

NAME = "fournil-mini"
OPSET = 17
SHIFT = 1.0
INPUTS = ("sample", "timestep", "encoder_hidden_states", "encoder_attention_mask", "pooled")
PREFIX, HALF = "model.", ".half"
"""Around a parameter's name in the graph: it belongs to `VelocityModel.model`, and may be stored as float16."""


class VelocityModel(nn.Module):
    """The picture model with a time step in thousandths, answering with the velocity."""

    def __init__(self, model: PictureModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, sample: Tensor, timestep: Tensor, tokens: Tensor, mask: Tensor, pooled: Tensor) -> Tensor:
        t = timestep / 1000.0  # [B]
        clean = self.model(sample, t, tokens, mask, pooled)
        return (sample - clean) / t.clamp(min=1e-3)[:, None, None, None]


@dataclass(frozen=True)
class Facts:
    """What a checkpoint says of its model: how it is meant to be drawn with, and the runs that made it."""

    steps: int
    guidance: float
    training_runs: list[dict[str, object]]


def load_average(checkpoint: Path) -> tuple[PictureModel, Facts]:
    """The averaged weights of a training checkpoint, ready to draw, on the CPU."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model = PictureModel(config_of(state["model_config"]))
    model.load_state_dict(state["average"])
    purpose = state["purpose"]
    facts = Facts(purpose["steps"], purpose["guidance"], state["training_runs"])
    return model.eval().requires_grad_(False), facts


def example_inputs(config: ModelConfig, rows: int, tokens: int, seed: int = 0) -> tuple[Tensor, ...]:
    """Random inputs of the graph's shapes; the first row's last tokens are padding."""
    generator = torch.Generator().manual_seed(seed)
    size = config.image_size
    mask = torch.ones(rows, tokens)
    mask[0, tokens // 2 :] = 0.0
    return (
        torch.randn((rows, 3, size, size), generator=generator),
        torch.rand(rows, generator=generator) * 950 + 50,
        torch.randn((rows, tokens, config.token_dim), generator=generator) * 0.4 * mask[:, :, None],
        mask,
        torch.randn((rows, config.pooled_dim), generator=generator) * 0.05,
    )


def halve_weights(model: onnx.ModelProto) -> None:
    """Store every large float32 initializer as float16, with a Cast in front of its users."""
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < 1024:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + HALF))
        casts.append(helper.make_node("Cast", [name + HALF], [name], f"{name}.widen", to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def halve_weights_of(path: Path) -> None:
    """`halve_weights` of a graph's file, in place; the result is checked."""
    graph = onnx.load(str(path))
    halve_weights(graph)
    onnx.checker.check_model(graph, full_check=True)
    onnx.save(graph, str(path))


def write_graph(model: PictureModel, path: Path) -> None:
    """Write the ONNX graph of `model`, with batch B and tokens T left open."""
    with warnings.catch_warnings():
        # The TorchScript exporter is the one that needs no further package; it says it is the older one.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            VelocityModel(model).eval(),
            example_inputs(model.config, rows=2, tokens=9),
            str(path),
            input_names=list(INPUTS),
            output_names=["out_sample"],
            opset_version=OPSET,
            do_constant_folding=False,  # else linear weights lose their names, which `warm_start` needs
            dynamo=False,
            dynamic_axes={
                "sample": {0: "B"},
                "timestep": {0: "B"},
                "encoder_hidden_states": {0: "B", 1: "T"},
                "encoder_attention_mask": {0: "B", 1: "T"},
                "pooled": {0: "B"},
                "out_sample": {0: "B"},
            },
        )
    halve_weights_of(path)


def check_graph(model: PictureModel, path: Path) -> dict[str, float]:
    """Largest differences: to torch, between padding lengths, and between batch sizes (velocity units)."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def velocity(inputs: tuple[Tensor, ...]) -> np.ndarray:
        feeds = {name: tensor.numpy() for name, tensor in zip(INPUTS, inputs, strict=True)}
        return np.asarray(session.run(None, feeds)[0])

    inputs = example_inputs(model.config, rows=3, tokens=12, seed=5)
    together = velocity(inputs)
    alone = velocity(tuple(tensor[:1] for tensor in inputs))
    x, t, tokens, mask, pooled = (tensor[:1] for tensor in inputs)
    kept = int(mask.sum())
    unpadded = velocity((x, t, tokens[:, :kept], mask[:, :kept], pooled))
    with torch.no_grad():
        reference = VelocityModel(model)(*inputs).numpy()
    return {
        "torch": float(np.abs(together - reference).max()),
        "padding": float(np.abs(alone - unpadded).max()),
        "batch": float(np.abs(together[:1] - alone).max()),
    }


def _write_json(path: Path, content: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def export(checkpoint: Path, folder: Path) -> dict[str, float]:
    """Write the model folder; returns `check_graph`'s figures. Raises ValueError if a check fails."""
    model, facts = load_average(checkpoint)
    config = model.config
    (folder / "unet").mkdir(parents=True, exist_ok=True)
    part = folder / "unet" / "model.onnx.part"
    write_graph(model, part)
    differences = check_graph(model, part)
    if differences["padding"] > 1e-4 or differences["batch"] > 1e-4 or differences["torch"] > 0.1:
        raise ValueError(f"the exported graph differs: {differences}")
    _write_json(
        folder / "model_index.json",
        {
            "_class_name": "FournilTextToImagePipeline",
            "name": NAME,
            "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
            "text_encoder": ["services.runtime.sentence_encoder", "use-multilingual"],
            "unet": ["onnxruntime", "OnnxRuntimeModel"],
        },
    )
    _write_json(
        folder / "scheduler" / "scheduler_config.json",
        {
            "_class_name": "FlowMatchEulerDiscreteScheduler",
            "num_train_timesteps": 1000,
            "shift": SHIFT,
            "use_dynamic_shifting": False,
        },
    )
    _write_json(
        folder / "unet" / "config.json",
        {
            "_class_name": "FournilVelocityModel",
            "name": NAME,
            "prediction": "velocity",
            "sample_size": config.image_size,
            "in_channels": 3,
            "out_channels": 3,
            "cross_attention_dim": config.token_dim,
            "pooled_dim": config.pooled_dim,
            "block_out_channels": list(config.widths),
            "pixel_range": [-1.0, 1.0],
            "default_steps": facts.steps,
            "default_guidance": facts.guidance,
            "model_config": asdict(config),
            "training_runs": facts.training_runs,
        },
    )
    part.replace(folder / "unet" / "model.onnx")
    return differences


def main() -> None:
    """Command line of the export step alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path, nargs="?", default=Path(".cache/fournil-mini/latest.pt"))
    parser.add_argument("--folder", type=Path, default=Path("models/weights") / NAME)
    arguments = parser.parse_args()
    differences = export(arguments.checkpoint, arguments.folder)
    path = arguments.folder / "unet" / "model.onnx"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, sha256 {digest}, largest differences {differences}")


if __name__ == "__main__":
    main()
