"""Operators: what may be changed in a module, one change at a time."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add}
CALLS = {
    "divide_up": "divide_down", "divide_down": "divide_up", "shift_up": "shift_down", "shift_down": "shift_up",
    "min": "max", "max": "min", "asset_value": "debt_value", "debt_value": "asset_value",
    "part_up": "part_down", "part_down": "part_up", "scale_up": "scale_down", "scale_down": "scale_up",
}  # fmt: skip


@dataclass(frozen=True)
class Mutation:
    """One change: where it is, what stood there and what stands there now, and the module with it."""

    module: str
    function: str
    line: int
    operator: str
    before: str
    after: str
    source: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what names it in any version of the file: no line number."""
        return self.module, self.function, self.before, self.after


def mutations_of(module: str, source: str) -> Iterator[Mutation]:
    """Yield all that can be changed in the functions of a module."""
    tree = ast.parse(source)
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
        for node in list(ast.walk(function)):
            for operator, place, change, undo in changes_of(node):
                before, line = ast.unparse(statement_of(function, place)), getattr(place, "lineno", function.lineno)
                change()
                after = ast.unparse(statement_of(function, place))
                yield Mutation(module, function.name, line, operator, before, after, ast.unparse(tree))
                undo()


def statement_of(function: ast.FunctionDef, node: ast.AST) -> ast.AST:
    """Return the innermost statement that a node is part of; of one with a body only its head is compared."""
    found: ast.AST = node
    for one in ast.walk(function):
        if isinstance(one, ast.stmt) and one is not function and any(inner is node for inner in ast.walk(one)):
            found = one
    if isinstance(found, (ast.If, ast.While)):
        return found.test
    return found.iter if isinstance(found, ast.For) else found


Change = tuple[str, ast.AST, Callable[[], object], Callable[[], object]]


def changes_of(node: ast.AST) -> Iterator[Change]:
    """Yield (operator, the node, how to change it, how to undo that)."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        yield put("comparison", node, "ops", [COMPARISONS[type(node.ops[0])](), *node.ops[1:]])
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in ARITHMETIC:
        yield put("arithmetic", node, "op", ARITHMETIC[type(node.op)]())
    elif isinstance(node, ast.BoolOp):
        yield put("and or", node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield put("sign", node, "op", ast.UAdd())
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
        yield put("rounding, bound or price", node.func, "id", CALLS[node.func.id])
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield put("one more", node, "value", node.value + 1)
    elif isinstance(node, (ast.If, ast.While)):
        yield put("condition", node, "test", ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Constant) and type(node.value.value) is bool:
        yield put("answer", node.value, "value", not node.value.value)
    yield from left_out(node)


def left_out(node: ast.AST) -> Iterator[Change]:
    """Yield the calls in a body that may be left out."""
    for name in ("body", "orelse"):
        body = getattr(node, name, None)
        for one in body if isinstance(body, list) else ():
            if isinstance(one, ast.Expr) and isinstance(one.value, ast.Call):
                _, _, change, undo = put("", one, "value", ast.Constant(0))
                yield "left out", one, change, undo


def put(operator: str, node: ast.AST, name: str, new: object) -> Change:
    """Return the change of an attribute."""
    old = getattr(node, name)
    return operator, node, lambda: setattr(node, name, new), lambda: setattr(node, name, old)
