"""Text to the vectors that a denoiser reads, through one tokenizer and its encoder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.generator.families.interface import Array
from services.generator.families.onnx_file import OnnxFile
from services.generator.families.part_graph import PartGraph
from services.generator.families.tokens import Tokens
from services.generator.folder import FolderError
from services.generator.providers import Execution

HIDDEN = "hidden_states."


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """One encoded text. Nobody writes to it."""

    tokens: Array  # [T,D]
    pooled: Array | None = None  # [P]

    def __post_init__(self) -> None:
        for array in (self.tokens, self.pooled):
            if array is not None:
                array.setflags(write=False)


class TextEncoder:
    """`text_encoder{place}` with `tokenizer{place}`; `place` is "", "_2" or "_3"."""

    def __init__(
        self,
        folder: Path,
        place: str,
        *,
        execution: Execution,
        pooled: str | None = None,
        deep: bool = False,
        length: int | None = None,
    ) -> None:
        """`pooled` names the output that is a vector for the whole text. `deep` reads the tokens from the last
        layer but one, before the last norm. `length` is of the text, in tokens. Raises FolderError."""
        self.tokens = Tokens(folder, f"tokenizer{place}", length)
        shape = {"input_ids": (1, self.tokens.length)}
        file = OnnxFile(folder, f"text_encoder{place}")
        self.graph = PartGraph(file, {"input_ids": (None, self.tokens.length)}, [shape] * 3, execution=execution)
        self.outputs = [_last_but_one(self.graph) if deep else "last_hidden_state"]
        self.outputs += [pooled] if pooled else []
        self.graph.must_have(*self.outputs)
        self.graph.tried(self.outputs, {"input_ids": self.tokens.numbers("")})

    def encode(self, text: str) -> Text:
        """One text a call, so that its vectors cannot depend on others."""
        answers = self.graph.run(self.outputs, {"input_ids": self.tokens.numbers(text)})
        return Text(*(answer[0] for answer in answers))


def _last_but_one(graph: PartGraph) -> str:
    """`hidden_states.0` is what the first layer is given, so L layers have L + 1 of them."""
    layers = [name for name in graph.outputs if name.startswith(HIDDEN)]
    if len(layers) < 2:
        raise FolderError(f"{graph.file}: outputs {HIDDEN}0 and so on are missing")
    return f"{HIDDEN}{len(layers) - 2}"
