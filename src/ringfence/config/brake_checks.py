"""What the brakes of a market must keep beyond their types."""

from collections.abc import Iterator, Mapping

from ringfence.schema.commands import SetBrakes
from ringfence.schema.fields import MAX_QUANTITY_LOTS
from ringfence.schema.layout import body_fields

from .amounts import parse_units
from .bounds import decimal_problems
from .brakes import BRAKE_LOTS, BRAKE_TEXTS
from .model import AssetConfig, BrakesConfig, MarketConfig
from .perpetuals import parse_lots


def brake_problems(market: MarketConfig, assets: Mapping[str, AssetConfig]) -> Iterator[str]:
    """Yield a sentence for everything that is wrong with the brakes of a market."""
    if market.brakes is None:
        return
    yield from (f"brakes.{problem}" for problem in _bounds(market.brakes))
    yield from (f"brakes.{problem}" for problem in _interest(market, market.brakes, assets[market.base].decimals))


def _bounds(brakes: BrakesConfig) -> Iterator[str]:
    bounds = {field.name: field for field in body_fields(SetBrakes)}
    for name, (field, decimals) in BRAKE_TEXTS.items():
        text = getattr(brakes, name)
        problems = list(decimal_problems(name, text, decimals, 0))
        yield from problems
        if problems:
            continue
        low, high = bounds[field].low, bounds[field].high
        if not low <= parse_units(text, decimals) <= high:
            yield f"{name}: {text} is not from {low / 10**decimals:g} to {high / 10**decimals:g}"


def _interest(market: MarketConfig, brakes: BrakesConfig, base_decimals: int) -> Iterator[str]:
    texts = {name: getattr(brakes, name) for name in BRAKE_LOTS}
    if set(texts.values()) == {"0"}:
        return
    if market.kind == "spot":
        yield "interest_low and interest_high belong to a perpetual: nothing is open of a spot market"
        return
    problems = [problem for name, text in texts.items() for problem in decimal_problems(name, text, base_decimals, 0)]
    yield from problems
    if problems or list(decimal_problems("step", market.step, base_decimals, 1)):
        return
    lots: list[int] = []
    for name, text in texts.items():
        try:
            lots.append(parse_lots(text, parse_units(market.step, base_decimals), base_decimals))
        except ValueError as error:
            yield f"{name}: {error}"
            return
    if max(lots) > MAX_QUANTITY_LOTS:
        yield f"interest_high: {brakes.interest_high} is more than can be counted in steps of {market.step}"
    elif lots[0] >= lots[1]:
        yield f"interest_low: {brakes.interest_low} is not below interest_high, which is {brakes.interest_high}"
