"""What can be made wrong in a file of rules, one small mistake at a time.

Wrong can be what functions do and what constants of the module are. Left alone are texts,
annotations, decorators, fields and words of classes, and methods that call `super`.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from textwrap import shorten
from typing import Any

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_RECKONED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_CALLED = {"all": "any", "any": "all", "min": "max", "max": "min"}
_NOT_RUN = frozenset({"annotation", "returns", "decorator_list", "type_comment"})
"""Parts of a definition that decide nothing."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Mistake:
    """One part of the tree, and what to put in its place."""

    where: str
    """Qualified name of the function, or the constant's."""
    is_constant: bool
    line: int
    says: str
    """What is otherwise, in a line."""
    holder: ast.AST
    field: str
    instead: Any

    @contextmanager
    def made(self) -> Iterator[None]:
        """The tree is wrong meanwhile, and as it was afterwards."""
        right = getattr(self.holder, self.field)
        setattr(self.holder, self.field, self.instead)
        try:
            yield
        finally:
            setattr(self.holder, self.field, right)


def mistakes(tree: ast.Module) -> Iterator[Mistake]:
    """Every mistake that we can make in a module, in its order."""
    for node in tree.body:
        name = constant_name(node)
        if name is not None:
            yield from _within(node, name, True, frozenset())
    for where, function in functions(tree):
        if "super" not in _names(function):
            yield from _within(function, where, False, _rebound(function))


def constant_name(node: ast.stmt) -> str | None:
    """Which constant of the module a statement defines, or None."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return None


def functions(tree: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Functions and methods with their qualified names; what is within a function belongs to it."""
    for node in tree.body:
        if isinstance(node, Function):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{prefix}{node.name}.")


def _within(
    root: ast.AST, where: str, is_constant: bool, rebound: frozenset[str]
) -> Iterator[Mistake]:
    for holder in _run(root):
        for field, value in ast.iter_fields(holder):
            if field in _NOT_RUN:
                continue
            children = value if isinstance(value, list) else [value]
            for nth, child in enumerate(children):
                if not isinstance(child, ast.AST):
                    continue
                for wrong in _wrong(child, rebound):
                    many = [*children[:nth], wrong, *children[nth + 1 :]]
                    instead = many if isinstance(value, list) else wrong
                    line, says = getattr(child, "lineno", 0), _difference(child, wrong)
                    yield Mistake(where, is_constant, line, says, holder, field, instead)


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all under it that is run, parents first."""
    yield node
    for field, value in ast.iter_fields(node):
        if field in _NOT_RUN or isinstance(node, ast.JoinedStr):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _run(child)


def _wrong(node: ast.AST, rebound: frozenset[str]) -> Iterator[ast.AST]:
    """What might stand in a node's place by mistake."""
    for wrong in chain(_wrong_expression(node), _wrong_statement(node, rebound)):
        ast.copy_location(wrong, node)
        yield ast.fix_missing_locations(wrong)


def _wrong_expression(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left, ops, compared):
            for nth, op in enumerate(ops):
                for other in _COMPARED[type(op)]:
                    yield ast.Compare(left, [*ops[:nth], other(), *ops[nth + 1 :]], compared)
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.And() if isinstance(op, ast.Or) else ast.Or(), values)
            for fewer in _one_less(values):
                yield _copy(fewer[0]) if len(fewer) == 1 else ast.BoolOp(op, fewer)
        case ast.UnaryOp(ast.Not(), operand):
            yield _copy(operand)
        case ast.BinOp(left, op, right) if type(op) in _RECKONED:
            yield ast.BinOp(left, _RECKONED[type(op)](), right)
        case ast.Constant(bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case ast.IfExp(test, body, orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.Call(ast.Name(name), args, keywords) if name in _CALLED:
            yield ast.Call(ast.Name(_CALLED[name], ast.Load()), args, keywords)
        case ast.Call(ast.Name("replace") as replace, args, keywords):
            for kept in _one_less(keywords):
                yield ast.Call(replace, args, kept)
        case ast.Set(elements) if len(elements) > 1:
            for kept in _one_less(elements):
                yield ast.Set(kept)
        case ast.List(elements, ast.Load()):
            for kept in _one_less(elements):
                yield ast.List(kept, ast.Load())
        case ast.Dict(keys, values):
            for kept, with_values in zip(_one_less(keys), _one_less(values), strict=True):
                yield ast.Dict(kept, with_values)
        case ast.comprehension(target, within, conditions, is_async):
            for kept in _one_less(conditions):
                yield ast.comprehension(target, within, kept, is_async)


def _wrong_statement(node: ast.AST, rebound: frozenset[str]) -> Iterator[ast.AST]:
    match node:
        case ast.If(test, body, orelse):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.Return(ast.expr() as value) if not _is_empty(value):
            yield ast.Return(ast.Constant(None))
        case ast.AugAssign(target, op, value) if type(op) in _RECKONED:
            yield ast.AugAssign(target, _RECKONED[type(op)](), value)
            yield ast.Pass()
        case ast.Expr(value) if not (isinstance(value, ast.Constant) or _never_comes(value)):
            yield ast.Pass()
        case ast.Assign(targets) if all(_names(one) <= rebound for one in targets):
            yield ast.Pass()
        case ast.Raise() | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.Match(subject, cases):
            for nth, case in enumerate(cases):
                if case.guard is not None:
                    bare = ast.match_case(case.pattern, None, case.body)
                    if not _catches_all(case.pattern):
                        yield ast.Match(subject, [*cases[:nth], bare, *cases[nth + 1 :]])
                if not _is_impossible(case):
                    yield ast.Match(subject, [*cases[:nth], *cases[nth + 1 :]])


def _copy(node: ast.expr) -> ast.expr:
    """A node of its own, whose place may be set."""
    return ast.parse(ast.unparse(node), mode="eval").body


def _one_less(items: Sequence[Any]) -> Iterator[list[Any]]:
    for nth in range(len(items)):
        yield [*items[:nth], *items[nth + 1 :]]


def _is_empty(value: ast.expr) -> bool:
    """Whether it is None, or stands for it wherever only truth is asked."""
    return isinstance(value, ast.Constant) and value.value in (None, False)


def _catches_all(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None


def _is_impossible(case: ast.match_case) -> bool:
    """Whether the case does nothing, or only says that there is no other."""
    body = case.body[0]
    return isinstance(body, ast.Pass) or (isinstance(body, ast.Expr) and _never_comes(body.value))


def _never_comes(value: ast.expr) -> bool:
    return ast.unparse(value).startswith("assert_never(")


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _rebound(function: Function) -> frozenset[str]:
    """Names that have a value even where one of their assignments is left out."""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    bound = Counter(one.arg for one in arguments)
    bound.update(
        one.id
        for one in ast.walk(function)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    )
    return frozenset(name for name, often in bound.items() if often > 1) | {"self"}


def _difference(right: ast.AST, wrong: ast.AST) -> str:
    """The two beside each other; of long ones only from shortly before they differ."""
    before, after = _text(right), _text(wrong)
    pairs = enumerate(zip(before, after, strict=False))
    same = next((nth for nth, (one, other) in pairs if one != other), len(after))
    start = 0 if same < 60 else same - 40
    return " → ".join(shorten(one[start:], 110, placeholder=" …") for one in (before, after))


def _text(node: ast.AST) -> str:
    match node:
        case ast.Pass():
            return "(left out)"
        case _:
            return " ".join(ast.unparse(node).split())
