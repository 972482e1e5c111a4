"""Operators' connections to the desk and the moderator: one method of an admin service after another, no retries
(a credit that is sent twice counts twice), errors as `FournilError` in the language asked for.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import grpc

from fournil.client import UNARY_SECONDS, FournilError, as_error
from fournil.moderator.v1 import admin_pb2_grpc as moderator_admin_pb2_grpc
from fournil.quota.v1 import admin_pb2_grpc, quota_pb2, quota_pb2_grpc

_FAILURES: dict[str, tuple[str, str]] = {
    "INVALID_ARGUMENT": ("{field}: {detail}", "{field} : {detail}"),
    "NOT_FOUND": ("there is no such {field}", "introuvable : {field}"),
    "KEY_MISSING": (
        "the {service} wants the admin token: --token or FOURNIL_ADMIN_TOKEN",
        "{service} demande le jeton d’administration : --token ou FOURNIL_ADMIN_TOKEN",
    ),
    "WRONG_STATE": ("this cannot be done any more: {state}", "ce n’est plus possible : {state}"),
    "NOT_APPEALABLE": ("{category} cannot be appealed", "{category} ne peut pas être contesté"),
    "LIMIT_REACHED": ("full: at most {most} ({limit})", "plein : {most} au plus ({limit})"),
    "KEY_UNKNOWN": ("this is not the admin token", "ce n’est pas le jeton d’administration"),
    "UNAVAILABLE": (
        "the {service} at {target}, or its store, does not answer",
        "{service} à {target}, ou son stockage, ne répond pas",
    ),
}


class AdminConnection:
    """`call("SetTier", request)` and so on, on one service's admin service."""

    service = ("service", "service")
    """What the failures call it, in English and French."""
    stub: Callable[[grpc.Channel], Any]

    def __init__(self, target: str, *, token: str = "", french: bool = False) -> None:
        self._target = target
        self._french = french
        self._channel = grpc.insecure_channel(target)
        self._stub = type(self).stub(self._channel)
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.close()

    def call(self, method: str, request: Any) -> Any:
        """The answer of a method. Raises FournilError."""
        return self._do(getattr(self._stub, method), request)

    def _do(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=UNARY_SECONDS, metadata=self._metadata)
        except grpc.RpcError as error:
            raise self._in_words(as_error(error)) from error

    def _in_words(self, error: FournilError) -> FournilError:
        text = _FAILURES.get(error.reason)
        if text is None:
            return error
        facts = {
            "service": self.service[self._french],
            "field": "?",
            "detail": str(error),
            "target": self._target,
            **error.metadata,
        }
        return FournilError(error.reason, text[self._french].format(**facts), error.metadata, error.retry_after)


class AdminDesk(AdminConnection):
    """On `QuotaAdminService`; `line()` reads what the public reads of the line."""

    service = ("desk", "le guichet")
    stub = staticmethod(admin_pb2_grpc.QuotaAdminServiceStub)

    def line(self) -> quota_pb2.DescribeLineResponse:
        """The line and the surge level. Raises FournilError."""
        stub = quota_pb2_grpc.QuotaServiceStub(self._channel)
        line: quota_pb2.DescribeLineResponse = self._do(stub.DescribeLine, quota_pb2.DescribeLineRequest())
        return line


class AdminTaster(AdminConnection):
    """On `ModeratorAdminService`."""

    service = ("moderator", "la modération")
    stub = staticmethod(moderator_admin_pb2_grpc.ModeratorAdminServiceStub)
