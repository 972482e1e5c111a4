"""A prompt's token numbers, as the tokenizer in a model folder gives them.

Special tokens that a user types are read as plain letters: a prompt cannot end itself, or pad itself. CLIP's slow
tokenizers export no `tokenizer.json`; what it would say is built from `vocab.json` and `merges.txt`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from services.generator.folder import FolderError, Part
from services.generator.graph import first_line

LONGEST = 4096
"""Tokens; what a configuration may ask for."""
# Of CLIP (github.com/openai/CLIP, simple_tokenizer.py): what it takes for a word, and how it marks its end.
_CLIP_WORD = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
_WORD_END = "</w>"
_BEGIN, _END = "<|startoftext|>", "<|endoftext|>"


class Tokens:
    """The tokenizer of `part`. Always answers `length` numbers: cut, or padded with the folder's pad token."""

    def __init__(self, folder: Path, part: str, length: int | None = None) -> None:
        """`length` is `model_max_length` of the folder where None. Raises FolderError."""
        config = Part(folder, f"{part}/tokenizer_config.json")
        self.length = length or config.whole("model_max_length", 2, LONGEST)
        self._tokenizer = _tokenizer(folder / part, part)
        pad = config.values.get("pad_token")
        pad = pad.get("content") if isinstance(pad, dict) else pad
        number = self._tokenizer.token_to_id(pad) if isinstance(pad, str) else None
        if number is None:
            raise config.wrong("pad_token", "must be a token of the vocabulary")
        self._tokenizer.encode_special_tokens = True
        self._tokenizer.enable_truncation(self.length)
        self._tokenizer.enable_padding(length=self.length, pad_id=number, pad_token=pad)

    def numbers(self, text: str) -> NDArray[np.int64]:
        """int64[1, length]."""
        # A lone surrogate cannot be written as UTF-8, which is what the tokenizer reads.
        readable = text.encode("utf-8", "replace").decode("utf-8")
        return np.array([self._tokenizer.encode(readable).ids], np.int64)


def _tokenizer(path: Path, part: str) -> Tokenizer:
    if (path / "tokenizer.json").is_file():
        file = f"{part}/tokenizer.json"
        read = _from_json
    elif (path / "vocab.json").is_file() and (path / "merges.txt").is_file():
        file = f"{part}/vocab.json with merges.txt"
        read = _clip
    else:
        raise FolderError(f"{part}/tokenizer.json is missing, and so are vocab.json and merges.txt")
    try:
        return read(path)
    except Exception as error:
        raise FolderError(f"{file} cannot be read: {first_line(error)}") from None


def _from_json(path: Path) -> Tokenizer:
    return Tokenizer.from_file(str(path / "tokenizer.json"))


def _clip(path: Path) -> Tokenizer:
    """CLIP's byte pairs: composed letters, lower case, single spaces; begin and end around."""
    model = models.BPE.from_file(
        str(path / "vocab.json"), str(path / "merges.txt"), end_of_word_suffix=_WORD_END, unk_token=_END
    )
    tokenizer = Tokenizer(model)
    begin, end = tokenizer.token_to_id(_BEGIN), tokenizer.token_to_id(_END)
    if begin is None or end is None:
        raise ValueError(f"{_BEGIN} and {_END} must be in the vocabulary")
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_CLIP_WORD), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{_BEGIN} $A {_END}", special_tokens=[(_BEGIN, begin), (_END, end)]
    )
    return tokenizer
