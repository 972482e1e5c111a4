"""What operators do: accounts, the surge level, the line, the audit log. Plain values in and out; `Fault` when
not.

Every change takes a reason, which is checked before anything else moves, and enters the audit log with it. (Keys
are made and ended by `accounts`.)
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.quota.checks import (
    check_account,
    check_amount,
    check_model,
    check_notice,
    check_page,
    check_reason,
    check_request,
    check_tier,
)
from services.quota.desk import Desk
from services.quota.limits import Verdict
from services.quota.office import Entry, Holder, Profile
from services.quota.policy import Policy
from services.quota.policy_file import check_zone
from services.quota.reservation import RefundReason, State
from services.quota.stores import FullStore
from services.quota.surge import Level, SurgeState, pin
from services.runtime.errors import Fault, Reason, invalid
from services.runtime.settings import SettingsError

MOST_DRAINED = 500
"""Tickets a call: each is a script, all of them take well under a second."""
BANNED = "an operator has barred it"
"""What the owner of a banned account is told unless the operator says it better."""
TRIES = 10
"""To write the surge level: several replicas look at it twice a second."""


@dataclass(frozen=True, slots=True)
class Drained:
    """What a call of `drain` did; `more` tickets may wait."""

    refunded: int
    more: bool


class BackOffice:
    """The admin service without its wire. `clock` gives Unix seconds."""

    def __init__(
        self, store: FullStore, policy: Policy, desk: Desk, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._policy = policy
        self._desk = desk
        self._clock = clock

    def use(self, policy: Policy) -> None:
        """Another policy from now on."""
        self._policy = policy

    async def account(self, account_id: str) -> tuple[Profile, Sequence[Verdict], Level]:
        """An account, its limits, and the surge level they are at. Raises NOT_FOUND."""
        profile = await self._store.account(check_account(account_id))
        _, verdicts = await self._desk.allowance(account_id)
        return profile, verdicts, await self._desk.view.level()

    async def keys(self, account_id: str) -> list[Holder]:
        """An account's keys, oldest first, at most 1,000."""
        return await self._store.keys(check_account(account_id))

    async def set_tier(self, account_id: str, tier: str, reason: str) -> None:
        """Moves an account; what is held and waiting stays. Raises NOT_FOUND."""
        check_tier(tier, self._policy.tiers)
        await self._set(account_id, "tier", tier, reason)

    async def set_zone(self, account_id: str, zone: str, reason: str) -> None:
        """By an IANA name; "" is the policy's zone. Raises NOT_FOUND."""
        if zone:
            try:
                zone = check_zone(zone, "time_zone")
            except SettingsError:
                raise invalid("time_zone", "must be a time zone such as 'America/Montreal'") from None
        await self._set(account_id, "zone", zone, reason)

    async def ban(self, account_id: str, notice: str, reason: str) -> None:
        """The account asks for nothing new and its owner is told `notice`. Raises NOT_FOUND."""
        await self._set(account_id, "banned", check_notice(notice) or BANNED, reason)

    async def unban(self, account_id: str, reason: str) -> None:
        """Lifts a ban. Raises NOT_FOUND."""
        await self._set(account_id, "banned", "", reason)

    async def credit(
        self, account_id: str, policy: str, amount: int, reason: str, request_id: str = ""
    ) -> Verdict:
        """Allows more in the present stretch of a window; the same request again is nothing. Raises NOT_FOUND for
        an account, or for a window it has not or that has no stretches to credit."""
        check_account(account_id)
        check_request(request_id, "-")
        return await self._store.credit(account_id, policy, check_amount(amount), check_reason(reason), request_id)

    async def reset(self, account_id: str, reason: str) -> None:
        """Forgets what was committed in all present stretches. Raises NOT_FOUND."""
        await self._store.reset(check_account(account_id), check_reason(reason))

    async def pin_surge(self, level: Level, reason: str) -> SurgeState:
        """The level stays until it is released."""
        return await self._move_surge(level, check_reason(reason))

    async def release_surge(self, reason: str) -> SurgeState:
        """The level moves by itself again; one that is not pinned is left alone."""
        return await self._move_surge(None, check_reason(reason))

    async def drain(self, model: str, tier: str, reason: str) -> Drained:
        """Refunds the first waiting tickets of a class as CANCELLED, at most `MOST_DRAINED`. How many it is about
        to refund is in the audit log before the first one is."""
        check_model(model)
        waits = {one.tier for one in (await self._desk.view.line()).classes}
        check_tier(tier, [*self._policy.tiers, *sorted(waits - self._policy.tiers.keys())])
        reason = check_reason(reason)
        ids = await self._store.waiting(model, tier, MOST_DRAINED)
        if ids:
            await self._store.note("drain", f"{model} {tier}", f"{len(ids)} tickets", reason)
        ended = [await self._desk.refund(id, RefundReason.CANCELLED) for id in ids]
        refunded = sum(one.state is State.REFUNDED for one in ended)
        return Drained(refunded, more=len(ids) == MOST_DRAINED)

    async def audit(self, size: int, token: str) -> tuple[list[Entry], str]:
        """A page of the audit log, newest first, and the token of the next, "" if there is none."""
        size, token = check_page(size, token)
        entries = await self._store.audit(token, size)
        return entries, entries[-1].id if len(entries) == size else ""

    async def _set(self, account_id: str, field: str, value: str, reason: str) -> None:
        await self._store.set_account(check_account(account_id), {field: value}, check_reason(reason))

    async def _move_surge(self, level: Level | None, reason: str) -> SurgeState:
        for _ in range(TRIES):
            before = await self._store.surge()
            if level is None and not before.pinned:
                return before
            after = pin(before, level, self._clock(), reason)
            if await self._store.set_surge(before, after):
                self._desk.view.saw(after)
                return after
        raise Fault(Reason.UNAVAILABLE, "the surge level keeps moving; try again", retry_after=0.5)
