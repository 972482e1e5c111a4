"""Whether a text is French, by the little words that every sentence has, and which words those are.

Only what is plainly French is called so; all else, mixed texts and bare names too, is judged as English is.
"""

from __future__ import annotations

import re

from services.moderator.normalise import fold

_WORD = re.compile(r"[^\W\d_]+")
_FRENCH = {
    "le", "la", "les", "l", "un", "une", "des", "du", "de", "d", "et", "est", "sont", "dans", "sur", "avec",
    "pour", "qui", "que", "qu", "quoi", "au", "aux", "en", "ce", "cet", "cette", "ces", "son", "sa", "ses",
    "mon", "ma", "mes", "ton", "ta", "tes", "leur", "leurs", "nos", "vos", "ne", "pas", "plus", "par", "sans",
    "sous", "entre", "vers", "chez", "comme", "mais", "ou", "donc", "je", "tu", "il", "elle", "ils", "elles",
    "nous", "vous", "on", "se", "s", "c", "j", "n", "y", "faire", "fais", "fait", "dessine", "dessinez",
    "affiche",
}  # fmt: skip
_ENGLISH = {
    "the", "a", "an", "of", "and", "is", "are", "was", "were", "in", "with", "for", "to", "by", "at", "from",
    "that", "this", "these", "those", "his", "her", "its", "my", "your", "their", "our", "into", "over",
    "under", "near", "not", "no", "as", "or", "but", "it", "he", "she", "they", "we", "you", "i", "who",
    "which", "make", "draw", "create", "show", "some", "has", "have", "being", "while", "behind", "beside",
    "through", "up", "down", "out", "off",
}  # fmt: skip


def french(text: str) -> bool:
    """True if more of the little words are French than English ones, in the first 2,000 characters."""
    words = _WORD.findall(fold(text[:2000].lower()))
    return sum(word in _FRENCH for word in words) > sum(word in _ENGLISH for word in words)


def little(word: str) -> bool:
    """Whether a word says nothing by itself, in either language."""
    plain = fold(word.lower())
    return plain in _FRENCH or plain in _ENGLISH
