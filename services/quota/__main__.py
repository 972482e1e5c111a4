"""`python -m services.quota`: the desk as a process."""

import os
from dataclasses import dataclass
from pathlib import Path

from fournil.quota.v1 import admin_pb2_grpc, quota_pb2_grpc
from services.quota.accounts import SHORTEST_PEPPER, Accounts
from services.quota.admin_server import QuotaAdminServicer
from services.quota.desk import Desk
from services.quota.policy import Policy
from services.quota.policy_file import BUNDLED, load_policy
from services.quota.redis_office import TAG
from services.quota.redis_store import RedisStore
from services.quota.server import QuotaServicer
from services.quota.watch import MOST_FOLLOWERS
from services.runtime.pipelined import BUDGET, PipelinedLink
from services.runtime.process import ServiceProcess, run
from services.runtime.settings import Environment, ProcessSettings, SettingsError


@dataclass(frozen=True)
class QuotaSettings:
    """What only the desk reads."""

    redis_url: str
    redis_budget: float
    """Seconds a decision may wait for the store."""
    pepper: str
    policy: Policy

    @staticmethod
    def read(env: Environment) -> "QuotaSettings":
        """From REDIS_URL, FOURNIL_REDIS_BUDGET_MS, FOURNIL_KEY_PEPPER and FOURNIL_POLICY. Raises SettingsError."""
        pepper = env.text("FOURNIL_KEY_PEPPER")
        if len(pepper) < SHORTEST_PEPPER:
            raise SettingsError(f"FOURNIL_KEY_PEPPER must have at least {SHORTEST_PEPPER} characters")
        policy = load_policy(Path(env.text("FOURNIL_POLICY", str(BUNDLED))))
        budget = env.integer("FOURNIL_REDIS_BUDGET_MS", round(BUDGET * 1000), low=5, high=10_000)
        return QuotaSettings(env.text("REDIS_URL"), budget / 1000, pepper, policy)


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
    accounts = Accounts(store, settings.policy, settings.pepper)
    desk = Desk(store, settings.policy)
    process.add(
        quota_pb2_grpc.add_QuotaServiceServicer_to_server,
        QuotaServicer(desk, accounts),
        "fournil.quota.v1.QuotaService",
    )
    process.add(
        admin_pb2_grpc.add_QuotaAdminServiceServicer_to_server,
        QuotaAdminServicer(accounts),
        "fournil.quota.v1.QuotaAdminService",
    )
    rounds = desk.rounds
    await process.serve(
        background=[rounds.grant, rounds.sweep, rounds.surge, rounds.gauge, desk.watchers.run],
        before_drain=[desk.watchers.drain],
        close=[link.close],
    )


if __name__ == "__main__":
    run("quota", main)
