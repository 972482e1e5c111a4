"""Which rules judge whom: those that live, and a candidate that is tried beside them.

The live rules are those of the policy file, until an operator promotes a candidate; from then on they are the
promoted ones, on every replica, until they are rolled back. A candidate is judged from the same scores as the live
rules and only counted (*shadow*), or decides for a share of the accounts (*canary*), always the same ones.

`PolicyState` is what all replicas share through the store; every move on it is a pure function of it.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from prometheus_client import Counter

from services.moderator.rules import RuleBook
from services.runtime.errors import Fault, Reason, invalid
from services.runtime.settings import SettingsError

log = logging.getLogger("fournil.moderator.policy")

POLICY_ERRORS = Counter("fournil_moderation_policy_errors_total", "Policies that were not taken over.")

MOST_HISTORY = 10
"""Promotions that can be rolled back."""
LARGEST_CANDIDATE = 64 * 1024
"""Characters of a candidate's file."""

Reader = Callable[[str], RuleBook]
"""A policy file's text to its rules. Raises SettingsError."""


@dataclass(frozen=True)
class PolicyState:
    """Policy files as text; "" is the replica's own file."""

    live: str = ""
    candidate: str | None = None
    share: int = 0
    """Per cent of the accounts for which the candidate decides."""
    history: tuple[str, ...] = ()
    """What was live before, newest last."""

    def tried(self, candidate: str, share: int) -> PolicyState:
        """With a candidate, or another share of the same one. Raises INVALID_ARGUMENT."""
        if not 0 <= share <= 100:
            raise invalid("share", "must be 0 to 100")
        if not candidate and self.candidate is None:
            raise invalid("policy", "must not be empty")
        if len(candidate) > LARGEST_CANDIDATE:
            raise invalid("policy", f"must be at most {LARGEST_CANDIDATE} characters, not {len(candidate)}")
        return replace(self, candidate=candidate or self.candidate, share=share)

    def promoted(self) -> PolicyState:
        """The candidate lives. Raises WRONG_STATE without one."""
        if self.candidate is None:
            raise Fault(Reason.WRONG_STATE, "there is no candidate", state="no_candidate")
        history = (*self.history, self.live)[-MOST_HISTORY:]
        return PolicyState(self.candidate, None, 0, history)

    def rolled_back(self) -> PolicyState:
        """Without the candidate; where there is none, as before the last promotion. Raises WRONG_STATE when there
        is nothing to go back to."""
        if self.candidate is not None:
            return replace(self, candidate=None, share=0)
        if not self.history:
            raise Fault(Reason.WRONG_STATE, "there is nothing to go back to", state="no_history")
        return PolicyState(self.history[-1], None, 0, self.history[:-1])

    def pack(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @staticmethod
    def unpack(text: str) -> PolicyState:
        """From JSON; "" is the state at the beginning."""
        raw = json.loads(text) if text else {}
        return PolicyState(**{**raw, "history": tuple(raw.get("history", ()))})


@dataclass(frozen=True)
class Choice:
    """The rules that decide for an account, and those that are only counted."""

    deciding: RuleBook
    counted: RuleBook | None
    canary: bool = False
    """The candidate decides."""


class Policies:
    """What this replica judges by. Swapped as a whole: a verdict sees one state or the other."""

    def __init__(self, file: RuleBook, read: Reader) -> None:
        self._file = file
        self._read = read
        self._live, self._share = file, 0
        self._candidate: RuleBook | None = None
        self.state = PolicyState()

    @property
    def file(self) -> RuleBook:
        """The rules of this replica's policy file."""
        return self._file

    @property
    def live(self) -> RuleBook:
        """The rules that live."""
        return self._live

    @property
    def candidate(self) -> RuleBook | None:
        """The rules that are tried."""
        return self._candidate

    def read(self, text: str) -> RuleBook:
        """A policy file's text to its rules; "" is this replica's own file. Raises INVALID_ARGUMENT."""
        try:
            return self._read(text) if text else self._file
        except SettingsError as error:
            raise invalid("policy", str(error)) from None

    def use_file(self, book: RuleBook) -> None:
        """The policy file has changed."""
        self._file = book
        self.use(self.state)

    def use(self, state: PolicyState) -> None:
        """Takes a state over. Rules that this replica cannot read are told and not taken."""
        try:
            live = self.read(state.live)
            candidate = None if state.candidate is None else self.read(state.candidate)
        except Fault as fault:
            POLICY_ERRORS.inc()
            log.error("policy not taken over; the old one stays", extra={"detail": fault.message})
            return
        self.state = state
        self._live, self._candidate, self._share = live, candidate, state.share

    def choose(self, account_id: str) -> Choice:
        """Who decides for an account."""
        live, candidate, share = self._live, self._candidate, self._share
        if candidate is None:
            return Choice(live, None)
        if in_share(account_id, candidate.version, share):
            return Choice(candidate, live, canary=True)
        return Choice(live, candidate)


def in_share(account_id: str, version: str, share: int) -> bool:
    """Whether an account is among the `share` per cent for which a version decides: always the same ones, and a
    larger share holds every account of a smaller."""
    digest = hashlib.sha256(f"{version}/{account_id}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big") % 10_000 < share * 100
