"""Operators' connection to the desk: one method of `QuotaAdminService` after another, no retries (a credit that is
sent twice counts twice), errors as `FournilError` in the language asked for.
"""

from types import TracebackType
from typing import Any

import grpc

from fournil.client import UNARY_SECONDS, FournilError, as_error
from fournil.quota.v1 import admin_pb2_grpc, quota_pb2, quota_pb2_grpc

_FAILURES: dict[str, tuple[str, str]] = {
    "INVALID_ARGUMENT": ("{field}: {detail}", "{field} : {detail}"),
    "NOT_FOUND": ("there is no such {field}", "introuvable : {field}"),
    "KEY_MISSING": (
        "the desk wants the admin token: --token or FOURNIL_ADMIN_TOKEN",
        "le guichet demande le jeton d’administration : --token ou FOURNIL_ADMIN_TOKEN",
    ),
    "KEY_UNKNOWN": ("this is not the admin token", "ce n’est pas le jeton d’administration"),
    "UNAVAILABLE": (
        "the desk at {target}, or its store, does not answer",
        "le guichet à {target}, ou son stockage, ne répond pas",
    ),
}


class AdminDesk:
    """`call("SetTier", request)` and so on; `line()` reads what the public reads of the line."""

    def __init__(self, target: str, *, token: str = "", french: bool = False) -> None:
        self._target = target
        self._french = french
        self._channel = grpc.insecure_channel(target)
        self._stub = admin_pb2_grpc.QuotaAdminServiceStub(self._channel)
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()

    def __enter__(self) -> "AdminDesk":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.close()

    def call(self, method: str, request: Any) -> Any:
        """The answer of a method. Raises FournilError."""
        return self._do(getattr(self._stub, method), request)

    def line(self) -> quota_pb2.DescribeLineResponse:
        """The line and the surge level. Raises FournilError."""
        stub = quota_pb2_grpc.QuotaServiceStub(self._channel)
        line: quota_pb2.DescribeLineResponse = self._do(stub.DescribeLine, quota_pb2.DescribeLineRequest())
        return line

    def _do(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=UNARY_SECONDS, metadata=self._metadata)
        except grpc.RpcError as error:
            raise self._in_words(as_error(error)) from error

    def _in_words(self, error: FournilError) -> FournilError:
        text = _FAILURES.get(error.reason)
        if text is None:
            return error
        facts = {"field": "?", "detail": str(error), "target": self._target, **error.metadata}
        return FournilError(error.reason, text[self._french].format(**facts), error.metadata, error.retry_after)
