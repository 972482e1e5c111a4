"""What screening a picture costs: `python -m bench.moderator.pictures`, or as rows of `bench.moderator`.

One thread of one core, from the bytes that the moderator gets to scores. What the generator draws larger than a
thumbnail is looked at as its thumbnail; what a client sends comes as it is, and most of a large PNG's time is its
unpacking.
"""

from __future__ import annotations

import io
import statistics
import time

from PIL import Image

from bench.traffic.systems import REPO
from services.generator.picture import thumbnail
from services.moderator.image import ImageModel

WEIGHTS = REPO / "models" / "weights" / "image-moderator" / "model.onnx"
DRAWN = REPO / "docs" / "model" / "story.png"
LIMIT_MS = 15.0
DRAWN_HERE = "drawn here"
KINDS = (
    (DRAWN_HERE, 256), (DRAWN_HERE, 512), (DRAWN_HERE, 1024),
    ("sent as PNG", 512), ("sent as PNG", 1024), ("sent as JPEG", 1024), ("sent as WEBP", 1024),
)  # fmt: skip
"""The first is what ships: the default model's size."""
TIMES = 60


def measured() -> dict[str, tuple[float, float]]:
    """Median and 95th percentile of the CPU milliseconds a picture, by kind."""
    model = ImageModel(WEIGHTS)
    found = {}
    for how, side in KINDS:
        data = _given(how, side)
        spent = []
        for _ in range(TIMES):
            started = time.thread_time()
            model.scores(data)
            spent.append(1000 * (time.thread_time() - started))
        found[f"{how}, {side} px"] = (statistics.median(spent), statistics.quantiles(spent, n=20)[-1])
    return found


def _given(how: str, side: int) -> bytes:
    """What the moderator gets."""
    picture = Image.open(DRAWN).convert("RGB").resize((side, side))
    if how == DRAWN_HERE and (small := thumbnail(picture)):
        return small
    buffer = io.BytesIO()
    picture.save(buffer, "PNG" if how == DRAWN_HERE else how.removeprefix("sent as "))
    return buffer.getvalue()


if __name__ == "__main__":
    for kind, (median, high) in measured().items():
        print(f"{kind}: {median:.1f} ms, {high:.1f} at p95")
