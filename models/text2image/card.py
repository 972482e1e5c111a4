"""Puts the figures of evaluation.json into the model card, in both languages: `python -m models.text2image.card`.

The card's words are written by hand; what stands between a `<!-- figures:xx -->` line and the next
`<!-- /figures -->` is written here, so the card cannot claim what was not measured.
"""

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Figures = Mapping[str, Any]

_BLOCK = re.compile(r"(<!-- figures:(en|fr) -->\n).*?(<!-- /figures -->)", re.DOTALL)

_GROUPS = {
    "all": ("all", "ensemble"),
    "en": ("in English", "en anglais"),
    "fr": ("in French", "en français"),
    "3d": ("3D style", "style 3D"),
    "flat": ("flat style", "style plat"),
    "drawn": ("drawn style", "style dessiné"),
}


def write_figures(docs: Path) -> None:
    """Rewrites the blocks of docs/card.md from docs/evaluation.json."""
    figures = json.loads((docs / "evaluation.json").read_text(encoding="utf-8"))
    card = docs / "card.md"
    card.write_text(with_figures(card.read_text(encoding="utf-8"), figures), encoding="utf-8")


def with_figures(card: str, figures: Figures) -> str:
    """`card` with every block brought up to date."""
    return _BLOCK.sub(lambda found: f"{found[1]}{block(figures, found[2])}\n{found[3]}", card)


def block(figures: Figures, language: str) -> str:
    """The table and the sentences around it, in "en" or "fr"."""
    french = language == "fr"
    shares = figures["shares_named_right"]
    judge = figures["scorer_accuracy_on_renderings"]
    heads = (
        ("invites", "nombre", "chose reconnue", "couleur du fond reconnue")
        if french
        else ("prompts", "count", "thing named right", "ground colour named right")
    )
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---|"]
    for group, names in _GROUPS.items():
        share = shares[group]
        row = (names[french], str(share["prompts"]), _percent(share["object"], language))
        lines.append(f"| {' | '.join((*row, _percent(share['ground_colour'], language)))} |")
    chance = _percent(figures["chance_of_naming_the_object"], language)
    facts = {
        "times": _number(figures["times_better_than_chance"], language),
        "chance": chance,
        "thing": _percent(judge["held_out"]["concept"], language),
        "ground": _percent(judge["held_out"]["colour"], language),
        "unseen": _percent(judge["unseen_style"]["concept"], language),
        "steps": figures["steps"],
        "guidance": _number(figures["guidance"], language),
        "seconds": _number(round(figures["seconds_a_picture_alone"], 2), language),
        "processor": figures["processor"].replace("cores", "cœurs") if french else figures["processor"],
        "runs": _runs(figures["training_runs"], language),
    }
    return "\n".join([*lines, "", (_WORDS_FR if french else _WORDS_EN).format_map(facts)])


_WORDS_EN = """\
Things are named right {times} times as often as by chance ({chance}). On true renderings of combinations it has
not seen, the scorer itself names {thing} of the things and {ground} of the grounds; in an emoji family it has
never seen, {unseen} of the things. {steps} steps at guidance {guidance} take {seconds} s a picture drawn alone on
{processor}. Training: {runs}."""
_WORDS_FR = """\
Les choses sont reconnues {times} fois plus souvent qu'au hasard ({chance}). Sur de vraies images de combinaisons
qu'il n'a pas vues, le juge lui-même reconnaît {thing} des choses et {ground} des fonds ; dans une famille
d'émojis qu'il n'a jamais vue, {unseen} des choses. {steps} pas avec un guidage de {guidance} prennent {seconds} s
pour une image seule sur {processor}. Entraînement : {runs}."""


def _runs(runs: list[dict[str, Any]], language: str) -> str:
    return (", puis " if language == "fr" else ", then ").join(_run(run, language) for run in runs)


def _run(run: Mapping[str, Any], language: str) -> str:
    """One run in words; a run whose pictures were not counted says so."""
    if "minutes" not in run:
        return "une passe dont la longueur n'a pas été notée" if language == "fr" else "a run of unrecorded length"
    minutes, pictures = _number(run["minutes"], language), f"{run['pictures']:,}"
    if language == "fr":
        device = run["device"].replace("CPU cores", "cœurs")
        return f"{pictures.replace(',', ' ')} images en {minutes} minutes sur {device}"
    return f"{pictures} pictures in {minutes} minutes on {run['device']}"


def _percent(share: float, language: str) -> str:
    return f"{_number(round(100 * share, 1), language)} %"


def _number(value: float, language: str) -> str:
    text = f"{value:g}"
    return text.replace(".", ",") if language == "fr" else text


def main() -> None:
    """Command line of this step alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", type=Path, default=Path("docs/model"))
    write_figures(parser.parse_args().docs)


if __name__ == "__main__":
    main()
