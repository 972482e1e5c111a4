"""`fournil appeal file|show|list`: questions a refusal, and what became of it."""

import argparse
from typing import TYPE_CHECKING

from fournil.edge.v1 import edge_pb2

if TYPE_CHECKING:
    from fournil.cli import Terminal

_TEXTS: dict[str, tuple[str, str]] = {
    "appeal": ("{id}: {state} ({category})", "{id} : {state} ({category})"),
    "open": ("waits for an answer", "attend une réponse"),
    "granted": ("granted: this prompt is allowed now", "acceptée : cette invite passe maintenant"),
    "denied": ("denied", "rejetée"),
    "credited": ("a picture was credited", "une image a été créditée"),
    "notice": ("answer: {text}", "réponse : {text}"),
}


def add_commands(parser: argparse.ArgumentParser) -> None:
    """The subcommands of `fournil appeal`."""
    commands = parser.add_subparsers(required=True)
    sub = commands.add_parser("file", help="file an appeal against a decision")
    sub.add_argument("decision", help="the decision's id")
    sub.add_argument("--note", default="", help="what the operator should know")
    sub.add_argument("--prompt", default="", help="the refused prompt, if its job is not known any more")
    sub.set_defaults(command=file)
    sub = commands.add_parser("show", help="an appeal as it stands")
    sub.add_argument("id")
    sub.set_defaults(command=show)
    sub = commands.add_parser("list", help="your appeals")
    sub.add_argument("-n", "--number", type=int, default=20)
    sub.set_defaults(command=newest)


def file(arguments: argparse.Namespace, terminal: "Terminal") -> int:
    """Questions a refusal."""
    with terminal.connect() as fournil:
        filed = fournil.appeal(arguments.decision, arguments.note, arguments.prompt)
    _tell(filed, terminal)
    return 0


def show(arguments: argparse.Namespace, terminal: "Terminal") -> int:
    """An appeal as it stands."""
    with terminal.connect() as fournil:
        _tell(fournil.read_appeal(arguments.id), terminal)
    return 0


def newest(arguments: argparse.Namespace, terminal: "Terminal") -> int:
    """The newest appeals."""
    with terminal.connect() as fournil:
        for one in fournil.appeals(arguments.number):
            _tell(one, terminal)
    return 0


def _tell(appeal: edge_pb2.Appeal, terminal: "Terminal") -> None:
    def say(name: str, **facts: str) -> str:
        return _TEXTS[name][terminal.french].format(**facts)

    state = say(appeal.state) if appeal.state in _TEXTS else appeal.state
    lines = [say("appeal", id=appeal.id, state=state, category=appeal.category)]
    if appeal.credited:
        lines.append(say("credited"))
    if appeal.notice:
        lines.append(say("notice", text=appeal.notice))
    for line in lines:
        terminal.out.print(line, highlight=False, markup=False)
