"""The organisation file as YAML, with the line of everything in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from services.router.organisation.findings import Finding, OrganisationUnusable, Place, named

DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Document:
    """What stands in a file, and where."""

    text: str
    content: Mapping[str, Any]
    lines: Mapping[Place, int]


def text_of(file: Path) -> str:
    """The file's text; raises OrganisationUnusable where it can't be read."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        problem = f"the file can't be read ({error.strerror})"
        raise OrganisationUnusable(
            [Finding(0, str(file), problem, "Check its name and its permissions")]
        ) from error
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        problem = "the file is not UTF-8 here"
        raise OrganisationUnusable(
            [Finding(line, str(file), problem, "Save it as UTF-8")]
        ) from error


def compose(text: str) -> Document:
    """The YAML in `text`; raises OrganisationUnusable where it is none, or says a key twice."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        finding = Finding(
            mark.line + 1 if mark else 1,
            "YAML",
            error.problem or "the file can't be read as YAML",
            "Check indentation, colons and quotes on this line and the one before",
        )
        raise OrganisationUnusable([finding]) from error
    except yaml.YAMLError as error:
        finding = Finding(1, "YAML", f"not YAML: {error}", "Save the file as plain UTF-8 text")
        raise OrganisationUnusable([finding]) from error
    if _is_too_deep(root):
        finding = Finding(1, "YAML", "parts lie within parts without end", "Remove the alias (`*`)")
        raise OrganisationUnusable([finding])
    if not isinstance(content, Mapping):
        finding = Finding(1, "file", "there is no organisation", "Start with `name:` and `leader:`")
        raise OrganisationUnusable([finding])
    if twice := list(_keys_twice(root, ())):
        raise OrganisationUnusable(twice)
    return Document(text, content, dict(_lines(root, ())))


def _is_too_deep(node: Any, depth: int = 0) -> bool:
    """Whether an alias leads back into itself; an organisation has no more than six levels."""
    if depth > DEEPEST:
        return True
    if isinstance(node, yaml.MappingNode):
        return any(_is_too_deep(value, depth + 1) for _, value in node.value)
    return isinstance(node, yaml.SequenceNode) and any(
        _is_too_deep(value, depth + 1) for value in node.value
    )


def _lines(node: Any, place: Place) -> Iterator[tuple[Place, int]]:
    """The line of every value in the file, counted from 1."""
    if node is None:
        return
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*place, key.value), key.start_mark.line + 1
            yield from _below(_lines(value, (*place, key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for n, value in enumerate(node.value):
            yield from _lines(value, (*place, n))


def _below(lines: Iterator[tuple[Place, int]]) -> Iterator[tuple[Place, int]]:
    """A key's own line stands for its value, which may begin on the next one."""
    next(lines, None)
    yield from lines


def _keys_twice(node: Any, place: Place) -> Iterator[Finding]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                where = named((*place, key.value))
                problem = f"`{key.value}` is there twice"
                yield Finding(key.start_mark.line + 1, where, problem, "Remove one of them")
            seen.add(key.value)
            yield from _keys_twice(value, (*place, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for n, value in enumerate(node.value):
            yield from _keys_twice(value, (*place, n))
