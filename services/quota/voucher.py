"""A reservation that a replica granted while the store was away, as a text that its holder shows again.

Any replica can go by it: it says all that the store would have to know, and is sealed under the pepper, so that
nobody else can write one.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass

from services.quota.reservation import Reservation, State, Turn
from services.quota.store import Ask
from services.runtime.errors import Fault, invalid

LIFE = 24 * 3_600.0
"""Seconds for which it is taken. The store keeps final reservations for longer, so it never makes one twice."""
LONGEST = 2_048
_SEAL = 32


@dataclass(frozen=True, slots=True)
class Voucher:
    """Costs are pictures, work thousandths of a default picture, `issued` Unix seconds by the replica's clock."""

    id: str
    account_id: str
    tier: str
    model: str
    cost: int
    work: int
    request_id: str
    body_hash: str
    generator_id: str
    address: str
    issued: float

    @property
    def turn(self) -> Turn:
        """The turn that came with it: the first."""
        return Turn(self.generator_id, self.address, 1, self.issued + LIFE)

    def ask(self, ttl: float) -> Ask:
        """What the store is asked to hold."""
        owed = {"work": self.work, "request_id": self.request_id, "body_hash": self.body_hash, "tier": self.tier}
        return Ask(self.id, self.account_id, self.cost, self.model, ttl, owed=True, **owed)  # type: ignore[arg-type]

    def reservation(self, state: State = State.RUNNING, charged: int = 0) -> Reservation:
        """As it stands for whoever cannot ask the store."""
        return Reservation(
            self.id,
            self.account_id,
            self.tier,
            self.model,
            self.cost,
            state,
            self.issued + LIFE,
            charged=charged,
            attempts=1,
            generator_id=self.generator_id,
            address=self.address,
            work=self.work,
        )


class Seal:
    """Writes and reads vouchers under a pepper."""

    def __init__(self, pepper: str) -> None:
        self._key = hmac.new(pepper.encode(), b"vouchers of outages", hashlib.sha256).digest()

    def write(self, voucher: Voucher) -> str:
        """URL-safe base 64 of the seal and the JSON."""
        content = json.dumps(asdict(voucher), separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._sign(content) + content).decode()

    def read(self, text: str, now: float, id: str = "") -> Voucher:
        """The voucher, which must be that of `id` if one is given. Raises INVALID_ARGUMENT for any that is not
        ours, of another reservation, or older than `LIFE`."""
        try:
            raw = base64.b64decode(text[:LONGEST].encode(), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise _wrong("is not one of ours") from None
        seal, content = raw[:_SEAL], raw[_SEAL:]
        if not hmac.compare_digest(seal, self._sign(content)):
            raise _wrong("is not one of ours")
        voucher = Voucher(**json.loads(content))
        if id and voucher.id != id:
            raise _wrong("is of another reservation")
        if voucher.issued + LIFE <= now:
            raise _wrong("is too old")
        return voucher

    def _sign(self, content: bytes) -> bytes:
        return hmac.new(self._key, content, hashlib.sha256).digest()


def _wrong(detail: str) -> Fault:
    return invalid("voucher", detail)
