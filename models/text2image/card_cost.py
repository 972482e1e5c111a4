"""The model card's tables of distance, by steps and by training: what `card` puts into its `cost` blocks."""

from collections.abc import Mapping
from typing import Any

Figures = Mapping[str, Any]

_ROWS = {
    "floor": ("true renderings, drawn again", "vraies images, redessinées"),
    "shuffled": ("the same, held against another prompt", "les mêmes, face à une autre consigne"),
    "student": ("this model", "ce modèle"),
    "teacher": ("its teacher", "son maître"),
}


def cost_block(distance: Figures, curve: Figures, language: str) -> str:
    """Both tables and the sentences between them, in "en" or "fr"."""
    french = language == "fr"
    head = (
        ("images", "appels du modèle", "distance", "accord")
        if french
        else ("pictures", "model calls", "distance", "fit")
    )
    lines = _table(
        head,
        [
            (_name(row, french), row["model_calls"], row["distance"], f"{row['fit']:.3f}")
            for row in distance["rows"]
        ],
        french,
    )
    head = (
        ("images apprises", "minutes", "kJ du GPU", "distance", "accord", "chose", "les deux", "bien placées")
        if french
        else ("pictures learned", "minutes", "GPU kJ", "distance", "fit", "thing", "both", "placed")
    )
    shares = ("object", "both", "placed")
    body = [
        (
            _thousands(row["pictures"], french),
            *(row.get(name, "–") for name in ("minutes", "gpu_kilojoules", "distance")),
            f"{row['fit']:.3f}",
            *(f"{100 * row[name]:g} %" for name in shares),
        )
        for row in curve["rows"]
    ]
    words = (_WORDS_FR if french else _WORDS_EN).format(device=curve["device"], drawn=_drawn(curve, french))
    return "\n".join([*lines, "", words, "", *_table(head, body, french)])


_WORDS_EN = """\
Training on one {device}, judged on the way; drawn in {drawn}. Energy is the GPU's own
counter; the machine around it was not measured. Shares of 100 prompts each."""
_WORDS_FR = """\
L'entraînement sur un {device}, jugé en chemin ; dessiné en {drawn}. L'énergie est lue au
compteur du GPU ; la machine autour n'a pas été mesurée. Parts de 100 consignes chacune."""


def _drawn(curve: Figures, french: bool) -> str:
    text = str(curve["drawn"])
    return text.replace("steps, guidance", "pas, guidage").replace(".", ",") if french else text


def _name(row: Figures, french: bool) -> str:
    label = _ROWS[row["kind"]][french]
    steps = row.get("steps")
    if steps is None:
        return label
    return f"{label}, {steps} {'pas' if french else 'step' if steps == 1 else 'steps'}"


def _thousands(value: int, french: bool) -> str:
    return f"{value:,}".replace(",", " ") if french else f"{value:,}"


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]], french: bool) -> list[str]:
    def cell(value: Any) -> str:
        text = str(value)
        return text.replace(".", ",") if french else text

    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return lines + [f"| {' | '.join(cell(value) for value in row)} |" for row in rows]
