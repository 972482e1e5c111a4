from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class ErrorReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_REASON_UNSPECIFIED: _ClassVar[ErrorReason]
    ERROR_REASON_INVALID_ARGUMENT: _ClassVar[ErrorReason]
    ERROR_REASON_KEY_MISSING: _ClassVar[ErrorReason]
    ERROR_REASON_KEY_UNKNOWN: _ClassVar[ErrorReason]
    ERROR_REASON_KEY_REVOKED: _ClassVar[ErrorReason]
    ERROR_REASON_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_MODEL_UNKNOWN: _ClassVar[ErrorReason]
    ERROR_REASON_ALLOWANCE_SPENT: _ClassVar[ErrorReason]
    ERROR_REASON_TOO_MANY_LIVE_JOBS: _ClassVar[ErrorReason]
    ERROR_REASON_LINE_FULL: _ClassVar[ErrorReason]
    ERROR_REASON_MODERATION_BLOCKED: _ClassVar[ErrorReason]
    ERROR_REASON_REQUEST_ID_REUSED: _ClassVar[ErrorReason]
    ERROR_REASON_WRONG_STATE: _ClassVar[ErrorReason]
    ERROR_REASON_UNAVAILABLE: _ClassVar[ErrorReason]
    ERROR_REASON_OVERLOADED: _ClassVar[ErrorReason]
    ERROR_REASON_INTERNAL: _ClassVar[ErrorReason]
    ERROR_REASON_JOB_CANCELLED: _ClassVar[ErrorReason]
    ERROR_REASON_JOB_FAILED: _ClassVar[ErrorReason]
    ERROR_REASON_DEADLINE_EXCEEDED: _ClassVar[ErrorReason]
    ERROR_REASON_JOB_EXPIRED: _ClassVar[ErrorReason]
    ERROR_REASON_ASKED_TOO_FAST: _ClassVar[ErrorReason]
    ERROR_REASON_ACCOUNT_BANNED: _ClassVar[ErrorReason]
    ERROR_REASON_SCOPE_MISSING: _ClassVar[ErrorReason]
    ERROR_REASON_KEY_EXPIRED: _ClassVar[ErrorReason]
    ERROR_REASON_NOT_APPEALABLE: _ClassVar[ErrorReason]
    ERROR_REASON_LIMIT_REACHED: _ClassVar[ErrorReason]
ERROR_REASON_UNSPECIFIED: ErrorReason
ERROR_REASON_INVALID_ARGUMENT: ErrorReason
ERROR_REASON_KEY_MISSING: ErrorReason
ERROR_REASON_KEY_UNKNOWN: ErrorReason
ERROR_REASON_KEY_REVOKED: ErrorReason
ERROR_REASON_NOT_FOUND: ErrorReason
ERROR_REASON_MODEL_UNKNOWN: ErrorReason
ERROR_REASON_ALLOWANCE_SPENT: ErrorReason
ERROR_REASON_TOO_MANY_LIVE_JOBS: ErrorReason
ERROR_REASON_LINE_FULL: ErrorReason
ERROR_REASON_MODERATION_BLOCKED: ErrorReason
ERROR_REASON_REQUEST_ID_REUSED: ErrorReason
ERROR_REASON_WRONG_STATE: ErrorReason
ERROR_REASON_UNAVAILABLE: ErrorReason
ERROR_REASON_OVERLOADED: ErrorReason
ERROR_REASON_INTERNAL: ErrorReason
ERROR_REASON_JOB_CANCELLED: ErrorReason
ERROR_REASON_JOB_FAILED: ErrorReason
ERROR_REASON_DEADLINE_EXCEEDED: ErrorReason
ERROR_REASON_JOB_EXPIRED: ErrorReason
ERROR_REASON_ASKED_TOO_FAST: ErrorReason
ERROR_REASON_ACCOUNT_BANNED: ErrorReason
ERROR_REASON_SCOPE_MISSING: ErrorReason
ERROR_REASON_KEY_EXPIRED: ErrorReason
ERROR_REASON_NOT_APPEALABLE: ErrorReason
ERROR_REASON_LIMIT_REACHED: ErrorReason
