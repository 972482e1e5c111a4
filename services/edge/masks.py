"""Whether a mask leaves anything to draw. That takes its pixels: one at a time, beside the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from services.edge.asking import ModelFacts
from services.edge.job import Spec
from services.runtime.errors import Fault, Reason, invalid
from services.runtime.pictures import read_mask

MOST = 32
"""Masks that wait; one of 4,096 pixels an edge takes 100 MB and 0.2 s."""


class MaskReader:
    """Of one edge process; used on its event loop."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mask")
        self._here = 0

    async def look_into(self, mask: bytes, spec: Spec, model: ModelFacts) -> None:
        """Raises Fault INVALID_ARGUMENT where nothing of the mask is left at the size that is drawn, OVERLOADED
        where too many wait."""
        if self._here >= MOST:
            raise Fault(Reason.OVERLOADED, "too many masks wait to be read", retry_after=1.0)
        size = (model.native_width, model.native_height) if model.square else (spec.width, spec.height)
        self._here += 1
        try:
            loop = asyncio.get_running_loop()
            anew = await loop.run_in_executor(self._thread, read_mask, mask, "mask", *size)
        finally:
            self._here -= 1
        if anew.getbbox() is None:
            raise invalid("mask", "must leave something to draw")
