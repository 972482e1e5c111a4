"""What operators do: decide appeals, settle prompts, try and promote policies. Plain values in and out; `Fault`
when not.

Every change takes a reason, which is checked before anything else moves.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.moderator.appeal_desk import APPEALS
from services.moderator.appeal_pages import check_appeal, check_page
from services.moderator.appeals import MOST_NOTICE, Appeal, Credit, State, check_text, exemplar_of, shown
from services.moderator.comparison import Comparison, Tally
from services.moderator.exemplars import Exemplar, Kind, plain
from services.moderator.ledger import Entry, Ledger
from services.moderator.policies import Policies, PolicyState
from services.moderator.rules import ExemplarRules
from services.moderator.verdict import Stage
from services.runtime.errors import Fault, Reason, invalid

MAX_PROMPT = 32_000
TRIES = 5
"""To move the policies: operators are few."""

Blocked = Callable[[str, ExemplarRules], str]
GiveCredit = Callable[[str], Awaitable[Credit]]


@dataclass(frozen=True)
class Standing:
    """The policies, and how they compare on prompts and on pictures while there is a candidate."""

    policies: Policies
    prompts: Tally | None = None
    pictures: Tally | None = None


class BackOffice:
    """The admin service without its wire."""

    def __init__(
        self,
        ledger: Ledger,
        policies: Policies,
        comparison: Comparison,
        give: GiveCredit,
        categories: frozenset[str],
        *,
        blocked: Blocked = lambda prompt, rules: "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`give` tells the desk of an appeal's credit; `categories` are those of the prompt model; `blocked` names
        the BLOCK exemplar that closes a prompt, "" for none."""
        self._blocked = blocked
        self._ledger, self._policies, self._comparison, self._give = ledger, policies, comparison, give
        self._categories, self._clock = categories, clock

    async def appeals(self, state: State | None, size: int, token: str) -> tuple[list[Appeal], str]:
        """A page of everybody's appeals, newest first, and the token of the next."""
        size, after = check_page(size, token, 50, 200)
        return await self._ledger.appeals(state=state, after=after, limit=size)

    async def appeal(self, appeal_id: str) -> Appeal:
        """Raises NOT_FOUND."""
        return await self._ledger.appeal(check_appeal(appeal_id))

    async def decide(self, appeal_id: str, grant: bool, reason: str, notice: str) -> Appeal:
        """Grants or denies; again the same is nothing. A desk that does not answer leaves the credit due. Raises
        WRONG_STATE where it was decided otherwise, or a BLOCK exemplar would go on refusing the prompt."""
        reason = check_reason(reason)
        check_text("notice", notice, MOST_NOTICE)
        appeal = await self.appeal(appeal_id)
        rules, state = self._policies.live.rules, State.GRANTED if grant else State.DENIED
        exemplar = exemplar_of(appeal, self._clock()) if grant else None
        if exemplar is not None and appeal.category in rules.appeals.never:
            raise Fault(Reason.NOT_APPEALABLE, "cannot be appealed", category=appeal.category)
        if exemplar is not None and appeal.state is State.OPEN:
            blocking = await asyncio.to_thread(self._blocked, appeal.prompt, rules.exemplars)
            if blocking:
                raise Fault(Reason.WRONG_STATE, "an exemplar blocks it; remove that first", state=blocking)
        credit = grant and rules.appeals.credit_amount > 0
        before = await self._ledger.decide(
            appeal_id,
            state,
            rules,
            notice=notice.strip(),
            reason=reason,
            exemplar=exemplar,
            credit=credit,
            detail=f"{appeal.category}: {shown(appeal.prompt, rules)}",
        )
        if before not in {None, state}:
            raise Fault(Reason.WRONG_STATE, f"it is {before} already", state=before)
        if before is None:
            APPEALS.labels(state).inc()
            if credit:
                await self._give(appeal_id)
        return await self.appeal(appeal_id)

    async def add_exemplar(self, kind: Kind, prompt: str, category: str, reason: str) -> Exemplar:
        """Settles a prompt; again the same is nothing."""
        reason, rules = check_reason(reason), self._policies.live.rules
        check_text("prompt", prompt, MAX_PROMPT)
        text = plain(prompt)
        if not text:
            raise invalid("prompt", "must not be empty")
        if category not in self._categories:
            raise invalid("category", f"must be one of {', '.join(sorted(self._categories))}")
        if kind is Kind.ALLOW and category in rules.appeals.never:
            raise Fault(Reason.NOT_APPEALABLE, "cannot be appealed", category=category)
        digest = hashlib.sha256(f"{kind}/{category}/{text}".encode()).digest()
        name = "exm_" + base64.b32encode(digest).decode().lower()[:26]
        exemplar = Exemplar(name, kind, category, prompt, "", self._clock())
        await self._ledger.add_exemplar(exemplar, rules, f"{kind} {category}: {shown(prompt, rules)}", reason)
        return exemplar

    async def remove_exemplar(self, exemplar_id: str, reason: str) -> None:
        """Raises NOT_FOUND."""
        await self._ledger.remove_exemplar(exemplar_id, self._policies.live.rules.keeping, check_reason(reason))

    async def exemplars(self, size: int, token: str) -> tuple[list[Exemplar], str]:
        """A page by id, and the token of the next."""
        if not 0 <= size <= 500:
            raise invalid("page_size", "must be 1 to 500")
        size = size or 100
        ids = [one for one in sorted(await self._ledger.exemplar_ids()) if one > token][: size + 1]
        found = {one.id: one for one in await self._ledger.exemplars(ids[:size])}
        return [found[one] for one in ids[:size] if one in found], ids[size - 1] if len(ids) > size else ""

    async def standing(self) -> Standing:
        """The policies as the store has them."""
        state, _ = await self._ledger.policies()
        return await self._standing(PolicyState.unpack(state))

    async def try_policy(self, text: str, share: int, reason: str) -> Standing:
        """A candidate, or another share of the present one. Raises INVALID_ARGUMENT for rules that are not
        right."""
        if text:
            self._policies.read(text)
        return await self._move("try_policy", lambda state: state.tried(text, share), reason)

    async def promote(self, version: str, reason: str) -> Standing:
        """The candidate of that version becomes the live policy."""

        def promoted(state: PolicyState) -> PolicyState:
            after = state.promoted()
            if self._policies.read(after.live).version != version:
                raise Fault(Reason.WRONG_STATE, "the candidate is another", state="other_candidate")
            return after

        return await self._move("promote_policy", promoted, reason)

    async def roll_back(self, reason: str) -> Standing:
        """Without the candidate, or as before the last promotion."""
        return await self._move("roll_back_policy", PolicyState.rolled_back, reason)

    async def audit(self, size: int, token: str) -> tuple[list[Entry], str]:
        """A page of the audit log, newest first, and the token of the next."""
        if not 0 <= size <= 200:
            raise invalid("page_size", "must be 1 to 200")
        left, _, right = token.partition("-")
        if token and not (len(token) <= 40 and left.isdecimal() and right.isdecimal()):
            raise invalid("page_token", "must be that of the page before")
        entries = await self._ledger.audit(token, size or 50)
        return entries, entries[-1].id if len(entries) == (size or 50) else ""

    async def _move(self, action: str, move: Callable[[PolicyState], PolicyState], reason: str) -> Standing:
        reason, keeping = check_reason(reason), self._policies.live.rules.keeping
        for _ in range(TRIES):
            text, revision = await self._ledger.policies()
            after = move(PolicyState.unpack(text))
            live = self._policies.read(after.live).version
            candidate = "" if after.candidate is None else self._policies.read(after.candidate).version
            detail = f"live {live}" + (f", candidate {candidate} for {after.share} %" if candidate else "")
            entry = (action, candidate or live, detail, reason)
            if await self._ledger.move_policies(revision, after.pack(), keeping, entry):
                return await self._standing(after)
        raise Fault(Reason.UNAVAILABLE, "the policies keep moving; try again", retry_after=0.5)

    async def _standing(self, state: PolicyState) -> Standing:
        seen = Policies(self._policies.file, self._policies.read)
        seen.use(state)
        if seen.candidate is None:
            return Standing(seen)
        pair = (seen.live.version, seen.candidate.version)
        prompts, pictures = [await self._comparison.tally(stage, pair) for stage in (Stage.PROMPT, Stage.IMAGE)]
        return Standing(seen, prompts, pictures)


def check_reason(reason: str) -> str:
    """Why an operator did something. Raises INVALID_ARGUMENT."""
    if not 1 <= len(reason.strip()) <= 500 or not reason.strip().isprintable():
        raise invalid("reason", "must be 1 to 500 printable characters")
    return reason.strip()
