"""Links: to where refusals are read back and questioned, and to pictures, which need no key and expire: an HMAC
over job, index and expiry."""

import hashlib
import hmac
import time

LIFE_SECONDS = 86_400
DECISIONS = "/v1/moderation/decisions"
"""Where refusals are read back."""
APPEALS = "/v1/moderation/appeals"
"""Where refusals are questioned."""


class Links:
    """Signs and checks. Every edge replica shares the secret."""

    def __init__(self, secret: bytes, public_url: str) -> None:
        self._secret = secret
        self._public_url = public_url.rstrip("/")

    def path(self, job_id: str, index: int) -> str:
        """Path and query of a picture, valid for a day."""
        expires = int(time.time()) + LIFE_SECONDS
        return f"/v1/jobs/{job_id}/images/{index}?e={expires}&s={self._sign(job_id, index, expires)}"

    def url(self, job_id: str, index: int) -> str:
        """The same as a full URL, for clients that only get the answer's body."""
        return self._public_url + self.path(job_id, index)

    def valid(self, job_id: str, index: int, expires: str, signature: str) -> bool:
        """Whether a link is ours and fresh."""
        if not expires.isdecimal() or len(expires) > 12 or int(expires) < time.time():
            return False
        return hmac.compare_digest(self._sign(job_id, index, int(expires)).encode(), signature.encode())

    def _sign(self, job_id: str, index: int, expires: int) -> str:
        text = f"{job_id}/{index}/{expires}".encode()
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()[:40]
