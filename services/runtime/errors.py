"""The one domain error. Cores raise `Fault`; `wire_errors` maps it to the wire, once.

`Reason` mirrors `fournil.errors.v1.ErrorReason` (a test holds them together); what each means, its gRPC code
and its metadata are documented there.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why something was refused or failed."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    KEY_MISSING = "KEY_MISSING"
    KEY_UNKNOWN = "KEY_UNKNOWN"
    KEY_REVOKED = "KEY_REVOKED"
    KEY_EXPIRED = "KEY_EXPIRED"
    NOT_FOUND = "NOT_FOUND"
    MODEL_UNKNOWN = "MODEL_UNKNOWN"
    ALLOWANCE_SPENT = "ALLOWANCE_SPENT"
    TOO_MANY_LIVE_JOBS = "TOO_MANY_LIVE_JOBS"
    LINE_FULL = "LINE_FULL"
    ASKED_TOO_FAST = "ASKED_TOO_FAST"
    ACCOUNT_BANNED = "ACCOUNT_BANNED"
    SCOPE_MISSING = "SCOPE_MISSING"
    MODERATION_BLOCKED = "MODERATION_BLOCKED"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    WRONG_STATE = "WRONG_STATE"
    UNAVAILABLE = "UNAVAILABLE"
    OVERLOADED = "OVERLOADED"
    INTERNAL = "INTERNAL"
    JOB_CANCELLED = "JOB_CANCELLED"
    JOB_FAILED = "JOB_FAILED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    JOB_EXPIRED = "JOB_EXPIRED"
    NOT_APPEALABLE = "NOT_APPEALABLE"
    LIMIT_REACHED = "LIMIT_REACHED"


class Fault(Exception):
    """A refusal or failure that a caller may see.

    `message` is English, for people, and holds no secret, prompt or traceback. `metadata` are the facts of
    the case as strings. `retry_after` is in seconds from now, None when asking again cannot help.
    """

    def __init__(
        self, reason: Reason, message: str, *, retry_after: float | None = None, **metadata: object
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retry_after = retry_after
        self.metadata = {key: str(value) for key, value in metadata.items()}

    @property
    def transient(self) -> bool:
        """Whether the same call may succeed a little later without anything else changing."""
        return self.reason in {Reason.UNAVAILABLE, Reason.OVERLOADED, Reason.DEADLINE_EXCEEDED}


def invalid(field: str, detail: str) -> Fault:
    """A malformed field."""
    return Fault(Reason.INVALID_ARGUMENT, f"{field}: {detail}", field=field, detail=detail)
