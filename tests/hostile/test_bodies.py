"""Requests that cannot be read, and orders that cannot be."""

import json
from typing import Any

import pytest
from tests.hostile.target import Target, assert_refused

ORDER = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "50", "quantity": "0.01"}
ONE = json.dumps(ORDER).encode()


def post(target: Target, body: bytes, pairs: dict[str, Any], path: str = "/api/v1/order") -> Any:
    """Post bytes under a signature over some fields."""
    return target.client.post(path, headers=target.alice.headers("orderExecute", [pairs]), content=body)


@pytest.fixture(autouse=True)
def nothing_half_done(target: Target) -> Any:
    """No test here may leave an order, or take one away."""
    yield
    assert target.open_orders(target.alice) == []
    assert target.open_orders(target.bob) == []


@pytest.mark.parametrize(
    "body",
    [
        *(ONE[:length] for length in range(1, len(ONE), 7)),
        b"null",
        b"[]",
        b'"order"',
        b"12",
        b"{} {}",
        ONE + b"x",
        b"\xef\xbb\xbf" + ONE,
        ONE.decode().encode("utf-16"),
        b"\x00" * 64,
        b'{"symbol":"\\ud800"}',
        b'{"symbol":"\xff\xfe"}',
        b'{"\xff":1}',
        b'{"price":NaN}',
        b'{"price":Infinity}',
        b'{"price":01}',
        b'{"price":+1}',
        b"{'price':1}",
        b'{"price":1,}',
        b'{"a":' + b"[" * 30_000,
        b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    ],
    ids=lambda body: ascii(body[:24]) + str(len(body)),
)
def test_body_that_is_no_object_is_refused(target: Target, body: bytes) -> None:
    assert_refused(post(target, body, {}), 400, message="parse request payload error: ")


WRONG: list[tuple[str, Any, str]] = [
    *(
        (field, value, "")
        for field in ("price", "quantity")
        for value in (
            "0", "-1", "-0", "1e400", "1e-9", "NaN", "Infinity", "", " ", " 1", "1 ", "+1", "0x10", "1_000", "1,5",
            "٣", "１", "1.2.3", ".5", "5.", "9" * 41, "9" * 39, str(2**63), str(2**64), "0." + "0" * 30 + "1",
            "1\u0000", "1; DROP TABLE orders", [], {}, [1], True, "null1", -1, 0, 10**30, "0.0000000001", "1\n",
        )
    ),
    ("symbol", True, "Expected `str`"),
    ("price", "50.001", "Price decimal too long"),
    ("quantity", "0.001", "Quantity decimal too long"),
    *(("symbol", value, "Invalid market symbol") for value in (
        "sol_usdc", "SOL_USDC ", "SOL-USDC", "BTC_USDC_PERP", "", "../../etc/passwd", "SOL_USDC\u0000", "ЅOL_USDC",
        "SOL＿USDC", "' OR 1=1 --", "<script>", "x" * 10_000, 7, [],
    )),
    *(("side", value, "Expect a valid enumeration value.") for value in ("bid", "BID", "", "Bid ", 0, [], "Buy")),
    *(("orderType", value, "Expect a valid enumeration value.") for value in ("limit", "StopLimit", 1, {})),
    *(("timeInForce", value, "Expect a valid enumeration value.") for value in ("gtc", "DAY", 0)),
    *(("clientId", value, "integer(uint32)") for value in (-1, 2**32, 1.5, "abc", "1e400", [], {}, True, 10**400)),
    *(("postOnly", value, "boolean") for value in ("perhaps", 2, [], {})),
    *(("triggerPrice", value, "triggerQuantity") for value in ("1", 1)),
    ("quoteQuantity", "1", "neither"),
    ("slippageTolerance", "1", "neither"),
    ("reduceOnly", True, "no position to reduce"),
    ("autoBorrow", "perhaps", "boolean"),
    ("triggerBy", "MarkPrice", "goes with `triggerPrice`"),
    *(("stopLossTriggerPrice", value, "price") for value in ("0", "-1", "1e2", "abc", "9" * 30)),
    ("takeProfitTriggerBy", "MarkPrice", "go with `takeProfitTriggerPrice`"),
    ("stopLossLimitPrice", "1", "stopLossTriggerPrice"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value", "message"), WRONG, ids=lambda value: ascii(value)[:24])
def test_order_with_a_wrong_value_is_refused(target: Target, field: str, value: Any, message: str) -> None:
    body = ORDER | {field: value}
    signed = {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}
    answer = post(target, json.dumps(body).encode(), signed)
    assert_refused(answer, 400, message=message)
    assert "signature" not in answer.text


@pytest.mark.parametrize("field", ["symbol", "side", "orderType", "price", "quantity"])
@pytest.mark.parametrize("how", ["missing", "null"])
def test_order_without_a_field_is_refused(target: Target, field: str, how: str) -> None:
    body: dict[str, Any] = {name: value for name, value in ORDER.items() if name != field}
    if how == "null":
        body[field] = None
    assert_refused(target.alice.order(target.client, **body), 400)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"price": "2000000", "quantity": "100"}, "INSUFFICIENT_FUNDS"),
        ({"price": "2814749767106.55", "quantity": "2814749767.55"}, ""),
        ({"quantity": "46116860184"}, ""),
        ({"side": "Ask", "price": "1000", "quantity": "46116860184"}, ""),
        ({"orderType": "Market"}, "INVALID_ORDER"),
        ({"postOnly": True, "timeInForce": "IOC"}, "INVALID_ORDER"),
    ],
)
def test_order_beyond_means_or_sense_is_refused(target: Target, fields: dict[str, Any], code: str) -> None:
    assert_refused(target.alice.order(target.client, **(ORDER | fields)), 400, code)


@pytest.mark.parametrize("count", [0, 51, 200])
def test_batch_of_a_wrong_size_is_refused_whole(target: Target, count: int) -> None:
    answer = target.alice.send(target.client, "POST", "/api/v1/orders", "orderExecute", [ORDER] * count)
    assert_refused(answer, 400, "INVALID_CLIENT_REQUEST")


def test_batch_over_the_largest_body_is_refused_whole(target: Target) -> None:
    answer = target.alice.send(target.client, "POST", "/api/v1/orders", "orderExecute", [ORDER] * 1_000)
    assert_refused(answer, 413, "INVALID_CLIENT_REQUEST", "65536 bytes")


def test_batch_of_good_and_bad_has_a_result_each_in_order(target: Target) -> None:
    bad = [{"price": "0"}, {"symbol": "NO_SUCH"}, {"quantity": "999999999"}, {"price": "50.001"}]
    orders = [piece for fields in bad for piece in (ORDER | fields, ORDER)]
    results = target.alice.send(target.client, "POST", "/api/v1/orders", "orderExecute", orders).json()
    assert [result["operation"] for result in results] == ["Err", "Ok"] * 4
    assert all(result["code"] and result["message"] for result in results[::2])
    body = {"symbol": "SOL_USDC"}
    cancelled = target.alice.send(target.client, "DELETE", "/api/v1/orders", "orderCancelAll", body).json()
    assert sorted(order["id"] for order in cancelled) == sorted(result["id"] for result in results[1::2])


def test_batch_with_an_element_that_cannot_be_read_places_none(target: Target) -> None:
    orders = [ORDER, ORDER | {"side": "Buy"}]
    assert_refused(target.alice.send(target.client, "POST", "/api/v1/orders", "orderExecute", orders), 400)


@pytest.mark.parametrize("body", [b"[1]", b"[null]", b"[[]]", ONE, b"[" * 30_000])
def test_batch_that_is_no_list_of_objects_is_refused(target: Target, body: bytes) -> None:
    assert_refused(post(target, body, {}, "/api/v1/orders"), 400, message="parse request payload error: ")


def test_many_orders_of_one_client_id_are_told_apart(target: Target) -> None:
    ids = [target.alice.order(target.client, **ORDER, clientId=7).json()["id"] for _ in range(3)]
    for expected in reversed(ids):
        body = {"symbol": "SOL_USDC", "clientId": 7}
        answer = target.alice.send(target.client, "DELETE", "/api/v1/order", "orderCancel", body)
        assert answer.json()["id"] == expected
    assert_refused(target.alice.send(target.client, "DELETE", "/api/v1/order", "orderCancel", body), 404)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"orderId": "1", "clientId": 1},
        {"orderId": "-1"},
        {"orderId": "1e3"},
        {"orderId": "٣"},
        {"orderId": ""},
        {"orderId": "9" * 21},
        {"orderId": "' OR 1=1"},
        {"clientId": "' OR 1=1"},
    ],
)
@pytest.mark.parametrize("call", ["get", "cancel", "amend"])
def test_order_named_wrongly_is_refused(target: Target, call: str, fields: dict[str, Any]) -> None:
    assert_refused(find(target, target.alice, call, fields), 400)


@pytest.mark.parametrize("order", ["1", "0", "18446744073709551615", "9" * 20])
@pytest.mark.parametrize("call", ["get", "cancel", "amend"])
def test_order_that_never_was_is_not_found(target: Target, call: str, order: str) -> None:
    assert_refused(find(target, target.alice, call, {"orderId": order}), 404, "RESOURCE_NOT_FOUND")


@pytest.mark.parametrize("call", ["get", "cancel", "amend"])
def test_order_of_another_is_as_one_that_never_was(target: Target, call: str) -> None:
    order = target.bob.order(target.client, **ORDER, clientId=9).json()
    for fields in ({"orderId": order["id"]}, {"clientId": 9}):
        answer = find(target, target.alice, call, fields)
        assert_refused(answer, 404, "RESOURCE_NOT_FOUND", "Not Found")
    (standing,) = target.open_orders(target.bob)
    assert standing == order
    assert find(target, target.bob, "cancel", {"orderId": order["id"]}).status_code == 200


def find(target: Target, signer: Any, call: str, fields: dict[str, Any]) -> Any:
    """Look an order up, cancel it or amend it."""
    fields = {"symbol": "SOL_USDC"} | fields
    if call == "get":
        return signer.get(target.client, "/api/v1/order", "orderQuery", **fields)
    if call == "cancel":
        return signer.send(target.client, "DELETE", "/api/v1/order", "orderCancel", fields)
    return signer.send(target.client, "PATCH", "/ringfence/v1/order", "orderAmend", fields | {"price": "49"})


@pytest.mark.parametrize(
    "query",
    [
        "symbol=sol_usdc", "symbol=", "", "symbol", "symbol=SOL_USDC%00", "symbol=%FF%FE", "symbol=SOL_USDC&limit=7",
        "symbol=SOL_USDC&limit=-5", "symbol=SOL_USDC&limit=1e400", "symbol=SOL_USDC&limit=5;limit=10",
        "symbol[]=SOL_USDC", "symbol=../../../etc/passwd", "symbol=SOL_USDC'--", "&&&&=&=", "symbol=" + "A" * 8_000,
        "&".join(f"a{n}=1" for n in range(1_500)),
    ],
)  # fmt: skip
def test_query_that_makes_no_sense_is_refused(target: Target, query: str) -> None:
    assert_refused(target.client.get(f"/api/v1/depth?{query}"), 400)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("klines", "symbol=SOL_USDC&interval=1s&startTime=8796093022209"),
        ("klines", "symbol=SOL_USDC&interval=1s&startTime=-1"),
        ("klines", "symbol=SOL_USDC&interval=2s&startTime=0"),
        ("klines", "symbol=SOL_USDC&interval=1m&startTime=10&endTime=9"),
        ("trades", "symbol=SOL_USDC&limit=1001"),
        ("trades/history", "symbol=SOL_USDC&offset=9007199254740993"),
        ("trades/history", "symbol=SOL_USDC&offset=-1"),
        ("ticker", "symbol=SOL_USDC&interval=1y"),
        ("markets", "marketType=FUTURE"),
    ],
)
def test_market_data_out_of_bounds_is_refused(target: Target, path: str, query: str) -> None:
    assert_refused(target.client.get(f"/api/v1/{path}?{query}"), 400)


@pytest.mark.parametrize("start", [0, 1, 2**43])
@pytest.mark.parametrize("interval", ["1s", "1month"])
def test_klines_of_the_remotest_times_are_answered(target: Target, interval: str, start: int) -> None:
    for end in ("", f"&endTime={2**43}"):
        query = f"symbol=SOL_USDC&interval={interval}&startTime={start}{end}"
        answer = target.client.get(f"/api/v1/klines?{query}")
        assert answer.status_code == 200, answer.text
        assert len(answer.json()) <= 1_000


@pytest.mark.parametrize(
    ("path", "instruction"),
    [
        ("/wapi/v1/history/orders", "orderHistoryQueryAll"),
        ("/wapi/v1/history/fills", "fillHistoryQueryAll"),
        ("/wapi/v1/capital/deposits", "depositQueryAll"),
        ("/wapi/v1/capital/withdrawals", "withdrawalQueryAll"),
    ],
)
def test_history_of_the_remotest_pages_is_answered(target: Target, path: str, instruction: str) -> None:
    largest = {"offset": 2**53, "limit": 1_000, "from": 2**53, "to": 2**53}
    assert target.alice.get(target.client, path, instruction, **largest).json() == []
    for wrong in ({"offset": -1}, {"limit": 0}, {"limit": 1_001}, {"offset": 2**64}, {"limit": "1; DROP TABLE fills"}):
        assert_refused(target.alice.get(target.client, path, instruction, **wrong), 400)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"toAccount": 66}, "FORBIDDEN"),
        ({"toAccount": 64}, ""),
        ({"toAccount": 1}, "RESOURCE_NOT_FOUND"),
        ({"toAccount": 2**31 - 1}, "RESOURCE_NOT_FOUND"),
        ({"toAccount": 2**31}, ""),
        ({"toAccount": 2**32 - 1}, ""),
        ({"toAccount": -1}, ""),
        ({"quantity": "-1"}, ""),
        ({"quantity": "99999999"}, "INSUFFICIENT_FUNDS"),
        ({"symbol": "usdc"}, "INVALID_ASSET"),
        ({"symbol": "<b>" * 100}, "INVALID_ASSET"),
    ],
)
def test_transfer_that_may_not_be_is_refused(target: Target, fields: dict[str, Any], code: str) -> None:
    body = {"symbol": "USDC", "quantity": "1", "toAccount": 65} | fields
    answer = target.alice.send(target.client, "POST", "/ringfence/v1/transfer", "transfer", body)
    assert_refused(answer, {"RESOURCE_NOT_FOUND": 404, "FORBIDDEN": 403}.get(code, 400), code)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/../../etc/passwd", 404),
        ("GET", "/api/v1/%2e%2e/%2e%2e/etc/passwd", 404),
        ("GET", "/api/v1/depth/", 404),
        ("GET", "//api/v1/depth", 404),
        ("GET", "/API/V1/DEPTH", 404),
        ("GET", "/api/v1/depth%00", 404),
        ("GET", "/api/v1/depth%2F..", 404),
        ("GET", "/static/../identity.sqlite", 404),
        ("PUT", "/api/v1/order", 405),
        ("POST", "/api/v1/depth", 405),
        ("TRACE", "/api/v1/depth", 405),
        ("OPTIONS", "/api/v1/order", 405),
        ("PROPFIND", "/", 405),
        ("POST", "/", 405),
    ],
)
def test_path_or_method_that_is_not_served_is_refused(target: Target, method: str, path: str, status: int) -> None:
    answer = target.raw(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert b"not found" in answer or b"not allowed" in answer
    assert status != 405 or b"\r\nallow: " in answer.lower()
