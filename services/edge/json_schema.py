"""JSON Schema (2020-12, as OpenAPI 3.1 takes it) from the types that the answers are written as.

Known are: text, numbers, truth, None, lists, mappings from text, literals, text enums, TypedDicts, and any of them
`Annotated` with `Says`. Each TypedDict becomes a component under its own name.
"""

import enum
import types
import typing
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin

Schema = dict[str, Any]

_SIMPLE: dict[object, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    types.NoneType: {"type": "null"},
    Any: {},
}


@dataclass(frozen=True)
class Says:
    """What a field means, and its bounds."""

    text: str = ""
    low: float | None = None
    high: float | None = None
    shortest: int | None = None
    longest: int | None = None
    pattern: str | None = None
    form: str | None = None
    """OpenAPI's `format`."""
    example: object = None

    def schema(self) -> Schema:
        """The keywords."""
        given = {
            "description": self.text or None,
            "minimum": self.low,
            "maximum": self.high,
            "minLength": self.shortest,
            "maxLength": self.longest,
            "pattern": self.pattern,
            "format": self.form,
            "examples": None if self.example is None else [self.example],
        }
        return {name: value for name, value in given.items() if value is not None}


def schema_of(kind: object, components: dict[str, Schema]) -> Schema:
    """The schema of a type; TypedDicts that it names are added to `components`. Raises TypeError."""
    if kind in _SIMPLE:
        return dict(_SIMPLE[kind])
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        said = [one.schema() for one in arguments[1:] if isinstance(one, Says)]
        merged = schema_of(arguments[0], components)
        for one in said:
            merged |= one
        return merged
    if origin in {NotRequired, Required}:
        return schema_of(arguments[0], components)
    if origin in {Union, types.UnionType}:
        return _any_of([schema_of(one, components) for one in arguments])
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0], components)}
    if origin is dict and arguments[0] is str:
        return {"type": "object", "additionalProperties": schema_of(arguments[1], components)}
    if isinstance(kind, type) and issubclass(kind, enum.StrEnum):
        return {"type": "string", "enum": [str(one) for one in kind]}
    if typing.is_typeddict(kind):
        return _component(kind, components)
    raise TypeError(f"no schema for {kind!r}")


def _any_of(schemas: list[Schema]) -> Schema:
    if all(set(one) == {"type"} for one in schemas):
        return {"type": [one["type"] for one in schemas]}
    return {"anyOf": schemas}


def _component(kind: Any, components: dict[str, Schema]) -> Schema:
    name = str(kind.__name__)
    if name not in components:
        components[name] = {}  # it may name itself
        fields = typing.get_type_hints(kind, include_extras=True)
        made: Schema = {"type": "object"}
        if kind.__doc__:
            made["description"] = " ".join(kind.__doc__.split())
        made["properties"] = {field: schema_of(type_, components) for field, type_ in fields.items()}
        if required := sorted(kind.__required_keys__):
            made["required"] = required
        components[name] = made
    return {"$ref": f"#/components/schemas/{name}"}
