"""Whether a JSON value fits a JSON schema, for the keywords that our schemas use.

Any other keyword raises, so that nothing is passed over in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

Misfit = tuple[str, str]
"""Where, and what is wrong there."""

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
_FORMATS: Mapping[str, Callable[[str], object]] = {
    "uuid": UUID,
    "date": date.fromisoformat,
    "date-time": datetime.fromisoformat,
}
_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "const": lambda value, bound: value == bound,
    "enum": lambda value, bound: value in bound,
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "minLength": lambda value, bound: len(value) >= bound,
    "maxLength": lambda value, bound: len(value) <= bound,
    "minItems": lambda value, bound: len(value) >= bound,
    "maxItems": lambda value, bound: len(value) <= bound,
    "maxProperties": lambda value, bound: len(value) <= bound,
    "pattern": lambda value, bound: re.search(bound, value) is not None,
    "required": lambda value, bound: set(bound) <= set(value),
}
_SAYS_NOTHING = frozenset({"title", "description", "default"})


def misfits(
    value: Any, schema: Mapping[str, Any], place: str = "message", root: Any = None
) -> Iterator[Misfit]:
    """Everything in `value` that does not fit; `$ref` is looked up in `root`."""
    if "type" in schema and not _TYPES[schema["type"]](value):
        yield place, f"is no {schema['type']}"
        return
    for keyword, bound in schema.items():
        match keyword:
            case "type":
                pass
            case "$ref":
                yield from misfits(value, look_up(bound, root), place, root)
            case "format":
                try:
                    _FORMATS[bound](value)
                except ValueError:
                    yield place, f"is no {bound}"
            case "properties":
                for name in bound.keys() & value.keys():
                    yield from misfits(value[name], bound[name], f"{place}.{name}", root)
            case "patternProperties":
                for name, one in value.items():
                    for pattern, inner in bound.items():
                        if re.search(pattern, name):
                            yield from misfits(one, inner, f"{place}.{name}", root)
            case "additionalProperties":
                for name in value.keys() - schema.get("properties", {}).keys():
                    yield from misfits(value[name], bound, f"{place}.{name}", root)
            case "propertyNames":
                for name in value:
                    yield from misfits(name, bound, f"{place}.{name}", root)
            case "items":
                for nth, one in enumerate(value):
                    yield from misfits(one, bound, f"{place}[{nth}]", root)
            case "prefixItems":
                for nth, (one, inner) in enumerate(zip(value, bound, strict=False)):
                    yield from misfits(one, inner, f"{place}[{nth}]", root)
            case "anyOf":
                if all(list(misfits(value, one, place, root)) for one in bound):
                    yield place, "fits none of the possibilities"
            case _ if keyword in _SAYS_NOTHING:
                pass
            case _:
                if not _BOUNDS[keyword](value, bound):
                    yield place, f"{keyword} is {bound!r}"


def look_up(reference: str, root: Any) -> Any:
    """What `#/a/b` stands for in the document."""
    found = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found
