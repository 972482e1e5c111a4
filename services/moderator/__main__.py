"""`python -m services.moderator`: reads settings, loads the models, serves. With `screen` or `replay`, see there.

| variable | default | meaning |
|---|---|---|
| `REDIS_URL` | required | where refusals, appeals, exemplars and policies are kept |
| `FOURNIL_MODELS` | `models/weights` of the checkout | folder of the shipped models |
| `FOURNIL_MODERATION_POLICY` | `policy.toml` here | thresholds, appeals, exemplars, what is kept |
| `FOURNIL_MODERATION_KEY` | none | makes decision ids, 16 characters or more; the same on every replica |
| `FOURNIL_QUOTA` | `127.0.0.1:50051` | the desk, for the credits of granted appeals |
| `FOURNIL_ADMIN_TOKEN` | none | what operators show here, and what this service shows the desk |
| `FOURNIL_SCREEN_THREADS` | 2 | screenings that run at once |
| `FOURNIL_SCREEN_LINE` | 64 | screenings that may wait; more are refused as OVERLOADED |
| `FOURNIL_DECISION_DAYS` | 30 | how long a refusal can be read back and appealed |
| `FOURNIL_IMAGE_CLASSIFIER` | none | file of one more picture model (`classifier`) |
| `FOURNIL_IMAGE_ENDPOINT` | none | URL of a moderation endpoint in OpenAI's form that looks at pictures too |
| `FOURNIL_IMAGE_ENDPOINT_KEY` | none | its key |
| `FOURNIL_IMAGE_ENDPOINT_MODEL` | `omni-moderation-latest` | its model |
| `FOURNIL_IMAGE_ENDPOINT_TIMEOUT` | 2 | seconds that it may take |
| `FOURNIL_IMAGE_ENDPOINT_FAIL_OPEN` | 0 | 1: pictures that it does not answer for pass on what is known here |

and the variables every service shares (`services/runtime/settings.py`).
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from fournil.moderator.v1 import admin_pb2_grpc, moderator_pb2_grpc
from services.moderator import replay, screen
from services.moderator.admin_server import ModeratorAdminServicer
from services.moderator.appeal_desk import AppealDesk
from services.moderator.back_office import BackOffice
from services.moderator.comparison import Comparison
from services.moderator.credits import Credits
from services.moderator.decisions import Decisions
from services.moderator.exemplars import Book
from services.moderator.following import Following
from services.moderator.ledger import Ledger
from services.moderator.likeness import Likeness
from services.moderator.models import Models
from services.moderator.policies import POLICY_ERRORS, Policies
from services.moderator.rules_file import BUNDLED
from services.moderator.screening import Screener
from services.moderator.second_opinion import Endpoint, SecondOpinion
from services.moderator.server import ModeratorServicer
from services.moderator.settled import Settled
from services.moderator.workers import Workers
from services.runtime.admin_token import SHORTEST
from services.runtime.channels import open_channel
from services.runtime.policy_reload import PolicyReload
from services.runtime.process import ServiceProcess, run
from services.runtime.redis_link import RedisLink
from services.runtime.settings import Environment, ProcessSettings, SettingsError

SERVICE = "fournil.moderator.v1.ModeratorService"
ADMIN_SERVICE = "fournil.moderator.v1.ModeratorAdminService"
RECORD_PATIENCE = 0.25
"""Seconds a refusal may wait for the store."""


@dataclass(frozen=True)
class ModeratorSettings:
    """Everything the service reads from its environment."""

    process: ProcessSettings
    redis_url: str
    weights: Path
    policy: Path
    key: bytes
    quota: str
    admin_token: str
    threads: int
    line: int
    keep_seconds: int
    classifier: Path | None
    endpoint: Endpoint | None

    @staticmethod
    def read(env: Environment) -> ModeratorSettings:
        """Raises SettingsError on a bad variable."""
        classifier = env.text("FOURNIL_IMAGE_CLASSIFIER", "")
        return ModeratorSettings(
            process=ProcessSettings.read(
                "moderator",
                env,
                default_listen="0.0.0.0:50052",
                default_metrics="0.0.0.0:9090",
                max_receive_bytes=16 << 20,
            ),
            redis_url=env.text("REDIS_URL"),
            weights=env.folder("FOURNIL_MODELS", Path(__file__).parents[2] / "models" / "weights"),
            policy=Path(env.text("FOURNIL_MODERATION_POLICY", str(BUNDLED))),
            key=_secret(env, "FOURNIL_MODERATION_KEY").encode(),
            quota=env.text("FOURNIL_QUOTA", "127.0.0.1:50051"),
            admin_token=_secret(env, "FOURNIL_ADMIN_TOKEN"),
            threads=env.integer("FOURNIL_SCREEN_THREADS", 2, low=1, high=64),
            line=env.integer("FOURNIL_SCREEN_LINE", 64, low=0, high=10_000),
            keep_seconds=86_400 * env.integer("FOURNIL_DECISION_DAYS", 30, low=1, high=3650),
            classifier=Path(classifier) if classifier else None,
            endpoint=_endpoint(env),
        )


async def serve(settings: ModeratorSettings) -> None:
    """Loads, serves, and drains on SIGTERM."""
    models = Models.load(settings.weights, settings.classifier)
    policies = Policies(models.load_rules(settings.policy), models.read_rules)
    link = RedisLink(settings.redis_url)
    ledger, comparison = Ledger(link), Comparison(link)
    book, likeness = Book(), Likeness(models.encoder)
    following = Following(ledger, book, models.encoder, policies)
    settled = Settled(book, likeness, lambda prompt: models.prompts.read(prompt).scores)
    screener = Screener(models.prompts, models.pictures, policies, settled, comparison, settings.key)
    workers = Workers(settings.threads, settings.line)
    decisions = Decisions(link, keep_seconds=settings.keep_seconds, patience=RECORD_PATIENCE, clock=time.time)
    desk = open_channel(settings.quota, service="fournil.quota.v1.QuotaAdminService")
    credits = Credits(desk, settings.admin_token, ledger, policies)
    second = SecondOpinion(settings.endpoint) if settings.endpoint is not None else None
    process = ServiceProcess(settings.process)
    process.add(
        moderator_pb2_grpc.add_ModeratorServiceServicer_to_server,
        ModeratorServicer(
            screener, workers, decisions, AppealDesk(ledger, decisions, policies, settings.key), second
        ),
        SERVICE,
    )
    categories = frozenset(models.categories)
    office = BackOffice(ledger, policies, comparison, credits.give, categories, blocked=settled.blocked)
    process.add(
        admin_pb2_grpc.add_ModeratorAdminServiceServicer_to_server,
        ModeratorAdminServicer(office, settings.admin_token),
        ADMIN_SERVICE,
    )
    reload = PolicyReload(settings.policy, models.load_rules, policies.use_file, POLICY_ERRORS)
    await following.begin()
    close = [workers.close, comparison.tell, desk.close, link.close]
    await process.serve(
        background=[following.run, credits.run, comparison.run, reload.run],
        close=[*close, second.close] if second is not None else close,
    )


def _secret(env: Environment, name: str) -> str:
    secret = env.text(name, "")
    if secret and len(secret) < SHORTEST:
        raise SettingsError(f"{name} must have at least {SHORTEST} characters")
    return secret


def _endpoint(env: Environment) -> Endpoint | None:
    url = env.text("FOURNIL_IMAGE_ENDPOINT", "")
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        raise SettingsError(f"FOURNIL_IMAGE_ENDPOINT must be an http or https URL, not {url!r}")
    return Endpoint(
        url=url,
        key=env.text("FOURNIL_IMAGE_ENDPOINT_KEY", ""),
        model=env.text("FOURNIL_IMAGE_ENDPOINT_MODEL", Endpoint.model),
        timeout=env.seconds("FOURNIL_IMAGE_ENDPOINT_TIMEOUT", Endpoint.timeout, low=0.05, high=10.0),
        fail_open=bool(env.integer("FOURNIL_IMAGE_ENDPOINT_FAIL_OPEN", 0, low=0, high=1)),
    )


def main() -> None:
    """Entry point; `screen` and `replay` as the first argument look at a file instead of serving."""
    if sys.argv[1:2] == ["screen"]:
        sys.exit(screen.main(sys.argv[2:]))
    if sys.argv[1:2] == ["replay"]:
        sys.exit(replay.main(sys.argv[2:]))

    async def start() -> None:
        await serve(ModeratorSettings.read(Environment(os.environ)))

    run("moderator", start)


if __name__ == "__main__":
    main()
