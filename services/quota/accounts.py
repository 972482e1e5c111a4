"""API keys and who holds them.

A key is `fk_` and 32 random bytes in URL-safe base 64. Only its HMAC-SHA256 under the pepper is stored: who reads
the store cannot use a key, and who has the pepper alone knows none. The key's id is public, for logs and revoking.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from services.quota.checks import check_account, check_reason
from services.quota.office import Holder, Office
from services.quota.policy import Policy
from services.runtime.errors import Fault, Reason, invalid

PREFIX = "fk_"
LONGEST_KEY = 128
SHORTEST_PEPPER = 16

_KEY_ID = re.compile(r"[0-9a-z_]{1,64}")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the only moment it can be read."""

    secret: str
    key_id: str


class Accounts:
    """Keys over a store."""

    def __init__(self, store: Office, policy: Policy, pepper: str) -> None:
        self._store = store
        self._policy = policy
        self._pepper = pepper.encode()

    def use(self, policy: Policy) -> None:
        """Another policy from now on."""
        self._policy = policy

    async def authenticate(self, api_key: str) -> Holder:
        """Who holds the key, with the tier the account has now. Raises KEY_MISSING, KEY_UNKNOWN, KEY_REVOKED."""
        if not api_key:
            raise Fault(Reason.KEY_MISSING, "no API key was sent")
        if not api_key.startswith(PREFIX) or len(api_key) > LONGEST_KEY:
            raise Fault(Reason.KEY_UNKNOWN, "the API key is not known")
        holder = await self._store.holder(self._digest(api_key))
        if holder is None:
            raise Fault(Reason.KEY_UNKNOWN, "the API key is not known")
        if holder.revoked:
            raise Fault(Reason.KEY_REVOKED, "the API key was revoked", key_id=holder.key_id)
        tier = self._policy.tier(holder.tier).name
        return Holder(holder.account_id, tier, holder.key_id, holder.revoked)

    async def create_key(self, account_id: str, tier: str, reason: str) -> NewKey:
        """Makes a key, and the account if it is new; an existing account takes the tier."""
        check_account(account_id)
        if tier not in self._policy.tiers:
            raise invalid("tier", f"must be one of {', '.join(self._policy.tiers)}")
        key = NewKey(PREFIX + secrets.token_urlsafe(32), "key_" + secrets.token_hex(8))
        digest = self._digest(key.secret)
        await self._store.create_key(digest, Holder(account_id, tier, key.key_id, False), check_reason(reason))
        return key

    async def revoke_key(self, key_id: str, reason: str) -> None:
        """Ends a key at once; again is nothing. Raises NOT_FOUND."""
        if not _KEY_ID.fullmatch(key_id):
            raise invalid("key_id", "must be the public id of a key")
        await self._store.revoke_key(key_id, check_reason(reason))

    def _digest(self, api_key: str) -> str:
        return hmac.new(self._pepper, api_key.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
