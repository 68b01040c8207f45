"""Who held what when each wave began: a reconstruction that meets every published total, drawn once, in integers.

Published, and met: lots and need of each coin and wave, fills of each wave, profit and equity of all winners of each
wave, how many fills each account had, about what the largest accounts had of it all, equity over profit of a winner.
A choice, and no more: which account was in which wave and coin; that a position was closed by one fill; how much of a
position was closed (what the file of shocks has, at most a tenth of it open for each part closed, and never more
profit than the winners had); how profit a lot differs from person to person; that a mark is four times the mean profit.
``DIGEST`` is that of what comes of the published files; it was fixed before any rule was tuned on it.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np

from ringfence.lab.drawing import ALL, by_quantiles, draws
from ringfence.lab.records import Integers

from .published import BenchmarkError, Coin, Published, Wave, decimals_of
from .sizes import WHOLE, parts_by_rank

DIGEST = "0329923dbc5cfe1041bbf1da295ddd9f58e8c107655ed11f9929faa0998fbcc7"
SEED = 10
PEOPLE_STREAM, SIZE_STREAM, PROFIT_STREAM, EQUITY_STREAM = 1, 1_000, 2_000, 3_000
"""Streams of draws; those of a wave are so much above its number."""
MOST_HELD = 10
"""Nobody is said to have held more than so many times what was closed."""
ROUNDS = 30
"""So often sizes are corrected until accounts have their parts of the day."""
PERCENT = 100
SPREAD = ((0, 40), (ALL, 160))
"""Profit a lot of a person, in percent of the mean of the coin, and size of a position beside others of its owner."""
LEAST_CASH_PERCENT = 5
"""Everybody has at least that part of the value of his positions beside his profit."""
EQUITY = (
    (0, 110),
    (ALL // 10, 228),
    (ALL // 2, 441),
    (ALL // 10 * 9, 1_496),
    (ALL, 6_000),
)
"""Equity in percent of profit: the published tenth, half and nine tenths (headlines.json); both ends are choices."""


class Book(NamedTuple):
    """One coin of a wave: what is to be closed, who stands on the other side; arrays have a place a position."""

    name: str
    decimals: int
    """A lot is 10^-decimals contracts."""
    lots: int
    need_atoms: int
    mark_ticks: int
    """Atoms of a dollar a lot."""
    person: Integers
    held_lots: Integers
    profit_atoms: Integers


class Scene(NamedTuple):
    """A wave as it began; ``profit_atoms`` and ``equity_atoms`` have a place a person."""

    number: int
    books: list[Book]
    profit_atoms: Integers
    equity_atoms: Integers


def reconstruct(published: Published) -> list[Scene]:
    """Return how each wave began."""
    places = decimals_of(published)
    owners = _owners(published)
    positions = [_positions(wave, owner, places) for wave, owner in zip(published.waves, owners, strict=True)]
    size = _sizes(published, positions)
    return [_scene(wave, held, size, places) for wave, held in zip(published.waves, positions, strict=True)]


def in_contracts(scene: Scene) -> Scene:
    """Return a wave in whole contracts, as the published integer rules have it: who has less than one gives nothing.

    What is to be closed is rounded up, as far as there are contracts; a coin of which nobody has a whole one is left
    out, and what it needs is not taken.
    """
    books = [_in_contracts(book) for book in scene.books]
    return scene._replace(books=[book for book in books if len(book.person)])


def _in_contracts(book: Book) -> Book:
    lot = 10**book.decimals
    held = book.held_lots // lot
    has = held > 0
    profit = [gain * some * lot // all_lots for gain, some, all_lots in zip(
        book.profit_atoms.tolist(), held.tolist(), book.held_lots.tolist(), strict=True
    )]  # fmt: skip
    return Book(
        book.name, 0, min(-(-book.lots // lot), int(held.sum())), book.need_atoms, book.mark_ticks * lot,
        book.person[has], held[has], np.array(profit, np.int64)[has],
    )  # fmt: skip


def digest_of(scenes: list[Scene]) -> str:
    """Return the SHA-256 of all of it."""
    found = hashlib.sha256()
    for scene in scenes:
        found.update(f"wave {scene.number}\n".encode())
        for numbers in (scene.profit_atoms, scene.equity_atoms):
            found.update(numbers.astype("<i8").tobytes())
        for book in scene.books:
            head = (book.name, book.decimals, book.lots, book.need_atoms, book.mark_ticks)
            found.update(" ".join(map(str, head)).encode())
            for numbers in (book.person, book.held_lots, book.profit_atoms):
                found.update(numbers.astype("<i8").tobytes())
    return found.hexdigest()


def share(whole: int, weights: Integers) -> Integers:
    """Share a whole out by weights, in whole numbers, by the largest remainder (Hamilton's method)."""
    total = int(weights.sum())
    products = [whole * weight for weight in weights.tolist()]
    parts = [product // total for product in products]
    largest = sorted(range(len(products)), key=lambda at: -(products[at] % total))
    for at in largest[: whole - sum(parts)]:
        parts[at] += 1
    return np.array(parts, np.int64)


class _Held(NamedTuple):
    """Positions of a wave: the coin and the owner of each, by coin, and the profit of each coin."""

    coin: Integers
    owner: Integers
    jitter: Integers
    profit_of_coin: list[int]
    lots_of_coin: list[int]


def _owners(published: Published) -> list[Integers]:
    """Deal the fills of all accounts out to the waves; accounts are numbered by how many they had, most first."""
    of_all = np.repeat(np.arange(len(published.fills_of_people)), published.fills_of_people)
    dealt = of_all[np.argsort(draws(SEED, PEOPLE_STREAM, len(of_all)), kind="stable")]
    ends = np.cumsum([wave.fills for wave in published.waves])
    return [dealt[end - wave.fills : end] for wave, end in zip(published.waves, ends.tolist(), strict=True)]


def _positions(wave: Wave, owners: Integers, places: dict[str, int]) -> _Held:
    """Say which fills were in which coin: one in each, the others by its profit; two of a person are one position."""
    closed, held = _profits(wave)
    lots = [max(1, _lots(coin, places) * of // by) for coin, of, by in zip(wave.coins, held, closed, strict=True)]
    counts = 1 + share(wave.fills - len(wave.coins), np.array(closed))
    counts = np.minimum(counts, np.array(lots))
    coin = np.repeat(np.arange(len(wave.coins)), counts)
    pairs = np.unique(np.stack([coin, owners[: len(coin)]]), axis=1)
    jitter = by_quantiles(draws(SEED, SIZE_STREAM + wave.number, pairs.shape[1]), SPREAD)
    return _Held(pairs[0], pairs[1], jitter, held, lots)


def _lots(coin: Coin, places: dict[str, int]) -> int:
    return max(1, round(coin.contracts * 10 ** places[coin.name]))


def _profits(wave: Wave) -> tuple[list[int], list[int]]:
    """Return for each coin the profit, at the mark, of what was closed, and of the positions that it was closed of."""
    if wave.profit_atoms < wave.need_atoms:
        raise BenchmarkError(f"wave {wave.number}: the winners have less profit than is needed")
    known = [coin for coin in wave.coins if coin.closed_profit_atoms > 0]
    profit, need = sum(coin.closed_profit_atoms for coin in known), sum(coin.need_atoms for coin in known)
    capacity = sum(coin.capacity_atoms for coin in known)
    gains = [coin.closed_profit_atoms or coin.need_atoms * profit // max(1, need) for coin in wave.coins]
    closed = [gain + coin.need_atoms for gain, coin in zip(gains, wave.coins, strict=True)]
    if sum(closed) > wave.profit_atoms:
        # The winners had less than that when the wave began: it came while the wave went on.
        room = wave.profit_atoms - wave.need_atoms
        closed = [gain * room // sum(gains) + coin.need_atoms for gain, coin in zip(gains, wave.coins, strict=True)]
        return closed, closed
    more: list[int] = []
    for part, coin in zip(closed, wave.coins, strict=True):
        of, by = (coin.capacity_atoms, coin.closed_profit_atoms) if coin.closed_profit_atoms else (capacity, profit)
        more.append(min(part * max(of - by, 0) // max(1, by), part * (MOST_HELD - 1)))
    room = min(wave.profit_atoms - sum(closed), sum(more))
    return closed, [part + extra * room // max(1, sum(more)) for part, extra in zip(closed, more, strict=True)]


def _sizes(published: Published, positions: list[_Held]) -> list[int]:
    """Return sizes of the accounts with which they have their parts of the profit of all waves, about."""
    whole = sum(sum(held.profit_of_coin) for held in positions)
    wanted = [max(1, part * whole // WHOLE) for part in parts_by_rank(len(published.fills_of_people))]
    size = wanted
    for _ in range(ROUNDS):
        has = [0] * len(size)
        for held in positions:
            for owner, profit in zip(held.owner.tolist(), _profit_of_positions(held, size).tolist(), strict=True):
                has[owner] += profit
        size = [max(1, before * part // max(1, got)) for before, part, got in zip(size, wanted, has, strict=True)]
    return size


def _profit_of_positions(held: _Held, size: list[int]) -> Integers:
    """Share the profit of each coin out by the sizes of those who are in it; everybody has that of a lot at least."""
    weights = np.array([size[owner] for owner in held.owner.tolist()], dtype=object) * held.jitter
    found = np.zeros(len(held.coin), np.int64)
    ends = np.searchsorted(held.coin, np.arange(len(held.profit_of_coin) + 1))
    for coin, profit in enumerate(held.profit_of_coin):
        mine = slice(int(ends[coin]), int(ends[coin + 1]))
        least = profit // held.lots_of_coin[coin]
        found[mine] = least + share(profit - least * (mine.stop - mine.start), weights[mine])
    return found


def _scene(wave: Wave, held: _Held, size: list[int], places: dict[str, int]) -> Scene:
    people, person = np.unique(held.owner, return_inverse=True)
    profit = _profit_of_positions(held, size)
    drawn = by_quantiles(draws(SEED, PROFIT_STREAM + wave.number, len(person)), SPREAD)
    books: list[Book] = []
    for number, coin in enumerate(wave.coins):
        mine = held.coin == number
        lots = held.lots_of_coin[number]
        each = 1 + share(lots - int(mine.sum()), np.maximum(profit[mine] * PERCENT // drawn[mine], 1))
        books.append(
            Book(
                coin.name, places[coin.name], _lots(coin, places), coin.need_atoms,
                max(PERCENT, 4 * held.profit_of_coin[number] // lots), person[mine], each, profit[mine],
            )
        )  # fmt: skip
    return Scene(wave.number, books, *_means(wave, books, len(people)))


def _means(wave: Wave, books: list[Book], people: int) -> tuple[Integers, Integers]:
    """Return profit and equity of everybody: what is not in these positions is shared out by what is."""
    here, least = np.zeros(people, np.int64), np.zeros(people, np.int64)
    for book in books:
        np.add.at(here, book.person, book.profit_atoms)
        np.add.at(least, book.person, 1 + book.held_lots * book.mark_ticks * LEAST_CASH_PERCENT // PERCENT)
    profit = here + share(max(0, wave.profit_atoms - int(here.sum())), here)
    ratio = by_quantiles(draws(SEED, EQUITY_STREAM + wave.number, people), EQUITY) - PERCENT
    money = wave.equity_atoms - int(profit.sum()) - int(least.sum())
    if money < 0:
        raise BenchmarkError(f"wave {wave.number}: the equity of the winners is too small for what they hold")
    return profit, profit + least + share(money, profit.astype(object) * ratio)
