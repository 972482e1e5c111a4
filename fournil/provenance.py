"""`fournil provenance`: what a picture says of where it comes from, and whether that holds."""

import argparse

from fournil.edge.v1 import edge_pb2
from fournil.terminal import Terminal

_TEXTS: dict[str, tuple[str, str]] = {
    "absent": ("it says nothing", "elle ne dit rien"),
    "invalid": ("changed, or not readable", "modifiée, ou illisible"),
    "valid": ("unchanged; the signer is not known here", "intacte ; signataire inconnu ici"),
    "trusted": ("unchanged; the signer is trusted", "intacte ; signataire reconnu"),
    "made_here": ("made by this mesh", "faite par ce service"),
    "generator": ("made by", "faite par"),
    "model": ("model", "modèle"),
    "time": ("made at", "faite le"),
    "source_type": ("how", "comment"),
    "prompt": ("prompt", "texte"),
    "signer": ("signed by", "signée par"),
    "problems": ("problems", "problèmes"),
}
_FACTS = ("generator", "model", "time", "source_type", "prompt", "signer")


def provenance(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Reads a picture's credentials; 1 when they do not hold."""
    data = terminal.read(arguments.picture)
    with terminal.connect() as fournil:
        report = fournil.check_provenance(data)
    for line in lines(report, terminal.french):
        terminal.out.print(line, highlight=False, markup=False)
    return 1 if report.state == "invalid" else 0


def lines(report: edge_pb2.CheckProvenanceResponse, french: bool) -> list[str]:
    """The report in the terminal's language."""

    def say(name: str) -> str:
        return _TEXTS.get(name, (name, name))[french]

    colon = " : " if french else ": "
    found = [say(report.state)]
    found += [say("made_here")] if report.made_here else []
    found += [f"{say(name)}{colon}{value}" for name in _FACTS if (value := getattr(report, name))]
    found += [f"{say('problems')}{colon}{', '.join(report.problems)}"] if report.problems else []
    return found
