"""What the makers' process is told on its standard input; secrets do not stand in a process list."""

import msgspec

from ringfence.prices.setup import PricesSetup


class Credentials(msgspec.Struct, frozen=True):
    """A key pair: base64 of 32 bytes each."""

    key: str
    secret: str


class MakersSetup(msgspec.Struct, frozen=True):
    """Where and as whom to trade."""

    rest: str
    seed: int
    makers: list[Credentials]
    taker: Credentials
    first_prices: dict[str, str]
    """Decimal text of the price to begin at, by market, where there was no trade yet."""
    prices: PricesSetup | None = None
    """The price sources to run here too, so that they look at the same reference prices as the makers."""
