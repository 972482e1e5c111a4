"""What screening a picture costs: `python -m bench.moderator.pictures`, or as rows of `bench.moderator`.

One thread of one core, the file's bytes to scores. Most of a large PNG's time is its unpacking.
"""

from __future__ import annotations

import io
import statistics
import time

from PIL import Image

from bench.traffic.systems import REPO
from services.moderator.image import ImageModel

WEIGHTS = REPO / "models" / "weights" / "image-moderator" / "model.onnx"
DRAWN = REPO / "docs" / "model" / "story.png"
P95_MS = 15.0
KINDS = (("PNG", 256), ("PNG", 512), ("PNG", 1024), ("JPEG", 1024), ("WEBP", 1024))
"""The first is what ships: the default model's size."""
TIMES = 60


def measured() -> dict[str, float]:
    """The 95th percentile of the CPU milliseconds a picture, by kind."""
    model = ImageModel(WEIGHTS)
    found = {}
    for form, side in KINDS:
        data = _encoded(form, side)
        spent = []
        for _ in range(TIMES):
            started = time.thread_time()
            model.scores(data)
            spent.append(1000 * (time.thread_time() - started))
        found[f"{form}, {side} px"] = statistics.quantiles(spent, n=20)[-1]
    return found


def _encoded(form: str, side: int) -> bytes:
    buffer = io.BytesIO()
    Image.open(DRAWN).convert("RGB").resize((side, side)).save(buffer, form)
    return buffer.getvalue()


if __name__ == "__main__":
    for kind, milliseconds in measured().items():
        print(f"{kind}: {milliseconds:.1f} ms at p95")
