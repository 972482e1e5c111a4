"""The picture classifier of npm `nsfwjs` as ONNX: `python -m models.moderation.image NSFWJS.tgz OUT_FOLDER`.

Source: the MobileNetV2 (224 px) inside npm `nsfwjs` 4.3.0 (MIT), a Keras model of GantMan's nsfw_model (MIT)
with 8-bit weights. The tarball comes from `npm pack nsfwjs@4.3.0`; nothing in it is executed.

Input `pixels` float32[B,224,224,3], RGB in 0..255. Output `probabilities` float32[B,5] in the order of CLASSES.
The weights stay 8-bit in the file (2.7 MB) as `level * scale + minimum`, unfolded when the session starts.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from models.encoder.graph import Graph

CLASSES = ("Drawing", "Hentai", "Neutral", "Porn", "Sexy")
SIDE = 224
_FOLDER = "package/dist/models/mobilenet_v2"

Quantised = tuple[NDArray[np.uint8], float, float]  # levels, scale, minimum


def read_package(tarball: Path) -> tuple[list[dict[str, Any]], dict[str, Quantised]]:
    """The Keras layers and the quantised weights by name; raises KeyError if the layout is another."""
    with tarfile.open(tarball) as archive:

        def text(name: str) -> str:
            member = archive.extractfile(f"{_FOLDER}/{name}")
            if member is None:
                raise KeyError(name)
            return member.read().decode()

        topology = _literal(text("model.min.js"))
        blob = max(re.findall(r'"([A-Za-z0-9+/=]{1000,})"', text("group1-shard1of1.min.js")), key=len)
    data = base64.b64decode(blob)
    weights: dict[str, Quantised] = {}
    start = 0
    for entry in topology["weightsManifest"][0]["weights"]:
        size = int(np.prod(entry["shape"]))
        levels = np.frombuffer(data, np.uint8, size, start).reshape(entry["shape"])
        weights[entry["name"]] = (levels, entry["quantization"]["scale"], entry["quantization"]["min"])
        start += size
    if start != len(data):
        raise ValueError(f"{len(data) - start} bytes of the weight file belong to no layer")
    return topology["modelTopology"]["model_config"]["config"]["layers"], weights


def _literal(script: str) -> dict[str, Any]:
    """The one object literal a minified module exports, read as JSON."""
    body = script[script.index("{modelTopology") : script.rindex("]}") + 2]
    body = re.sub(r"([{,])([A-Za-z_]\w*):", r'\1"\2":', body)  # bare keys
    body = re.sub(r"([:,\[])(-?)\.(\d)", r"\1\g<2>0.\3", body)  # .5
    body = body.replace("!0", "true").replace("!1", "false")
    decoded, _ = json.JSONDecoder().raw_decode(body)
    return decoded


class _Builder:
    """Translates Keras layers, channels last, to ONNX nodes, channels first."""

    def __init__(self, weights: dict[str, Quantised]) -> None:
        self.graph = Graph("nsfw_mobilenet_v2")
        self._weights = weights

    def weight(self, name: str, axes: tuple[int, ...] | None = None) -> str:
        """A dequantised weight, transposed to `axes` first."""
        levels, scale, minimum = self._weights[name]
        g = self.graph
        stored = g.constant(name, levels if axes is None else levels.transpose(axes))
        value = g.op("Cast", stored, to=onnx.TensorProto.FLOAT)
        value = g.op("Mul", value, g.constant(f"{name}/scale", np.float32(scale)))
        return g.op("Add", value, g.constant(f"{name}/minimum", np.float32(minimum)))

    def layer(self, kind: str, config: dict[str, Any], inputs: list[str]) -> str:
        """Add one layer and return its value; raises ValueError on a kind this network does not have."""
        g, name = self.graph, config["name"]
        match kind:
            case "Conv2D" | "DepthwiseConv2D":
                deep = kind == "DepthwiseConv2D"
                key = "depthwise_kernel" if deep else "kernel"
                # [h,w,in,out] -> [out,in,h,w]; a depthwise kernel [h,w,c,1] -> [c,1,h,w]
                kernel = self.weight(f"{name}/{key}", (2, 3, 0, 1) if deep else (3, 2, 0, 1))
                height = config["kernel_size"][0]
                same = config["padding"] == "same"
                if same and config["strides"] != [1, 1]:
                    raise ValueError(f"{name}: strided 'same' padding is not symmetric")
                return g.op(
                    "Conv",
                    inputs[0],
                    kernel,
                    strides=config["strides"],
                    pads=[(height - 1) // 2 if same else 0] * 4,
                    group=self._weights[f"{name}/{key}"][0].shape[2] if deep else 1,
                )
            case "BatchNormalization":
                parts = [self.weight(f"{name}/{p}") for p in ("gamma", "beta", "moving_mean", "moving_variance")]
                return g.op("BatchNormalization", inputs[0], *parts, epsilon=config["epsilon"])
            case "ReLU":
                bounds = (g.constant(f"{name}/low", np.float32(0)), g.constant(f"{name}/high", np.float32(6)))
                return g.op("Clip", inputs[0], *bounds)
            case "ZeroPadding2D":
                (top, bottom), (left, right) = config["padding"]
                pads = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
                return g.op("Pad", inputs[0], g.constant(f"{name}/pads", pads))
            case "Add":
                return g.op("Add", *inputs)
            case "AveragePooling2D":
                return g.op("AveragePool", inputs[0], kernel_shape=config["pool_size"])
            case "Flatten":
                return g.op("Flatten", inputs[0])
            case "Dropout":
                return inputs[0]
            case "Dense":
                x = g.op("MatMul", inputs[0], self.weight(f"{name}/kernel"))
                x = g.op("Add", x, self.weight(f"{name}/bias"))
                return g.op("Relu", x) if config["activation"] == "relu" else g.op("Softmax", x, axis=1)
            case _:
                raise ValueError(f"layer {name} has the unknown kind {kind}")


def build(layers: list[dict[str, Any]], weights: dict[str, Quantised]) -> onnx.ModelProto:
    """The whole classifier, from pixels to class probabilities."""
    builder = _Builder(weights)
    g = builder.graph
    pixels = g.input("pixels", onnx.TensorProto.FLOAT, ["B", SIDE, SIDE, 3])
    scaled = g.op("Div", pixels, g.constant("full_scale", np.float32(255)))
    values: dict[str, str] = {}
    last = ""
    for layer in layers:
        name, kind = layer["name"], layer["class_name"]
        if kind == "InputLayer":
            values[name] = g.op("Transpose", scaled, perm=[0, 3, 1, 2])
        else:
            values[name] = builder.layer(kind, layer["config"], [values[n] for n in _inbound(layer)])
        last = values[name]
    g.output("probabilities", last, ["B", len(CLASSES)])
    return g.model("MobileNetV2 of nsfwjs 4.3.0, MIT; classes " + ", ".join(CLASSES))


def _inbound(layer: dict[str, Any]) -> Iterator[str]:
    """Names of the layers whose outputs this one reads."""
    for node in layer["inbound_nodes"]:
        for source in node:
            yield source[0]


def main() -> None:
    """Write model.onnx into the folder and print its size and digest."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("tarball", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    target = arguments.folder / "model.onnx"
    onnx.save(build(*read_package(arguments.tarball)), target)
    data = target.read_bytes()
    print(f"model.onnx  {len(data)} bytes  sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
