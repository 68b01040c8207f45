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


async def trigger_calls(alice, symbol: str, below: str, price: str) -> None:
    """Orders that wait; this client wants a quantity beside the one of the trigger, and sends both."""
    lower = str(int(below) - 1)
    size = {"quantity": "0.1", "trigger_quantity": "0.1"}
    waiting = await call(alice.execute_order(symbol, "Ask", "Market", trigger_price=below, client_id=78, **size))
    assert waiting["status"] == "TriggerPending" and waiting["triggerPrice"] == below, waiting
    assert waiting["quantity"] == "0" and waiting["triggerQuantity"] == "0.1", waiting
    assert (await call(alice.get_open_order(symbol, client_id=78)))["id"] == waiting["id"]
    assert (await call(alice.get_account()))["triggerOrders"] == 1
    assert (await call(alice.cancel_order(symbol, order_id=waiting["id"])))["status"] == "Cancelled"
    history = await call(alice.get_order_history(symbol=symbol, order_id=waiting["id"]))
    assert [(row["status"], row["triggerQuantity"]) for row in history] == [("Cancelled", "0.1")], history
    attached = {"take_profit_trigger_price": price, "stop_loss_trigger_price": lower, "stop_loss_limit_price": lower}
    order = await call(alice.execute_order(symbol, "Bid", "Limit", price=below, quantity="0.1", **attached))
    assert order["takeProfitTriggerPrice"] == price and order["stopLossLimitPrice"] == lower, order
    listed = await call(alice.get_open_orders(symbol=symbol))
    assert [row["relatedOrderId"] for row in listed] == [None, order["id"], order["id"]], listed
    ended = await call(alice.cancel_all_orders(symbol))
    assert [row["status"] for row in ended] == ["Cancelled"] * 3, ended
    half = await call(alice.execute_order(symbol, "Ask", "Market", trigger_price=below, quantity="0.1"))
    require_error(half, "INVALID_CLIENT_REQUEST", "Must specify both `triggerPrice` and `triggerQuantity`")


async def account_calls(alice, symbol: str, price: str) -> None:
    account = await call(alice.get_account())
    assert account["spotMakerFee"] and account["limitOrders"] == 0, account
    most = await call(alice.get_max_order_quantity(symbol, "Bid", price=price))
    assert float(most["maxOrderQuantity"]) > 0, most
    deposits = await call(alice.get_deposits())
    assert {"USDC", "BTC"} <= {deposit["symbol"] for deposit in deposits}, deposits
    assert await call(alice.get_withdrawals()) == []


async def margin_calls(alice, bob, public, asset: str, yes: bool | str = True) -> None:
    """Borrow against collateral, look at it from every side, and pay it back; ``yes`` is a flag in a query."""
    parameters = {row["symbol"]: row for row in await call(public.get_collateral())}
    assert parameters["USDC"]["haircutFunction"] == {"weight": "1", "kind": {"type": "identity"}}, parameters
    assert parameters[asset]["imfFunction"]["type"] == "sqrt", parameters
    pools = {row["symbol"]: row for row in await call(public.get_borrow_lend_markets())}
    assert pools[asset]["state"] == "Open" and float(pools[asset]["lentQuantity"]) >= 50, pools
    assert isinstance(await call(public.get_borrow_lend_market_history("1d", asset)), list)
    assert not await call(alice.update_account(auto_borrow_settlements=True, leverage_limit="7"))
    account = await call(alice.get_account())
    assert account["leverageLimit"] == "7" and account["autoBorrowSettlements"] is True, account
    most = await call(alice.get_max_borrow_quantity(asset))
    assert float(most["maxBorrowQuantity"]) > 0.5 and most["symbol"] == asset, most
    before = await call(alice.get_balances())
    assert not await call(alice.execute_borrow_lend("0.5", "Borrow", asset))
    (position,) = await call(alice.get_borrow_lend_positions())
    assert position["symbol"] == asset and -0.51 < float(position["netQuantity"]) < -0.5, position
    assert float(position["netExposureNotional"]) > 0, position
    assert position["estLiquidationPrice"] == "0", "who has more of an asset than he owes fears no rise of it"
    borrowed = await call(alice.get_balances())
    assert abs(float(borrowed[asset]["available"]) - float(before[asset]["available"]) - 0.5) < 1e-9
    sums = await call(alice.get_collateral())
    rows = {row["symbol"]: row for row in sums["collateral"]}
    assert float(sums["marginFraction"]) > float(sums["imf"]) > float(sums["mmf"]) > 0, sums
    assert float(rows[asset]["totalQuantity"]) == float(borrowed[asset]["available"]), rows
    less = await call(alice.get_max_withdrawal_quantity("USDC"))
    more = await call(alice.get_max_withdrawal_quantity("USDC", auto_borrow=yes, auto_lend_redeem=yes))
    assert 0 < float(less["maxWithdrawalQuantity"]) < float(more["maxWithdrawalQuantity"]), (less, more)
    order = {"symbol": f"{asset}_USDC", "side": "Bid", "price": "90000"}
    plain = await call(alice.get_max_order_quantity(**order))
    levered = await call(alice.get_max_order_quantity(**order, auto_borrow=yes))
    assert levered["autoBorrow"] is True, levered
    assert float(levered["maxOrderQuantity"]) > float(plain["maxOrderQuantity"]) > 1, (plain, levered)
    too_much = await call(alice.execute_borrow_lend("1000000", "Borrow", asset))
    require_error(too_much, "INSUFFICIENT_SUPPLY", asset)
    assert not await call(alice.execute_borrow_lend("1", "Lend", asset)), "more than is owed pays it all"
    assert await call(alice.get_borrow_lend_positions()) == []
    history = await call(alice.get_borrow_history(symbol=asset, limit=2))
    assert [row["eventType"] for row in history] == ["BorrowRepay", "Borrow"], history
    assert {row["positionId"] for row in history} == {position["id"]} and history[0]["positionQuantity"] == "0"
    interest = await call(alice.get_interest_history(asset=asset, position_id=position["id"]))
    assert interest[-1]["paymentType"] == "EntryFee" and float(interest[-1]["quantity"]) > 0, interest
    assert not await call(bob.execute_borrow_lend("0.25", "Lend", asset))
    (lent,) = await call(bob.get_borrow_lend_positions())
    assert 0.24999998 < float(lent["netQuantity"]) <= 0.25 and lent["netExposureNotional"] == "0", lent
    assert not await call(bob.execute_borrow_lend("0.25", "Borrow", asset))
    assert await call(bob.get_borrow_lend_positions()) == []


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
    assert await call(alice.get_open_positions()) == []
    assert "404" in str(await call(alice.get_deposit_address("Solana"))), "what is not served is absent"
