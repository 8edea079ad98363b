"""Makes a mistake in a module that is imported already, without importing anything again."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cached_property
from types import CodeType, FunctionType, ModuleType
from typing import Any

from tests.mutants.mutation import Mistake, constant_name
from tests.mutants.mutation import functions as written


class NotImportable(Exception):
    """The wrong module could not be imported at all."""


class NotMade(Exception):
    """The mistake has no place in the module as it was imported."""


def make(mistake: Mistake, tree: ast.Module, module: ModuleType) -> None:
    """The module, and whoever has imported its constants, are wrong from now on."""
    with mistake.made():
        if mistake.is_constant:
            _set_constants(mistake.where, tree, module)
        else:
            code = compile(tree, str(module.__file__), "exec")
            function = dict(functions(module)).get(mistake.where)
            wrong = dict(_codes(code)).get(mistake.where)
            if function is None or wrong is None:
                raise NotMade(mistake.where)
            function.__code__ = wrong
            _set_defaults(function, mistake.where, tree)


def _set_defaults(function: FunctionType, where: str, tree: ast.Module) -> None:
    arguments = dict(written(tree))[where].args
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    evaluate = function.__globals__
    function.__defaults__ = tuple(_value(one, evaluate) for one in arguments.defaults)
    function.__kwdefaults__ = {
        one.arg: _value(default, evaluate) for one, default in named if default is not None
    }


def _value(expression: ast.expr, names: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(expression), "<default>", "eval"), names)


def functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """The functions that were written in the module, under decorators or not."""
    for found in vars(module).values():
        within = vars(found).values() if isinstance(found, type) else (found,)
        for one in within:
            function = _undecorated(one)
            if function is not None and function.__module__ == module.__name__:
                yield function.__qualname__, function


def _undecorated(found: Any) -> FunctionType | None:
    match found:
        case property():
            found = found.fget
        case cached_property():
            found = found.func
        case classmethod() | staticmethod():
            found = found.__func__
        case _:
            found = getattr(found, "__wrapped__", found)
    return found if isinstance(found, FunctionType) else None


def _codes(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one.co_qualname, one
            yield from _codes(one)


def _set_constants(name: str, tree: ast.Module, module: ModuleType) -> None:
    """Also those which are made from it, such as a sum."""
    changed = {name}
    for node in tree.body:
        defined = constant_name(node)
        if defined is None:
            continue
        used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        if not used & changed:
            continue
        changed.add(defined)
        names = dict(vars(module))
        try:
            exec(compile(ast.Module([node], []), str(module.__file__), "exec"), names)
        except Exception as error:
            raise NotImportable(defined) from error
        _set_everywhere(defined, getattr(module, defined), names[defined], module)


def _set_everywhere(name: str, right: Any, wrong: Any, module: ModuleType) -> None:
    setattr(module, name, wrong)
    for other in list(sys.modules.values()):
        if vars(other).get(name) is right if isinstance(other, ModuleType) else False:
            setattr(other, name, wrong)
