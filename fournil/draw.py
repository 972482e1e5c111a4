"""`fournil draw`: orders, follows a job to its end, saves the pictures."""

import argparse
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from fournil.client import Fournil, FournilError
from fournil.edge.v1 import edge_pb2
from fournil.terminal import Terminal, seconds
from fournil.texts import TEXTS

_FIELDS = (
    "count", "size", "seed", "steps", "guidance", "negative_prompt", "strength", "moderation", "model",
    "prompt_in_provenance", "webhook_url",
)  # fmt: skip
_FORMATS = {".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
"""By the suffix of the file to write; anything else is PNG."""


def add_command(commands: Any) -> None:
    """The command line of `fournil draw`."""
    sub = commands.add_parser("draw", help="draw a picture")
    sub.add_argument("prompt")
    sub.add_argument(
        "-o", "--output", default="fournil.png", help="file to write, .png, .jpg or .webp (numbered when several)"
    )
    sub.add_argument("-n", "--count", type=int)
    sub.add_argument("--size", help="auto or WIDTHxHEIGHT")
    sub.add_argument("--seed", type=int)
    sub.add_argument("--steps", type=int)
    sub.add_argument("--guidance", type=float, help="how closely to follow the prompt, 0 to 20")
    sub.add_argument("--negative", dest="negative_prompt", help="what the picture should not show")
    sub.add_argument("--image", help="picture to start from (PNG, JPEG or WebP)")
    sub.add_argument("--mask", help="where it is drawn anew: transparent there, or white where it has no alpha")
    sub.add_argument("--strength", type=float, help="how much of it is drawn anew, above 0 and at most 1")
    sub.add_argument("--moderation", choices=["auto", "low"], help="how strictly to judge")
    sub.add_argument("--model")
    sub.add_argument(
        "--prompt-in-provenance", action="store_true", default=None, help="let the picture tell the prompt"
    )
    sub.add_argument("--webhook", dest="webhook_url", help="https URL to tell when it has ended")
    sub.set_defaults(command=draw)


def draw(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Submits, shows place, ETA and steps, saves the pictures."""
    fields = {name: value for name in _FIELDS if (value := getattr(arguments, name)) is not None}
    fields["output_format"] = _FORMATS.get(Path(arguments.output).suffix.lower(), "png")
    for name in ("image", "mask"):
        if path := getattr(arguments, name):
            fields[name] = terminal.read(path)
    with terminal.connect() as fournil:
        job = fournil.draw(arguments.prompt, **fields)
        failure = _follow(fournil, job, terminal)
        if failure is not None:
            facts = {"category": failure.refusal.category, "decision_id": failure.refusal.decision_id}
            facts |= {"words": ", ".join(failure.refusal.words)}
            facts |= {"appealable": str(failure.refusal.appealable).lower()}
            terminal.explain(FournilError(failure.reason, failure.message, facts, None))
            return 1
        for image in fournil.job(job.id).images:
            path = _numbered(Path(arguments.output), image.index, job.count)
            path.write_bytes(fournil.image(job.id, image.index))
            terminal.out.print(terminal.say("saved", path=path), highlight=False)
    return 0


def _follow(fournil: Fournil, job: edge_pb2.Job, terminal: Terminal) -> edge_pb2.Failure | None:
    """Shows the job's way until it ends; returns why it failed, if it did."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal.console) as progress:
        bar = progress.add_task(_place(job.place, terminal), total=max(job.steps * job.count, 1))
        done: dict[int, int] = {}
        for event in fournil.watch(job.id):
            match event.WhichOneof("event"):
                case "queued":
                    progress.update(bar, description=_place(event.queued, terminal))
                case "started":
                    done.clear()
                    _restart(progress, bar, event.started.attempt, terminal)
                case "step":
                    done[event.step.index] = event.step.step
                    progress.update(bar, completed=sum(done.values()))
                case "failed":
                    return event.failed
    return None


def _restart(progress: Progress, bar: TaskID, attempt: int, terminal: Terminal) -> None:
    text = terminal.say("baking") if attempt <= 1 else terminal.say("again", attempt=attempt)
    progress.update(bar, description=text, completed=0)


def _place(place: edge_pb2.Place, terminal: Terminal) -> str:
    eta = ""
    if place.HasField("eta_low") and seconds(place.eta_high) >= 1:
        low, high = seconds(place.eta_low), seconds(place.eta_high)
        eta = terminal.say("eta", low=f"{low:.0f}", high=f"{high:.0f}")
    if place.place == 0:
        return terminal.say("next", eta=eta)
    reason = terminal.say(place.reason) if place.reason in TEXTS else ""
    return terminal.say("place", place=place.place + 1, eta=eta) + reason


def _numbered(path: Path, index: int, count: int) -> Path:
    return path if count == 1 else path.with_name(f"{path.stem}-{index + 1}{path.suffix or '.png'}")
