"""Pages of appeals, newest first: where one ends and the next begins.

A list is in the order of (millisecond, id), both falling. The id is what tells appeals of one millisecond apart,
so a page that ends among them neither skips nor repeats one. The millisecond is the list's own: an appeal's
`filed` may be a moment before it.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Fault, Reason, invalid

LONGEST_ID = 64


@dataclass(frozen=True, order=True)
class Place:
    """Of an appeal in its list; a greater one comes before a lesser."""

    ms: int
    id: str

    def token(self) -> str:
        """Of the page after this place."""
        return f"{self.ms}-{self.id}"


def check_appeal(appeal: str) -> str:
    """An appeal's id. Raises NOT_FOUND for what cannot be one."""
    if not is_appeal(appeal):
        raise Fault(Reason.NOT_FOUND, "no such appeal", field="appeal_id")
    return appeal


def check_page(size: int, token: str, usual: int, longest: int) -> tuple[int, Place | None]:
    """The size of a page, and the place after which it begins. Raises INVALID_ARGUMENT."""
    if not 0 <= size <= longest:
        raise invalid("page_size", f"must be 1 to {longest}")
    if not token:
        return size or usual, None
    ms, _, appeal = token.partition("-")
    if not (ms.isdecimal() and ms.isascii() and len(ms) <= 16 and is_appeal(appeal)):
        raise invalid("page_token", "must be that of the page before")
    return size or usual, Place(int(ms), appeal)


def is_appeal(text: str) -> bool:
    """Whether it can be an appeal's id."""
    return text.startswith("apl_") and len(text) <= LONGEST_ID and text.isascii()
