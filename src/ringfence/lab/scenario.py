"""What a scenario says.  Every figure of the world carries its source; what is only a choice says so.

Amounts of money, depth and people's means are those of ``people.accounts`` accounts; a run with fewer has its part.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Annotated

import msgspec

Text = Annotated[str, msgspec.Meta(min_length=1)]
Share = Annotated[Decimal, "from 0 to 1"]
Positive = Annotated[Decimal, "above 0"]
Whole = Annotated[int, msgspec.Meta(ge=0)]


class Role(IntEnum):
    """What somebody does, in the order in which scenarios name it."""

    LONG = 0
    SHORT = 1
    HEDGER = 2
    CARRY = 3
    LENDER = 4
    HOLDER = 5


ROLE_NAMES = [role.name.lower() for role in Role]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Part of a scenario; a word that it does not know is refused."""


class Figure(Strict, frozen=True, kw_only=True):
    """One figure and where it is from."""

    value: Decimal
    source: Text


class Table(Strict, frozen=True, kw_only=True):
    """Values by how many are at or below: ``points`` of (part of all, value), from part 0 to part 1."""

    points: list[tuple[Share, Decimal]]
    source: Text


class Mix(Strict, frozen=True, kw_only=True):
    """Parts of a whole, by name."""

    parts: dict[str, Positive]
    source: Text


class Course(Strict, frozen=True, kw_only=True):
    """How something goes: ``points`` of (time of day, value), straight between them."""

    points: list[tuple[Text, Decimal]]
    source: Text


class Span(Strict, frozen=True, kw_only=True):
    """From here on time passes in steps of so many seconds."""

    begins: Text
    step_s: Annotated[int, msgspec.Meta(ge=1, le=60)]


class Asset(Strict, frozen=True, kw_only=True):
    """An asset with a price, the perpetual on it, and what it counts for as collateral.

    ``prices`` has a course for each source that quotes it, in dollars; the first point of the first is where it opens.
    """

    tick: Positive
    lot: Positive
    initial_margin: Share
    maintenance_margin: Share
    collateral_weight: Share
    perpetual: bool = True
    step_ppm: Whole = 150
    depth_usd: Figure | None = None
    """Within five percent of the middle, on each side."""
    band_ppm: Whole = 0
    """0: the market never halts."""
    mark_cap_ppm: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 20_000
    """How far a mark moves in a second, at most."""
    prices: dict[str, Course]


class People(Strict, frozen=True, kw_only=True):
    """Who is there."""

    accounts: Annotated[int, msgspec.Meta(ge=100, le=1_000_000)]
    roles: Mix
    markets: Mix
    means_usd: Table
    leverage_long: Table
    leverage_short: Table
    collateral: Mix
    """In what those who trade with margin keep their means: USDC and assets."""
    hedge: Figure
    """How much of what somebody holds is sold against it: in the same account, or by a hedger in his other one."""
    desks: Whole = 64
    """Well-funded accounts that take the side which the others leave open."""
    desk_leverage: Figure
    deposit_share: Figure
    """Of those who are liquidated, how many deposit."""
    deposit_delay_s: Table
    deposit_part: Table
    """How much they deposit, in parts of what they came with."""
    panic_share: Figure
    """Of those with a position, how many close part of it each minute."""


class Depth(Strict, frozen=True, kw_only=True):
    """How much of the depth of the beginning is there, and how far apart makers quote."""

    left: Course
    makers: Annotated[int, msgspec.Meta(ge=1, le=16)] = 4
    maker_leverage: Figure
    """How much they quote on both sides, in parts of their means, when the scenario begins."""
    maker_inventory: Figure
    """How much of a market they hold at most, in parts of what they quote there at first; then they only reduce."""


class Rules(Strict, frozen=True, kw_only=True):
    """The venue: its funds, and how it liquidates. ``vault_usd`` of 0 is a venue without a vault."""

    fund_usd: Decimal
    skin_usd: Decimal
    vault_usd: Decimal
    vault_discount_ppm: Whole = 10_000
    vault_leverage: Positive = Decimal(3)
    lent_usd: Decimal
    """What lenders have in the pool of dollars."""
    policy: Text = "pro-rata"
    book_ms: Whole = 10_000
    buffer_ppm: Whole = 100_000
    fee_ppm: Whole = 5_000
    band_ppm: Whole = 50_000
    close_out_ppm: Whole = 500_000
    taker_fee_ppm: Whole = 400
    halt_ms: Whole = 60_000
    auction_ms: Whole = 30_000
    window_ms: Whole = 300_000


class Scenario(Strict, frozen=True, kw_only=True):
    """All of it. ``sources`` are named by the figures."""

    title: Text
    story: Text
    begins: datetime
    ends: datetime
    sources: dict[str, Text]
    steps: list[Span]
    rules: Rules
    people: People
    depth: Depth
    assets: dict[str, Asset]
