"""Mistakes that are made on purpose are made, and only those."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.mutants.inplace import NotImportable, make
from tests.mutants.mutation import Mistake, mistakes

RULES = '''
MOST = 3
TWICE = MOST * 2

def fits(count, *, spare=1):
    """Whether it fits."""
    return count + spare <= MOST

class Box:
    size: int = 4

    @property
    def is_large(self):
        if self.size > 3:
            return True
        return False
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module of rules, imported."""
    path = tmp_path / "rules_of_boxes.py"
    path.write_text(RULES)
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__(path.stem)
    del sys.modules[path.stem]


def mistake(tree: ast.Module, says: str) -> Mistake:
    (found,) = [one for one in mistakes(tree) if one.says == says]
    return found


def test_texts_annotations_and_fields_are_left_alone() -> None:
    made = {(one.where, one.says) for one in mistakes(ast.parse(RULES))}

    assert made == {
        ("MOST", "3 → 4"),
        ("MOST", "3 → 2"),
        ("TWICE", "MOST * 2 → MOST / 2"),
        ("TWICE", "2 → 3"),
        ("TWICE", "2 → 1"),
        ("fits", "1 → 2"),
        ("fits", "1 → 0"),
        ("fits", "return count + spare <= MOST → return None"),
        ("fits", "count + spare <= MOST → count + spare < MOST"),
        ("fits", "count + spare <= MOST → count + spare > MOST"),
        ("fits", "count + spare → count - spare"),
        (
            "Box.is_large",
            "if self.size > 3: return True → if not self.size > 3: return True",
        ),
        ("Box.is_large", "return True → return None"),
        ("Box.is_large", "True → False"),
        ("Box.is_large", "False → True"),
        ("Box.is_large", "self.size > 3 → self.size >= 3"),
        ("Box.is_large", "self.size > 3 → self.size <= 3"),
        ("Box.is_large", "3 → 4"),
        ("Box.is_large", "3 → 2"),
    }


def test_every_mistake_is_made_in_a_tree_that_is_right_again_afterwards() -> None:
    tree = ast.parse(RULES)
    right = ast.unparse(tree)

    for one in mistakes(tree):
        with one.made():
            assert ast.unparse(tree) != right
        assert ast.unparse(tree) == right


def test_a_function_is_wrong_in_the_module_that_was_imported(module: ModuleType) -> None:
    tree = ast.parse(RULES)

    assert not module.fits(3)
    make(mistake(tree, "count + spare → count - spare"), tree, module)
    assert module.fits(4)


def test_a_default_is_wrong_where_it_is_not_given(module: ModuleType) -> None:
    tree = ast.parse(RULES)

    make(mistake(tree, "1 → 0"), tree, module)

    assert module.fits(3)
    assert not module.fits(3, spare=1)


def test_a_property_is_wrong(module: ModuleType) -> None:
    tree = ast.parse(RULES)

    make(mistake(tree, "self.size > 3 → self.size <= 3"), tree, module)

    assert not module.Box().is_large


def test_a_constant_is_wrong_with_all_that_is_made_from_it(module: ModuleType) -> None:
    tree = ast.parse(RULES)
    (greater, _) = [one for one in mistakes(tree) if one.where == "MOST"]

    make(greater, tree, module)

    assert (module.MOST, module.TWICE) == (4, 8)


def test_what_could_not_be_imported_says_so(module: ModuleType) -> None:
    tree = ast.parse(RULES)
    (first, *_) = [one for one in mistakes(tree) if one.where == "TWICE"]
    first.instead.right = ast.copy_location(ast.parse("None", mode="eval").body, first.instead)

    with pytest.raises(NotImportable, match="TWICE"):
        make(first, tree, module)
