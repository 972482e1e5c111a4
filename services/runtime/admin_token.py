"""The token that operators show to admin services."""

import hmac
from typing import Any

import grpc

from services.runtime.errors import Fault, Reason

SHORTEST = 16
"""Characters of a token."""


class AdminToken:
    """With an empty token nobody has to show anything."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def check(self, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        """Raises KEY_MISSING or KEY_UNKNOWN for a call without the token."""
        if not self._token:
            return
        given = dict(context.invocation_metadata() or ()).get("authorization", "")
        scheme, _, token = str(given).strip().partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Fault(Reason.KEY_MISSING, "send the admin token as 'authorization: Bearer TOKEN'")
        if not hmac.compare_digest(token.strip().encode(), self._token):
            raise Fault(Reason.KEY_UNKNOWN, "this is not the admin token")
