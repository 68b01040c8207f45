"""Index and mark prices of assets and where they come from; an endpoint of ours, not of the wire."""

from enum import StrEnum

from .common import Decimal, TimeMs, Wire


class PriceState(StrEnum):
    """What a mark is worth: fresh, the last good one of a closed trading session, too old, or none yet."""

    NONE = "None"
    FRESH = "Fresh"
    CLOSED = "Closed"
    STALE = "Stale"


class Session(StrEnum):
    """Whether an asset is traded where its prices come from."""

    OPEN = "Open"
    CLOSED = "Closed"


class PricesQuery(Wire, frozen=True, kw_only=True):
    """Which asset; all that are priced without one."""

    asset: str | None = None


class SourcePrice(Wire, frozen=True, kw_only=True):
    """What a source last said of an asset; prices it did not give are ``null``.

    ``used`` and ``clamped`` tell of the present index: whether the source counted, and whether it was brought nearer
    to the median first.
    """

    source: str
    weight: int
    enabled: bool
    price: Decimal | None
    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None
    observed_at: TimeMs | None
    age_ms: int | None
    used: bool
    clamped: bool


class AssetPrice(Wire, frozen=True, kw_only=True):
    """The index and the mark of an asset in the cash unit, how they are made, and from what.

    ``clamp``, ``updateCap`` (of the mark, a second) and ``closedHaircut`` are fractions.
    """

    asset: str
    state: PriceState
    session: Session
    index_price: Decimal | None
    mark_price: Decimal | None
    updated_at: TimeMs | None
    age_ms: int | None
    minimum_sources: int
    maximum_age_ms: int
    clamp: Decimal
    update_cap: Decimal
    closed_haircut: Decimal
    sources: list[SourcePrice]
