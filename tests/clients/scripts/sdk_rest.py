"""backpack-exchange-sdk, REST: every spot and margin method once, and its error classes. Market: GLXY.US_USDC."""

import base64
import json
import sys
import time

from backpack_exchange_sdk import AuthenticationClient, PublicClient
from backpack_exchange_sdk._base import errors

VENUE = json.loads(sys.argv[1])
SYMBOL = "GLXY.US_USDC"
BASE = VENUE["rest"] + "/"


def client(name: str, secret_of: str = "") -> AuthenticationClient:
    users = VENUE["users"]
    return AuthenticationClient(users[name]["apiKey"], users[secret_of or name]["apiSecret"], base_url=BASE)


def raises(kind: type[Exception], text: str, call, *arguments, **named) -> None:
    """Require that a call raises exactly this class with this text."""
    caught = None
    try:
        call(*arguments, **named)
    except errors.BackpackAPIError as error:
        caught = error
    assert type(caught) is kind, f"{caught!r} where {kind.__name__} was expected"
    assert text in str(caught), caught


def public_calls(public: PublicClient) -> None:
    assert public.get_status() == {"message": None, "status": "Ok"}
    assert public.send_ping() == "pong"
    assert abs(int(public.get_system_time()) - time.time() * 1000) < 5_000
    assert "GLXY.US" in {asset["symbol"] for asset in public.get_assets()}
    markets = {market["symbol"]: market for market in public.get_markets()}
    assert markets[SYMBOL] == public.get_market(SYMBOL)
    assert markets[SYMBOL]["filters"]["price"]["tickSize"] == "0.01" and markets[SYMBOL]["visible"] is True
    assert public.get_depth(SYMBOL)["bids"] == []


def order_calls(alice: AuthenticationClient) -> None:
    placed = alice.execute_order("Limit", "Bid", SYMBOL, price="28", quantity="3", timeInForce="GTC", clientId=99)
    assert placed["status"] == "New" and placed["postOnly"] is False and placed["clientId"] == 99, placed
    assert alice.get_users_open_orders(SYMBOL, orderId=placed["id"])["id"] == placed["id"]
    assert alice.get_users_open_orders(SYMBOL, clientId=99)["id"] == placed["id"]
    assert [order["id"] for order in alice.get_open_orders(SYMBOL)] == [placed["id"]]
    assert alice.cancel_open_order(SYMBOL, orderId=placed["id"])["status"] == "Cancelled"
    batch = alice.execute_batch_orders(
        [
            {"symbol": SYMBOL, "side": "Bid", "orderType": "Limit", "price": "27", "quantity": "1"},
            {"symbol": SYMBOL, "side": "Bid", "orderType": "Limit", "price": "27.001", "quantity": "1"},
            {"symbol": SYMBOL, "side": "Bid", "orderType": "Limit", "price": "26", "quantity": "1", "clientId": 5},
        ]
    )
    assert [one["operation"] for one in batch] == ["Ok", "Err", "Ok"], batch
    assert "Price decimal too long" in batch[1]["message"], batch
    ended = alice.cancel_open_orders(SYMBOL)
    assert {order["id"] for order in ended} == {batch[0]["id"], batch[2]["id"]}, ended


def trade_calls(alice: AuthenticationClient, bob: AuthenticationClient, public: PublicClient) -> None:
    bob.execute_order("Limit", "Ask", SYMBOL, price="30", quantity="10", timeInForce="GTC")
    bought = alice.execute_order("Market", "Bid", SYMBOL, quantity="2")
    assert bought["status"] == "Filled" and bought["executedQuoteQuantity"] == "60", bought
    spent = alice.execute_order("Market", "Bid", SYMBOL, quoteQuantity="45")
    assert spent["executedQuantity"] == "1.5", spent
    now_ms = int(time.time() * 1000)
    fills = alice.get_fill_history(symbol=SYMBOL, toTimestamp=now_ms + 60_000, fromTimestamp=now_ms - 600_000)
    assert {fill["orderId"] for fill in fills} == {bought["id"], spent["id"]}, fills
    assert fills[-1]["fee"] == "0.001" and fills[-1]["feeSymbol"] == "GLXY.US", fills
    assert alice.get_fill_history(orderId=bought["id"])[0]["price"] == "30"
    ascending = alice.get_order_history(symbol=SYMBOL, sortDirection="Asc")
    assert [int(order["id"]) for order in ascending] == sorted(int(order["id"]) for order in ascending)
    assert alice.get_order_history(orderId=bought["id"])[0]["status"] == "Filled"
    bob.cancel_open_orders(SYMBOL)
    assert public.get_ticker(SYMBOL)["lastPrice"] == "30"
    assert SYMBOL in {ticker["symbol"] for ticker in public.get_tickers()}
    assert public.get_recent_trades(SYMBOL, 10)[0]["price"] == "30"
    assert len(public.get_historical_trades(SYMBOL, 10, 0)) == 2
    candles = public.get_klines(SYMBOL, "1h", int(time.time()) - 7_200)
    assert sum(float(candle["volume"]) for candle in candles) == 3.5, candles


def trigger_calls(alice: AuthenticationClient) -> None:
    """Orders that wait: a percentage of what there is to sell, and a pair that is attached."""
    waiting = alice.execute_order(
        "Market", "Ask", SYMBOL, triggerPrice="25", triggerQuantity="50%", triggerBy="LastPrice", clientId=98
    )
    assert waiting["status"] == "TriggerPending" and waiting["triggerQuantity"] == "50%", waiting
    attached = {"takeProfitTriggerPrice": "35", "takeProfitTriggerBy": "LastPrice", "stopLossTriggerPrice": "24"}
    order = alice.execute_order("Limit", "Bid", SYMBOL, price="28", quantity="3", timeInForce="GTC", **attached)
    assert {name: order[name] for name in attached} == attached, order
    assert len(alice.get_open_orders(SYMBOL)) == 4 and alice.get_account()["triggerOrders"] == 3
    ended = alice.cancel_open_orders(SYMBOL, "ConditionalOrder")
    assert [row["triggerPrice"] for row in ended] == ["25", "35", "24"], ended
    ended = alice.cancel_open_orders(SYMBOL, "RestingLimitOrder")
    assert [row["id"] for row in ended] == [order["id"]], ended
    raises(
        errors.BackpackInvalidRequestError, "wrong side", alice.execute_order,
        "Limit", "Bid", SYMBOL, price="28", quantity="3", timeInForce="GTC", stopLossTriggerPrice="29",
    )  # fmt: skip


def account_calls(alice: AuthenticationClient) -> None:
    balances = alice.get_balances()
    assert balances["GLXY.US"] == {"available": "1003.49825", "locked": "0", "staked": "0"}, balances["GLXY.US"]
    assert alice.get_account()["spotTakerFee"], alice.get_account()
    assert float(alice.get_max_order_quantity(SYMBOL, "Bid", price="28")["maxOrderQuantity"]) > 0
    assert len(alice.get_deposits()) >= 7
    assert alice.get_withdrawals() == []


def error_calls(alice: AuthenticationClient) -> None:
    raises(errors.BackpackNotFoundError, "Not Found", alice.get_users_open_orders, SYMBOL, orderId="999999999")
    raises(errors.BackpackNotFoundError, "Not Found", alice.cancel_open_order, SYMBOL, orderId="999999999")
    limit = {"orderType": "Limit", "side": "Bid", "symbol": SYMBOL}
    raises(errors.BackpackInsufficientFundsError, "USDC", alice.execute_order, **limit, price="30", quantity="999999")
    raises(errors.BackpackInvalidRequestError, "too far", alice.execute_order, **limit, price="300", quantity="1")
    raises(
        errors.BackpackInvalidRequestError, "Price decimal", alice.execute_order, **limit, price="1.001", quantity="1"
    )
    raises(errors.BackpackInvalidRequestError, "Invalid signature", client("alice", "bob").get_balances)
    assert alice.get_open_positions() == []
    raises(errors.BackpackAPIError, "404", alice.get_deposit_address, "Solana")


def margin_calls(alice: AuthenticationClient, public: PublicClient) -> None:
    assert "USDC" in {row["symbol"] for row in public.get_collateral()}
    pools = {row["symbol"]: row for row in public.get_borrow_lend_markets()}
    assert pools["BTC"]["stepSize"] == "0.00000001" and float(pools["BTC"]["utilization"]) < 0.9, pools
    public.get_borrow_lend_market_history("1w", "BTC")
    thought = base64.b64encode(json.dumps({"quantity": "1", "side": "Borrow", "symbol": "BTC"}).encode()).decode()
    assert float(alice.get_estimated_liquidation_price(thought)["markPrice"]) > 0
    assert float(alice.get_max_borrow_quantity("BTC")["maxBorrowQuantity"]) > 1
    alice.execute_borrow_lend("1", "Borrow", "BTC")
    (position,) = alice.get_borrow_lend_positions()
    assert float(position["netQuantity"]) <= -1 and float(position["cumulativeInterest"]) > 0, position
    sums = alice.get_collateral()
    assert float(sums["borrowLiability"]) > 0 and float(sums["netEquityAvailable"]) > 0, sums
    assert float(alice.get_max_withdrawal_quantity("USDC", autoBorrow=True)["maxWithdrawalQuantity"]) > 0
    alice.update_account(autoRepayBorrows=True)
    assert alice.get_borrow_lend_positions() == [], "what can be repaid is, at once"
    alice.update_account(autoRepayBorrows=False)
    alice.update_account(autoLend=True, leverageLimit="5")
    account = alice.get_account()
    assert (account["autoLend"], account["autoRepayBorrows"], account["leverageLimit"]) == (True, False, "5"), account
    lent = {row["symbol"]: row["netQuantity"] for row in alice.get_borrow_lend_positions()}
    assert set(lent) == {"USDC", "SOL", "BTC", "ETH"} and alice.get_balances()["BTC"]["available"] == "0", lent
    raises(errors.BackpackAPIError, "lends by itself", alice.execute_borrow_lend, "1", "Borrow", "USDC")
    alice.update_account(autoLend=False)
    alice.update_account()
    for symbol in lent:
        alice.execute_borrow_lend("99999999", "Borrow", symbol)
    assert alice.get_borrow_lend_positions() == []
    history = alice.get_borrow_history(sources="AutoLend,AutoBorrowRepay", sortDirection="Asc")
    assert [row["eventType"] for row in history] == ["BorrowRepay"] + ["Lend"] * 4, history
    assert alice.get_interest_history(asset="BTC")[-1]["paymentType"] == "EntryFee"
    ended = alice.get_borrow_position_history(state="Closed", side="Borrow")
    assert ended[0]["positionId"] == position["id"] and ended[0]["quantity"] == "0", ended


alice, bob, public = client("alice"), client("bob"), PublicClient(base_url=BASE)
public_calls(public)
order_calls(alice)
trade_calls(alice, bob, public)
trigger_calls(alice)
account_calls(alice)
margin_calls(alice, public)
error_calls(alice)
print("all of it")
