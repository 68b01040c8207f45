"""Index and mark prices, with every source, its age and what was clamped: enough to compute them again."""

from ringfence.schema import enums as core
from ringfence.schema.tables import PriceRow, PriceSourceRow, QuoteRow
from ringfence.views.catalog import AssetInfo
from ringfence.views.decimals import FRACTIONS, PRICE_UNITS

from ..calls import Call
from ..operations import Family, Tag
from ..wire import price as wire

FAMILY = Family(Tag.MARKETS)

_Sources = dict[int, PriceSourceRow | None]

_STATES = {
    core.PriceState.NONE: wire.PriceState.NONE,
    core.PriceState.FRESH: wire.PriceState.FRESH,
    core.PriceState.CLOSED: wire.PriceState.CLOSED,
    core.PriceState.STALE: wire.PriceState.STALE,
}
_SESSIONS = {core.Session.OPEN: wire.Session.OPEN, core.Session.CLOSED: wire.Session.CLOSED}
assert 10**PRICE_UNITS.decimals == core.UNITS_PER_CASH, "prices are shown with the decimals that they count"


@FAMILY.public("/ringfence/v1/prices", "get_prices", list[wire.AssetPrice], wire.PricesQuery)
async def prices(call: Call) -> list[wire.AssetPrice]:
    """List the prices of assets; an asset that no price was set up for has none."""
    assets = call.gateway.catalog.assets.values() if call.query.asset is None else [call.asset(call.query.asset)]
    rows = [(asset, call.gateway.exchange.price(asset.number)) for asset in assets]
    sources = {number: call.gateway.exchange.price_source(number) for number in range(1, core.PRICE_SOURCES + 1)}
    return [_asset_price(call, asset, row, sources) for asset, row in rows if row is not None]


def _asset_price(call: Call, asset: AssetInfo, row: PriceRow, named: _Sources) -> wire.AssetPrice:
    return wire.AssetPrice(
        asset=asset.symbol,
        state=_STATES[core.PriceState(row.price_state)],
        session=_SESSIONS[core.Session(row.session)],
        index_price=_price(asset, row.index_units),
        mark_price=_price(asset, row.mark_units),
        updated_at=_time_ms(row.updated_us),
        age_ms=_age_ms(call, row.updated_us),
        minimum_sources=row.minimum_sources,
        maximum_age_ms=row.maximum_age_ms,
        clamp=FRACTIONS.text(row.clamp_ppm),
        update_cap=FRACTIONS.text(row.update_cap_ppm),
        closed_haircut=FRACTIONS.text(row.closed_haircut_ppm),
        sources=[_source_price(call, asset, row, quote, named) for quote in call.gateway.exchange.quotes(asset.number)],
    )


def _source_price(call: Call, asset: AssetInfo, row: PriceRow, quote: QuoteRow, named: _Sources) -> wire.SourcePrice:
    source, bit = named[quote.price_source], 1 << quote.price_source
    assert source is not None, f"source {quote.price_source} has a weight and no name"
    return wire.SourcePrice(
        source=source.name,
        weight=quote.weight,
        enabled=bool(source.enabled),
        price=_price(asset, quote.price_units),
        bid=_price(asset, quote.bid_units),
        ask=_price(asset, quote.ask_units),
        last=_price(asset, quote.last_units),
        observed_at=_time_ms(quote.observed_us),
        age_ms=_age_ms(call, quote.observed_us),
        used=bool(row.used_sources & bit),
        clamped=bool(row.clamped_sources & bit),
    )


def _price(asset: AssetInfo, units: int) -> str | None:
    return asset.price_text(units) if units else None


def _time_ms(time_us: int) -> int | None:
    return time_us // 1_000 if time_us else None


def _age_ms(call: Call, time_us: int) -> int | None:
    """Return how long before the venue's last command that was; the core counts ages so, at its Clock."""
    return (call.gateway.exchange.time_us - time_us) // 1_000 if time_us else None
