"""Puts measured figures into the model card, in both languages: `python -m models.text2image.card`.

The card's words are written by hand; what stands between a `<!-- figures:xx -->` line and the next
`<!-- /figures -->` comes from evaluation.json, and between `<!-- cost:xx -->` lines from distance.json and
curve.json, so the card cannot claim what was not measured.
"""

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.text2image.card_cost import cost_block

Figures = Mapping[str, Any]

_BLOCK = re.compile(r"(<!-- (figures|cost):(en|fr) -->\n).*?(<!-- /\2 -->)", re.DOTALL)

_GROUPS = {
    "all": ("all", "ensemble"),
    "en": ("in English", "en anglais"),
    "fr": ("in French", "en français"),
    "3d": ("3D style", "style 3D"),
    "flat": ("flat style", "style plat"),
    "drawn": ("drawn style", "style dessiné"),
    "left": ("to the left of", "à gauche"),
    "right": ("to the right of", "à droite"),
    "above": ("above", "au-dessus"),
    "below": ("below", "au-dessous"),
}
_ONE = {  # of one thing: figure -> column
    "object": ("thing named first", "chose nommée en premier"),
    "object_top5": ("among the first five", "parmi les cinq premières"),
    "ground_colour": ("ground colour", "couleur du fond"),
}
_TWO = {
    "both": ("both things there", "les deux choses là"),
    "placed": ("of these, placed right", "dont bien placées"),
}


def write_figures(docs: Path) -> None:
    """Brings docs/card.md up to date."""
    (docs / "card.md").write_text(with_figures(docs), encoding="utf-8")


def with_figures(docs: Path) -> str:
    """The text of docs/card.md with every block as the reports beside it say."""
    evaluation, distance, curve = (
        json.loads((docs / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("evaluation", "distance", "curve")
    )

    def written(found: re.Match[str]) -> str:
        begin, name, language, end = found.groups()
        text = block(evaluation, language) if name == "figures" else cost_block(distance, curve, language)
        return f"{begin}{text}\n{end}"

    return _BLOCK.sub(written, (docs / "card.md").read_text(encoding="utf-8"))


def block(figures: Figures, language: str) -> str:
    """The tables and the sentences below them, in "en" or "fr"."""
    french = language == "fr"
    many, fetched = figures["at_20_steps"], figures["nearest_training_picture_instead"]
    judge, near = figures["scorer_accuracy_on_renderings"], figures["distance_to_nearest_training_picture"]

    def percent(share: float) -> str:
        return f"{_number(round(100 * share, 1), language)} %"

    def table(columns: Mapping[str, tuple[str, str]], shares: Figures) -> list[str]:
        heads = (
            ("invites", "nombre") if french else ("prompts", "count"),
            [names[french] for names in columns.values()],
        )
        lines = [f"| {' | '.join((*heads[0], *heads[1]))} |", "|---" * (2 + len(columns)) + "|"]
        for group, share in shares.items():
            cells = (_GROUPS[group][french], str(share["prompts"]), *(percent(share[name]) for name in columns))
            lines.append(f"| {' | '.join(cells)} |")
        return lines

    facts = {
        "times": _number(figures["times_better_than_chance"], language),
        "chance": percent(figures["chance_of_naming_the_object"]),
        "many": percent(many["shares_named_right"]["object_top5"]),
        "many_both": percent(many["pairs"]["both"]),
        "beside": percent(figures["pairs_beside"]["both"]),
        "first_left": percent(figures["pairs_beside"]["placed"]),
        "fetched": percent(fetched["shares_named_right"]["object_top5"]),
        "fetched_ground": percent(fetched["shares_named_right"]["ground_colour"]),
        "fetched_both": percent(fetched["pairs"]["both"]),
        "thing": percent(judge["held_out"]["concept"]),
        "unseen": percent(judge["unseen_style"]["concept"]),
        "judge_both": percent(judge["pairs"]["both"]),
        "near": _number(near["median_of_drawings"], language),
        "renderings": _number(near["median_of_new_renderings"], language),
        "steps": figures["steps"],
        "seconds": _number(figures["seconds_a_picture_alone"], language),
        "processor": figures["processor"].replace("cores", "cœurs") if french else figures["processor"],
        "runs": _runs(figures["training_runs"], language),
    }
    words = (_WORDS_FR if french else _WORDS_EN).format_map(facts)
    return "\n".join([*table(_ONE, figures["shares_named_right"]), "", *table(_TWO, figures["pairs"]), "", words])


_WORDS_EN = """\
- One thing is named right {times} times as often as by chance ({chance}).
- Two things beside each other, no side said: both there {beside}, the first named left in {first_left} of these.
- In 20 steps instead of {steps}: {many} among the first five, both things there {many_both}.
- Fetching the training picture with the nearest caption instead: {fetched} among the first five, ground colour
  {fetched_ground}, both things there {fetched_both}. No training picture shows what was asked for.
- Drawings are no copies: the nearest of 20,000 training pictures is {near} of 255 away (root mean square at
  16 × 16 pixels, median), against {renderings} for new renderings of the same scenes.
- On true renderings of what it has not seen, the scorer itself names {thing} of the things first, {unseen} in an
  emoji family it has never seen, and finds both of two things in {judge_both}.
- {steps} steps take {seconds} s for a picture drawn alone on {processor}.
- Learned from: {runs}."""
_WORDS_FR = """\
- Une chose est nommée juste {times} fois plus souvent qu'au hasard ({chance}).
- Deux choses l'une à côté de l'autre, sans dire de côté : les deux là {beside}, la première nommée à gauche dans
  {first_left} de ces images.
- En 20 pas au lieu de {steps} : {many} parmi les cinq premières, les deux choses là {many_both}.
- En prenant plutôt l'image d'entraînement à la légende la plus proche : {fetched} parmi les cinq premières,
  couleur du fond {fetched_ground}, les deux choses là {fetched_both}. Aucune image d'entraînement ne montre ce qui
  était demandé.
- Les dessins ne sont pas des copies : la plus proche de 20 000 images d'entraînement est à {near} sur 255 (moyenne
  quadratique à 16 × 16 pixels, médiane), contre {renderings} pour de nouvelles images des mêmes scènes.
- Sur de vraies images qu'il n'a pas vues, le juge lui-même nomme {thing} des choses en premier, {unseen} dans une
  famille d'émojis qu'il n'a jamais vue, et trouve les deux choses dans {judge_both}.
- {steps} pas prennent {seconds} s pour une image seule sur {processor}.
- Appris de : {runs}."""


def _runs(runs: list[dict[str, Any]], language: str) -> str:
    return (" ; puis " if language == "fr" else "; then ").join(_run(run, language) for run in runs)


_KINDS = {
    "training": ("training", "entraînement"),
    "distillation": ("distillation", "distillation"),
    "planning": ("planning", "plan"),
}


def _run(run: Mapping[str, Any], language: str) -> str:
    """One run in words."""
    french = language == "fr"
    what = ("captions", "légendes") if "captions" in run else ("pictures", "images")
    count, minutes = f"{run.get('captions') or run['pictures']:,}", _number(run["minutes"], language)
    kind = _KINDS[run["kind"]][french]
    if french:
        device = run["device"].replace("CPU cores", "cœurs")
        return f"{kind}, {count.replace(',', ' ')} {what[1]} en {minutes} minutes sur {device}"
    return f"{kind}, {count} {what[0]} in {minutes} minutes on {run['device']}"


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
