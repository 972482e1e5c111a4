"""`fournil appeal decision|file|show|list`: reads a refusal back, questions it, and what became of that."""

import argparse

from fournil.admin_display import moment
from fournil.edge.v1 import edge_pb2
from fournil.terminal import Terminal

_TEXTS: dict[str, tuple[str, str]] = {
    "decision": (
        "{stage}, {category} ({score:.2f}) by {policy}, {when} UTC; job {job}",
        "{stage}, {category} ({score:.2f}) par {policy}, {when} UTC ; tâche {job}",
    ),
    "prompt": ("prompt", "invite"),
    "image": ("picture", "image"),
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
    sub = commands.add_parser("decision", help="a refusal, read back")
    sub.add_argument("id")
    sub.set_defaults(command=decision)
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


def decision(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """A refusal, read back."""
    with terminal.connect() as fournil:
        found = fournil.decision(arguments.id)
    stage = _say(terminal, found.stage) if found.stage in _TEXTS else found.stage
    facts = {"category": found.category, "score": found.score, "policy": found.policy_version, "job": found.job_id}
    when = moment(found.create_time)
    for line in (found.text, _say(terminal, "decision", stage=stage, when=when, **facts)):
        terminal.out.print(line, highlight=False, markup=False)
    return 0


def file(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Questions a refusal."""
    with terminal.connect() as fournil:
        filed = fournil.appeal(arguments.decision, arguments.note, arguments.prompt)
    _tell(filed, terminal)
    return 0


def show(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """An appeal as it stands."""
    with terminal.connect() as fournil:
        _tell(fournil.read_appeal(arguments.id), terminal)
    return 0


def newest(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """The newest appeals."""
    with terminal.connect() as fournil:
        for one in fournil.appeals(arguments.number):
            _tell(one, terminal)
    return 0


def _tell(appeal: edge_pb2.Appeal, terminal: Terminal) -> None:
    state = _say(terminal, appeal.state) if appeal.state in _TEXTS else appeal.state
    lines = [_say(terminal, "appeal", id=appeal.id, state=state, category=appeal.category)]
    if appeal.credited:
        lines.append(_say(terminal, "credited"))
    if appeal.notice:
        lines.append(_say(terminal, "notice", text=appeal.notice))
    for line in lines:
        terminal.out.print(line, highlight=False, markup=False)


def _say(terminal: Terminal, name: str, **facts: object) -> str:
    return _TEXTS[name][terminal.french].format(**facts)
