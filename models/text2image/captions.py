"""Captions in English and French from one small grammar.

A caption may leave out the style, the ground or the sky, as people do; the picture then shows any.
"""

import random

from models.text2image.concepts import BY_KEY, Name
from models.text2image.scenes import Ground, Scene, Thing
from models.text2image.words import (
    FRENCH_COLOURS,
    de,
    english_counted,
    english_object,
    french_colour,
    french_counted,
    french_definite,
    french_object,
)

LANGUAGES = ("en", "fr")

PLACES = {
    "en": {
        "beach": ("on a beach", "on the beach", "at the beach", "on the sand"),
        "sea": ("at sea", "on the sea", "on the water"),
        "snow": ("in the snow", "on the snow"),
        "meadow": ("in a meadow", "on the grass", "in a field"),
        "forest": ("in a forest", "in the forest", "in the woods"),
        "": ("",),
    },
    "fr": {
        "beach": ("sur une plage", "sur la plage", "à la plage", "sur le sable"),
        "sea": ("en mer", "sur la mer", "sur l'eau"),
        "snow": ("dans la neige", "sur la neige"),
        "meadow": ("dans un pré", "sur l'herbe", "dans une prairie"),
        "forest": ("dans une forêt", "dans la forêt", "dans les bois"),
        "": ("",),
    },
}
SKIES = {
    "en": {
        "day": ("", "", "", "by day", "under a blue sky"),
        "night": ("at night", "under the stars", "by night"),
        "sunset": ("at sunset", "at sunset", "in the setting sun"),
    },
    "fr": {
        "day": ("", "", "", "de jour", "sous un ciel bleu"),
        "night": ("la nuit", "sous les étoiles", "de nuit"),
        "sunset": ("au coucher du soleil", "au coucher du soleil", "au soleil couchant"),
    },
}
RELATIONS = {
    "en": {
        "beside": ("next to", "beside", "near", "by"),
        "and": ("and", "with"),
        "left": ("to the left of", "on the left of", "left of"),
        "right": ("to the right of", "on the right of", "right of"),
        "above": ("above", "over"),
        "below": ("below", "under", "underneath"),
        "on": ("on", "on top of"),
        "front": ("in front of",),
        "behind": ("behind",),
    },
    "fr": {  # those ending in "de" elide: "à côté d'une barque"
        "beside": ("à côté de", "à côté de", "près de", "auprès de"),
        "and": ("et", "avec"),
        "left": ("à gauche de",),
        "right": ("à droite de",),
        "above": ("au-dessus de",),
        "below": ("sous", "en dessous de", "au-dessous de"),
        "on": ("sur",),
        "front": ("devant",),
        "behind": ("derrière",),
    },
}
# A style is said before the objects ("a drawing of …") or after them ("…, flat style").
STYLES_BEFORE = {
    "en": {
        "3d": ("a 3D render of", "3D picture of", "3D render of"),
        "flat": ("a flat illustration of", "flat illustration of", "flat icon of"),
        "drawn": ("a drawing of", "drawing of", "cartoon drawing of"),
    },
    "fr": {
        "3d": ("un rendu 3D de", "image 3D de", "rendu 3D de"),
        "flat": ("une illustration plate de", "illustration plate de", "icône plate de"),
        "drawn": ("un dessin de", "dessin de"),
    },
}
STYLES_AFTER = {
    "en": {
        "3d": (", 3D style", " in 3D", ", 3D"),
        "flat": (", flat style", " in flat style", ", flat design"),
        "drawn": (", drawn style", ", drawing", ", cartoon style"),
    },
    "fr": {
        "3d": (", style 3D", " en 3D", ", 3D"),
        "flat": (", style plat", " en style plat", ", design plat"),
        "drawn": (", style dessiné", ", dessin", ", style dessin animé"),
    },
}
OPENINGS = {
    "en": ("a picture of", "an image of", "picture of", "draw"),
    "fr": ("une image de", "image de", "dessine"),
}
SIZES = {
    "en": {"small": ("small", "little", "tiny"), "big": ("big", "large", "huge")},
    "fr": {"small": (("petit", "petite"),), "big": (("grand", "grande"), ("gros", "grosse"))},
}


def _name(thing: Thing, language: str, rng: random.Random) -> Name:
    """The first name half of the time, any other else; a tint or a count goes with the first only, since others
    may name a colour themselves ("red apple") or be no countable thing ("cheese")."""
    names = BY_KEY[thing.key].en if language == "en" else BY_KEY[thing.key].fr
    return names[0] if thing.colour or thing.count > 1 or rng.random() < 0.5 else rng.choice(names)


def _english(thing: Thing, rng: random.Random) -> str:
    name = _name(thing, "en", rng)
    size = rng.choice(SIZES["en"][thing.size]) if thing.size else ""
    adjective = f"{size} {thing.colour}".strip()
    if thing.count > 1:
        return english_counted(name, thing.count, adjective)
    return english_object(name, adjective) if rng.random() < 0.9 else f"{adjective} {name.text}".strip()


def _french(thing: Thing, rng: random.Random) -> str:
    name = _name(thing, "fr", rng)
    colour = f" {french_colour(thing.colour, name, several=thing.count > 1)}" if thing.colour else ""
    if thing.count > 1:
        return french_counted(name, thing.count) + colour
    if thing.size:
        return french_object(name, rng.choice(SIZES["fr"][thing.size])) + colour
    kind = rng.random()
    plain = french_object(name) if kind < 0.85 else french_definite(name) if kind < 0.92 else name.text
    return plain + colour


def things_phrase(scene: Scene, language: str, rng: random.Random) -> str:
    """What the scene shows, without style and ground."""
    said = [_english(thing, rng) if language == "en" else _french(thing, rng) for thing in scene.things]
    if len(said) == 1:
        return said[0]
    if len(said) == 3:
        return f"{said[0]}, {said[1]} {'and' if language == 'en' else 'et'} {said[2]}"
    relation = rng.choice(RELATIONS[language][scene.relation])
    if relation.endswith(" de"):
        return f"{said[0]} {relation.removesuffix(' de')} {de(said[1])}"
    return f"{said[0]} {relation} {said[1]}"


def colour_phrase(colour: str, language: str, rng: random.Random) -> str:
    """One way to say the plain ground's colour, with the separator that comes before it."""
    if language == "en":
        return rng.choice(
            (
                f" on a {colour} background",
                f" on a {colour} background",
                f", {colour} background",
                f" against a {colour} background",
                f" on {colour}",
            )
        ).replace(" a orange", " an orange")
    masculine, feminine = FRENCH_COLOURS[colour]
    return rng.choice(
        (
            f" sur fond {masculine}",
            f" sur fond {masculine}",
            f" sur un fond {masculine}",
            f", fond {masculine}",
            f" sur un arrière-plan {masculine}",
            f" sur une surface {feminine}",
        )
    )


def _ground(ground: Ground, language: str, rng: random.Random) -> str:
    if ground.colour:
        return colour_phrase(ground.colour, language, rng)
    place = rng.choice(PLACES[language][ground.place])
    sky = rng.choice(SKIES[language][ground.sky])
    return "".join(f" {part}" for part in (place, sky) if part)


def caption(scene: Scene, language: str, rng: random.Random) -> str:
    """One of the many ways to ask for `scene` in `language` ("en" or "fr")."""
    words = things_phrase(scene, language, rng)
    named = rng.random()
    before, after = "", ""
    if named < 0.3:
        before = rng.choice(STYLES_BEFORE[language][scene.style])
    elif named < 0.6:
        after = rng.choice(STYLES_AFTER[language][scene.style])
    elif named < 0.72:
        before = rng.choice(OPENINGS[language])
    if before:
        elided = language == "fr" and before.endswith(" de")
        words = f"{before.removesuffix(' de')} {de(words)}" if elided else f"{before} {words}"
    ground = _ground(scene.ground, language, rng) if rng.random() < 0.85 else ""
    return words + (after + ground if after.startswith(" ") and rng.random() < 0.3 else ground + after)


def plain_prompt(concept: str, colour: str, style: str, language: str, rng: random.Random) -> str:
    """A complete prompt for one object: it always names concept, style and ground colour."""
    name = (BY_KEY[concept].en if language == "en" else BY_KEY[concept].fr)[0]
    words = english_object(name) if language == "en" else french_object(name)
    ground = colour_phrase(colour, language, rng)
    if rng.random() < 0.5:
        return words + ground + rng.choice(STYLES_AFTER[language][style][:1])
    before = rng.choice(STYLES_BEFORE[language][style])
    if language == "fr":
        return f"{before.removesuffix(' de')} {de(words)}{ground}"
    return f"{before} {words}{ground}"
