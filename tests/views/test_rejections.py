import pytest

from ringfence.schema.commands import (
    Deposit,
    ListAsset,
    ListMarket,
    PlaceOrder,
    Quote,
    SetMarketState,
    SetParameter,
    SetPerpetual,
    SetPriceSource,
    SetPriceWeight,
    SetPricing,
)
from ringfence.schema.enums import AssetKind, MarketKind, MarketState, Side
from ringfence.schema.events import PerpetualSet, Rejected
from ringfence.schema.rejects import Reject
from ringfence.views.catalog import Catalog
from ringfence.views.perpetuals import POSITIONS_MAXIMUM
from ringfence.views.rejections import Rejection, rejection

from .test_lending import lending_commands, price
from .venue import ALICE, SOL, SOL_USDC, START_US, USDC, Venue, limit, listed_venue


def refuse(venue: Venue, command: object) -> Rejection:
    (event,) = venue.do(command)  # type: ignore[arg-type]
    assert isinstance(event, Rejected)
    return rejection(event, Catalog.from_exchange(venue.exchange))


def test_rejection_tells_value_limit_and_place_in_whole_units() -> None:
    venue, _ = listed_venue()
    assert refuse(venue, limit(ALICE, Side.BID, 2**41, 1)) == Rejection(
        400, "INVALID_PRICE", "price 21990232555.52 is above the maximum 10995116277.76 of SOL_USDC"
    )
    assert refuse(venue, limit(ALICE, Side.BID, 1, 0)).message == "quantity 0 is below the minimum 0.001 of SOL_USDC"
    assert refuse(venue, limit(ALICE, Side.BID, 10**6, 10**9)) == Rejection(
        400, "INSUFFICIENT_FUNDS", "10000000000 of USDC needed and 1000000000 available"
    )
    assert refuse(venue, limit(ALICE, Side.ASK, 1, 2 * 10**9)).message == "2000000 of SOL needed and 1000000 available"


def test_rejection_names_the_field_out_of_range() -> None:
    venue, _ = listed_venue()
    order = PlaceOrder(account=ALICE, market=SOL_USDC, side=Side.BID, price_ticks=2**50, quantity_lots=1)
    assert refuse(venue, order).message == (f"price_ticks: {2**50} is outside its range, the limit is {2**48 - 1}")
    assert refuse(venue, SetParameter(parameter=1, value=0)).message.startswith("value: 0 is outside its range")


def test_rejection_names_markets_and_sources() -> None:
    venue, _ = listed_venue()
    assert refuse(venue, limit(ALICE, Side.BID, 1, 1, market=77)) == Rejection(
        400, "INVALID_MARKET", "market 77 is not listed"
    )
    venue.do(SetMarketState(market=SOL_USDC, state=MarketState.CLOSED))
    assert refuse(venue, limit(ALICE, Side.BID, 1, 1)).message == "SOL_USDC is closed"
    again = Deposit(account=ALICE, asset=SOL, source=1, number=1, amount_atoms=1)
    assert refuse(venue, again).message == "deposit 1 was applied; the last of this source is 9"


def quote(source: int = 1, asset: int = SOL, observed_us: int = START_US, **prices: int) -> Quote:
    return Quote(asset=asset, price_source=source, observed_us=observed_us, **prices)


def test_rejection_of_a_quote_names_asset_and_source_and_writes_prices_as_decimals() -> None:
    venue, _ = listed_venue()
    assert refuse(venue, quote(last_units=1)) == Rejection(
        409, "PRECONDITION_FAILED", "SOL has no pricing: set it first"
    )
    venue.do(SetPricing(asset=SOL))
    assert refuse(venue, quote(last_units=1)).message == "price source 1 has no name yet"
    venue.do(SetPriceSource(price_source=1, name="north"), SetPriceSource(price_source=2, name="east", enabled=0))
    assert refuse(venue, quote(source=2, last_units=1)).message == "price source 2 is switched off"
    assert refuse(venue, quote(last_units=1)).message == "price source 1 has no weight for SOL"
    venue.do(SetPriceWeight(asset=SOL, price_source=1, weight=1))
    assert refuse(venue, quote(bid_units=1)).message == "a quote of SOL needs a bid and an ask, or a last price"
    assert refuse(venue, quote(bid_units=14_120_000_001, ask_units=14_000_000_000)) == Rejection(
        400, "INVALID_PRICE", "the bid 141.20000001 is above the ask 140 of SOL"
    )
    venue.do(quote(last_units=14_000_000_000))
    sentence = f"observed at {START_US}, not after the quote of {START_US} that counts"
    assert refuse(venue, quote(last_units=1)).message == sentence
    late = refuse(venue, quote(observed_us=2**61, last_units=1)).message
    assert late == f"observed at {2**61}, after the venue's time {venue.time_us}"
    assert refuse(venue, SetPriceWeight(asset=USDC, price_source=1, weight=1)).message.startswith("USDC has no pricing")


@pytest.mark.parametrize("reject", list(Reject))
def test_every_reject_has_a_sentence_even_for_what_is_not_listed(reject: Reject) -> None:
    event = Rejected(command_kind=30, reject=reject, value=5, limit=7, asset=9, market=9, field_number=0)
    said = rejection(event, Catalog())
    assert said.message and "{" not in said.message and said.status >= 400
    unknown = Rejected(command_kind=9_999, reject=reject, field_number=3)
    assert "{" not in rejection(unknown, Catalog()).message


def perpetuals(count: int, position_limit_lots: int) -> Venue:
    """Return a venue with so many perpetuals on SOL, each paid in another currency of cash, in which Alice bids."""
    venue, _ = listed_venue()
    venue.do(*lending_commands())
    price(venue, 100 * 10**8)
    rules = {"initial_base_e8": 10**6, "maintenance_base_e8": 10**6, "position_limit_lots": position_limit_lots}
    for place in range(count):
        asset, market = 4 + place, 3 + place
        (listed, perpetual, ruled) = venue.do(
            ListAsset(symbol=f"C{place}", name="", asset_kind=AssetKind.CASH, decimals=6),
            ListMarket(
                base_asset=SOL, quote_asset=asset, tick_atoms=10_000, lot_atoms=1_000_000,
                market_kind=MarketKind.PERPETUAL,
            ),
            SetPerpetual(market=market, **rules),
        )  # fmt: skip
        found = (listed.asset, perpetual.market, type(ruled))  # type: ignore[union-attr]
        assert found == (asset, market, PerpetualSet)
    return venue


def test_rejection_of_a_position_too_many_counts_positions_not_lots() -> None:
    venue = perpetuals(POSITIONS_MAXIMUM + 1, 1_000)
    for place in range(POSITIONS_MAXIMUM):
        (taken, *_) = venue.do(limit(ALICE, Side.BID, 9_000, 1, market=3 + place))
        assert not isinstance(taken, Rejected), taken
    last = 3 + POSITIONS_MAXIMUM
    symbol = f"SOL_C{POSITIONS_MAXIMUM}_PERP"
    assert refuse(venue, limit(ALICE, Side.BID, 9_000, 1, market=last)) == Rejection(
        400, "POSITION_LIMIT",
        f"the account has 256 positions already, which is the most; {symbol} would be another",
    )  # fmt: skip


@pytest.mark.parametrize(("limit_lots", "sentence"), [(256, "to 0.257, the limit is 0.256"), (300, "to 0.301")])
def test_rejection_of_a_position_too_large_says_its_size(limit_lots: int, sentence: str) -> None:
    venue = perpetuals(1, limit_lots)
    found = refuse(venue, limit(ALICE, Side.BID, 9_000, limit_lots + 1, market=3))
    assert found.code == "POSITION_LIMIT" and f"the position in SOL_C0_PERP could grow {sentence}" in found.message
