"""`fournil allowance`, `webhook-secret`, `queue` and `models`: how the account and the mesh stand."""

import argparse
from typing import Any

from fournil.terminal import Terminal, seconds


def add_commands(commands: Any) -> None:
    """Their command lines."""
    for name, command, text in (
        ("allowance", allowance, "what you have left"),
        ("queue", queue, "the line now"),
        ("models", models, "the models there are"),
        ("webhook-secret", webhook_secret, "what webhooks to you are signed with"),
    ):
        commands.add_parser(name, help=text).set_defaults(command=command)


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


def webhook_secret(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Prints the secret and nothing else."""
    with terminal.connect() as fournil:
        terminal.out.print(fournil.webhook_secret(), highlight=False, markup=False)
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
        text = terminal.say("surge", level=level, since=since, backlog=seconds(line.surge.backlog))
        terminal.out.print(text, highlight=False)
    for entry in line.classes:
        wait = f"{seconds(entry.wait):.1f} s" if entry.HasField("wait") else "?"
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
