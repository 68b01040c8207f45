"""ccxt, synchronous: every spot method of its REST side once, and the errors that its users know. Market: SOL/USDC."""

import json
import sys
import time

import ccxt

VENUE = json.loads(sys.argv[1])
SYMBOL = "SOL/USDC"
VOLUME = 18.01
SYMBOLS = ("SOL/USDC", "BTC/USDC", "ETH/USDC", "GLXY.US/USDC", "SBET.US/USDC", "FWDI.US/USDC")


def client(name: str, **changes: str) -> ccxt.backpack:
    user = VENUE["users"][name]
    urls = {"api": {"public": VENUE["rest"], "private": VENUE["rest"]}}
    return ccxt.backpack({"apiKey": user["apiKey"], "secret": user["apiSecret"], "urls": urls} | changes)


def raises(kind: type[Exception], text: str, call, *arguments) -> None:
    """Require that a call raises exactly this class with this text."""
    caught = None
    try:
        call(*arguments)
    except ccxt.BaseError as error:
        caught = error
    assert type(caught) is kind, f"{caught!r} where {kind.__name__} was expected"
    assert text in str(caught), caught


def market_data(alice: ccxt.backpack) -> None:
    markets = alice.load_markets()
    assert {*SYMBOLS} <= set(markets), list(markets)
    sol = markets[SYMBOL]
    assert sol["spot"] and sol["active"] and sol["precision"] == {"amount": 0.01, "price": 0.01}, sol
    assert sol["limits"]["amount"]["min"] == 0.01 and sol["limits"]["price"]["max"] == 1_000_000, sol["limits"]
    assert markets["GLXY.US/USDC"]["stock"], markets["GLXY.US/USDC"]
    assert {market["symbol"] for market in alice.fetch_markets()} == set(markets)
    currencies = alice.fetch_currencies()
    assert {"USDC", "SOL", "BTC", "ETH", "GLXY.US"} <= set(currencies)
    assert currencies["GLXY.US"]["type"] == "stock"
    assert alice.fetch_status()["status"] == "ok"
    alice.fetch_time()  # the client takes the first digit of the text


def resting_orders(alice: ccxt.backpack, bob: ccxt.backpack) -> None:
    order = alice.create_order(SYMBOL, "limit", "buy", 1.5, 140.25, {"postOnly": True, "clientOrderId": "4242"})
    assert order["status"] == "open" and order["price"] == 140.25 and order["amount"] == 1.5 and order["filled"] == 0
    assert order["clientOrderId"] == "4242" and order["postOnly"] and order["side"] == "buy", order
    found = alice.fetch_open_order(order["id"], SYMBOL)
    assert found["id"] == order["id"] and found["timestamp"] == order["timestamp"]
    assert [one["id"] for one in alice.fetch_open_orders(SYMBOL)] == [order["id"]]
    assert [one["id"] for one in alice.fetch_open_orders()] == [order["id"]]
    balance = alice.fetch_balance()["USDC"]
    assert balance["used"] == 1.5 * 140.25 and balance["total"] == balance["free"] + balance["used"], balance
    book = bob.fetch_order_book(SYMBOL, 5)
    assert book["bids"] == [[140.25, 1.5]] and book["asks"] == [], book
    assert bob.fetch_l2_order_book(SYMBOL)["bids"] == [[140.25, 1.5]]
    assert alice.fetch_order(order["id"], SYMBOL)["status"] == "open"
    assert alice.cancel_order(order["id"], SYMBOL)["status"] == "canceled"
    assert alice.fetch_open_orders(SYMBOL) == []
    ended = {one["id"]: one["status"] for one in alice.fetch_orders(SYMBOL)}
    assert ended[order["id"]] == "canceled", ended
    assert alice.fetch_order(order["id"], SYMBOL)["status"] == "canceled"
    post_only = alice.create_post_only_order(SYMBOL, "limit", "buy", 1, 139)
    edited = alice.edit_order(post_only["id"], SYMBOL, "limit", "buy", 2, 138)
    assert edited["price"] == 138 and edited["amount"] == 2 and edited["id"] != post_only["id"]
    assert alice.cancel_order(edited["id"], SYMBOL)["status"] == "canceled"


def batches(alice: ccxt.backpack) -> None:
    wanted = [
        {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 1, "price": price} for price in (130, 131, 132)
    ]
    orders = alice.create_orders(wanted)
    assert [order["price"] for order in orders] == [130, 131, 132]
    assert all(order["status"] == "open" for order in orders), orders
    cancelled = alice.cancel_all_orders(SYMBOL)
    assert {order["id"] for order in cancelled} == {order["id"] for order in orders}
    assert alice.fetch_open_orders(SYMBOL) == []


def trading(alice: ccxt.backpack, bob: ccxt.backpack) -> None:
    for price in (150, 151, 152):
        bob.create_limit_sell_order(SYMBOL, 10, price)
    bob.create_limit_buy_order(SYMBOL, 10, 149)
    before = alice.fetch_balance()
    bought = alice.create_market_buy_order(SYMBOL, 1)
    assert bought["status"] == "closed" and bought["filled"] == 1 and bought["average"] == 150, bought
    sold = alice.create_market_sell_order(SYMBOL, 1)
    assert sold["status"] == "closed" and sold["average"] == 149, sold
    # `cost` is what the wire calls quoteQuantity; the client's own helper with that name sends it as a quantity.
    by_cost = alice.create_order(SYMBOL, "market", "buy", 0, None, {"cost": 450})
    assert by_cost["filled"] == 3 and by_cost["cost"] == 450 and by_cost["status"] == "closed", by_cost
    assert alice.create_order(SYMBOL, "market", "sell", 0, None, {"cost": 149})["filled"] == 1
    assert alice.create_market_order_with_cost(SYMBOL, "buy", 0.01)["filled"] == 0.01
    crossing = alice.create_order(SYMBOL, "limit", "buy", 12, 151, {"timeInForce": "IOC"})
    assert crossing["filled"] == 12 and crossing["status"] == "closed", crossing
    too_much = alice.create_order(SYMBOL, "limit", "buy", 100, 152, {"timeInForce": "FOK"})
    assert too_much["filled"] == 0 and too_much["status"] == "canceled", too_much
    trades = alice.fetch_my_trades(SYMBOL)
    assert abs(sum(trade["amount"] for trade in trades) - VOLUME) < 1e-9, [trade["amount"] for trade in trades]
    assert all(trade["fee"]["cost"] > 0 for trade in trades)
    assert {trade["fee"]["currency"] for trade in trades} == {"SOL", "USDC"}
    taken = [trade for trade in trades if trade["order"] == bought["id"]]
    assert taken[0]["fee"]["cost"] == 0.0005 and taken[0]["fee"]["currency"] == "SOL", taken
    assert taken[0]["info"]["isMaker"] is False and taken[0]["price"] == 150, taken
    after = alice.fetch_balance()
    paid = before["USDC"]["total"] - after["USDC"]["total"]
    fees = sum(trade["fee"]["cost"] for trade in trades if trade["fee"]["currency"] == "USDC")
    spent = sum(trade["cost"] * (1 if trade["side"] == "buy" else -1) for trade in trades)
    assert abs(paid - spent - fees) < 1e-6, (paid, spent, fees)
    bob.cancel_all_orders(SYMBOL)


def after_trading(alice: ccxt.backpack) -> None:
    trades = alice.fetch_trades(SYMBOL)
    assert abs(sum(trade["amount"] for trade in trades) - VOLUME) < 1e-9 and trades[-1]["price"] == 151
    ticker = alice.fetch_ticker(SYMBOL)
    assert ticker["last"] == 151 and ticker["low"] == 149 and ticker["baseVolume"] == VOLUME, ticker
    assert SYMBOL in alice.fetch_tickers()
    candles = alice.fetch_ohlcv(SYMBOL, "1m", trades[0]["timestamp"] - 60_000)
    assert abs(sum(candle[5] or 0 for candle in candles) - VOLUME) < 1e-9, candles
    assert next(candle[1] for candle in candles if candle[1] is not None) == 150
    deposits = alice.fetch_deposits()
    assert {(deposit["currency"], deposit["amount"], deposit["status"]) for deposit in deposits} >= {
        ("USDC", 1_000_000, "ok"),
        ("BTC", 10, "ok"),
    }, deposits
    assert alice.fetch_withdrawals() == []


def margin(alice: ccxt.backpack) -> None:
    """ccxt 4.5.90 has no unified method for this venue's loans, but a raw one for every path."""
    pools = {row["symbol"]: row for row in alice.public_get_api_v1_borrowlend_markets()}
    assert float(pools["BTC"]["borrowInterestRate"]) >= 0.005, pools
    assert alice.public_get_api_v1_borrowlend_apy()["staking"] == []
    assert len(alice.public_get_api_v1_collateral()) == 7
    most = alice.private_get_api_v1_account_limits_borrow({"symbol": "BTC"})
    assert float(most["maxBorrowQuantity"]) > 0.5, most
    alice.private_post_api_v1_borrowlend({"symbol": "BTC", "side": "Borrow", "quantity": "0.5"})
    (position,) = alice.private_get_api_v1_borrowlend_positions()
    assert float(position["netQuantity"]) < -0.5, position
    assert float(alice.private_get_api_v1_capital_collateral()["marginFraction"]) > 1
    sold = alice.create_order(SYMBOL, "limit", "buy", 1, 140, {"autoBorrow": True, "autoBorrowRepay": True})
    assert sold["status"] == "open", sold
    alice.cancel_order(sold["id"], SYMBOL)
    raises(ccxt.InsufficientFunds, "had now", alice.private_post_api_v1_borrowlend, {
        "symbol": "BTC", "side": "Borrow", "quantity": "900000",
    })  # fmt: skip
    alice.private_post_api_v1_borrowlend({"symbol": "BTC", "side": "Lend", "quantity": "0.6"})
    assert alice.private_get_api_v1_borrowlend_positions() == []
    history = alice.private_get_wapi_v1_history_borrowlend({"symbol": "BTC"})
    assert [row["eventType"] for row in history[:2]] == ["BorrowRepay", "Borrow"], history
    assert alice.private_get_wapi_v1_history_interest({"asset": "BTC"})
    assert alice.private_get_wapi_v1_history_borrowlend_positions({"side": "Borrow"})[0]["quantity"] == "0"
    alice.private_patch_api_v1_account({"leverageLimit": "10"})
    assert alice.private_get_api_v1_account()["leverageLimit"] == "10"


def until(condition, *arguments) -> None:
    """Wait for what the venue does by itself within a moment."""
    for _ in range(100):
        if condition(*arguments):
            return
        time.sleep(0.02)
    raise AssertionError(f"{condition.__name__} did not come to be")


def trade(alice: ccxt.backpack, bob: ccxt.backpack, price: float) -> None:
    bob.create_limit_sell_order(SYMBOL, 1, price)
    assert alice.create_limit_buy_order(SYMBOL, 1, price)["status"] == "closed"


def conditional_orders(alice: ccxt.backpack, bob: ccxt.backpack) -> None:
    stop = alice.create_trigger_order(SYMBOL, "market", "sell", 2, None, 140, {"clientOrderId": "77"})
    assert stop["status"] == "open" and stop["triggerPrice"] == 140 and stop["type"] == "market", stop
    assert stop["info"]["status"] == "TriggerPending" and stop["info"]["triggerQuantity"] == "2", stop
    assert [one["id"] for one in alice.fetch_open_orders(SYMBOL)] == [stop["id"]]
    found = alice.fetch_order(stop["id"], SYMBOL)
    assert found["status"] == "open" and found["amount"] == 2 and found["triggerPrice"] == 140, found
    assert alice.cancel_order(stop["id"], SYMBOL)["status"] == "canceled"
    assert alice.fetch_order(stop["id"], SYMBOL)["status"] == "canceled"
    waiting = alice.create_trigger_order(SYMBOL, "limit", "sell", 2, 165, 155)
    trade(alice, bob, 155)

    def fired() -> bool:
        (order,) = alice.fetch_open_orders(SYMBOL)
        return order["info"]["status"] == "New"

    until(fired)
    (order,) = alice.fetch_open_orders(SYMBOL)
    assert (order["id"], order["amount"], order["triggerPrice"]) == (waiting["id"], 2, 155), order
    assert order["info"]["triggeredAt"] >= order["timestamp"] == waiting["timestamp"], order
    assert [one["id"] for one in alice.cancel_all_orders(SYMBOL)] == [waiting["id"]]


def brackets(alice: ccxt.backpack, bob: ccxt.backpack) -> None:
    order = alice.create_order_with_take_profit_and_stop_loss(SYMBOL, "limit", "buy", 1, 150, 170, 140)
    assert (order["takeProfitPrice"], order["stopLossPrice"]) == (170, 140), order
    resting, profit, loss = alice.fetch_open_orders(SYMBOL)
    assert resting["id"] == order["id"] and (profit["triggerPrice"], loss["triggerPrice"]) == (170, 140)
    assert {one["info"]["relatedOrderId"] for one in (profit, loss)} == {order["id"]}
    assert alice.cancel_order(order["id"], SYMBOL)["status"] == "canceled"
    assert alice.fetch_open_orders(SYMBOL) == [], "nothing was filled that they could close"
    raises(
        ccxt.InvalidOrder, "wrong side", alice.create_order_with_take_profit_and_stop_loss,
        SYMBOL, "limit", "buy", 1, 150, 149, 140,
    )  # fmt: skip
    bob.create_limit_sell_order(SYMBOL, 1, 156)
    bought = alice.create_order_with_take_profit_and_stop_loss(SYMBOL, "market", "buy", 1, None, 170, 140)
    assert bought["status"] == "closed", bought
    profit, loss = alice.fetch_open_orders(SYMBOL)
    bob.create_limit_buy_order(SYMBOL, 3, 139)
    assert alice.create_market_sell_order(SYMBOL, 1)["status"] == "closed"

    def over() -> bool:
        return alice.fetch_open_orders(SYMBOL) == []

    until(over)
    assert alice.fetch_order(profit["id"], SYMBOL)["status"] == "canceled"
    closed = alice.fetch_order(loss["id"], SYMBOL)
    assert closed["status"] == "closed" and closed["average"] == 139 and 0.999 < closed["filled"] <= 1, closed
    bob.cancel_all_orders(SYMBOL)


def errors(alice: ccxt.backpack, bob: ccxt.backpack) -> None:
    raises(ccxt.ExchangeNotAvailable, "Not Found", alice.fetch_open_order, "999999999", SYMBOL)
    raises(ccxt.ExchangeNotAvailable, "Not Found", alice.cancel_order, "999999999", SYMBOL)
    standing = bob.create_limit_sell_order(SYMBOL, 1, 160)
    raises(ccxt.ExchangeNotAvailable, "Not Found", alice.cancel_order, standing["id"], SYMBOL)
    raises(ccxt.InsufficientFunds, "USDC", alice.create_order, SYMBOL, "limit", "buy", 100_000, 150)
    raises(ccxt.InvalidOrder, "too far", alice.create_order, SYMBOL, "limit", "sell", 1, 10_000)
    raises(
        ccxt.InvalidOrder, "would immediately match", alice.create_order,
        SYMBOL, "limit", "buy", 1, 160, {"postOnly": True},
    )  # fmt: skip
    raises(ccxt.BadRequest, "decimal too long", alice.private_post_api_v1_order, {
        "symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "140.001", "quantity": "1",
    })  # fmt: skip
    raises(ccxt.BadSymbol, "NOPE", alice.fetch_order_book, "NOPE/USDC")
    forged = client("alice", secret=VENUE["users"]["bob"]["apiSecret"])
    raises(ccxt.BadRequest, "Invalid signature", forged.fetch_balance)
    stranger = client("alice", apiKey="A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=")
    raises(ccxt.AuthenticationError, "not known", stranger.fetch_balance)
    assert alice.create_order(SYMBOL, "limit", "buy", 1, 140)["status"] == "open", "nothing of this did harm"
    alice.cancel_all_orders(SYMBOL)
    bob.cancel_all_orders(SYMBOL)


alice, bob = client("alice"), client("bob")
market_data(alice)
resting_orders(alice, bob)
batches(alice)
trading(alice, bob)
after_trading(alice)
margin(alice)
conditional_orders(alice, bob)
brackets(alice, bob)
errors(alice, bob)
print("all of it")
