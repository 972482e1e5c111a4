"""Tells whoever asked to be told that a job has ended: one signed POST in the form of Standard Webhooks.

It is sent again, over two days, until it was answered with 2xx; 410 says that nobody will ever listen. It may come
twice; its id tells. The secret is the account's own, made from the mesh's, so that none has to be kept.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from prometheus_client import Counter
from standardwebhooks import Webhook

from services.edge.diary import RedisDiary
from services.edge.job import Job, State
from services.edge.outbound import NotReached, Outbound, Reach, Target, read_url
from services.runtime import call_context

PAUSES = (5.0, 30.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0)
"""Seconds between the attempts: ten of them, over 51 hours."""

SENT = Counter("fournil_edge_webhooks_total", "Attempts to tell of a job's end.", ["outcome"])


class Webhooks:
    """`render` makes what is told of a job."""

    def __init__(
        self, diary: RedisDiary, outbound: Outbound, secret: bytes, render: Callable[[Job], dict[str, Any]]
    ) -> None:
        self._diary = diary
        self._outbound = outbound
        self._secret = secret
        self._render = render

    async def tell(self, job_id: str) -> float | None:
        """One attempt, as `due.Work`."""
        job = await self._diary.find(job_id)
        if job is None:
            return None
        attempt = await self._diary.count(job_id, "told")
        outcome = await self._send(job)
        if outcome in {"taken", "gone"} or attempt > len(PAUSES):
            SENT.labels(outcome if outcome in {"taken", "gone"} else "given_up").inc()
            return None
        SENT.labels(outcome).inc()
        return PAUSES[attempt - 1]

    async def _send(self, job: Job) -> str:
        target, body = target_of(job), self._body(job)
        now = datetime.now(UTC)
        name = f"msg_{job.id}"
        headers = {
            "host": target.host if target.port in {80, 443} else f"{target.host}:{target.port}",
            "content-type": "application/json",
            "content-length": str(len(body)),
            "user-agent": "Fournil-Webhooks",
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(signing_secret(self._secret, job.account.account_id)).sign(
                name, now, body.decode()
            ),
        }
        try:
            status = await self._outbound.post(target, headers, body)
        except NotReached:
            return "not_reached"
        return "gone" if status == 410 else "taken" if 200 <= status < 300 else "refused"

    def _body(self, job: Job) -> bytes:
        call_context.language.set(job.language)
        kind = "job.completed" if job.state is State.COMMITTED else "job.failed"
        ended = datetime.fromtimestamp(job.ended or time.time(), UTC).isoformat(timespec="milliseconds")
        told = {"type": kind, "timestamp": ended, "data": self._render(job)}
        return json.dumps(told, ensure_ascii=False).encode()


def target_of(job: Job) -> Target:
    """Where its end is told. It was checked when the job was made, and where it leads is checked at each call."""
    return read_url(job.webhook_url, "webhook_url", Reach.ANY)


def signing_secret(secret: bytes, account_id: str) -> str:
    """Of one account, in the form that Standard Webhooks' libraries take."""
    key = hmac.new(secret, b"webhooks of " + account_id.encode(), hashlib.sha256).digest()
    return "whsec_" + base64.b64encode(key).decode()
