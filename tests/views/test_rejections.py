import pytest

from ringfence.schema.commands import Deposit, PlaceOrder, SetMarketState, SetParameter
from ringfence.schema.enums import MarketState, Side
from ringfence.schema.events import Rejected
from ringfence.schema.rejects import Reject
from ringfence.views.catalog import Catalog
from ringfence.views.rejections import Rejection, rejection

from .venue import ALICE, SOL, SOL_USDC, Venue, limit, listed_venue


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


@pytest.mark.parametrize("reject", list(Reject))
def test_every_reject_has_a_sentence_even_for_what_is_not_listed(reject: Reject) -> None:
    event = Rejected(command_kind=30, reject=reject, value=5, limit=7, asset=9, market=9, field_number=0)
    said = rejection(event, Catalog())
    assert said.message and "{" not in said.message and said.status >= 400
    unknown = Rejected(command_kind=9_999, reject=reject, field_number=3)
    assert "{" not in rejection(unknown, Catalog()).message
