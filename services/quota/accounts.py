"""Who is calling: API keys and who holds them, and ID tokens where an issuer is trusted.

A key is `fk_` and 32 random bytes in URL-safe base 64. Only its HMAC-SHA256 under the pepper is stored: who reads
the store cannot use a key, and who has the pepper alone knows none. The key's id is public, for logs and revoking.
A key may end at a time and may be for some calls only; the edge holds it to its scopes.

Who comes with a token of the trusted issuer has an account of their own, made when it is first seen. What its
tier is, is the server's word; the token may ask for one that weighs no more.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from services.quota.checks import check_account, check_expiry, check_reason, check_scopes, check_tier
from services.quota.office import Holder, Office
from services.quota.policy import Policy
from services.runtime.errors import Fault, Reason, invalid

PREFIX = "fk_"
LONGEST_KEY = 128
SHORTEST_PEPPER = 16
TOKEN_ACCOUNTS = "oidc-"
"""What accounts of tokens begin with, and no account of a key does."""
LONGEST_TOKEN = 4_096
MOST_SEEN = 10_000
REMEMBERED = 900.0
"""Seconds before the store went away within which a key must have been used to be taken meanwhile."""

_KEY_ID = re.compile(r"[0-9a-z_]{1,64}")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the only moment it can be read."""

    secret: str
    key_id: str
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a token speaks for: a name of 1 to 59 characters that an account may have, and the tier it asks for."""

    name: str
    tier: str = ""


class Tokens(Protocol):
    """Reads ID tokens."""

    async def bearer(self, token: str) -> Bearer:
        """Raises KEY_UNKNOWN, KEY_EXPIRED; UNAVAILABLE while the issuer's keys cannot be had."""
        ...


class Accounts:
    """Keys over a store. `clock` gives Unix seconds."""

    def __init__(
        self,
        store: Office,
        policy: Policy,
        pepper: str,
        *,
        tokens: Tokens | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._policy = policy
        self._pepper = pepper.encode()
        self._tokens = tokens
        self._clock = clock
        self._seen: OrderedDict[str, tuple[float, Holder]] = OrderedDict()
        """Holders by digest and when the store told of them, for when it is away."""
        self._told = 0.0

    def use(self, policy: Policy) -> None:
        """Another policy from now on."""
        self._policy = policy

    async def authenticate(self, api_key: str) -> Holder:
        """Who holds the key or token, with the tier they are judged by now. Raises KEY_MISSING, KEY_UNKNOWN,
        KEY_REVOKED, KEY_EXPIRED."""
        if not api_key:
            raise Fault(Reason.KEY_MISSING, "no API key was sent")
        if self._tokens and api_key.count(".") == 2 and len(api_key) <= LONGEST_TOKEN:
            return await self._token_holder(await self._tokens.bearer(api_key))
        if not api_key.startswith(PREFIX) or len(api_key) > LONGEST_KEY:
            raise Fault(Reason.KEY_UNKNOWN, "the API key is not known")
        holder = await self._holder(self._digest(api_key))
        if holder is None:
            raise Fault(Reason.KEY_UNKNOWN, "the API key is not known")
        if holder.revoked:
            raise Fault(Reason.KEY_REVOKED, "the API key was revoked", key_id=holder.key_id)
        if holder.expires is not None and holder.expires <= self._clock():
            raise Fault(Reason.KEY_EXPIRED, "the API key has expired", key_id=holder.key_id)
        return replace(holder, tier=self._policy.tier(holder.tier).name)

    async def create_key(
        self,
        account_id: str,
        tier: str,
        reason: str,
        *,
        expires: float | None = None,
        scopes: Sequence[str] = (),
    ) -> NewKey:
        """Makes a key, and the account if it is new. An existing account takes the tier; without one it keeps its
        own, and a new one gets the default. `expires` in Unix seconds. Raises INVALID_ARGUMENT."""
        if check_account(account_id).startswith(TOKEN_ACCOUNTS):
            raise invalid("account_id", f"must not begin with {TOKEN_ACCOUNTS!r}: those are of tokens")
        reason = check_reason(reason)
        until, may = check_expiry(expires, self._clock()), check_scopes(scopes)
        key = NewKey(PREFIX + secrets.token_urlsafe(32), "key_" + secrets.token_hex(8), until)
        if tier:
            check_tier(tier, self._policy.tiers)
        else:
            await self._store.open_account(account_id, self._policy.default_tier, reason)
        holder = Holder(account_id, tier, key.key_id, revoked=False, expires=until, scopes=may)
        await self._store.create_key(self._digest(key.secret), holder, reason)
        return key

    async def revoke_key(self, key_id: str, reason: str) -> None:
        """Ends a key at once; again is nothing. Raises NOT_FOUND."""
        if not _KEY_ID.fullmatch(key_id):
            raise invalid("key_id", "must be the public id of a key")
        await self._store.revoke_key(key_id, check_reason(reason))

    async def _token_holder(self, bearer: Bearer) -> Holder:
        account_id = check_account(TOKEN_ACCOUNTS + bearer.name)
        profile = await self._store.open_account(account_id, self._policy.default_tier, "first seen with a token")
        tier = self._policy.judged_by(profile.tier, bearer.tier).name
        return Holder(account_id, tier, "oidc", revoked=False, banned=profile.banned)

    async def _holder(self, digest: str) -> Holder | None:
        """As the store tells; while it is away, as it told last, if that was not long before it went away."""
        try:
            holder = await self._store.holder(digest)
        except Fault as fault:
            at, seen = self._seen.get(digest, (0.0, None))
            if fault.reason is not Reason.UNAVAILABLE or seen is None or at < self._told - REMEMBERED:
                raise
            return seen
        self._told = self._clock()
        self._seen.pop(digest, None)
        if holder is not None:
            self._seen[digest] = self._told, holder
            if len(self._seen) > MOST_SEEN:
                self._seen.popitem(last=False)
        return holder

    def _digest(self, api_key: str) -> str:
        return hmac.new(self._pepper, api_key.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
