"""What a caller can do with the moderator, once, for gRPC and REST alike: ask for a verdict, read a refusal back,
question it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.edge.asking import check_prompt
from services.edge.diary import RedisDiary
from services.edge.job import Account, Scope, is_job_id
from services.edge.pace import Pace
from services.edge.peers import Appeal, Decision, Taster, Verdict
from services.runtime.errors import Fault, Reason, invalid

RATE, BURST = 20.0, 64
"""Texts and pictures a second that an account may have looked at, and at once; of one edge."""
MOST_INPUTS = 32
"""Texts of a call, or parts of its one input."""
AT_ONCE = 4
"""Parts of a call that are looked at side by side."""
MAX_NOTE = 10_000
LONGEST_DECISION_ID = 64

Input = Sequence[str | bytes]
"""Texts and pictures that are looked at together."""


@dataclass(frozen=True)
class ModerationCounter:
    """Everything behind the moderation surface of one edge. What takes an account may raise SCOPE_MISSING."""

    taster: Taster
    diary: RedisDiary
    pace: Pace = field(default_factory=lambda: Pace(RATE, BURST))

    async def look(self, account: Account, inputs: Sequence[Input], moderation: str) -> list[list[Verdict]]:
        """The verdicts on each input's parts. Costs no pictures. Raises ASKED_TOO_FAST."""
        if Scope.READ not in account.scopes:
            account.check(Scope.DRAW)
        self.pace.take(account.account_id, sum(map(len, inputs)))
        room = asyncio.Semaphore(AT_ONCE)

        async def one(part: str | bytes) -> Verdict:
            async with room:
                return await self.taster.look_at(account, part, moderation)

        async with asyncio.TaskGroup() as tasks:
            asked = [[tasks.create_task(one(part)) for part in parts] for parts in inputs]
        return [[task.result() for task in parts] for parts in asked]

    async def decision(self, account: Account, decision_id: str) -> Decision:
        """A refusal of the caller's. Somebody else's is NOT_FOUND, and told in no way from one that never was."""
        account.check(Scope.READ)
        return await self._own(account, decision_id)

    async def file(self, account: Account, decision_id: object, note: object, prompt: object) -> Appeal:
        """Questions a refusal of the caller's own; where no prompt is given, the refused job's."""
        account.check(Scope.DRAW)
        if not isinstance(decision_id, str) or not is_decision_id(decision_id):
            raise invalid("decision_id", "must be the id of a decision")
        if not isinstance(note, str | None) or len(note or "") > MAX_NOTE:
            raise invalid("note", f"must be at most {MAX_NOTE} characters")
        note = check_prompt("note", note) if note else ""
        given = check_prompt("prompt", prompt) if prompt else await self._prompt_of(account, decision_id)
        return await self.taster.file_appeal(account, decision_id, given, note)

    async def get(self, account: Account, appeal_id: str) -> Appeal:
        """An appeal of the caller's. Somebody else's is NOT_FOUND, like one that never was."""
        account.check(Scope.READ)
        return await self.taster.appeal(account, appeal_id)

    async def list(self, account: Account, *, size: int, token: str) -> tuple[Sequence[Appeal], str]:
        """The caller's appeals, newest first, and the token of the next page."""
        account.check(Scope.READ)
        return await self.taster.appeals(account, size, token)

    async def _prompt_of(self, account: Account, decision_id: str) -> str:
        """The refused job's prompt; "" when the job is not known any more."""
        refused = await self._own(account, decision_id)
        if not is_job_id(refused.job_id):
            return ""
        try:
            return (await self.diary.read(refused.job_id)).spec.prompt
        except Fault as fault:
            if fault.reason is not Reason.NOT_FOUND:
                raise
            return ""

    async def _own(self, account: Account, decision_id: str) -> Decision:
        missing = Fault(Reason.NOT_FOUND, "no such decision")
        if not is_decision_id(decision_id):
            raise missing
        try:
            found = await self.taster.decision(decision_id)
        except Fault as fault:
            if fault.reason is not Reason.NOT_FOUND:
                raise
            raise missing from None
        if found.account_id != account.account_id:
            raise missing
        return found


def is_decision_id(text: str) -> bool:
    """Whether it can be the id of a decision."""
    return text.startswith("dec_") and len(text) <= LONGEST_DECISION_ID and text.isascii()
