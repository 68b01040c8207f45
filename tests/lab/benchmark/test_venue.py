"""A wave in a real venue: it begins as the reconstruction has it, and each rule takes what it says."""

from fractions import Fraction

import numpy as np
import pytest

from ringfence.lab.benchmark.published import Published
from ringfence.lab.benchmark.reconstruction import Book, Scene, in_contracts, reconstruct
from ringfence.lab.benchmark.venue import Outcome, Play, play
from ringfence.node.invariants import broken_invariants
from ringfence.schema.enums import DeleveragingPolicy as Policy
from ringfence.schema.enums import HouseAccount


@pytest.fixture
def scenes(published: Published) -> list[Scene]:
    return reconstruct(published)


def of_coin(scene: Scene, outcome: Outcome, place: int) -> dict[int, tuple[int, int]]:
    """Return (lots, cost) by person of one coin; what a second round takes at the mark is added."""
    found: dict[int, tuple[int, int]] = {}
    mine = outcome.coin == place
    taken = zip(outcome.person[mine], outcome.lots[mine], outcome.cost_atoms[mine], strict=True)
    for person, lots, cost in taken:
        before = found.get(int(person), (0, 0))
        found[int(person)] = (before[0] + int(lots), before[1] + int(cost))
    return found


def held(book: Book) -> dict[int, tuple[int, int]]:
    """Return (lots, profit) by person."""
    pairs = zip(book.held_lots.tolist(), book.profit_atoms.tolist(), strict=True)
    return dict(zip(book.person.tolist(), pairs, strict=True))


@pytest.mark.parametrize("policy", list(Policy))
def test_all_is_closed_against_holders_and_nobody_loses_more_than_his_profit(
    scenes: list[Scene], policy: Policy
) -> None:
    for scene in scenes:
        outcome = play(scene, policy)
        for place, book in enumerate(scene.books):
            taken, has = of_coin(scene, outcome, place), held(book)
            assert sum(lots for lots, _ in taken.values()) == book.lots
            for person, (lots, cost) in taken.items():
                assert lots <= has[person][0] and cost <= has[person][1]
        cost, need = int(outcome.cost_atoms.sum()), sum(book.need_atoms for book in scene.books)
        assert cost + outcome.uncovered_atoms == need
        assert policy == Policy.FLOOR_PRO_RATA or cost == need


def test_floor_leaves_something_uncovered(scenes: list[Scene]) -> None:
    assert sum(play(scene, Policy.FLOOR_PRO_RATA).uncovered_atoms for scene in scenes) > 0


def test_pro_rata_takes_within_a_lot_of_everybodys_part(scenes: list[Scene]) -> None:
    for scene in scenes:
        outcome = play(scene, Policy.PRO_RATA)
        for place, book in enumerate(scene.books):
            taken, has, whole = of_coin(scene, outcome, place), held(book), int(book.profit_atoms.sum())
            caps = {person: min(lots, profit * book.lots // book.need_atoms) for person, (lots, profit) in has.items()}
            parts = {person: Fraction(book.lots * profit, whole) for person, (_, profit) in has.items()}
            if any(parts[person] > caps[person] for person in has):
                continue
            for person, part in parts.items():
                assert abs(taken.get(person, (0, 0))[0] - part) < 1, (scene.number, book.name, person)


def test_queue_lets_one_after_the_other_give_all_he_can(scenes: list[Scene]) -> None:
    for scene in scenes:
        outcome = play(scene, Policy.QUEUE)
        for place, book in enumerate(scene.books):
            taken, has = of_coin(scene, outcome, place), held(book)
            all_he_can = {
                person: min(lots, profit * book.lots // book.need_atoms) for person, (lots, profit) in has.items()
            }
            in_part = [person for person, (lots, _) in taken.items() if lots < all_he_can[person]]
            assert len(in_part) <= 1


def test_venue_begins_as_the_wave_did_and_keeps_its_invariants(scenes: list[Scene]) -> None:
    scene = scenes[0]
    played = Play(scene, Policy.PRO_RATA)
    for book in scene.books:
        assert book.person.max() < len(played.winners)
    for person, account in enumerate(played.winners.tolist()):
        measure = played.exchange.measure(account)
        assert measure.collateral - measure.liabilities == int(scene.equity_atoms[person])
    assert list(broken_invariants(played.exchange.rows())) == []
    played.liquidate()
    assert list(broken_invariants(played.exchange.rows())) == []
    assert played.exchange.balance(HouseAccount.FUND, 1) == (0, 0)


def test_whole_contracts_are_played_as_well(scenes: list[Scene]) -> None:
    scene = in_contracts(scenes[0])
    outcome = play(scene, Policy.PRO_RATA)
    closed = np.bincount(outcome.coin, weights=outcome.lots, minlength=len(scene.books))
    assert closed.tolist() == [book.lots for book in scene.books]
