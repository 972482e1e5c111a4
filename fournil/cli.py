"""The `fournil` command: draw, jobs, cancel, appeal, allowance, queue, models; and `fournil admin`, which is in
`admin`.

Where the edge is and who asks come from --target / FOURNIL_TARGET and --key / FOURNIL_API_KEY; texts are in the
language of --lang, else of the environment (LC_ALL, LANG).
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from fournil import admin, appeals
from fournil.client import Fournil, FournilError
from fournil.edge.v1 import edge_pb2
from fournil.provenance import provenance

_TEXTS: dict[str, tuple[str, str]] = {
    "place": ("in line, place {place}{eta}", "dans la file, place {place}{eta}"),
    "next": ("next in line{eta}", "prochaine dans la file{eta}"),
    "eta": (", {low} to {high} s to go", ", encore {low} à {high} s"),
    "fair_share": (" (somebody who had less goes first)", " (quelqu’un de moins servi passe d’abord)"),
    "returned_job": (" (a job came back from a lost oven)", " (une tâche revient d’un four perdu)"),
    "baking": ("in the oven", "au four"),
    "again": ("in the oven, turn {attempt}", "au four, tour {attempt}"),
    "saved": ("saved {path}", "enregistré : {path}"),
    "words": ("words: {words}", "mots : {words}"),
    "decision": ("decision: {decision}", "décision : {decision}"),
    "allowance": (
        "{tier}: {left} of {limit} pictures left until {reset} UTC; {live} of {live_limit} jobs under way",
        "{tier} : encore {left} images sur {limit} jusqu’au {reset} UTC ; {live} tâches sur {live_limit} en cours",
    ),
    "no_key": (
        "no key: use --key or FOURNIL_API_KEY (make run prints two)",
        "pas de clé : --key ou FOURNIL_API_KEY (make run en affiche deux)",
    ),
    "surge": (
        "{level} since {since} UTC; {backlog:.0f} s of work wait",
        "{level} depuis {since} UTC ; {backlog:.0f} s de travail attendent",
    ),
    "surge.normal": ("normal", "normal"),
    "surge.busy": ("busy", "chargé"),
    "surge.surge": ("surge", "affluence"),
    "surge.shed": ("shed", "délestage"),
    "queue": (
        "{ovens} ovens, {baking} of {slots} slots baking",
        "{ovens} fours, {baking} places sur {slots} occupées",
    ),
    "no_image": ("cannot read {path}: {why}", "impossible de lire {path} : {why}"),
    "models.size": (
        "{size} (edges {edges} px, {shape}), {steps} steps, guidance {guidance}",
        "{size} (côtés {edges} px, {shape}), {steps} pas, guidage {guidance}",
    ),
    "models.square": ("squares, resampled", "carrés, redimensionnés"),
    "models.free": ("in steps of {unit}", "par {unit}"),
    "models.takes_guidance": ("guided", "guidable"),
    "models.takes_negative": ("negative prompt", "texte négatif"),
    "models.takes_image": ("from a picture", "depuis une image"),
    "cancelled": ("{id}: {state}", "{id} : {state}"),
    "appeal.how": ("appeal: fournil appeal file {decision}", "contester : fournil appeal file {decision}"),
    "deleted": ("{id}: deleted", "{id} : supprimée"),
    "interrupted": (
        "left; the job goes on: fournil jobs",
        "interrompu ; la tâche continue : fournil jobs",
    ),
}
_FIELDS = (
    "count", "size", "seed", "steps", "guidance", "negative_prompt", "strength", "moderation", "model",
    "prompt_in_provenance", "webhook_url",
)  # fmt: skip
_FORMATS = {".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
"""By the suffix of the file to write; anything else is PNG."""


class Terminal:
    """What the commands share: language, console, connection."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.french = _french(arguments.lang)
        self.console = Console(stderr=True)
        self.out = Console()
        self._arguments = arguments

    def say(self, name: str, **facts: object) -> str:
        """The sentence in the terminal's language."""
        return _TEXTS[name][self.french].format(**facts)

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code: 0 done, 1 refused or failed, 2 wrong use."""
    parsed = _parser().parse_args(arguments)
    terminal = Terminal(parsed)
    command: Callable[[argparse.Namespace, Terminal], int] = parsed.command
    try:
        return command(parsed, terminal)
    except FournilError as error:
        _explain(error, terminal)
        return 1
    except KeyboardInterrupt:
        terminal.console.print(terminal.say("interrupted"))
        return 130


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
            _explain(FournilError(failure.reason, failure.message, facts, None), terminal)
            return 1
        for image in fournil.job(job.id).images:
            path = _numbered(Path(arguments.output), image.index, job.count)
            path.write_bytes(fournil.image(job.id, image.index))
            terminal.out.print(terminal.say("saved", path=path), highlight=False)
    return 0


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


def webhook_secret(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Prints the secret and nothing else."""
    with terminal.connect() as fournil:
        terminal.out.print(fournil.webhook_secret(), highlight=False, markup=False)
    return 0


def allowance(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """What is left today."""
    with terminal.connect() as fournil:
        left = fournil.allowance()
    facts = {
        "tier": left.tier,
        "left": left.limit - left.used - left.held,
        "limit": left.limit,
        "reset": left.reset_time.ToDatetime().strftime("%Y-%m-%d %H:%M"),
        "live": left.live,
        "live_limit": left.live_limit,
    }
    terminal.out.print(terminal.say("allowance", **facts), highlight=False)
    return 0


def queue(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """The public state of the line."""
    with terminal.connect(key_needed=False) as fournil:
        line = fournil.queue()
    facts = {"ovens": line.ovens, "baking": line.baking, "slots": line.slots}
    terminal.out.print(terminal.say("queue", **facts), highlight=False)
    if line.surge.HasField("since"):
        since = line.surge.since.ToDatetime().strftime("%H:%M:%S")
        level = terminal.say(f"surge.{line.surge.level}")
        text = terminal.say("surge", level=level, since=since, backlog=_seconds(line.surge.backlog))
        terminal.out.print(text, highlight=False)
    for entry in line.classes:
        wait = f"{_seconds(entry.wait):.1f} s" if entry.HasField("wait") else "?"
        terminal.out.print(f"  {entry.model}  {entry.tier}: {entry.waiting}  ~{wait}", highlight=False)
    return 0


def models(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """The models that can be asked for, and what each takes."""
    with terminal.connect(key_needed=False) as fournil:
        for model in fournil.models():
            shape = terminal.say("models.square" if model.square else "models.free", unit=model.unit)
            takes = {
                "takes_guidance": model.takes_guidance,
                "takes_negative": model.takes_negative,
                "takes_image": model.takes_image,
            }
            facts = {
                "size": f"{model.output_width}x{model.output_height}",
                "edges": f"{model.smallest}–{model.largest}",
                "shape": shape,
                "steps": model.default_steps,
                "guidance": f"{model.default_guidance:g}",
            }
            marks = [("✓ " if one else "– ") + terminal.say(f"models.{name}") for name, one in takes.items()]
            terminal.out.print(f"{model.name}  {model.family.removesuffix('Pipeline')}", highlight=False)
            terminal.out.print(f"  {terminal.say('models.size', **facts)}", highlight=False)
            terminal.out.print(f"  {'  '.join(marks)}", highlight=False)
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
    if place.HasField("eta_low") and _seconds(place.eta_high) >= 1:
        low, high = _seconds(place.eta_low), _seconds(place.eta_high)
        eta = terminal.say("eta", low=f"{low:.0f}", high=f"{high:.0f}")
    if place.place == 0:
        return terminal.say("next", eta=eta)
    reason = terminal.say(place.reason) if place.reason in _TEXTS else ""
    return terminal.say("place", place=place.place + 1, eta=eta) + reason


def _explain(error: FournilError, terminal: Terminal) -> None:
    terminal.console.print(f"[red]{error}", highlight=False)
    if words := error.metadata.get("words"):
        terminal.console.print(terminal.say("words", words=words), highlight=False)
    if (decision := error.metadata.get("decision_id")) and decision not in str(error):
        terminal.console.print(terminal.say("decision", decision=decision), highlight=False)
    if decision and error.metadata.get("appealable") == "true":
        terminal.console.print(terminal.say("appeal.how", decision=decision), highlight=False)


def _numbered(path: Path, index: int, count: int) -> Path:
    return path if count == 1 else path.with_name(f"{path.stem}-{index + 1}{path.suffix or '.png'}")


def _seconds(duration: Duration) -> float:
    return duration.ToMicroseconds() / 1e6


def _french(lang: str | None) -> bool:
    chosen = lang or os.environ.get("LC_ALL") or os.environ.get("LANG") or "en"
    return chosen.lower().startswith("fr")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fournil", description="Pictures from a Fournil mesh.")
    parser.add_argument("--target", default=os.environ.get("FOURNIL_TARGET", "127.0.0.1:50050"))
    parser.add_argument("--key", default=os.environ.get("FOURNIL_API_KEY"))
    parser.add_argument("--lang", choices=["fr", "en"], help="language of the texts")
    commands = parser.add_subparsers(required=True)

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

    sub = commands.add_parser("provenance", help="what a picture says of where it comes from")
    sub.add_argument("picture", help="PNG, JPEG or WebP, anybody's")
    sub.set_defaults(command=provenance)

    sub = commands.add_parser("jobs", help="list your jobs")
    sub.add_argument("-n", "--number", type=int, default=20)
    sub.set_defaults(command=jobs)

    sub = commands.add_parser("cancel", help="cancel a job")
    sub.add_argument("id")
    sub.set_defaults(command=cancel)

    appeals.add_commands(commands.add_parser("appeal", help="question a refusal"))

    sub = commands.add_parser("delete", help="delete an ended job and its pictures")
    sub.add_argument("id")
    sub.set_defaults(command=delete)

    for name, command, text in (
        ("allowance", allowance, "what you have left"),
        ("queue", queue, "the line now"),
        ("models", models, "the models there are"),
        ("webhook-secret", webhook_secret, "what webhooks to you are signed with"),
    ):
        commands.add_parser(name, help=text).set_defaults(command=command)
    admin.add_commands(commands.add_parser("admin", help="for operators: accounts, keys, surge level, line, log"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
