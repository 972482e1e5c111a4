"""Nouns in English and French: articles, plurals, elision, agreement.

French is not a translation made afterwards: articles, elision ("d'un", "l'eau") and the agreement of colours
and sizes come from the noun's own gender and number.
"""

from models.text2image.concepts import Name

NUMBERS = {"en": {2: "two", 3: "three", 4: "four"}, "fr": {2: "deux", 3: "trois", 4: "quatre"}}

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
_INVARIABLE = {"orange"}

_ENGLISH_PLURALS = {"fish": "fish", "snowman": "snowmen", "loaf": "loaves", "cactus": "cacti"}
_FRENCH_PLURALS = {"arc-en-ciel": "arcs-en-ciel", "bonhomme": "bonshommes"}


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


def english_plural(text: str) -> str:
    """Several of it; what counts is the noun before "of": "pieces of cheese", "ice cream cones"."""
    head, of, rest = text.partition(" of ")
    before, _, noun = head.rpartition(" ")
    if noun in _ENGLISH_PLURALS:
        noun = _ENGLISH_PLURALS[noun]
    elif noun.endswith("y") and noun[-2] not in "aeiou":
        noun = f"{noun[:-1]}ies"
    else:
        noun += "es" if noun.endswith(("s", "x", "ch", "sh")) else "s"
    return f"{before} {noun}{of}{rest}".strip()


def french_plural(text: str) -> str:
    """Several of it; what counts is the first noun: "tasses de café", "bonshommes de neige"."""
    noun, space, rest = text.partition(" ")
    if noun in _FRENCH_PLURALS:
        noun = _FRENCH_PLURALS[noun]
    elif noun.endswith(("eau", "eu")):
        noun += "x"
    elif not noun.endswith(("s", "x", "z")):
        noun += "s"
    return noun + space + rest


def english_object(name: Name, adjective: str = "") -> str:
    """`name` with its indefinite article: "an apple", "a big apple", "some cherries"."""
    words = f"{adjective} {name.text}".strip()
    if name.plural:
        return f"some {words}"
    return f"an {words}" if words[0].lower() in "aeiou" else f"a {words}"


def english_counted(name: Name, count: int, adjective: str = "") -> str:
    """ "two crabs", "three blue loaves of bread"."""
    return " ".join(part for part in (NUMBERS["en"][count], adjective, english_plural(name.text)) if part)


def french_colour(colour: str, name: Name, *, several: bool = False) -> str:
    """The colour's adjective as it stands after `name`: "verte", "blancs", "orange"."""
    word = FRENCH_COLOURS[colour][name.gender == "f"]
    plural = (several or name.plural) and colour not in _INVARIABLE and not word.endswith("s")
    return f"{word}s" if plural else word


def french_object(name: Name, adjectives: tuple[str, str] | None = None) -> str:
    """`name` with its indefinite article and an agreeing adjective: "une petite barque"."""
    adjective = adjectives[name.gender == "f"] if adjectives else ""
    if name.plural and adjective:
        plural = adjective if adjective.endswith("s") else f"{adjective}s"
        return f"de {plural} {name.text}"
    article = "des" if name.plural else "une" if name.gender == "f" else "un"
    return " ".join(part for part in (article, adjective, name.text) if part)


def french_counted(name: Name, count: int) -> str:
    """ "deux crabes", "trois miches de pain"."""
    return f"{NUMBERS['fr'][count]} {french_plural(name.text)}"


def french_definite(name: Name) -> str:
    """`name` with its definite article: "la barque", "l'étoile", "le hibou", "les cerises"."""
    if name.plural:
        return f"les {name.text}"
    if begins_with_vowel(name.text) and not name.aspirated:
        return f"l'{name.text}"
    return f"{'la' if name.gender == 'f' else 'le'} {name.text}"
