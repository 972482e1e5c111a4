"""Undo the disguises of a prompt before anything judges it.

One prompt can be written in endless ways that a person reads the same: full width, look-alike letters of
another script, digits for letters, letters spaced out, invisible characters between them, text stored
backwards. `normalise` maps them to one plain form, in small steps repeated until nothing changes. So the
result is idempotent by construction: normalising twice equals normalising once.

French needs its accents to be understood and loses them in chat, so there are two forms: `words` keeps
accents and feeds the models, `fold` drops them and feeds word lists.
"""

from __future__ import annotations

import html
import re
import unicodedata

MAX_PASSES = 64
"""Passes before giving up on a fixed point. Each pass that changes anything removes a disguise, ordinary
prompts need two, and the bound keeps a hostile one from buying more than that many linear scans."""

_RIGHT_TO_LEFT = re.compile("[\u202e\u2067]([^\u202c\u2069\n]*)[\u202c\u2069\n]?")
_FOREIGN_ACCENT = re.compile("[\u00c0-\u024f\u1e00-\u1eff](?<![àâäçéèêëîïôöùûüÿ])")
_SPACE = re.compile(r"\s+")
_MASK = re.compile(r"(?<=[^\W_])[~^`|\\]+(?=[^\W_])")
_SPACED = re.compile(r"(?<![^\W_])[^\W_@$](?:([ .\-_/+~|,])[^\W_@$])(?:\1[^\W_@$])+(?![^\W_])")
_LEET_INNER = re.compile(r"(?<=[^\W\d_])[0134578@$!€£]+(?=[^\W\d_])")
_LEET_FIRST = re.compile(r"(?<![\w@$])[@$]+(?=[^\W\d_]{2})")
_LONG_RUN = re.compile(r"([^\W\d_])\1{2,}")

_LEET = str.maketrans("0134578@$!€£", "oieastbasiel")

# Letters of other scripts that look like Latin ones, lower case; the rest falls to NFKC.
_LOOKALIKE = str.maketrans(
    {
        **dict(zip("авсԁеғһіјкӏмнорԛѕтуѵԝхзг", "abcdefhijklmhopqstyvwx3r", strict=True)),
        **dict(zip("αβγδεζηικνορστυχω", "abydeznikvopotuxw", strict=True)),
        **dict(zip("пьбиднгяфжл", "nbbudhrrfxn", strict=True)),
        **dict(zip("ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ", "acefghijkmrtvwy", strict=True)),
        **dict(zip("ɑɡıɩʟɴʀꜱʏɪᴀʙᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢ", "agiilnrsyiabcdejkmoptuvwz", strict=True)),
        **dict(zip("øłđħŧƀɨɵʉ", "oldhtbiou", strict=True)),
        "\N{LATIN SMALL LETTER SHARP S}": "ss",
        "œ": "oe",
        "æ": "ae",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{MODIFIER LETTER APOSTROPHE}": "'",
    }
)
# Letters in boxes, circles and flags have no compatibility form of their own.
_ENCLOSED = {
    start + offset: chr(ord("a") + offset)
    for start in (0x1F130, 0x1F150, 0x1F170, 0x1F1E6)
    for offset in range(26)
}


def normalise(text: str) -> str:
    """The plain lower-case form of `text`, accents kept; never raises, whatever the characters are."""
    for _ in range(MAX_PASSES):
        plain = _one_pass(text)
        if plain == text:
            return plain
        text = plain
    return text


def fold(words: str) -> str:
    """The normalised text without accents: "forêt" and "foret" become one. Idempotent."""
    plain = "".join(c for c in unicodedata.normalize("NFD", words) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", plain)


def _one_pass(text: str) -> str:
    text = html.unescape(text) if "&" in text else text
    text = _RIGHT_TO_LEFT.sub(lambda match: match[1][::-1], text)
    text = _compatible(text).lower().translate(_ENCLOSED).translate(_LOOKALIKE)
    text = "".join(filter(_visible, unicodedata.normalize("NFC", text)))
    text = text if text.isascii() else _FOREIGN_ACCENT.sub(lambda match: fold(match[0]), text)
    text = _SPACED.sub(lambda match: match[0].replace(match[1], ""), text)
    text = _LEET_FIRST.sub(_unleet, text)
    text = _LEET_INNER.sub(_unleet, text)
    text = _MASK.sub("", text)
    text = _LONG_RUN.sub(r"\1\1", text)
    return _SPACE.sub(" ", text.replace("_", " ")).strip()


def _compatible(text: str) -> str:
    """NFKC, but a character that would become a phrase becomes a space, so the text cannot balloon."""
    if text.isascii():
        return text
    composed = unicodedata.normalize("NFKC", text)
    if len(composed) <= 2 * len(text):
        return composed
    short = "".join(c if len(unicodedata.normalize("NFKC", c)) <= 3 else " " for c in text)
    return unicodedata.normalize("NFKC", short)


def _visible(character: str) -> bool:
    """False for what a reader does not see: format and control characters, lone marks, lone surrogates."""
    if character.isascii():
        return character >= " " or character in "\t\n\r"
    return unicodedata.category(character) not in ("Cf", "Cc", "Cs", "Co", "Cn", "Mn", "Me")


def _unleet(match: re.Match[str]) -> str:
    return match[0].translate(_LEET)
