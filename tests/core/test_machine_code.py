"""What the compiler made: no reference counting, bounds that are checked, and hints that change nothing."""

import sys
from collections.abc import Iterator
from typing import Any

import llvmlite.binding
import numba
import numpy as np
import pytest
from numba.core.registry import cpu_target
from tests.core.differential import commands_of
from tests.core.stage import ALICE, BOB, Stage

from ringfence.bench.flow import SHAPES, flow, opening
from ringfence.core import CoreStopped, Exchange, entry
from ringfence.schema.layout import RECORD

HUGE = 2**31 - 1
COUNTING = ("NRT_incref", "NRT_decref", "NRT_MemInfo", "NRT_Allocate", "Py_IncRef")


def compiled_module(compiled: Any) -> llvmlite.binding.ModuleRef:
    """Return the optimised LLVM of compiled code from Numba's cache, where it lies beside the machine code made of it.

    Numba does not show the code of what it loaded from the cache, so the cache is read.
    """
    cache = compiled._cache
    parts = cache._cache_file.load(cache._index_key(compiled._sig, cpu_target.target_context.codegen()))
    _, kind, (_, bitcode) = next(part for part in parts if isinstance(part, tuple) and len(part) == 3)
    assert kind == "object"
    return llvmlite.binding.parse_bitcode(bitcode)


def calls(module: llvmlite.binding.ModuleRef) -> Iterator[tuple[str, str]]:
    """Yield (caller, called) for every call in a module; what is only declared or defined is called by nobody."""
    for function in module.functions:
        for block in function.blocks:
            for instruction in block.instructions:
                if instruction.opcode in ("call", "invoke"):
                    yield function.name, list(instruction.operands)[-1].name


def counting(found: Iterator[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the calls that count references or manage memory; the counting functions may call each other."""
    return [(caller, name) for caller, name in found if name.startswith(COUNTING) and not caller.startswith("NRT_")]


@pytest.mark.parametrize("words", entry.ENTRIES)
def test_entry_calls_nothing_that_counts_references(words: str) -> None:
    compiled = entry.compile_entry(words)
    found = list(calls(compiled_module(compiled)))
    assert any(name == "numba_gil_ensure" for _, name in found), "the calls of the module were not found"
    assert counting(iter(found)) == []
    # The one thing freed is the text of an assertion that fired, in the wrapper that prints it.
    assert {caller for caller, name in found if name == "NRT_Free"} == {compiled._wrapper_name}


def test_function_that_allocates_is_found_to_count_references() -> None:
    @numba.njit("int64(int64)")
    def allocating(n: int) -> int:
        held = [np.arange(n)]
        held.append(held[0][1:])
        return len(held)

    library = allocating.overloads[(numba.int64,)].library
    assert counting(calls(llvmlite.binding.parse_assembly(library.get_llvm_str())))


# Links that lead outside their table: (what is damaged, what is done next).


LINES = """
alice ask 10000 x 5 as a : accepted, rests 5
bob ask 10000 x 5 as b : accepted, rests 5
alice ask 10001 x 5 as far : accepted, rests 5
"""


def damaged_links(stage: Stage) -> dict[str, tuple[Any, str, Any]]:
    """Return for each link (record, field, the command that follows it)."""
    s = stage.tables
    half = s.halves[2 * 1 + 1]
    return {
        "next order of a price": (stage.order("a"), "next", stage.bid(BOB, "10000", "x", "10", "reject_maker")),
        "first order of a price": (stage.level("a"), "head", stage.bid(BOB, "10000", "x", "1")),
        "level of an order": (stage.order("a"), "level", stage.cancel(ALICE, "a")),
        "next worse price": (stage.level("a"), "worse", stage.buy(BOB, "11", "reject_maker")),
        "best price": (half, "best", stage.bid(BOB, "10000", "x", "1")),
        "root of prices": (half, "root", stage.ask(BOB, "10002", "x", "1")),
        "leaf of a price": (stage.level("far"), "leaf", stage.cancel(ALICE, "far")),
        "first order of an account": (s.accounts[ALICE], "first_order", stage.cancel_all(ALICE, "0")),
        "next order of an account": (stage.order("a"), "account_next", stage.cancel_all(ALICE, "0")),
        "free order": (s.pools[0], "free", stage.bid(BOB, "1", "x", "1")),
        "user of an account": (s.accounts[ALICE], "user", stage.bid(ALICE, "1", "x", "1")),
        "user of an order": (stage.order("a"), "user", stage.buy(BOB, "1")),
        "market of an order": (stage.order("a"), "market", stage.cancel_all(ALICE, "0")),
    }


NAMES = [
    "next order of a price", "first order of a price", "level of an order", "next worse price", "best price",
    "root of prices", "leaf of a price", "first order of an account", "next order of an account", "free order",
    "user of an account", "user of an order", "market of an order",
]  # fmt: skip


@pytest.mark.parametrize("value", [HUGE, 2**30, 10**8, -HUGE])
@pytest.mark.parametrize("name", NAMES)
def test_link_beyond_its_table_stops_the_core(name: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[type] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: said.append(unraisable.exc_type))
    stage = Stage()
    stage.play(LINES)
    record, field, command = damaged_links(stage)[name]
    setattr(record, field, value)
    with pytest.raises(CoreStopped) as stop:
        stage.exchange.apply(stage.batch(command))
    assert stop.value.sequence == stage.sequence + 1
    assert said == [IndexError]


def test_chain_of_the_index_that_leaves_its_table_stops_the_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: None)
    for heads in ("balance_heads", "order_heads"):
        stage = Stage()
        stage.play(LINES)
        getattr(stage.tables, heads)[:2048] = HUGE
        with pytest.raises(CoreStopped):
            stage.exchange.apply(stage.batch(stage.cancel(ALICE, "a")))


def test_stop_names_the_command_that_met_the_damage_and_not_the_one_that_looked_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: None)
    stage = Stage()
    stage.play(LINES)
    heads = stage.tables.order_heads[:4096]
    heads[heads == stage.slot("a")] = HUGE
    innocents = [stage.bid(BOB, str(price), "x", "1") for price in range(1, 11)]
    with pytest.raises(CoreStopped) as stop:
        stage.exchange.apply(stage.batch(*innocents, stage.cancel(ALICE, "a")))
    assert stop.value.sequence == stage.sequence + 11


# Hints and batches.


@pytest.fixture(scope="module")
def small() -> np.ndarray:
    return flow("small")


def run(commands: np.ndarray, batch: int, *, look_ahead: bool = True) -> tuple[bytes, bytes]:
    """Return all events and the state hash of the bench flow."""
    exchange = opening(SHAPES["small"], look_ahead=look_ahead)
    events = [exchange.apply(commands[at : at + batch]).tobytes() for at in range(0, len(commands), batch)]
    return b"".join(events), exchange.state_hash()


def test_look_ahead_changes_no_event_and_no_state(small: np.ndarray) -> None:
    with_hints, without = run(small, 4_096), run(small, 4_096, look_ahead=False)
    assert len(with_hints[0]) > len(small) * 128
    assert with_hints == without


@pytest.mark.parametrize("batch", [1, 2, 3, 13, 255, 100_000])
def test_size_of_batches_changes_no_event_and_no_state(small: np.ndarray, batch: int) -> None:
    assert run(small, batch) == run(small, 4_096)


@pytest.mark.parametrize("seed", [400, 401, 402, 403])
def test_look_ahead_changes_nothing_for_commands_that_are_wrong(seed: int) -> None:
    commands = np.frombuffer(b"".join(commands_of(seed, 4_000)), RECORD)
    hinted, plain = Exchange(), Exchange(look_ahead=False)
    assert hinted.apply(commands).tobytes() == plain.apply(commands).tobytes()
    assert hinted.state_hash() == plain.state_hash()
