"""The models that can be asked for, as the generators report them."""

import asyncio
import logging
from collections.abc import Mapping

import grpc

from services.edge.asking import ModelFacts, pick_model
from services.edge.grpc_ovens import list_models
from services.runtime.errors import Fault

log = logging.getLogger("fournil.catalogue")

REFRESH_SECONDS = 5.0
FIRST_TRIES_SECONDS = 0.5

ALIASES = frozenset(
    {
        "gpt-image-1", "gpt-image-1-mini", "gpt-image-1.5", "gpt-image-2", "chatgpt-image-latest",
        "dall-e-2", "dall-e-3",
    }
)  # fmt: skip
"""Names that clients of other services send without being asked; they mean the default model here."""


class Catalogue:
    """Keeps the last known models: while generators restart, jobs for their models are accepted and wait."""

    def __init__(self, generators: grpc.aio.Channel, default: str) -> None:
        self._generators = generators
        self._default = default
        self._known: dict[str, ModelFacts] = {}

    @property
    def known(self) -> Mapping[str, ModelFacts]:
        """Models by name."""
        return self._known

    def pick(self, name: object) -> ModelFacts:
        """The model asked for. Raises Fault MODEL_UNKNOWN, or UNAVAILABLE before the first report."""
        return pick_model(name, self._known, ALIASES, self._default)

    async def run(self) -> None:
        """Asks one replica after the other (the channel goes round robin) while the process lives."""
        while True:
            try:
                found = await list_models(self._generators)
                self._known = {**self._known, **found}
            except Fault as fault:
                log.info("no generator answers", extra={"reason": fault.reason})
            await asyncio.sleep(REFRESH_SECONDS if self._known else FIRST_TRIES_SECONDS)
