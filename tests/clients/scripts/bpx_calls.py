"""The calls of bpx-py, written once for its synchronous and its asynchronous side.

bpx-py does not look at the HTTP status: an error is the parsed body, or its text. `call` awaits where there is
something to await.
"""

import inspect
import time


async def call(result):
    return await result if inspect.isawaitable(result) else result


def require_error(reply, code: str, text: str) -> None:
    assert isinstance(reply, dict) and reply.get("code") == code and text in reply["message"], reply


async def public_calls(public, symbol: str) -> None:
    assert (await call(public.get_status())) == {"message": None, "status": "Ok"}
    assert await call(public.get_ping()) == "pong"
    assert abs(int(await call(public.get_time())) - time.time() * 1000) < 5_000
    assert {"USDC", "SOL", "BTC"} <= {asset["symbol"] for asset in await call(public.get_assets())}
    markets = {market["symbol"]: market for market in await call(public.get_markets())}
    assert markets[symbol]["marketType"] == "SPOT" and markets[symbol]["orderBookState"] == "Open"
    assert "lastUpdateId" in await call(public.get_depth(symbol))


async def order_calls(alice, public, symbol: str, price: str) -> None:
    placed = await call(
        alice.execute_order(
            symbol=symbol, side="Bid", order_type="Limit", price=price, quantity="0.01", time_in_force="GTC",
            client_id=77, post_only=True, self_trade_prevention="RejectTaker",
        )
    )  # fmt: skip
    assert placed["status"] == "New" and placed["clientId"] == 77 and placed["price"] == price, placed
    assert isinstance(placed["id"], str) and isinstance(placed["createdAt"], int), placed
    by_id = await call(alice.get_open_order(symbol, order_id=placed["id"]))
    by_client_id = await call(alice.get_open_order(symbol, client_id=77))
    assert by_id == by_client_id and by_id["id"] == placed["id"], (by_id, by_client_id)
    for listed in (
        await call(alice.get_open_orders(symbol=symbol)),
        await call(alice.get_open_orders(market_type="SPOT")),
    ):
        assert [order["id"] for order in listed] == [placed["id"]], listed
    depth = await call(public.get_depth(symbol))
    assert depth["bids"][-1] == [price, "0.01"], depth
    cancelled = await call(alice.cancel_order(symbol, client_id=77))
    assert cancelled["status"] == "Cancelled" and cancelled["id"] == placed["id"], cancelled
    await call(alice.execute_order(symbol, "Bid", "Limit", price=price, quantity="0.01"))
    ended = await call(alice.cancel_all_orders(symbol))
    assert [order["status"] for order in ended] == ["Cancelled"], ended
    assert await call(alice.get_open_orders(symbol=symbol)) == []


async def trade_calls(alice, bob, public, symbol: str, price: str) -> None:
    base = symbol.split("_")[0]
    before = await call(alice.get_balances())
    await call(bob.execute_order(symbol, "Ask", "Limit", price=price, quantity="0.5"))
    bought = await call(alice.execute_order(symbol, "Bid", "Market", quantity="0.1"))
    assert bought["status"] == "Filled" and bought["executedQuantity"] == "0.1", bought
    spent = await call(alice.execute_order(symbol, "Bid", "Market", quote_quantity=price))
    assert spent["status"] == "Expired" or spent["executedQuantity"] != "0", spent
    after = await call(alice.get_balances())
    assert float(after[base]["available"]) > float(before[base]["available"]), (before[base], after[base])
    fills = await call(alice.get_fill_history(symbol=symbol, limit=10))
    own = [fill for fill in fills if fill["orderId"] == bought["id"]]
    assert own and own[0]["quantity"] == "0.1" and own[0]["feeSymbol"] == base and not own[0]["isMaker"], fills
    window = await call(alice.get_fill_history(symbol=symbol, from_=1, to=int(time.time() * 1000) + 60_000))
    assert {fill["tradeId"] for fill in fills} <= {fill["tradeId"] for fill in window}
    history = await call(alice.get_order_history(symbol=symbol, order_id=bought["id"]))
    assert [order["status"] for order in history] == ["Filled"], history
    await call(bob.cancel_all_orders(symbol))
    ticker = await call(public.get_ticker(symbol))
    assert ticker["lastPrice"] == price, ticker
    assert symbol in {row["symbol"] for row in await call(public.get_tickers())}
    recent = await call(public.get_recent_trades(symbol, 5))
    assert recent[0]["price"] == price and isinstance(recent[0]["id"], int), recent
    assert (await call(public.get_history_trades(symbol, 5, 0)))[0]["id"] == recent[0]["id"]
    candles = await call(public.get_klines(symbol, "1m", int(time.time()) - 120, int(time.time()) + 60))
    assert any(candle["close"] == price for candle in candles), candles


async def account_calls(alice, symbol: str, price: str) -> None:
    account = await call(alice.get_account())
    assert account["spotMakerFee"] and account["limitOrders"] == 0, account
    most = await call(alice.get_max_order_quantity(symbol, "Bid", price=price))
    assert float(most["maxOrderQuantity"]) > 0, most
    deposits = await call(alice.get_deposits())
    assert {"USDC", "BTC"} <= {deposit["symbol"] for deposit in deposits}, deposits
    assert await call(alice.get_withdrawals()) == []


async def error_calls(alice, forged, symbol: str, price: str, unaffordable: str) -> None:
    require_error(await call(alice.get_open_order(symbol, order_id="999999999")), "RESOURCE_NOT_FOUND", "Not Found")
    require_error(await call(alice.cancel_order(symbol, order_id="999999999")), "RESOURCE_NOT_FOUND", "Not Found")
    too_much = await call(alice.execute_order(symbol, "Bid", "Limit", price=price, quantity=unaffordable))
    require_error(too_much, "INSUFFICIENT_FUNDS", "USDC")
    too_fine = await call(alice.execute_order(symbol, "Bid", "Limit", price=price + ".1234567", quantity="0.01"))
    require_error(too_fine, "INVALID_CLIENT_REQUEST", "decimal too long")
    too_high = await call(alice.execute_order(symbol, "Bid", "Limit", price=price + "00", quantity="0.01"))
    require_error(too_high, "INVALID_PRICE", "too far")
    require_error(await call(forged.get_balances()), "INVALID_CLIENT_REQUEST", "Invalid signature")
    unknown = await call(alice.execute_order("NOPE_USDC", "Bid", "Limit", price=price, quantity="0.01"))
    assert "Invalid market symbol" in str(unknown), unknown
    assert "404" in str(await call(alice.get_borrow_lend_positions())), "what is not served is absent"
