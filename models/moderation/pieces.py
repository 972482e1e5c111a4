"""The tokeniser of the careful reader: the unigram pieces of multilingual-e5-small, or a part of them."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, models, pre_tokenizers

from models.moderation.e5 import E5

SPECIAL = 4
"""`<s>`, `<pad>`, `</s>`, `<unk>` come first."""


def tokeniser(e5: E5, kept: Iterable[int] | None = None) -> Tokenizer:
    """Pieces numbered as in the model, or renumbered 0.. in the order of `kept`, which starts with the special
    ones."""
    rows = list(range(len(e5.pieces)) if kept is None else kept)
    vocabulary = [(e5.pieces[i], float(e5.scores[i])) for i in rows]
    made = Tokenizer(models.Unigram(vocabulary, unk_id=3, byte_fallback=False))
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    return made
