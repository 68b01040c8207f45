"""The faults can be planted: each named one still finds its place, and whatever is drawn is another module."""

import ast

import pytest
from tests.mutation.explained import EXPLAINED
from tests.mutation.named import NAMED
from tests.mutation.operators import mutations_of
from tests.mutation.run import CORE

SOURCE = """
def paid(a, b):
    if a < b and a != 0:
        tell(a)
    return min(a, b) - 1
"""


@pytest.mark.parametrize("name", NAMED)
def test_named_fault_finds_its_place_once(name: str) -> None:
    module, before, after = NAMED[name]
    source = (CORE / f"{module}.py").read_text()
    assert source.count(before) == 1 and before != after
    ast.parse(source.replace(before, after))


def test_operators_change_one_thing_at_a_time() -> None:
    found = {(one.operator, one.after) for one in mutations_of("paid", SOURCE)}
    assert found == {
        ("condition", "not (a < b and a != 0)"),
        ("and or", "a < b or a != 0"),
        ("comparison", "a <= b and a != 0"),
        ("comparison", "a < b and a == 0"),
        ("one more", "a < b and a != 1"),
        ("left out", "0"),
        ("arithmetic", "return min(a, b) + 1"),
        ("rounding, bound or price", "return max(a, b) - 1"),
        ("one more", "return min(a, b) - 2"),
    }
    assert all(ast.unparse(ast.parse(one.source)) != ast.unparse(ast.parse(SOURCE)) for one in mutations_of("", SOURCE))


def test_what_is_explained_can_still_be_drawn() -> None:
    modules = {module for module, *_ in EXPLAINED}
    drawn = {one.key for module in modules for one in mutations_of(module, (CORE / f"{module}.py").read_text())}
    assert set(EXPLAINED) <= drawn
