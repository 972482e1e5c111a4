"""JSON that holds finished pictures in base64.

Put together from bytes: as the text of a JSON encoder a picture would be copied four times more, each time by the
thread that answers everybody else (docs/edge-profile.md).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

NO_PICTURE_YET = {"b64_json": ""}
"""Stands where a picture goes."""
_EMPTY = b'"b64_json":""'


def with_pictures(body: Mapping[str, Any], pictures: Sequence[bytes] = ()) -> list[bytes]:
    """`body` as JSON in UTF-8, in parts to be joined. Where it says `NO_PICTURE_YET` the pictures stand, in order,
    which are in base64. Raises ValueError unless there are as many."""
    told = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    # No text can look like it: within JSON's strings every quotation mark has a backslash before it.
    first, *others = told.split(_EMPTY)
    parts = [first]
    for picture, after in zip(pictures, others, strict=True):
        parts += [b'"b64_json":"', picture, b'"', after]
    return parts
