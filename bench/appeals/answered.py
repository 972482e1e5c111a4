"""Appeals as their owner and the operator meet them: filed, then granted; of pictures beside prompts.

A granted picture opens no exemplar, as its prompt was not what was refused; so it should cost no more than a
prompt's, which must be the one that was refused and enters the book. All are refused before the first is
appealed: an exemplar would let the prompts after it pass. The taster refuses every picture, and gives no credit,
as there is no desk to tell.
"""

import io
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.appeals.rows import row
from bench.appeals.shelves import REFUSED
from bench.appeals.taster import ACCOUNT, Taster, store, taster
from fournil.moderator.v1 import admin_pb2, moderator_pb2

APPEALS = 50
"""Of each kind. A granted prompt is an exemplar, and one account has at most so many by the bundled policy."""
POLICY = """name = "every-picture"

[image]
limit = {sexual = 1e-9, sexual_drawing = 1e-9, suggestive = 1e-9}

[appeals]
open_per_account = 1000
filed_per_day = 10000
credit_amount = 0
"""


def answered(count: int = APPEALS) -> dict[str, Any]:
    """One row, over so many appeals of each kind, in turn."""
    times: dict[str, list[float]] = {"picture": [], "prompt": []}
    with tempfile.TemporaryDirectory(prefix="fournil-bench-") as folder, store() as url:
        policy = Path(folder) / "policy.toml"
        policy.write_text(POLICY, encoding="utf-8")
        with taster(url, FOURNIL_MODERATION_POLICY=str(policy)) as one:
            prompts = [f"{REFUSED}, plate {number}" for number in range(count)]
            refused = {
                "picture": [_picture_refused(one, number) for number in range(count)],
                "prompt": [_refused(one.verdict(prompt)) for prompt in prompts],
            }
            for number in range(count):
                for kind in times if number % 2 else reversed(times):
                    prompt = prompts[number] if kind == "prompt" else ""
                    times[kind].append(_appeal(one, refused[kind][number], prompt))
    ours, other = statistics.median(times["picture"]), statistics.median(times["prompt"])
    return row(f"appeal filed and granted, a picture's / a prompt's: median s of {count} each", ours, other, 1.1)


def _appeal(one: Taster, decision: str, prompt: str) -> float:
    """Seconds from the filing to the operator's answer."""
    started = time.perf_counter()
    filing = moderator_pb2.FileAppealRequest(decision_id=decision, account_id=ACCOUNT, prompt=prompt, note="bench")
    appeal = one.stub.FileAppeal(filing, timeout=10).appeal
    granting = admin_pb2.DecideAppealRequest(appeal_id=appeal.id, grant=True, reason="bench")
    decided = one.office.DecideAppeal(granting, timeout=10).appeal
    elapsed = time.perf_counter() - started
    if decided.state != moderator_pb2.APPEAL_STATE_GRANTED:
        raise RuntimeError(f"not granted: {decided}")
    return elapsed


def _picture_refused(one: Taster, number: int) -> str:
    """The decision on a picture of its own."""
    pixels = np.random.default_rng(number).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    request = moderator_pb2.ScreenImageRequest(
        image=png.getvalue(), account_id=ACCOUNT, job_id=f"picture-{number}"
    )
    return _refused(one.stub.ScreenImage(request, timeout=30).verdict)


def _refused(verdict: moderator_pb2.Verdict) -> str:
    if verdict.allowed:
        raise RuntimeError(f"not refused: {verdict}")
    return verdict.decision_id
