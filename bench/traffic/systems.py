"""Who is measured: name, manner, how its server is started, how it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.traffic.asking import Dialect

REPO = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class System:
    """`command` serves on loopback at the port put in for `{port}`; `manner` is the short name of how it bakes a
    batch, "step" of ours. `environment` is what its process gets beside ours."""

    name: str
    product: str
    manner: str
    command: tuple[str, ...]
    dialect: Dialect
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """Its name as a file's."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.name.lower())
