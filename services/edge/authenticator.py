"""Who is calling. A key's account is remembered for a second, so a revoked key ends within that."""

import hashlib
import time
from collections import OrderedDict

from services.edge.job import Account
from services.edge.peers import Quota
from services.runtime.errors import Fault, Reason

LIFE_SECONDS = 1.0
MOST_KEYS = 10_000
MAX_KEY_LENGTH = 256
MAX_TOKEN_LENGTH = 4_096
"""Of a JWT: three parts with dots between them."""


class Authenticator:
    """Asks the desk, at most once a second a key."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._seen: OrderedDict[bytes, tuple[float, Account]] = OrderedDict()

    async def account(self, authorization: str | None) -> Account:
        """The account behind "Bearer KEY". Raises KEY_MISSING, KEY_UNKNOWN, KEY_REVOKED, KEY_EXPIRED."""
        scheme, _, key = (authorization or "").strip().partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise Fault(Reason.KEY_MISSING, "send your key as 'authorization: Bearer KEY'")
        longest = MAX_TOKEN_LENGTH if key.count(".") == 2 else MAX_KEY_LENGTH
        if len(key) > longest or not key.isascii() or not key.isprintable():
            raise Fault(Reason.KEY_UNKNOWN, "this key is not known")
        digest = hashlib.sha256(key.encode()).digest()
        seen = self._seen.get(digest)
        if seen is not None and seen[0] > time.monotonic():
            return seen[1]
        account = await self._quota.authenticate(key)
        self._seen[digest] = (time.monotonic() + LIFE_SECONDS, account)
        self._seen.move_to_end(digest)
        while len(self._seen) > MOST_KEYS:
            self._seen.popitem(last=False)
        return account
