"""Reading what was published of the waves of 10 October 2025; every mistake names its file, line and column.

The files are those of pluriholonomic/autodeleveraging-analysis (MIT licence), as they are. What the columns mean is
read off its code: ``max_pct`` is the largest haircut over the *equity* of its owner; contracts are whole coins; winners
are the accounts that were deleveraged in the wave; ``budget_queue_usd`` is the profit that closed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from ringfence.config.reading import ConfigError

from .sizes import LARGEST

ATOMS = 10**6
"""Atoms of a dollar."""
WAVES, GAPS, FILLS, SHOCKS, PEOPLE, POLICIES = (
    "two_pass_equity_delta_by_wave_h0.csv",
    "two_pass_wave_coin_gap_per_contract.csv",
    "bad_debt_loser_waves.csv",
    "per_shock_metrics_queue.csv",
    "per_user_reaction_metrics.csv",
    "policy_per_wave_metrics.csv",
)
RULES = {
    "production": "prod",
    "contract pro-rata": "contract_pr",
    "fixed-point integer": "fixed_point_ilp_integer",
    "vector mirror descent": "vector",
    "continuous by wealth": "pr",
    "continuous by profit": "pnl_pr",
    "continuous by equity": "eq_pr",
}
"""Rules as they are called here, and in the columns of the file."""
NOISE, RELATIVE_NOISE = Decimal("1e-8"), Decimal("1e-13")
"""What adding floats up may have left in a quantity, at least and in proportion."""


class BenchmarkError(ConfigError):
    """Raised when the folder does not hold the published data."""


class Coin(NamedTuple):
    """What was closed of one coin in a wave; the gap between mark and price of execution is what was needed."""

    name: str
    contracts: Decimal
    need_atoms: int
    closed_profit_atoms: int
    """Profit of what was closed, at the price of execution, as the file of shocks has it; 0 where it has none."""
    capacity_atoms: int
    """Profit of the positions that were closed in part or whole, counted once for each fill."""


class Result(NamedTuple):
    """What the files say that a rule did in a wave."""

    taken_atoms: int
    largest_of_equity: Decimal


class Wave(NamedTuple):
    """One wave as it was published."""

    number: int
    fills: int
    need_atoms: int
    profit_atoms: int
    equity_atoms: int
    coins: list[Coin]
    rules: dict[str, Result]


class Published(NamedTuple):
    """The waves, in their order, and how many fills each deleveraged account had on that day, most first."""

    waves: list[Wave]
    fills_of_people: list[int]


def load(folder: Path) -> Published:
    """Return what a folder says. Raises ``BenchmarkError``."""
    if not folder.is_dir():
        raise BenchmarkError(f"{folder}: there is no such folder; it has the files of adl-10oct, as {WAVES}")
    rows = {row.whole("wave"): row for row in _rows(folder / WAVES)}
    gaps = list(_rows(folder / GAPS))
    shocks = list(_rows(folder / SHOCKS))
    fills = {row.whole("wave"): row.whole("n_rows") for row in _rows(folder / FILLS)}
    policies = {row.whole("wave"): row for row in _rows(folder / POLICIES)}
    waves: list[Wave] = []
    for number, row in sorted(rows.items()):
        if number not in fills or number not in policies:
            raise BenchmarkError(f"{row.place}: wave {number} is not in {FILLS if number not in fills else POLICIES}")
        begins_ms, ends_ms = row.whole("t_start_ms"), row.whole("t_end_ms")
        mine = [shock for shock in shocks if begins_ms <= shock.time_ms("t_start") <= ends_ms]
        coins = [_coin(gap, mine) for gap in gaps if gap.whole("wave") == number]
        if not coins or fills[number] < len(coins):
            raise BenchmarkError(f"{row.place}: wave {number} has {len(coins)} coins and {fills[number]} fills")
        waves.append(
            Wave(
                number,
                fills[number],
                row.atoms("budget_needed_usd"),
                row.atoms("winners_pnl_start_usd"),
                row.atoms("winners_equity_start_usd"),
                coins,
                {name: _result(policies[number], column) for name, column in RULES.items()},
            )
        )
    people = sorted((row.whole("n_adl_events") for row in _rows(folder / PEOPLE)), reverse=True)
    if sum(people) < sum(wave.fills for wave in waves):
        raise BenchmarkError(f"{folder / PEOPLE}: has {sum(people)} fills, fewer than the waves")
    if len(people) <= LARGEST:
        raise BenchmarkError(f"{folder / PEOPLE}: has {len(people)} people; sizes are of more than {LARGEST}")
    return Published(waves, people)


def decimals_of(published: Published) -> dict[str, int]:
    """Return the decimals of the lot of each coin: the fewest in which all its published quantities are whole."""
    found: dict[str, int] = {}
    for wave in published.waves:
        for coin in wave.coins:
            least = next(places for places in range(9) if _is_whole(coin.contracts, places))
            found[coin.name] = max(found.get(coin.name, 0), least)
    return dict(sorted(found.items()))


def _is_whole(contracts: Decimal, places: int) -> bool:
    away = abs(contracts - round(contracts, places))
    return away <= NOISE + contracts * RELATIVE_NOISE or places == 8


def _coin(gap: _Row, shocks: list[_Row]) -> Coin:
    # The file of shocks has names in capitals.
    mine = [shock for shock in shocks if shock["coin"] == gap["coin"].upper()]
    return Coin(
        gap["coin"],
        gap.number("qty_contracts"),
        gap.atoms("gap_usd_x_qty"),
        sum(shock.atoms("budget_queue_usd") for shock in mine),
        sum(shock.atoms("total_capacity_usd") for shock in mine),
    )


def _result(row: _Row, column: str) -> Result:
    return Result(row.atoms(f"budget_{column}"), row.number(f"max_pct_{column}"))


class _Row:
    """One line of a file."""

    def __init__(self, path: Path, line: int, fields: dict[str, str]) -> None:
        self._path, self._line, self._fields = path, line, fields

    @property
    def place(self) -> str:
        """Return where it is, for messages."""
        return f"{self._path}:{self._line}"

    def __getitem__(self, column: str) -> str:
        value = self._fields.get(column)
        if not value:
            raise BenchmarkError(f"{self.place}: there is nothing in the column {column}")
        return value

    def number(self, column: str) -> Decimal:
        """Return a decimal number that is not below 0."""
        try:
            value = Decimal(self[column])
        except InvalidOperation:
            raise BenchmarkError(f"{self.place}: {column} is {self[column]}, which is no number") from None
        if not value.is_finite() or value < 0:
            raise BenchmarkError(f"{self.place}: {column} is {self[column]}, which is not at least 0")
        return value

    def whole(self, column: str) -> int:
        """Return a whole number."""
        value = self.number(column)
        if value % 1:
            raise BenchmarkError(f"{self.place}: {column} is {self[column]}, which is not a whole number")
        return int(value)

    def atoms(self, column: str) -> int:
        """Return dollars in atoms, rounded to the nearest."""
        return round(self.number(column) * ATOMS)

    def time_ms(self, column: str) -> int:
        """Return a time in milliseconds since 1970."""
        try:
            return round(datetime.fromisoformat(self[column]).timestamp() * 1000)
        except ValueError:
            raise BenchmarkError(f"{self.place}: {column} is {self[column]}, which is no time") from None


def _rows(path: Path) -> Iterator[_Row]:
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            found = [_Row(path, number, fields) for number, fields in enumerate(csv.DictReader(lines), 2)]
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{path}: cannot be read: {error}") from None
    if not found:
        raise BenchmarkError(f"{path}: there is no line in it")
    yield from found
