"""ccxt, synchronous: what its users do on a perpetual. Market: SOL/USDC:USDC."""

import json
import sys
import time

import ccxt

VENUE = json.loads(sys.argv[1])
SYMBOL = "SOL/USDC:USDC"
SYMBOLS = ("SOL/USDC:USDC", "BTC/USDC:USDC", "ETH/USDC:USDC", "GLXY.US/USDC:USDC")


def client(name: str) -> ccxt.backpack:
    user = VENUE["users"][name]
    urls = {"api": {"public": VENUE["rest"], "private": VENUE["rest"]}}
    return ccxt.backpack({"apiKey": user["apiKey"], "secret": user["apiSecret"], "urls": urls})


def market_data(alice: ccxt.backpack) -> int:
    """Check the listings and return the mark in whole units."""
    markets = alice.load_markets()
    assert {*SYMBOLS} <= set(markets), list(markets)
    sol = markets[SYMBOL]
    assert sol["swap"] and sol["linear"] and sol["contractSize"] == 1 and sol["settle"] == "USDC", sol
    for _ in range(100):
        if alice.public_get_api_v1_markprices():
            break
        time.sleep(0.1)
    rate = alice.fetch_funding_rate(SYMBOL)
    assert rate["symbol"] == SYMBOL and rate["nextFundingTimestamp"] % 3_600_000 == 0, rate
    assert -0.01 <= rate["fundingRate"] <= 0.01 and rate["markPrice"] > 0 and rate["indexPrice"] > 0, rate
    history = alice.fetch_funding_rate_history(SYMBOL)
    assert history and history[-1]["symbol"] == SYMBOL, history
    return int(rate["markPrice"])


def position(user: ccxt.backpack) -> dict:
    (found,) = user.fetch_positions([SYMBOL])
    return found


def trading(alice: ccxt.backpack, bob: ccxt.backpack, mark: int) -> None:
    assert alice.fetch_positions([SYMBOL]) == []
    offer = bob.create_order(SYMBOL, "limit", "sell", 2, mark, {"postOnly": True})
    assert offer["status"] == "open" and not offer["reduceOnly"], offer
    assert alice.create_order(SYMBOL, "market", "buy", 2)["status"] == "closed"
    long, short = position(alice), position(bob)
    # This client leaves the numbers of a position as text.
    assert (long["side"], long["contracts"], long["entryPrice"]) == ("long", "2", str(mark)), long
    assert (short["side"], short["contracts"], short["entryPrice"]) == ("short", "2", str(mark)), short
    # The account's leverage limit of 10 asks for more than the market's own 0.02.
    assert (long["initialMarginPercentage"], long["maintenanceMarginPercentage"]) == ("0.1", "0.0135"), long
    interest = alice.fetch_open_interest(SYMBOL)
    assert interest["openInterestValue"] == 2, interest


def closing(alice: ccxt.backpack, bob: ccxt.backpack, mark: int) -> None:
    resting = alice.create_order(SYMBOL, "limit", "sell", 5, mark + 5, {"reduceOnly": True})
    assert resting["reduceOnly"] and resting["amount"] == 2, resting
    alice.cancel_order(resting["id"], SYMBOL)
    bob.create_order(SYMBOL, "limit", "buy", 2, mark, {"reduceOnly": True})
    done = alice.create_order(SYMBOL, "market", "sell", 2, None, {"reduceOnly": True})
    assert done["status"] == "closed" and done["reduceOnly"], done
    assert alice.fetch_positions([SYMBOL]) == [] and bob.fetch_positions([SYMBOL]) == []
    refused = None
    try:
        alice.create_order(SYMBOL, "market", "sell", 1, None, {"reduceOnly": True})
    except ccxt.InvalidOrder as error:
        refused = error
    assert "to reduce" in str(refused), refused
    trades = alice.fetch_my_trades(SYMBOL)
    assert [trade["side"] for trade in trades] == ["buy", "sell"], trades
    assert {trade["fee"]["currency"] for trade in trades} == {"USDC"}, trades


def brackets(alice: ccxt.backpack, bob: ccxt.backpack, mark: int) -> None:
    bob.create_order(SYMBOL, "limit", "sell", 2, mark, {"postOnly": True})
    order = alice.create_order_with_take_profit_and_stop_loss(
        SYMBOL, "market", "buy", 2, None, mark + 20, mark - 5, {"stopLossTriggerBy": "LastPrice"}
    )
    assert order["status"] == "closed" and order["stopLossPrice"] == mark - 5, order
    profit, loss = alice.fetch_open_orders(SYMBOL)
    assert (profit["triggerPrice"], loss["triggerPrice"]) == (mark + 20, mark - 5), (profit, loss)
    assert profit["reduceOnly"] and loss["reduceOnly"] and loss["info"]["triggerQuantity"] == "2", loss
    half = {"symbol": "SOL_USDC_PERP", "side": "Ask", "orderType": "Market", "triggerBy": "MarkPrice"}
    waiting = alice.private_post_api_v1_order(half | {"triggerPrice": str(mark + 50), "triggerQuantity": "50%"})
    assert waiting["status"] == "TriggerPending" and waiting["triggerQuantity"] == "50%", waiting
    assert alice.cancel_order(waiting["id"], SYMBOL)["status"] == "canceled"
    bob.create_order(SYMBOL, "limit", "buy", 3, mark - 5, {"postOnly": True})
    alice.create_order(SYMBOL, "market", "sell", 1, None, {"reduceOnly": True})
    for _ in range(100):
        if not alice.fetch_open_orders(SYMBOL):
            break
        time.sleep(0.02)
    assert alice.fetch_open_orders(SYMBOL) == [] and alice.fetch_positions([SYMBOL]) == []
    assert alice.fetch_order(profit["id"], SYMBOL)["status"] == "canceled"
    assert alice.fetch_order(loss["id"], SYMBOL)["filled"] == 1, "it closes what is left of the position"
    bob.cancel_all_orders(SYMBOL)


alice, bob = client("alice"), client("bob")
mark = market_data(alice)
bob.load_markets()
trading(alice, bob, mark)
closing(alice, bob, mark)
brackets(alice, bob, mark)
print("all of it")
