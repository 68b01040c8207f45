"""Requests that are not signed, wrongly signed, or signed for something else."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from tests.api.venue import Signer
from tests.hostile.target import Target, assert_refused

from ringfence.api.rest import OPERATIONS

MALLORY = bytes(range(200, 232))
BALANCES = "/api/v1/capital"


def get(target: Target, headers: dict[str, str], path: str = BALANCES) -> Any:
    return target.client.get(path, headers=headers)


@pytest.mark.parametrize("missing", ["X-API-Key", "X-Signature", "X-Timestamp"])
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_request_without_a_header_is_not_authorized(target: Target, missing: str, how: str) -> None:
    headers = target.alice.headers("balanceQuery")
    del headers[missing]
    if how == "empty":
        headers[missing] = ""
    assert_refused(get(target, headers), 401, "UNAUTHORIZED", missing)


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("X-Signature", ["x", "====", "A" * 86, "A" * 90 + "==", "é" * 88, "A" * 8_000, "..", "-_" * 43 + "=="]),
        ("X-API-Key", ["x", "A" * 43, "A" * 42 + "==", "A" * 8_000, "é" * 44, "' OR 1=1 --", "../../keys"]),
        ("X-Timestamp", ["x", "-1", "1e12", "1.5", "9" * 17, "0x1", "1 2", "٣", "NaN", "+1", "1_0"]),
        ("X-Window", ["x", "0", "-1", "60001", "9" * 16, "9" * 17, "5000.0", "1e3", "NaN", "٣"]),
    ],
)
def test_header_that_cannot_be_read_is_refused(target: Target, header: str, values: list[str]) -> None:
    for value in values:
        headers: Any = target.alice.headers("balanceQuery") | {header: value}
        headers = {name: value.encode() for name, value in headers.items()}
        answer = get(target, headers)
        assert_refused(answer, 400, "", header)


@pytest.mark.parametrize("shift_ms", [-5_100, -3_600_000, 5_100, 3_600_000])
def test_request_outside_its_window_has_expired(target: Target, shift_ms: int) -> None:
    clock = target.alice.clock
    shifted = Signer(bytes(range(32)), lambda: clock() + shift_ms * 1_000)
    answer = get(target, shifted.headers("balanceQuery"))
    assert_refused(answer, 400, "INVALID_CLIENT_REQUEST", "Request has expired")


def test_key_that_is_not_registered_is_not_authorized(target: Target) -> None:
    assert_refused(get(target, Signer(MALLORY).headers("balanceQuery")), 401, "UNAUTHORIZED")
    weak = Signer(MALLORY)
    for raw in (bytes(32), b"\x01" + bytes(31), b"\xff" * 32):
        weak.key = base64.b64encode(raw).decode()
        assert_refused(get(target, weak.headers("balanceQuery")), 401, "UNAUTHORIZED")


def test_key_written_otherwise_is_not_that_key(target: Target) -> None:
    headers = target.alice.headers("balanceQuery")
    spare = headers["X-API-Key"][:-2] + chr(ord(headers["X-API-Key"][-2]) + 1) + "="
    assert base64.b64decode(spare) == base64.b64decode(headers["X-API-Key"])
    assert_refused(get(target, headers | {"X-API-Key": spare}), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("place", [0, 20, 43, 84])
def test_signature_with_another_letter_is_invalid(target: Target, place: int) -> None:
    headers = target.alice.headers("balanceQuery")
    text = headers["X-Signature"]
    changed = text[:place] + ("B" if text[place] == "A" else "A") + text[place + 1 :]
    assert_refused(get(target, headers | {"X-Signature": changed}), 400, "", "Invalid signature")


def test_signature_of_another_person_is_invalid(target: Target) -> None:
    headers = target.bob.headers("balanceQuery") | {"X-API-Key": target.alice.key}
    assert_refused(get(target, headers), 400, "", "Invalid signature")


def test_signature_of_another_request_is_invalid(target: Target) -> None:
    for instruction, path in [("accountQuery", BALANCES), ("balanceQuery", "/api/v1/account"), ("", BALANCES)]:
        assert_refused(get(target, target.alice.headers(instruction), path), 400, "", "Invalid signature")
    headers = target.alice.headers("balanceQuery")
    assert_refused(get(target, headers, BALANCES + "?more=1"), 400, "", "Invalid signature")
    assert_refused(get(target, headers | {"X-Window": "5001"}), 400, "", "Invalid signature")
    later = str(int(headers["X-Timestamp"]) + 1)
    assert_refused(get(target, headers | {"X-Timestamp": later}), 400, "", "Invalid signature")


def test_signature_that_is_sent_again_inside_its_window_is_taken(target: Target) -> None:
    headers = target.alice.headers("balanceQuery")
    assert [get(target, headers).status_code for _ in range(3)] == [200] * 3


def test_no_two_operations_share_an_instruction_but_orders_and_their_batch() -> None:
    signed = [(operation.instruction, operation.path) for operation in OPERATIONS if operation.instruction]
    twice = {pair for pair in signed if sum(other[0] == pair[0] for other in signed) > 1}
    assert twice == {("orderExecute", "/api/v1/order"), ("orderExecute", "/api/v1/orders")}


ORDER = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "50", "quantity": "0.01"}
NAMED = ORDER | {"clientId": "7"}
MARKET = {
    "symbol": "SOL_USDC",
    "side": "Ask",
    "orderType": "Market",
    "quantity": "0.01",
    "slippageTolerance": "1",
    "slippageToleranceType": "TickSize",
}


def replace(fields: dict[str, str], names: list[str], name: str, value: str) -> dict[str, str]:
    """Return fields whose canonical text is the same though two of them have become one."""
    assert all(name in fields for name in names)
    return {name: value for name, value in fields.items() if name not in names} | {name: value}


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        (MARKET, replace(MARKET, [*MARKET][4:], "slippageTolerance=1&slippageToleranceType", "TickSize")),
        (MARKET, replace(MARKET, [*MARKET][4:], "slippageTolerance", "1&slippageToleranceType=TickSize")),
        (NAMED, replace(NAMED, ["clientId", "orderType"], "clientId", "7&orderType=Limit")),
        (
            ORDER | {"triggerBy": "x", "zone": "1"},
            replace(ORDER | {"triggerBy": "x", "zone": "1"}, ["triggerBy", "zone"], "triggerBy", "x&zone=1"),
        ),
    ],
)  # fmt: skip
def test_signed_fields_run_together_into_one_are_not_what_was_signed(
    target: Target, signed: dict[str, str], sent: dict[str, str]
) -> None:
    headers = target.alice.headers("orderExecute", [signed])
    answer = target.client.post("/api/v1/order", headers=headers, content=json.dumps(sent))
    assert_refused(answer, 400, "INVALID_CLIENT_REQUEST", "Invalid signature")
    assert target.open_orders(target.alice) == []


def test_signed_field_moved_from_the_body_to_the_query_is_not_what_was_signed(target: Target) -> None:
    kept = target.alice.order(target.client, **ORDER).json()
    headers = target.alice.headers("orderCancelAll", [{"orderType": "ConditionalOrder", "symbol": "SOL_USDC"}])
    for path in ("/api/v1/orders?orderType=ConditionalOrder", "/api/v1/orders?orderType%3DConditionalOrder&symbol"):
        answer = target.client.request("DELETE", path, headers=headers, content='{"symbol":"SOL_USDC"}')
        assert_refused(answer, 400, "INVALID_CLIENT_REQUEST")
    assert [order["id"] for order in target.open_orders(target.alice)] == [kept["id"]]
    body = {"symbol": "SOL_USDC", "orderId": kept["id"]}
    assert target.alice.send(target.client, "DELETE", "/api/v1/order", "orderCancel", body).status_code == 200


def test_query_parameters_run_together_are_not_what_was_signed(target: Target) -> None:
    headers = target.alice.headers("fillHistoryQueryAll", [{"limit": "1", "offset": "1", "symbol": "SOL_USDC"}])
    for name in ("limit=1&offset", "offset=1&symbol"):
        rest = {"limit": "1", "offset": "1", "symbol": "SOL_USDC"}
        for part in [pair.split("=")[0] for pair in name.split("&")]:
            value = rest.pop(part)
        query = "&".join([f"{quote(name, safe='')}={value}", *(f"{key}={text}" for key, text in rest.items())])
        assert_refused(get(target, headers, f"/wapi/v1/history/fills?{query}"), 400)


def test_batch_and_single_order_are_not_taken_for_each_other_with_other_orders(target: Target) -> None:
    headers = target.alice.headers("orderExecute", [ORDER, ORDER])
    answer = target.client.post("/api/v1/order", headers=headers, content=json.dumps(ORDER))
    assert_refused(answer, 400, "", "Invalid signature")
    answer = target.client.post("/api/v1/orders", headers=headers, content=json.dumps([ORDER]))
    assert_refused(answer, 400, "", "Invalid signature")
    answer = target.client.post("/api/v1/orders", headers=headers, content=json.dumps([ORDER] * 3))
    assert_refused(answer, 400, "", "Invalid signature")
    assert target.open_orders(target.alice) == []


def test_key_written_twice_in_a_body_counts_as_it_was_signed(target: Target) -> None:
    body = json.dumps(ORDER)[:-1] + ',"price":"49"}'
    for signed in (ORDER, ORDER | {"price": "49"}):
        headers = target.alice.headers("orderExecute", [signed])
        answer = target.client.post("/api/v1/order", headers=headers, content=body)
        if answer.status_code == 200:
            assert answer.json()["price"] == signed["price"]
            fields = {"symbol": "SOL_USDC", "orderId": answer.json()["id"]}
            target.alice.send(target.client, "DELETE", "/api/v1/order", "orderCancel", fields)
    assert target.open_orders(target.alice) == []


def test_values_with_signs_of_the_canonical_text_still_verify_when_encoded(target: Target) -> None:
    value = "a&b=c d"
    now = target.alice.clock() // 1_000
    text = f"instruction=balanceQuery&note={quote(value, safe='')}&timestamp={now}&window=5000"
    headers = {"X-API-Key": target.alice.key, "X-Timestamp": str(now), "X-Signature": target.alice.sign(text)}
    assert get(target, headers, f"{BALANCES}?note={quote(value, safe='')}").status_code == 200


@pytest.mark.parametrize("name", ["X-API-Key", "X-Signature"])
def test_header_sent_twice_counts_as_first_sent(target: Target, name: str) -> None:
    headers = [*target.alice.headers("balanceQuery").items()]
    other = name, target.bob.headers("balanceQuery")[name]
    answer = target.client.get(BALANCES, headers=[*headers, other])
    assert answer.status_code == 200 and "GLXY.US" not in answer.json()
    assert_refused(target.client.get(BALANCES, headers=[other, *headers]), 400, "", "Invalid signature")
