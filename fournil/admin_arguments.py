"""What the parsers of `fournil admin` share, whichever service a command is for."""

import argparse
from collections.abc import Callable
from typing import Any, TypeVar

from fournil.terminal import Terminal

Command = Callable[[argparse.Namespace, Terminal], int]
Act = TypeVar("Act")
"""What a command does, once it has a connection."""


def add_command(
    connected: Callable[[Act], Command],
    commands: Any,
    verb: str,
    act: Act,
    help: str,
    *places: str,
    reason: bool = False,
) -> argparse.ArgumentParser:
    """The parser of `verb`, with its places; with `reason`, it must be told why. `connected` gives the act its
    connection."""
    parser: argparse.ArgumentParser = commands.add_parser(verb, help=help)
    for place in places:
        parser.add_argument(place)
    if reason:
        parser.add_argument("--reason", required=True, help="why, for the audit log")
    parser.set_defaults(command=connected(act), verb=verb)
    return parser


def add_pages(parser: argparse.ArgumentParser, before: str) -> None:
    """-n and --before; `before` says what a page is older than."""
    parser.add_argument("-n", "--number", type=number, default=50, help="entries, at most 200")
    parser.add_argument("--before", default="", help=f"older than this {before}")


def number(text: str) -> int:
    """A whole number that a message can carry."""
    number = int(text)
    if abs(number) >= 2**31:
        raise argparse.ArgumentTypeError(f"too large: {text}")
    return number
