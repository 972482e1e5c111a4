"""Credits of granted appeals: told to the desk once it answers, counted by it once an appeal."""

from __future__ import annotations

import asyncio
import logging

import grpc
from prometheus_client import Counter

from fournil.quota.v1 import admin_pb2, admin_pb2_grpc
from services.moderator.appeals import Appeal, Credit
from services.moderator.ledger import Ledger
from services.moderator.policies import Policies
from services.runtime.errors import Fault, Reason
from services.runtime.wire_errors import from_rpc_error

log = logging.getLogger("fournil.moderator.credits")

CREDITS = Counter("fournil_moderation_credits_total", "Credits of granted appeals.", ["outcome"])

LOOK_EVERY = 2.0
AGAIN = 5.0
"""Seconds until a credit is tried again."""
MOST_AT_ONCE = 20
PATIENCE = 2.0
"""Seconds that the desk may take."""

_FOR_GOOD = {Reason.NOT_FOUND, Reason.INVALID_ARGUMENT}


class Credits:
    """Gives credits on the desk's admin service. Any replica may; the desk counts an appeal once."""

    def __init__(self, channel: grpc.aio.Channel, token: str, ledger: Ledger, policies: Policies) -> None:
        self._desk = admin_pb2_grpc.QuotaAdminServiceStub(channel)
        self._shown = (("authorization", f"Bearer {token}"),) if token else ()
        self._ledger, self._policies = ledger, policies

    async def run(self) -> None:
        """Gives what is due while the process lives."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                for appeal_id in await self._ledger.credits_due(MOST_AT_ONCE):
                    await self.give(appeal_id)
            except Fault as fault:
                log.info("credits wait", extra={"reason": fault.reason})

    async def give(self, appeal_id: str) -> Credit:
        """Tells the desk of one appeal's credit, and the store of what became of it. Raises Fault when the store
        is away; a desk that is away leaves the credit due."""
        rules = self._policies.live.rules
        try:
            appeal = await self._ledger.appeal(appeal_id)
            outcome = await self._tell(appeal)
        except Fault as fault:
            if fault.reason is not Reason.NOT_FOUND:
                raise
            outcome = Credit.REFUSED  # forgotten before the desk answered
        detail = f"{rules.appeals.credit_amount} of {rules.appeals.credit_policy}"
        await self._ledger.credited(appeal_id, outcome, rules.keeping, detail, AGAIN)
        CREDITS.labels(outcome).inc()
        return outcome

    async def _tell(self, appeal: Appeal) -> Credit:
        limits = self._policies.live.rules.appeals
        request = admin_pb2.CreditRequest(
            account_id=appeal.account_id,
            policy=limits.credit_policy,
            amount=limits.credit_amount,
            reason=f"appeal {appeal.id} granted",
            request_id=appeal.id,
        )
        try:
            await self._desk.Credit(request, timeout=PATIENCE, metadata=self._shown)
        except grpc.aio.AioRpcError as error:
            fault = from_rpc_error(error, "quota")
            log.warning("credit not given", extra={"appeal": appeal.id, "reason": fault.reason})
            return Credit.REFUSED if fault.reason in _FOR_GOOD else Credit.DUE
        return Credit.DONE
