"""`Fault` to gRPC status and back. The only place where reasons meet status codes."""

from collections.abc import Iterable, Mapping
from typing import cast

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from services.runtime.errors import Fault, Reason
from services.runtime.wire_time import duration, seconds

DOMAIN = "fournil"

CODES: dict[Reason, grpc.StatusCode] = {
    Reason.INVALID_ARGUMENT: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.KEY_MISSING: grpc.StatusCode.UNAUTHENTICATED,
    Reason.KEY_UNKNOWN: grpc.StatusCode.UNAUTHENTICATED,
    Reason.KEY_REVOKED: grpc.StatusCode.UNAUTHENTICATED,
    Reason.KEY_EXPIRED: grpc.StatusCode.UNAUTHENTICATED,
    Reason.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.MODEL_UNKNOWN: grpc.StatusCode.NOT_FOUND,
    Reason.ALLOWANCE_SPENT: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.TOO_MANY_LIVE_JOBS: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.LINE_FULL: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.ASKED_TOO_FAST: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.ACCOUNT_BANNED: grpc.StatusCode.PERMISSION_DENIED,
    Reason.SCOPE_MISSING: grpc.StatusCode.PERMISSION_DENIED,
    Reason.MODERATION_BLOCKED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.REQUEST_ID_REUSED: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.WRONG_STATE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Reason.OVERLOADED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.INTERNAL: grpc.StatusCode.INTERNAL,
    Reason.JOB_CANCELLED: grpc.StatusCode.CANCELLED,
    Reason.JOB_FAILED: grpc.StatusCode.INTERNAL,
    Reason.DEADLINE_EXCEEDED: grpc.StatusCode.DEADLINE_EXCEEDED,
    Reason.JOB_EXPIRED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.NOT_APPEALABLE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.LIMIT_REACHED: grpc.StatusCode.RESOURCE_EXHAUSTED,
}

_LIMITS = {
    Reason.ALLOWANCE_SPENT,
    Reason.TOO_MANY_LIVE_JOBS,
    Reason.LINE_FULL,
    Reason.ASKED_TOO_FAST,
    Reason.OVERLOADED,
    Reason.LIMIT_REACHED,
}
_FROM_CODE = {
    grpc.StatusCode.INVALID_ARGUMENT: Reason.INVALID_ARGUMENT,
    grpc.StatusCode.DEADLINE_EXCEEDED: Reason.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNAVAILABLE: Reason.UNAVAILABLE,
    # A peer that is draining cancels its streams; the caller of ours did not.
    grpc.StatusCode.CANCELLED: Reason.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Reason.OVERLOADED,
}


def to_status(fault: Fault, *, localized: tuple[str, str] | None = None) -> grpc.Status:
    """The gRPC status of a fault with its google.rpc details; `localized` is (locale, text)."""
    code = CODES[fault.reason]
    details: list[any_pb2.Any] = []

    def pack(message: object) -> None:
        detail = any_pb2.Any()
        detail.Pack(message)  # type: ignore[arg-type]
        details.append(detail)

    pack(error_details_pb2.ErrorInfo(reason=fault.reason, domain=DOMAIN, metadata=fault.metadata))
    if fault.retry_after is not None:
        pack(error_details_pb2.RetryInfo(retry_delay=duration(max(fault.retry_after, 0))))
    if fault.reason in _LIMITS:
        violation = error_details_pb2.QuotaFailure.Violation(
            subject=fault.metadata.get("policy") or fault.metadata.get("limit", ""), description=fault.message
        )
        pack(error_details_pb2.QuotaFailure(violations=[violation]))
    if fault.reason is Reason.INVALID_ARGUMENT and "field" in fault.metadata:
        field = error_details_pb2.BadRequest.FieldViolation(
            field=fault.metadata["field"], description=fault.metadata.get("detail", fault.message)
        )
        pack(error_details_pb2.BadRequest(field_violations=[field]))
    if url := fault.metadata.get("appeal_url"):
        pack(error_details_pb2.Help(links=[{"description": "question this refusal", "url": url}]))
    if localized is not None:
        pack(error_details_pb2.LocalizedMessage(locale=localized[0], message=localized[1]))
    number = cast(int, code_pb2.Code.Value(code.name))
    status = status_pb2.Status(code=number, message=fault.message, details=details)
    return cast(grpc.Status, rpc_status.to_status(status))


def from_rpc_error(error: grpc.aio.AioRpcError, peer: str) -> Fault:
    """The fault that a peer meant. A peer that cannot be reached is UNAVAILABLE whatever it said."""
    info = error_info(error)
    if info is None:
        reason = _FROM_CODE.get(error.code(), Reason.INTERNAL)
        return Fault(reason, f"{peer} does not answer ({error.code().name})", peer=peer)
    reason, metadata, retry_after = info
    return Fault(reason, error.details() or reason, retry_after=retry_after, **metadata)


def error_info(error: grpc.aio.AioRpcError) -> tuple[Reason, Mapping[str, str], float | None] | None:
    """Reason, metadata and retry delay in seconds of a Fournil error; None for any other."""
    status = _status_of(error.trailing_metadata() or ())
    if status is None:
        return None
    found: tuple[Reason, Mapping[str, str]] | None = None
    retry_after: float | None = None
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        retry = error_details_pb2.RetryInfo()
        if detail.Unpack(info) and info.domain == DOMAIN and info.reason in Reason.__members__:
            found = (Reason(info.reason), dict(info.metadata))
        elif detail.Unpack(retry):
            retry_after = seconds(retry.retry_delay)
    return None if found is None else (*found, retry_after)


def _status_of(metadata: Iterable[tuple[str, str | bytes]]) -> status_pb2.Status | None:
    for key, value in metadata:
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            return status_pb2.Status.FromString(value)
    return None
