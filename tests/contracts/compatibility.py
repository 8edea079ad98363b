"""What a published event may become: it gains optional fields, and nothing else.

A closed set of words may grow as well, but only once every hearer knows the new word, for an older
one can't read it: hearers are upgraded before the speaker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.contracts.event import Event

Schema = dict[str, Any]

_FOR_PEOPLE = frozenset({"title", "description"})
_NESTED = frozenset({"items", "additionalProperties", "propertyNames"})


def schema_of(event: type[Event]) -> Schema:
    """The JSON schema of the message on the wire, whole and without what is for people only."""
    schema = event.model_json_schema(mode="serialization")
    definitions = schema.pop("$defs", {})
    plain: Schema = _plain(schema, definitions)
    return plain


def breaks(old: Schema, new: Schema, place: str = "message") -> Iterator[str]:
    """Everything in `new` that a hearer or a speaker of `old` could not live with."""
    for keyword in sorted(old.keys() | new.keys()):
        was, now = old.get(keyword), new.get(keyword)
        match keyword:
            case "properties":
                for name, schema in (was or {}).items():
                    if now is not None and name in now:
                        yield from breaks(schema, now[name], f"{place}.{name}")
                    else:
                        yield f"{place}.{name} is gone"
            case "required":
                for name in sorted(set(now or ()) - set(was or ())):
                    yield f"{place}.{name} has become required"
                for name in sorted(set(was or ()) - set(now or ())):
                    yield f"{place}.{name} may be missing, which older hearers refuse"
            case "enum" if was and now:
                for word in sorted(set(was) - set(now)):
                    yield f"{place} can't be {word!r} any more"
            case "anyOf" | "prefixItems" if was and now and len(was) == len(now):
                for before, after in zip(was, now, strict=True):
                    yield from breaks(before, after, place)
            case _ if keyword in _NESTED and isinstance(was, dict) and isinstance(now, dict):
                yield from breaks(was, now, f"{place}[]")
            case _ if was != now:
                yield f"{place}: {keyword} was {was!r} and is {now!r}"


def _plain(value: Any, definitions: Mapping[str, Schema], *, names: bool = False) -> Any:
    """The schema with its references resolved; `names` where the keys are names of fields."""
    if isinstance(value, list):
        return [_plain(one, definitions) for one in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value and not names:
        target = definitions[value["$ref"].rpartition("/")[2]]
        more = {key: one for key, one in value.items() if key != "$ref"}
        return _plain({**target, **more}, definitions)
    return {
        key: _plain(one, definitions, names=key == "properties" and not names)
        for key, one in value.items()
        if names or key not in _FOR_PEOPLE
    }
