"""A training step's gradients on a GPU, recorded once as a CUDA graph and played back.

A model this small takes longer to launch, kernel by kernel, than to compute; a graph is launched at once.
"""

import torch
from torch import Tensor

from models.text2image.model import PictureModel
from models.text2image.noising import Noised, loss_of

WARM_UPS = 3
"""Passes before recording, in which libraries choose their kernels."""


class GraphedGradients:
    """Sets the gradients of `model` for batches of the shapes of `rows`; no one else may clear them any more."""

    def __init__(self, model: PictureModel, rows: Noised) -> None:
        self._rows = rows.copied()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                loss_of(model, self._rows).backward()
        torch.cuda.current_stream().wait_stream(side)
        model.zero_grad(set_to_none=True)  # so that the graph sets them instead of adding to them
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):  # other threads carry batches over
            self._loss = loss_of(model, self._rows)
            self._loss.backward()

    def __call__(self, rows: Noised) -> Tensor:
        """The loss; gradients stand on the parameters."""
        self._rows.copy_(rows)
        self._graph.replay()
        return self._loss
