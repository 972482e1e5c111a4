"""Captions in English and French from one small grammar.

A caption may leave out the style, the ground or the sky, as people do; the picture then shows any.
French is not a translation made afterwards: articles, elision ("d'un", "l'eau") and the agreement of
colours and sizes come from the noun's own gender and number.
"""

import random

from models.text2image.concepts import BY_KEY, Name
from models.text2image.scenes import Ground, Scene

LANGUAGES = ("en", "fr")

FRENCH_COLOURS = {  # masculine, feminine
    "white": ("blanc", "blanche"),
    "black": ("noir", "noire"),
    "grey": ("gris", "grise"),
    "red": ("rouge", "rouge"),
    "orange": ("orange", "orange"),
    "yellow": ("jaune", "jaune"),
    "green": ("vert", "verte"),
    "blue": ("bleu", "bleue"),
    "purple": ("violet", "violette"),
    "pink": ("rose", "rose"),
}
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
        "left": ("to the left of", "on the left of"),
        "right": ("to the right of", "on the right of"),
        "and": ("and", "with"),
    },
    "fr": {  # those ending in "de" elide: "à côté d'une barque"
        "beside": ("à côté de", "à côté de", "près de", "auprès de"),
        "left": ("à gauche de",),
        "right": ("à droite de",),
        "and": ("et", "avec"),
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


def begins_with_vowel(text: str) -> bool:
    """Whether French elides before `text`: vowel or silent h (an aspirated h is marked on the noun)."""
    return text[0].lower() in "aeiouyâàéèêëîïôöûùœh"


def de(phrase: str, *, aspirated: bool = False) -> str:
    """`phrase` after "de": "d'un crabe", "de la mer", "du pain" for "le pain", "de cerises" for "des"."""
    if phrase.startswith("de "):
        return phrase
    for article, joined in (("le ", "du "), ("les ", "des ")):
        if phrase.startswith(article):
            return joined + phrase.removeprefix(article)
    if phrase.startswith("des "):
        return de(phrase.removeprefix("des "))
    return f"d'{phrase}" if begins_with_vowel(phrase) and not aspirated else f"de {phrase}"


def english_object(name: Name, adjective: str = "") -> str:
    """`name` with its indefinite article: "an apple", "a big apple", "some cherries"."""
    words = f"{adjective} {name.text}".strip()
    if name.plural:
        return f"some {words}"
    return f"an {words}" if words[0].lower() in "aeiou" else f"a {words}"


def french_object(name: Name, adjectives: tuple[str, str] | None = None) -> str:
    """`name` with its indefinite article and an agreeing adjective: "une petite barque"."""
    adjective = adjectives[name.gender == "f"] if adjectives else ""
    if name.plural and adjective:
        plural = adjective if adjective.endswith("s") else f"{adjective}s"
        return f"de {plural} {name.text}"
    article = "des" if name.plural else "une" if name.gender == "f" else "un"
    return " ".join(part for part in (article, adjective, name.text) if part)


def french_definite(name: Name) -> str:
    """`name` with its definite article: "la barque", "l'étoile", "le hibou", "les cerises"."""
    if name.plural:
        return f"les {name.text}"
    if begins_with_vowel(name.text) and not name.aspirated:
        return f"l'{name.text}"
    return f"{'la' if name.gender == 'f' else 'le'} {name.text}"


def _object(key: str, size: str, language: str, rng: random.Random) -> str:
    names = BY_KEY[key].en if language == "en" else BY_KEY[key].fr
    name = names[0] if rng.random() < 0.5 else rng.choice(names)
    if language == "en":
        adjective = rng.choice(SIZES["en"][size]) if size else ""
        return english_object(name, adjective) if rng.random() < 0.9 else f"{adjective} {name.text}".strip()
    if size:
        return french_object(name, rng.choice(SIZES["fr"][size]))
    kind = rng.random()
    return french_object(name) if kind < 0.85 else french_definite(name) if kind < 0.92 else name.text


def _objects(scene: Scene, language: str, rng: random.Random) -> str:
    first = _object(scene.objects[0], scene.size, language, rng)
    if len(scene.objects) == 1:
        return first
    second = _object(scene.objects[1], "", language, rng)
    relation = rng.choice(RELATIONS[language][scene.relation])
    if language == "fr" and relation.endswith(" de"):
        return f"{first} {relation.removesuffix(' de')} {de(second)}"
    return f"{first} {relation} {second}"


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
    words = _objects(scene, language, rng)
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
