"""A moderator's desk and back office over a real store, and nothing else of it."""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.moderator.appeal_desk import AppealDesk
from services.moderator.appeals import Appeal, Credit
from services.moderator.back_office import BackOffice
from services.moderator.comparison import Comparison
from services.moderator.decisions import Decisions
from services.moderator.exemplars import DIMENSIONS, Book
from services.moderator.following import Following
from services.moderator.ledger import Ledger
from services.moderator.policies import Policies
from services.moderator.policy import Policy
from services.moderator.rules import AppealRules, RuleBook, Rules
from services.moderator.rules_file import parse_rules
from services.moderator.verdict import Stage, Verdict, decision_id
from services.runtime.redis_link import RedisLink

CALIBRATED = Policy("m", {"violence": 0.5, "sexual_minors": 0.3}, 0.4, {})
KEY = b"a key of the taster's"
LIMITS = AppealRules(open_per_account=3, filed_per_day=6, granted_per_account=2, open_total=8)


class Vectors:
    """Every text the same unit vector: only what is in the book matters here."""

    def encode_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.full((len(texts), DIMENSIONS), DIMENSIONS**-0.5, np.float32)


def read(text: str) -> RuleBook:
    return RuleBook(parse_rules(text, CALIBRATED.prompt, ()), CALIBRATED, text)


class Replica:
    """One moderator's desk and back office over the store, without models and wires."""

    def __init__(self, url: str, rules: Rules | None = None, credit: Credit = Credit.DONE) -> None:
        self.link = RedisLink(url)
        self.now = time.time()
        self.ledger = Ledger(self.link, lambda: self.now)
        self.policies = Policies(RuleBook(rules or Rules("test", appeals=LIMITS), CALIBRATED), read)
        self.book = Book()
        self.following = Following(self.ledger, self.book, Vectors(), self.policies)
        self.decisions = Decisions(self.link, keep_seconds=1_000, patience=2.0, clock=lambda: self.now)
        self.desk = AppealDesk(self.ledger, self.decisions, self.policies, KEY, lambda: self.now)
        self.given: list[str] = []
        self.comparison = Comparison(self.link)

        async def give(appeal: str) -> Credit:
            self.given.append(appeal)
            await self.ledger.credited(appeal, credit, self.policies.live.rules.keeping, "1 of daily", 0.0)
            return credit

        self.office = BackOffice(self.ledger, self.policies, self.comparison, give, frozenset(CALIBRATED.prompt))

    async def refuse(self, prompt: str, account: str = "ada", category: str = "violence") -> str:
        """A refusal on record; its id."""
        content = prompt.encode()
        made = decision_id(Stage.PROMPT, "job", account, "v", content, key=KEY)
        verdict = Verdict(False, made, Stage.PROMPT, category, 0.9, "v", {category: 0.9}, appealable=True)
        assert await self.decisions.record(verdict, "job", account)
        return made

    async def file(self, prompt: str, account: str = "ada") -> Appeal:
        return await self.desk.file(account, await self.refuse(prompt, account), prompt, "please")
