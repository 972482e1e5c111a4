"""What a caller may send. Every check raises `Fault` INVALID_ARGUMENT that names the field."""

import re
from collections.abc import Collection, Sequence

from services.runtime.errors import invalid

SHORTEST_LIFE, LONGEST_LIFE, USUAL_LIFE = 5.0, 600.0, 60.0
"""Seconds a reservation lives without Extend."""

MOST_IDS = 1_000
MOST_BATCH = 64
MOST_MODELS = 64
MOST_SLOTS = 4_096
MOST_WORK = 99_999_999
LONGEST_PICTURE = 3_600.0

SCOPES = ("draw", "read")
"""What a key may do: make and cancel jobs; read jobs, pictures and the allowance."""
LONGEST_KEY_LIFE = 10 * 366 * 86_400.0
LONGEST_NOTICE = 200
MOST_CREDIT = 1_000_000
USUAL_PAGE, LONGEST_PAGE = 50, 200

_ID = re.compile(r"[0-9a-z]{26}")
_ACCOUNT = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MODEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_GENERATOR = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_ADDRESS = re.compile(r"[!-~]{1,255}")
_ENTRY = re.compile(r"[0-9]{1,18}(-[0-9]{1,18})?")
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
    if not 1 <= len(reason.strip()) <= 500 or not reason.strip().isprintable():
        raise invalid("reason", "must be 1 to 500 printable characters")
    return reason.strip()


def check_tier(tier: str, tiers: Collection[str]) -> str:
    """A tier of the policy."""
    if tier not in tiers:
        raise invalid("tier", f"must be one of {', '.join(tiers)}")
    return tier


def check_scopes(scopes: Sequence[str]) -> tuple[str, ...]:
    """What a key may do, each once; none is everything."""
    if not set(scopes) <= set(SCOPES):
        raise invalid("scopes", f"must be one of {', '.join(SCOPES)}")
    return tuple(one for one in SCOPES if one in scopes)


def check_expiry(expires: float | None, now: float) -> float | None:
    """When a key ends, Unix seconds, to the millisecond as stores keep it."""
    if expires is not None and not now < expires <= now + LONGEST_KEY_LIFE:
        raise invalid("expire_time", "must be in the future, at most ten years away")
    return None if expires is None else round(expires, 3)


def check_notice(notice: str) -> str:
    """What the owner of a banned account is told."""
    if len(notice) > LONGEST_NOTICE or not notice.isprintable():
        raise invalid("notice", f"must be at most {LONGEST_NOTICE} printable characters")
    return notice.strip()


def check_amount(amount: int) -> int:
    """How much more an operator allows."""
    if not 1 <= amount <= MOST_CREDIT:
        raise invalid("amount", f"must be 1 to {MOST_CREDIT}")
    return amount


def check_page(size: int, token: str) -> tuple[int, str]:
    """Of the audit log; `USUAL_PAGE` when 0."""
    if not 0 <= size <= LONGEST_PAGE:
        raise invalid("page_size", f"must be 1 to {LONGEST_PAGE}")
    if token and not _ENTRY.fullmatch(token):
        raise invalid("page_token", "must be that of the page before")
    return size or USUAL_PAGE, token


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
