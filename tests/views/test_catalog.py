import msgspec
import pytest

from ringfence.schema.commands import ListMarket, SetMarketLimits, SetMarketState, SetPerpetual, SetPriceBands
from ringfence.schema.enums import MarketKind, MarketState
from ringfence.views.catalog import Catalog
from ringfence.views.decimals import NotAMultiple, TooManyDecimals

from .venue import SHARE_USDC, SOL, SOL_USDC, USDC, listed_venue

LIVE_FIELDS = {"last_price_ticks": 0, "trades": 0, "book_sequence": 0}


def test_catalog_from_events_equals_catalog_from_exchange() -> None:
    venue, events = listed_venue()
    events += venue.do(
        SetMarketState(market=SOL_USDC, state=MarketState.POST_ONLY),
        SetMarketLimits(
            market=SOL_USDC, fee_schedule=3, minimum_price_ticks=2, maximum_price_ticks=9, minimum_quantity_lots=3,
            maximum_quantity_lots=8,
        ),
        SetPriceBands(market=SHARE_USDC, limit_maximum_ppm=1_100_000, impact_minimum_ppm=900_000),
        ListMarket(base_asset=SOL, quote_asset=USDC, tick_atoms=1, lot_atoms=10**9, market_kind=MarketKind.PERPETUAL),
        SetPerpetual(market=3, initial_base_e8=10**6, maintenance_base_e8=10**6, position_limit_lots=77),
    )  # fmt: skip
    followed, read = Catalog(), Catalog.from_exchange(venue.exchange)
    for event in events:
        followed.update(event)
    assert list(followed.assets) == list(read.assets) == ["SOL", "USDC", "GLXY.US"]
    assert list(followed.markets) == list(read.markets) == ["SOL_USDC", "GLXY.US_USDC", "SOL_USDC_PERP"]
    for number, info in read.market_by_number.items():
        ours = msgspec.structs.replace(followed.market_by_number[number].row, **LIVE_FIELDS)
        assert ours == msgspec.structs.replace(info.row, **LIVE_FIELDS)
        assert followed.market_by_number[number].position_limit_lots == info.position_limit_lots == (number == 3) * 77
    assert followed.markets["SOL_USDC"].row.state == MarketState.POST_ONLY
    assert [asset.row for asset in followed.assets.values()] == [asset.row for asset in read.assets.values()]


def test_market_converts_prices_quantities_and_amounts() -> None:
    venue, _ = listed_venue()
    sol = Catalog.from_exchange(venue.exchange).markets["SOL_USDC"]
    assert (sol.price_decimals, sol.quantity_decimals) == (2, 3)
    assert sol.parse_price("141.25") == 14_125 and sol.price_text(14_120) == "141.2"
    assert sol.price_padded(14_120) == "141.20"
    assert sol.parse_quantity("1.5") == 1_500 and sol.quantity_text(1_500) == "1.5"
    assert sol.quantity_padded(1_500) == "1.500"
    assert sol.parse_quote("0.000001") == 1 and sol.quote_text(1_500_000) == "1.5"
    assert sol.base_text(1) == "0.000000001" and sol.quote_padded(1) == "0.000001"


def test_market_refuses_what_no_lot_or_tick_can_hold() -> None:
    venue, _ = listed_venue()
    shares = Catalog.from_exchange(venue.exchange).markets["GLXY.US_USDC"]
    with pytest.raises(TooManyDecimals, match=r"^Quantity decimal too long$"):
        shares.parse_quantity("1.55")
    with pytest.raises(NotAMultiple, match=r"^price 30.02 is not a multiple of tick 0.05 \(GLXY.US_USDC\)$"):
        shares.parse_price("30.02")
