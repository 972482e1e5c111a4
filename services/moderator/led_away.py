"""What a negative prompt orders by leading away from it. Word lists, because the orders are few and plain.

A negative prompt is not screened as a prompt would be: "nude, gore, nsfw" stand there because they are not wanted.
But away from "clothes" lies nudity, and away from "adult" a child.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.moderator.normalise import fold, normalise

_CLOTHES = re.compile(
    r"\b(?:clothe[sd]?|clothing|dress(?:ed)?|garments?|outfits?|underwear|panties|bras?|bikinis?"
    r"|swimsuits?|swimwear"
    r"|lingerie|shirts?|pants|trousers|skirts?|fabric|textiles?|censor(?:ed|ship)?|covered|modesty?"
    r"|vetements?|habits?|habille(?:e|s|es)?|vetue?s?|robes?|jupes?|pantalons?|chemises?|culottes?"
    r"|soutiens?[ -]?gorge"
    r"|maillots?|sous[ -]?vetements?|tissus?|censure(?:e|s|es)?|pudique)\b"
)
_ADULTS = re.compile(
    r"\b(?:adults?|grown[ -]?(?:up|ups|man|woman)|mature|middle[ -]?aged|old(?:er)? (?:man|men|woman|women|people)"
    r"|elderly"
    r"|adultes?|majeure?s?|mures?|agee?s?|vieux|vieille|personnes? agees?)\b"
)


@dataclass(frozen=True)
class LedAway:
    """What the picture is led away from."""

    clothes: bool = False
    adults: bool = False


def led_away(negative_prompt: str) -> LedAway:
    """What a negative prompt leads away from that matters; nothing for an empty one."""
    if not negative_prompt:
        return LedAway()
    text = fold(normalise(negative_prompt))
    return LedAway(bool(_CLOTHES.search(text)), bool(_ADULTS.search(text)))
