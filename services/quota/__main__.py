"""`python -m services.quota`: the desk as a process.

| variable | default | meaning |
|---|---|---|
| `REDIS_URL` | required | the store: Redis 7 or Valkey |
| `FOURNIL_QUOTA_REDIS_URL` | `REDIS_URL` | a store of the desk's own |
| `FOURNIL_REDIS_BUDGET_MS` | 50 | how long a decision may wait for the store |
| `FOURNIL_KEY_PEPPER` | required | under which keys are hashed, 16 characters or more; another ends every key |
| `FOURNIL_JOURNAL` | none | folder of the journal; without it nobody is served while the store is away |
| `FOURNIL_POLICY` | `policy.toml` here | tiers, limits, times and surge marks |
| `FOURNIL_ADMIN_TOKEN` | none | what operators show, 16 characters or more; without it nobody shows anything |
| `FOURNIL_OIDC_ISSUER` | none | trusts the ID tokens of this issuer (docs/operating.md); needs the next two |
| `FOURNIL_OIDC_AUDIENCE` | none | whom its tokens must be for |
| `FOURNIL_OIDC_JWKS` | none | its public keys: an https URL, or a file |
| `FOURNIL_OIDC_TIER_CLAIM` | `tier` | the claim by which a token asks for a lighter tier |

and the variables every service shares (`services/runtime/settings.py`).
"""

import os
from dataclasses import dataclass
from pathlib import Path

from fournil.keda.v1 import external_scaler_pb2_grpc
from fournil.quota.v1 import admin_pb2_grpc, quota_pb2_grpc
from services.quota.accounts import SHORTEST_PEPPER, Accounts
from services.quota.admin_server import QuotaAdminServicer
from services.quota.back_office import BackOffice
from services.quota.desk import Desk
from services.quota.id_tokens import IdTokens, Issuer
from services.quota.journal import Journal
from services.quota.metrics import POLICY_ERRORS
from services.quota.policy import Policy
from services.quota.policy_file import BUNDLED, load_policy
from services.quota.redis_office import TAG
from services.quota.redis_store import RedisStore
from services.quota.scaler_server import ExternalScaler
from services.quota.server import QuotaServicer
from services.quota.watch import MOST_FOLLOWERS
from services.runtime.pipelined import BUDGET, PipelinedLink
from services.runtime.policy_reload import PolicyReload
from services.runtime.process import ServiceProcess, run
from services.runtime.settings import Environment, ProcessSettings, SettingsError


@dataclass(frozen=True)
class QuotaSettings:
    """What only the desk reads."""

    redis_url: str
    redis_budget: float
    """Seconds a decision may wait for the store."""
    pepper: str
    policy_path: Path
    policy: Policy
    admin_token: str = ""
    issuer: Issuer | None = None
    journal: Path | None = None

    @staticmethod
    def read(env: Environment) -> "QuotaSettings":
        """Reads every variable. Raises SettingsError."""
        pepper = env.text("FOURNIL_KEY_PEPPER")
        if len(pepper) < SHORTEST_PEPPER:
            raise SettingsError(f"FOURNIL_KEY_PEPPER must have at least {SHORTEST_PEPPER} characters")
        budget = env.integer("FOURNIL_REDIS_BUDGET_MS", round(BUDGET * 1000), low=5, high=10_000) / 1000
        path = Path(env.text("FOURNIL_POLICY", str(BUNDLED)))
        token = env.text("FOURNIL_ADMIN_TOKEN", "")
        if token and len(token) < SHORTEST_PEPPER:
            raise SettingsError(f"FOURNIL_ADMIN_TOKEN must have at least {SHORTEST_PEPPER} characters")
        url = env.text("FOURNIL_QUOTA_REDIS_URL", "") or env.text("REDIS_URL")
        folder = env.text("FOURNIL_JOURNAL", "")
        return QuotaSettings(
            url,
            budget,
            pepper,
            path,
            load_policy(path),
            token,
            Issuer.read(env),
            Path(folder) if folder else None,
        )


async def main() -> None:
    """Serves until a signal."""
    env = Environment(os.environ)
    settings = QuotaSettings.read(env)
    process = ServiceProcess(
        ProcessSettings.read(
            "quota",
            env,
            default_listen="0.0.0.0:50051",
            default_metrics="0.0.0.0:9091",
            # Every follower is a call of its own; the rest is room for the others.
            max_concurrent_calls=MOST_FOLLOWERS + 10_000,
        )
    )
    link = PipelinedLink(settings.redis_url, tag=TAG, budget=settings.redis_budget)
    store = RedisStore(link, settings.policy)
    tokens = IdTokens(settings.issuer) if settings.issuer else None
    accounts = Accounts(store, settings.policy, settings.pepper, tokens=tokens)
    journal = Journal(settings.journal) if settings.journal else None
    desk = Desk(store, settings.policy, pepper=settings.pepper, journal=journal)
    office = BackOffice(store, settings.policy, desk)
    process.add(
        quota_pb2_grpc.add_QuotaServiceServicer_to_server,
        QuotaServicer(desk, accounts),
        "fournil.quota.v1.QuotaService",
    )
    process.add(
        admin_pb2_grpc.add_QuotaAdminServiceServicer_to_server,
        QuotaAdminServicer(accounts, office, settings.admin_token),
        "fournil.quota.v1.QuotaAdminService",
    )
    process.add(
        external_scaler_pb2_grpc.add_ExternalScalerServicer_to_server,
        ExternalScaler(desk.view),
        "externalscaler.ExternalScaler",
    )

    def use(policy: Policy) -> None:
        desk.use(policy)
        accounts.use(policy)
        office.use(policy)

    rounds = desk.rounds
    reload = PolicyReload(settings.policy_path, load_policy, use, POLICY_ERRORS)
    await process.serve(
        background=[
            rounds.grant,
            rounds.sweep,
            rounds.surge,
            rounds.gauge,
            rounds.reconcile,
            desk.watchers.run,
            reload.run,
        ],
        before_drain=[desk.watchers.drain],
        close=[link.close],
    )


if __name__ == "__main__":
    run("quota", main)
