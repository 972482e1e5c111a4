"""What a caller may send. Every check raises `Fault` INVALID_ARGUMENT that names the field."""

import re
from collections.abc import Sequence

from services.runtime.errors import invalid

SHORTEST_LIFE, LONGEST_LIFE, USUAL_LIFE = 5.0, 600.0, 60.0
"""Seconds a reservation lives without Extend."""

MOST_IDS = 1_000
MOST_BATCH = 64
MOST_MODELS = 64
MOST_SLOTS = 4_096
MOST_WORK = 99_999_999
LONGEST_PICTURE = 3_600.0

_ID = re.compile(r"[0-9a-z]{26}")
_ACCOUNT = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MODEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_GENERATOR = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_ADDRESS = re.compile(r"[!-~]{1,255}")
_HASH = re.compile(r"[!-~]{0,128}")


def check_id(id: str, field: str = "id") -> str:
    """A reservation's id."""
    if not _ID.fullmatch(id):
        raise invalid(field, "must be 26 characters of 0-9 and a-z")
    return id


def check_ids(ids: Sequence[str]) -> list[str]:
    """A batch of ids."""
    if len(ids) > MOST_IDS:
        raise invalid("ids", f"must be at most {MOST_IDS}")
    return [check_id(id, "ids") for id in ids]


def check_account(account_id: str) -> str:
    """An account's id."""
    if not _ACCOUNT.fullmatch(account_id):
        raise invalid("account_id", "must be 1 to 64 letters, digits, '.', '_' or '-'")
    return account_id


def check_model(model: str, field: str = "model") -> str:
    """A model's name."""
    if not _MODEL.fullmatch(model):
        raise invalid(field, "must be 1 to 64 of a-z, 0-9, '.', '_' and '-', not a sign first")
    return model


def check_cost(cost: int, most: int, field: str = "cost") -> int:
    """A number of pictures."""
    if not 1 <= cost <= most:
        raise invalid(field, f"must be 1 to {most} pictures")
    return cost


def check_work(work: int, cost: int) -> int:
    """Thousandths of default pictures; 1,000 a picture when 0."""
    if work == 0:
        return 1000 * cost
    if not 1 <= work <= MOST_WORK:
        raise invalid("work", f"must be 1 to {MOST_WORK}")
    return work


def check_life(seconds: float | None) -> float:
    """How long a reservation lives; `USUAL_LIFE` when not given."""
    if seconds is None:
        return USUAL_LIFE
    if not SHORTEST_LIFE <= seconds <= LONGEST_LIFE:
        raise invalid("ttl", f"must be {SHORTEST_LIFE:.0f} to {LONGEST_LIFE:.0f} seconds")
    return seconds


def check_request(request_id: str, body_hash: str) -> None:
    """The caller's own idempotency key and the hash of what it asked."""
    if not request_id and not body_hash:
        return
    if len(request_id) > 128 or not request_id.isprintable():
        raise invalid("request_id", "must be at most 128 printable characters")
    if not _HASH.fullmatch(body_hash):
        raise invalid("body_hash", "must be at most 128 printable ASCII characters without spaces")


def check_batch(count: int) -> None:
    """Requests in one call."""
    if not 1 <= count <= MOST_BATCH:
        raise invalid("requests", f"must be 1 to {MOST_BATCH}")


def check_attempt(attempt: int) -> int:
    """A turn's number."""
    if attempt < 1:
        raise invalid("attempt", "must be 1 or more")
    return attempt


def check_reason(reason: str) -> str:
    """Why an operator did something."""
    if not 1 <= len(reason.strip()) <= 500:
        raise invalid("reason", "must be 1 to 500 characters")
    return reason.strip()


def check_report(
    generator_id: str, address: str, models: Sequence[str], slots: int, picture_time: float | None
) -> None:
    """A generator's heartbeat."""
    if not _GENERATOR.fullmatch(generator_id):
        raise invalid("generator_id", "must be 1 to 128 letters, digits, '.', '_', ':' or '-'")
    if not _ADDRESS.fullmatch(address):
        raise invalid("address", "must be a gRPC target of at most 255 characters")
    if len(models) > MOST_MODELS:
        raise invalid("models", f"must be at most {MOST_MODELS}")
    for model in models:
        check_model(model, "models")
    if not 0 <= slots <= MOST_SLOTS:
        raise invalid("slots", f"must be 0 to {MOST_SLOTS}")
    if picture_time is not None and not 1e-6 <= picture_time <= LONGEST_PICTURE:
        raise invalid("picture_time", f"must be a microsecond to {LONGEST_PICTURE:.0f} seconds")
