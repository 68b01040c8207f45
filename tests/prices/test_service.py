"""Sources are asked independently; what is no quote is dropped; what the node does not take waits, newest first."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import pytest

from ringfence.node.errors import LinkLost
from ringfence.prices import service as module
from ringfence.prices.service import Feed, Pace, PriceService
from ringfence.prices.source import Source, Ticker
from ringfence.prices.tally import Tally
from ringfence.schema.commands import Quote
from ringfence.schema.events import Event, Rejected
from ringfence.schema.rejects import Reject

ASSETS = {"SOL": 2, "BTC": 3}
GOOD = {"SOL": Ticker("149.9", "150.1", "150"), "BTC": Ticker(last="90000")}


class Scripted:
    """A source that does at each read what the test says."""

    def __init__(self, read: Callable[[], Awaitable[Mapping[str, Ticker]]]) -> None:
        self._read, self.reads, self.closed = read, 0, False

    async def read(self, assets: Sequence[str]) -> Mapping[str, Ticker]:
        assert assets == ("SOL", "BTC")
        self.reads += 1
        return await self._read()

    async def close(self) -> None:
        self.closed = True


def saying(tickers: Mapping[str, Ticker]) -> Scripted:
    async def read() -> Mapping[str, Ticker]:
        return tickers

    return Scripted(read)


def raising(error: Exception) -> Scripted:
    async def read() -> Mapping[str, Ticker]:
        raise error

    return Scripted(read)


class Scene:
    """A service over sources by name, with a clock that counts and a node that takes what `refuse` lets through."""

    def __init__(self, interval_ms: int = 20, timeout_ms: int = 60, **sources: Source) -> None:
        self.taken: list[Quote] = []
        self.batches: list[int] = []
        self.lines: list[str] = []
        self.now_us = 1_000_000
        self.losses = 0
        self.rejects: list[Reject] = []
        self.tally = Tally(self.lines.append, lambda: 0)
        feeds = [Feed(number, name, source, tuple(ASSETS)) for number, (name, source) in enumerate(sources.items(), 1)]
        pace = Pace(interval_ms, timeout_ms)
        self.service = PriceService(feeds, ASSETS, self.submit, pace, self.clock_us, self.tally)

    def clock_us(self) -> int:
        self.now_us += 1
        return self.now_us

    async def submit(self, quotes: Sequence[Quote]) -> list[list[Event]]:
        if self.losses:
            self.losses -= 1
            raise LinkLost("LINK_LOST: no node")
        self.taken += quotes
        self.batches.append(len(quotes))
        return [[self._rejected(self.rejects.pop())] if self.rejects else [] for _ in quotes]

    @staticmethod
    def _rejected(reject: Reject) -> Rejected:
        fields = {name: 0 for name in Rejected.__struct_fields__} | {"reject": reject, "value": 4, "limit": 5}
        return Rejected(**fields)

    def run(self, for_s: float = 0.2) -> list[Quote]:
        async def main() -> None:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(self.service.run(), for_s)

        asyncio.run(main())
        return self.taken


def test_quotes_carry_units_numbers_and_the_time_of_the_question():
    scene = Scene(a=saying(GOOD), interval_ms=10_000)
    assert scene.run() == [
        Quote(
            asset=2, price_source=1, observed_us=1_000_001,
            bid_units=14_990_000_000, ask_units=15_010_000_000, last_units=15_000_000_000,
        ),
        Quote(asset=3, price_source=1, observed_us=1_000_001, last_units=9_000_000_000_000),
    ]  # fmt: skip
    assert scene.batches == [2] and scene.service.quoting.is_set() and scene.lines == []


def test_source_that_hangs_or_fails_delays_no_other_and_is_told_once():
    hanging = Scripted(lambda: asyncio.Event().wait())  # type: ignore[arg-type]
    failing, good = raising(RuntimeError("broken\npipe")), saying(GOOD)
    scene = Scene(hanging=hanging, failing=failing, good=good)
    taken = scene.run(0.3)
    assert {quote.price_source for quote in taken} == {3}
    assert good.reads >= 8 and failing.reads >= 8 and 2 <= hanging.reads <= 6
    assert sorted(scene.lines) == [
        "price source failing failed: RuntimeError: broken pipe",
        "price source hanging failed: no answer within 60 ms",
    ]
    assert scene.tally.counts["price source failing failed"] == failing.reads
    assert hanging.closed and failing.closed and good.closed


def test_quote_that_is_crossed_empty_or_no_number_is_dropped_and_the_rest_taken():
    wrong = {"SOL": Ticker("2", "1"), "BTC": Ticker(last="90000")}
    scene = Scene(a=saying(wrong), b=saying({"SOL": Ticker()}), c=saying({"BTC": Ticker(last="nan")}))
    taken = scene.run()
    assert {(quote.price_source, quote.asset) for quote in taken} == {(1, 3)}
    assert sorted(scene.lines) == [
        "price source a, quote of SOL dropped: it is crossed: the bid 2 is above the ask 1",
        "price source b, quote of SOL dropped: it is empty: it has neither a bid with an ask nor a last price",
        "price source c, quote of BTC dropped: it has 'nan' where a decimal number is expected",
    ]


def test_answer_about_an_asset_that_was_not_asked_for_is_passed_over():
    scene = Scene(a=saying({"DOGE": Ticker(last="1"), "SOL": Ticker(last="2")}), interval_ms=10_000)
    assert [quote.asset for quote in scene.run()] == [2]


def test_quotes_wait_for_the_node_and_only_the_newest_of_each(monkeypatch):
    monkeypatch.setattr(module, "RETRY_S", 0.1)
    scene = Scene(a=saying(GOOD))
    scene.losses = 2
    first, second, *_ = scene.run(0.4)
    assert scene.batches[0] == 2, "what was lost does not pile up"
    assert first.observed_us == second.observed_us > 1_000_005
    assert scene.lines == ["quotes cannot be submitted: LINK_LOST: no node"]


def test_refusal_by_the_core_is_told_with_source_asset_and_reason():
    scene = Scene(a=saying(GOOD), interval_ms=10_000)
    scene.rejects = [Reject.SOURCE_NOT_WEIGHTED, Reject.PRICE_SOURCE_DISABLED]
    scene.run()
    assert scene.lines == [
        "price source a, quote of SOL refused: PRICE_SOURCE_DISABLED: value 4, limit 5",
        "price source a, quote of BTC refused: SOURCE_NOT_WEIGHTED: value 4, limit 5",
    ]
    assert not scene.service.quoting.is_set()
