"""Filing and reading appeals: what their owners may do. Plain values in and out, `Fault` when not."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import Counter

from services.moderator.appeal_pages import check_appeal, check_page
from services.moderator.appeals import Appeal, appeal_id, new_appeal, shown
from services.moderator.decisions import Decisions
from services.moderator.ledger import Ledger
from services.moderator.policies import Policies
from services.runtime import call_context
from services.runtime.errors import Fault, Reason, invalid

APPEALS = Counter("fournil_moderation_appeals_total", "Appeals filed and decided.", ["what"])

USUAL_PAGE, LONGEST_PAGE = 20, 100


class AppealDesk:
    """Every call is made for an account, and knows only what is its own."""

    def __init__(
        self,
        ledger: Ledger,
        decisions: Decisions,
        policies: Policies,
        key: bytes,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ledger, self._decisions, self._policies = ledger, decisions, policies
        self._key, self._clock = key, clock

    async def file(self, account_id: str, decision_id: str, prompt: str, note: str) -> Appeal:
        """The appeal against a refusal, filed now or before."""
        decision = await self._decisions.find(decision_id)
        if not account_id or decision.account_id != account_id:
            raise Fault(Reason.NOT_FOUND, "no such decision", decision_id=decision_id)
        try:
            return await self.get(account_id, appeal_id(decision_id))
        except Fault as fault:
            if fault.reason is not Reason.NOT_FOUND:
                raise
        rules = self._policies.live.rules
        appeal = new_appeal(
            decision.verdict,
            job_id=decision.job_id,
            account_id=account_id,
            prompt=prompt,
            note=note.strip(),
            language=call_context.language.get(),
            filed=self._clock(),
            rules=rules,
            key=self._key,
        )
        if not await self._ledger.file(appeal, rules, f"{appeal.category}: {shown(prompt, rules)}"):
            return await self.get(account_id, appeal.id)
        APPEALS.labels("filed").inc()
        return appeal

    def takes(self, category: str) -> bool:
        """Whether refusals of a category can be questioned, as the live rules have it."""
        return category not in self._policies.live.rules.appeals.never

    async def get(self, account_id: str, appeal: str) -> Appeal:
        """One appeal. Raises NOT_FOUND, also for somebody else's."""
        found = await self._ledger.appeal(check_appeal(appeal))
        if found.account_id != account_id:
            raise Fault(Reason.NOT_FOUND, "no such appeal", field="appeal_id")
        return found

    async def list(self, account_id: str, size: int, token: str) -> tuple[list[Appeal], str]:
        """A page, newest first, and the token of the next, "" if there is none."""
        size, after = check_page(size, token, USUAL_PAGE, LONGEST_PAGE)
        if not account_id:
            raise invalid("account_id", "must not be empty")
        return await self._ledger.appeals(account_id=account_id, after=after, limit=size)
