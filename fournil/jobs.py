"""`fournil jobs`, `cancel` and `delete`: the caller's jobs."""

import argparse
from typing import Any

from rich.table import Table

from fournil.edge.v1 import edge_pb2
from fournil.terminal import Terminal


def add_commands(commands: Any) -> None:
    """Their command lines."""
    sub = commands.add_parser("jobs", help="list your jobs")
    sub.add_argument("-n", "--number", type=int, default=20)
    sub.set_defaults(command=jobs)

    sub = commands.add_parser("cancel", help="cancel a job")
    sub.add_argument("id")
    sub.set_defaults(command=cancel)

    sub = commands.add_parser("delete", help="delete an ended job and its pictures")
    sub.add_argument("id")
    sub.set_defaults(command=delete)


def jobs(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Lists the newest jobs."""
    table = Table("id", "state" if not terminal.french else "état", "n", "prompt")
    with terminal.connect() as fournil:
        for job in fournil.jobs(arguments.number):
            state = edge_pb2.JobState.Name(job.state).removeprefix("JOB_STATE_").lower()
            if job.failure.reason:
                state = f"{state} ({job.failure.reason.lower()})"
            table.add_row(job.id, state, str(job.count), job.prompt[:60])
    terminal.out.print(table)
    return 0


def cancel(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Cancels a job."""
    with terminal.connect() as fournil:
        job = fournil.cancel(arguments.id)
    state = edge_pb2.JobState.Name(job.state).removeprefix("JOB_STATE_").lower()
    terminal.out.print(terminal.say("cancelled", id=job.id, state=state), highlight=False)
    return 0


def delete(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Deletes an ended job and its pictures."""
    with terminal.connect() as fournil:
        fournil.delete(arguments.id)
    terminal.out.print(terminal.say("deleted", id=arguments.id), highlight=False)
    return 0
