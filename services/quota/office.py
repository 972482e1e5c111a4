"""What the desk's back office asks of the store: accounts, keys, the audit log, the surge level. Kept by the same
two stores as `store.Store`, with the same promises.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from services.quota.limits import Verdict
from services.quota.surge import SurgeState

KNOW_CREDIT = 90 * 86_400
"""Seconds for which a credit's request is known."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a key."""

    account_id: str
    tier: str
    key_id: str
    revoked: bool
    expires: float | None = None
    """Unix seconds."""
    scopes: tuple[str, ...] = ()
    """What it may do; none is everything."""
    banned: str = ""
    """Why its account may not ask, if it may not."""


@dataclass(frozen=True, slots=True)
class Profile:
    """An account. `zone` is "" when it lives by the policy's; `banned` is why it may not ask, if it may not."""

    tier: str
    zone: str = ""
    banned: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit log. `time` is in Unix seconds; `subject` an account, a key, a class or the mesh."""

    id: str
    time: float
    action: str
    subject: str
    detail: str
    reason: str


class Office(Protocol):
    """Every change takes a reason and enters the audit log in the same moment. The log keeps the last 100,000."""

    async def create_key(self, digest: str, key: Holder, reason: str) -> None:
        """Stores a key by its digest, and its account if new; an old account takes the tier. With a tier of ""
        the account keeps its own, and must exist: else raises NOT_FOUND. Again with the same digest is nothing.
        Audited."""
        ...

    async def revoke_key(self, key_id: str, reason: str) -> None:
        """Ends a key; again is nothing. Audited. Raises NOT_FOUND."""
        ...

    async def account(self, account_id: str) -> Profile:
        """Raises NOT_FOUND."""
        ...

    async def open_account(self, account_id: str, tier: str, reason: str) -> Profile:
        """The account, made with the tier if it is new. The making is audited."""
        ...

    async def set_account(self, account_id: str, changes: Mapping[str, str], reason: str) -> None:
        """Sets `tier`, `zone` or `banned` (why; "" lifts a ban) of an account. Audited. Raises NOT_FOUND."""
        ...

    async def credit(
        self, account_id: str, policy: str, amount: int, reason: str, request_id: str = ""
    ) -> Verdict:
        """Adds to what a window allows in its present stretch; how it stands then. Audited. The same request again
        within `KNOW_CREDIT` is nothing. Raises NOT_FOUND for an account, or for a window that is not one of the
        account's."""
        ...

    async def reset(self, account_id: str, reason: str) -> None:
        """Forgets what was committed in the present stretches of all windows; what is held stays. Audited. Raises
        NOT_FOUND."""
        ...

    async def keys(self, account_id: str) -> list[Holder]:
        """The account's keys, oldest first, at most 1,000."""
        ...

    async def waiting(self, model: str, tier: str, limit: int) -> list[str]:
        """The first tickets of a class, at most `limit`."""
        ...

    async def note(self, action: str, subject: str, detail: str, reason: str) -> None:
        """Enters a change of many steps into the audit log, before the first of them."""
        ...

    async def audit(self, before: str, limit: int) -> list[Entry]:
        """The audit log before an entry ("" is now), newest first."""
        ...

    async def surge(self) -> SurgeState:
        """The surge level as it stands."""
        ...

    async def set_surge(self, before: SurgeState, after: SurgeState) -> bool:
        """Stores `after` if `before` is what is stored; whether it was. A change of level, or by an operator, is
        audited with its cause."""
        ...

    async def holder(self, digest: str) -> Holder | None:
        """Who holds the key of that digest."""
        ...
