"""As much of protobuf's wire format as it takes to change a field of an ONNX file, without the `onnx` package.

A message is a row of fields; a field is a key (number * 8 + kind) and a value, which says its own length. So a
message can be taken apart and put together again with every field that is not understood kept byte for byte.
Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_FIXED = {FIXED64: 8, FIXED32: 4}
_LONGEST_VARINT = 10


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `raw` is all of it, key included; `value` what is in it, for a number its varint."""

    number: int
    kind: int
    value: memoryview
    raw: memoryview

    @property
    def text(self) -> str:
        """The value as a string."""
        return bytes(self.value).decode("utf-8", "replace")


def fields(message: memoryview) -> Iterator[Field]:
    """The fields in their order. Raises ValueError where the bytes are no message."""
    at = 0
    while at < len(message):
        start = at
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == BYTES:
            length, at = _varint(message, at)
        elif kind == VARINT:
            length = _varint(message, at)[1] - at
        elif kind in _FIXED:
            length = _FIXED[kind]
        else:
            raise ValueError(f"field {number} is of kind {kind}")
        end = at + length
        if number == 0 or end > len(message):
            raise ValueError("a field is cut off")
        yield Field(number, kind, message[at:end], message[start:end])
        at = end


def of(message: memoryview, number: int) -> list[Field]:
    """All fields of that number that hold bytes."""
    return [field for field in fields(message) if field.number == number and field.kind == BYTES]


def wrapped(number: int, value: bytes) -> bytes:
    """A field that holds bytes: a string or a message."""
    return _as_varint(number << 3 | BYTES) + _as_varint(len(value)) + value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """The number at `at`, and where it ends."""
    number = 0
    for place in range(_LONGEST_VARINT):
        if at >= len(message):
            break
        byte = message[at]
        number |= (byte & 0x7F) << (7 * place)
        at += 1
        if byte < 0x80:
            return number, at
    raise ValueError("a number is cut off")


def _as_varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)
