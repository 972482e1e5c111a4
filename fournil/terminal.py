"""What the commands of `fournil` share: language, consoles, connection."""

import argparse
import os
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from rich.console import Console

from fournil.client import Fournil, FournilError
from fournil.texts import TEXTS


class Terminal:
    """Of one run of the command line. `console` is standard error, `out` standard output."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.french = _french(arguments.lang)
        self.console = Console(stderr=True)
        self.out = Console()
        self._arguments = arguments

    def say(self, name: str, **facts: object) -> str:
        """The sentence in the terminal's language."""
        return TEXTS[name][self.french].format(**facts)

    def read(self, path: str) -> bytes:
        """A file; exits with a clear line when it cannot be read."""
        try:
            return Path(path).read_bytes()
        except OSError as error:
            self.console.print(f"[red]{self.say('no_image', path=path, why=error.strerror)}")
            raise SystemExit(2) from None

    def connect(self, *, key_needed: bool = True) -> Fournil:
        """The client; exits with a clear line when no key is at hand."""
        key = self._arguments.key
        if not key and key_needed:
            self.console.print(f"[red]{self.say('no_key')}")
            raise SystemExit(2)
        return Fournil(self._arguments.target, api_key=key or "-", language="fr" if self.french else "en")

    def explain(self, error: FournilError) -> None:
        """Says what went wrong, and what can be done."""
        self.console.print(f"[red]{error}", highlight=False)
        if words := error.metadata.get("words"):
            self.console.print(self.say("words", words=words), highlight=False)
        if (decision := error.metadata.get("decision_id")) and decision not in str(error):
            self.console.print(self.say("decision", decision=decision), highlight=False)
        if decision and error.metadata.get("appealable") == "true":
            self.console.print(self.say("appeal.how", decision=decision), highlight=False)


def _french(lang: str | None) -> bool:
    chosen = lang or os.environ.get("LC_ALL") or os.environ.get("LANG") or "en"
    return chosen.lower().startswith("fr")


def seconds(duration: Duration) -> float:
    """Of a message's duration."""
    return duration.ToMicroseconds() / 1e6
