"""What a market of kind perpetual must keep beyond its types."""

from collections.abc import Iterator, Mapping

from ringfence.schema.fields import MAX_QUANTITY_LOTS

from .amounts import parse_units
from .bounds import decimal_problems
from .model import MARKET_KINDS, AssetConfig, MarketConfig, PerpetualConfig
from .perpetuals import FUNDING_DECIMALS, PERPETUAL_LIMITS, SIGNED, parse_lots, parse_signed

HIGHEST_RATE = 100
RISING = (
    ("maintenance_base", "initial_base", 8),
    ("maintenance_factor", "initial_factor", 8),
    ("lowest_funding", "highest_funding", FUNDING_DECIMALS),
)
"""Settings of which the first must not be above the second, and the decimals they count."""


def perpetual_problems(market: MarketConfig, assets: Mapping[str, AssetConfig]) -> Iterator[str]:
    """Yield a sentence for everything that is wrong with what makes a market a perpetual."""
    if market.kind not in MARKET_KINDS:
        yield f"kind: {market.kind!r} is not one of {', '.join(MARKET_KINDS)}"
        return
    if market.kind == "spot":
        if market.perpetual is not None:
            yield '[markets.perpetual] belongs to a market of kind = "perpetual"'
        return
    if assets[market.quote].kind != "cash":
        yield f"a perpetual is paid in cash, and {market.quote} is of kind {assets[market.quote].kind}"
    if market.perpetual is None:
        yield "a perpetual needs [markets.perpetual], which says its margin"
        return
    yield from (f"perpetual.{problem}" for problem in _rates(market.perpetual))
    for name in PERPETUAL_LIMITS:
        text = getattr(market.perpetual, name)
        if text is not None:
            yield from _limit(name, text, market, assets[market.base].decimals)


def _rates(rules: PerpetualConfig) -> Iterator[str]:
    for name in ("initial_factor", "maintenance_factor"):
        yield from decimal_problems(name, getattr(rules, name), 8, 0, 1)
    for name in ("initial_base", "maintenance_base"):
        yield from decimal_problems(name, getattr(rules, name), 8, 1, HIGHEST_RATE)
    for name in SIGNED:
        yield from decimal_problems(name, getattr(rules, name).removeprefix("-"), FUNDING_DECIMALS, 0, 1)
    if rules.mark_bound is not None:
        bound = list(decimal_problems("mark_bound", rules.mark_bound, 6, 0, 1))
        yield from bound
        if not bound and parse_units(rules.mark_bound, 6) > 500_000:
            yield f"mark_bound: {rules.mark_bound} is above 0.5"
    for low, high, decimals in RISING:
        texts = getattr(rules, low), getattr(rules, high)
        if any(list(decimal_problems("", text.removeprefix("-"), decimals, 0)) for text in texts):
            continue
        if parse_signed(texts[0], decimals) > parse_signed(texts[1], decimals):
            yield f"{low}: {texts[0]} is above {high}, which is {texts[1]}"


def _limit(name: str, text: str, market: MarketConfig, base_decimals: int) -> Iterator[str]:
    problem = list(decimal_problems(f"perpetual.{name}", text, base_decimals, 1))
    yield from problem
    if problem or list(decimal_problems("step", market.step, base_decimals, 1)):
        return
    try:
        lots = parse_lots(text, parse_units(market.step, base_decimals), base_decimals)
    except ValueError as error:
        yield f"perpetual.{name}: {error}"
        return
    if lots > MAX_QUANTITY_LOTS:
        yield f"perpetual.{name}: {text} is more than can be counted in steps of {market.step}"
