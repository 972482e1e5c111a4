"""The `fournil` command: draw, provenance, jobs, cancel, appeal, delete, allowance, queue, models, webhook-secret;
and `fournil admin`, which is in `admin`.

Where the edge is and who asks come from --target / FOURNIL_TARGET and --key / FOURNIL_API_KEY; texts are in the
language of --lang, else of the environment (LC_ALL, LANG).
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from fournil import admin, appeals, draw, jobs, status
from fournil.client import FournilError
from fournil.provenance import provenance
from fournil.terminal import Terminal


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code: 0 done, 1 refused or failed, 2 wrong use."""
    parsed = _parser().parse_args(arguments)
    terminal = Terminal(parsed)
    command: Callable[[argparse.Namespace, Terminal], int] = parsed.command
    try:
        return command(parsed, terminal)
    except FournilError as error:
        terminal.explain(error)
        return 1
    except KeyboardInterrupt:
        terminal.console.print(terminal.say("interrupted"))
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fournil", description="Pictures from a Fournil mesh.")
    parser.add_argument("--target", default=os.environ.get("FOURNIL_TARGET", "127.0.0.1:50050"))
    parser.add_argument("--key", default=os.environ.get("FOURNIL_API_KEY"))
    parser.add_argument("--lang", choices=["fr", "en"], help="language of the texts")
    commands = parser.add_subparsers(required=True)

    draw.add_command(commands)
    sub = commands.add_parser("provenance", help="what a picture says of where it comes from")
    sub.add_argument("picture", help="PNG, JPEG or WebP, anybody's")
    sub.set_defaults(command=provenance)
    jobs.add_commands(commands)
    appeals.add_commands(commands.add_parser("appeal", help="question a refusal"))
    status.add_commands(commands)
    admin.add_commands(commands.add_parser("admin", help="for operators: accounts, keys, surge level, line, log"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
