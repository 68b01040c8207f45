"""Sources that lie cannot carry a price away: whatever a minority of the weight says, index and mark stay bounded."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.reference import ReferenceExchange

from ringfence.core import Exchange
from ringfence.schema import commands as c
from ringfence.schema.events import Event, Quoted, Rejected
from ringfence.schema.fields import MAX_PRICE_UNITS
from ringfence.schema.layout import RECORD, decode_event, encode
from ringfence.schema.tables import PriceRow

ASSET = 1
MILLION = 10**6
START_US = 1_760_000_000_000_000
MAXIMUM_AGE_US = 10 * MILLION


class Crowd(NamedTuple):
    """Sources of an asset: the weights of those that are honest, and of those that are not."""

    honest: list[int]
    bad: list[int]

    @property
    def honest_sources(self) -> int:
        """The bit mask of the honest sources, which are numbered from 1."""
        return sum(1 << source for source in range(1, len(self.honest) + 1))


class Round(NamedTuple):
    """What is said before a clock: honest prices, lies as (bid, ask, last, observed before now), and two pauses."""

    honest: list[int]
    lies: list[tuple[int, int, int, int]]
    before_us: int
    after_us: int


@st.composite
def minorities(draw: st.DrawFn) -> Crowd:
    """Draw a crowd in which less than half of the weight lies."""
    honest = draw(st.lists(st.integers(1, 255), min_size=2, max_size=8))
    room, bad = sum(honest) - 1, []
    for _ in range(draw(st.integers(1, 15 - len(honest)))):
        if room:
            bad.append(draw(st.integers(1, min(255, room)) | st.just(min(255, room))))
            room -= bad[-1]
    # Three sources must speak, so that the smallest crowd is two honest ones and a liar.
    return Crowd(honest, bad)


one_of_equals = st.builds(lambda honest: Crowd([1] * honest, [1]), st.integers(2, 14))


def lies(price: int) -> st.SearchStrategy[tuple[int, int, int, int]]:
    """Return quotes around what is honest as somebody would forge them, acceptable or not."""
    far = st.sampled_from([1, 2, price // 100, price // 2, price - 1, price * 2, price * 100, MAX_PRICE_UNITS])
    said = st.just(0) | (far | st.integers(1, MAX_PRICE_UNITS)).map(lambda units: max(0, min(MAX_PRICE_UNITS, units)))
    age = st.sampled_from([0, 0, 0, 1, -1, -MILLION, MAXIMUM_AGE_US, MAXIMUM_AGE_US + 1])
    same = said.map(lambda units: (units, units, units))
    return st.builds(lambda prices, before: (*prices, before), same | st.tuples(said, said, said), age)


@st.composite
def rounds(draw: st.DrawFn, crowd: Crowd) -> list[Round]:
    """Draw a few rounds in which honest prices lie in a small range that moves a little."""
    price = draw(st.integers(1, 10**4) | st.integers(10**6, 2**43))
    found = []
    for _ in range(draw(st.integers(1, 6))):
        price = max(1, price + price * draw(st.integers(-20_000, 20_000)) // MILLION)
        spread = price * draw(st.sampled_from([0, 100, 3_000, 20_000])) // MILLION
        near = st.integers(max(1, price - spread), price + spread)
        honest = draw(st.lists(near, min_size=len(crowd.honest), max_size=len(crowd.honest)))
        lied = draw(st.lists(lies(price), min_size=len(crowd.bad), max_size=len(crowd.bad)))
        before = draw(st.sampled_from([1, 1_000, 999_999, MILLION, 7 * MILLION, 400 * MILLION, 10**12]))
        found.append(Round(honest, lied, before, draw(st.integers(0, MAXIMUM_AGE_US))))
    return found


class Venue:
    """A venue that prices one asset, and its clock."""

    def __init__(self, exchange: Any) -> None:
        self.exchange = exchange
        self.sequence, self.time_us = 0, START_US

    def give(self, *commands: c.Command) -> list[Event]:
        records = []
        for command in commands:
            self.sequence += 1
            fields = {name: getattr(command, name) for name in command.__struct_fields__}
            stamp = {"sequence": self.sequence, "time_us": self.time_us}
            records.append(encode(type(command)(**fields | stamp)))
        events = self.exchange.apply(np.frombuffer(b"".join(records), RECORD))
        return [decode_event(bytes(event)) for event in events]

    def open(self, crowd: Crowd, clamp_ppm: int, cap_ppm: int) -> None:
        weights = [*crowd.honest, *crowd.bad]
        sources = [c.SetPriceSource(price_source=number, name="source") for number in range(1, len(weights) + 1)]
        done = self.give(
            c.ListAsset(symbol="SOL", name="", asset_kind=1, decimals=9),
            c.SetPricing(asset=ASSET, maximum_age_ms=10_000, clamp_ppm=clamp_ppm, update_cap_ppm=cap_ppm),
            *sources,
            *(c.SetPriceWeight(asset=ASSET, price_source=n, weight=weight) for n, weight in enumerate(weights, 1)),
        )
        assert not any(isinstance(event, Rejected) for event in done), done

    def price(self) -> PriceRow:
        row = self.exchange.price(ASSET)
        assert row
        return row

    def play(self, heard: Round) -> None:
        """Let everybody say his price, and a clock follow while the honest quotes count."""
        self.time_us += heard.before_us
        now = self.time_us
        quotes = [
            c.Quote(asset=ASSET, price_source=source, last_units=price, observed_us=now)
            for source, price in enumerate(heard.honest, 1)
        ]
        answers = self.give(*quotes)
        assert [type(answer) for answer in answers] == [Quoted] * len(quotes)
        for source, (bid, ask, last, before) in enumerate(heard.lies, len(quotes) + 1):
            prices = {"bid_units": bid, "ask_units": ask, "last_units": last}
            answers = self.give(c.Quote(asset=ASSET, price_source=source, observed_us=now - before, **prices))
            event(f"lie {type(answers[0]).__name__}")
        self.time_us += heard.after_us
        self.give(c.Clock())


def check_index(crowd: Crowd, heard: Round, clamp_ppm: int, price: PriceRow) -> None:
    """The index stays within the clamp around what honest sources said."""
    if len(crowd.honest) >= 3:
        assert price.used_sources, "honest sources are enough"
    if price.used_sources:
        assert price.used_sources & crowd.honest_sources == crowd.honest_sources
        assert price.index_units * MILLION >= min(heard.honest) * (MILLION - clamp_ppm)
        assert price.index_units * MILLION <= max(heard.honest) * (MILLION + clamp_ppm)


def check_mark(cap_ppm: int, before: PriceRow, price: PriceRow) -> None:
    """The mark goes towards the index, not past it, and no further than its cap for the seconds since the last."""
    was, now, index = before.mark_units, price.mark_units, price.index_units
    if not price.used_sources:
        assert now == was
    elif not was:
        assert now == index
    else:
        cap = min(MILLION, cap_ppm * max(1, (price.updated_us - before.updated_us) // MILLION))
        assert now * MILLION <= max(was * (MILLION + cap), (was + 1) * MILLION)
        assert now * MILLION >= min(was * (MILLION - cap), max(1, was - 1) * MILLION)
        assert min(was, index) <= now <= max(was, index)
        assert now != was or index == was


@pytest.mark.parametrize("make", [ReferenceExchange, Exchange], ids=["reference", "core"])
@pytest.mark.parametrize("crowds", [one_of_equals, minorities()], ids=["one of equals", "minority of the weight"])
def test_prices_given_lies_stay_within_clamp_and_cap(make: Any, crowds: st.SearchStrategy[Crowd]) -> None:
    @settings(max_examples=150)
    @given(
        data=st.data(), clamp_ppm=st.sampled_from([0, 1, 10_000, 500_000]), cap_ppm=st.sampled_from([1, 2_500, 10**6])
    )
    def lie(data: st.DataObject, clamp_ppm: int, cap_ppm: int) -> None:
        crowd = data.draw(crowds)
        venue = Venue(make())
        venue.open(crowd, clamp_ppm, cap_ppm)
        for heard in data.draw(rounds(crowd)):
            before = venue.price()
            venue.play(heard)
            check_index(crowd, heard, clamp_ppm, venue.price())
            check_mark(cap_ppm, before, venue.price())

    lie()
