import base64

import pytest
from nacl.signing import SigningKey

from ringfence.api.errors import ApiError
from ringfence.api.signing import (
    body_pairs,
    canonical,
    canonical_batch,
    check_signature,
    check_window,
    credentials_from_frame,
    credentials_from_headers,
    make_credentials,
    read_array,
    read_object,
    signed_query,
)

KEY = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
LIMIT = b'{"symbol":"SOL_USDC_PERP","side":"Bid","orderType":"Limit","price":"141","quantity":"12"'

VECTORS = [
    (
        canonical("balanceQuery", (), ()),
        "1750793021519",
        "5000",
        "a4gmR8Xzxq4kesPQPh+39Xb0N8FwQHErhW0+IqFZwB16ABD3p1x0BQdEvhLGYJ5A22WNBDqY0y+j7dyg1MURBw==",
    ),
    (
        canonical(
            "orderExecute",
            (),
            body_pairs(read_object(LIMIT + b',"clientId":7,"postOnly":true,"timeInForce":"GTC"}')),
        ),
        "1750793021519",
        "5000",
        "2WAUmIHTXTnRceaqmMFBY9bR9Oaz9/2nfXsPVCE0kmOXaJq4+FWhoAYsUPCXHcTK+3XkPRpMJYHpfF8UNMMmDw==",
    ),
    (
        canonical_batch(
            "orderExecute",
            [
                body_pairs(fields)
                for fields in read_array(
                    b"[" + LIMIT + b"}," + LIMIT.replace(b"141", b"140").replace(b"12", b"11") + b"}]"
                )
            ],
        ),
        "1750793021519",
        "5000",
        "/RiVIEmATq6bDKSR8I9tEY3qY/MRt45Y5/Wi4mKYjt3SaqoLFfOiYrYNRddqSXfrcDdY/b0n3duPew5JKrn/CA==",
    ),
    (
        canonical("orderCancel", (), [("symbol", "BTC_USDT"), ("orderId", "28")]),
        "1614550000000",
        "5000",
        "80cYcHmUHbvcO3IonY2y+nObqUTRkZrNbRsPB30r+NjqgKfP5DIFKryC0ea11fMcweyoymFT+S2cGbPACyinDw==",
    ),
    (
        canonical("fillHistoryQueryAll", [("limit", "100"), ("symbol", "SOL_USDC"), ("offset", "0")], ()),
        "1750793021519",
        "60000",
        "Zp4kpQuWom2bzhr9Pyk5XifY2Y/U5iyYPfiWoZoLaqHDyjNBZTx0yn4vV1BrxD9CvEPSYIb8f/lrqFuNXnmuDQ==",
    ),
    (
        canonical("subscribe", (), ()),
        "1614550000000",
        "5000",
        "Uf+mBpqN/y/EzT77rzrj7ga4mdvZmzq4XW+Lh+9B0K0wLMFJrInMKcACIpSpVaPNzrFEpPhINxEP2rNI3E92CA==",
    ),
]


@pytest.mark.parametrize(("text", "timestamp", "window", "signature"), VECTORS)
def test_signature_of_published_vector_is_accepted(text: str, timestamp: str, window: str, signature: str) -> None:
    credentials = make_credentials(KEY, signature, timestamp, window)
    check_signature(credentials, lambda encoded: text)


@pytest.mark.parametrize(("text", "timestamp", "window", "signature"), VECTORS)
def test_signature_of_changed_text_is_refused(text: str, timestamp: str, window: str, signature: str) -> None:
    credentials = make_credentials(KEY, signature, timestamp, window)
    with pytest.raises(ApiError, match="Invalid signature"):
        check_signature(credentials, lambda encoded: text + "&x=1")


def signed(text: str, timestamp: str = "1750793021519", window: str = "5000") -> str:
    key = SigningKey(bytes(range(32)))
    return base64.b64encode(key.sign(f"{text}&timestamp={timestamp}&window={window}".encode()).signature).decode()


def test_signature_over_percent_encoded_values_is_accepted() -> None:
    pairs = [("address", "a/b c+d=:")]
    credentials = make_credentials(
        KEY, signed("instruction=withdraw&address=a%2Fb%20c%2Bd%3D%3A"), "1750793021519", "5000"
    )
    check_signature(credentials, lambda encoded: canonical("withdraw", (), pairs, encoded))


def test_body_numbers_are_signed_as_they_were_written() -> None:
    fields = read_object(
        b'{"price": 1.50, "big": 12345678901234567890, "exp": 1E+2, "no": null, "yes": true, "s": "1"}'
    )
    assert canonical("x", (), body_pairs(fields)) == (
        "instruction=x&big=12345678901234567890&exp=1E+2&no=null&price=1.50&s=1&yes=true"
    )


def test_query_comes_before_body_and_booleans_of_python_clients_are_lowered() -> None:
    text = canonical("x", signed_query([("b", "True"), ("a", "2"), ("b", "x")]), [("a", "1")])
    assert text == "instruction=x&a=2&b=true&b=x&a=1"


def test_default_window_is_signed_as_5000() -> None:
    signature = signed("instruction=balanceQuery")
    headers = {"x-api-key": KEY, "x-signature": signature, "x-timestamp": "1750793021519"}
    check_signature(credentials_from_headers(headers), lambda encoded: "instruction=balanceQuery")


@pytest.mark.parametrize("age_ms", [-5_000, 0, 5_000])
def test_window_holds_both_ways(age_ms: int) -> None:
    credentials = make_credentials(KEY, signed("x"), "1750793021519", "5000")
    check_window(credentials, 1_750_793_021_519 + age_ms)


@pytest.mark.parametrize("age_ms", [-5_001, 5_001])
def test_window_passed_is_expired(age_ms: int) -> None:
    credentials = make_credentials(KEY, signed("x"), "1750793021519", "5000")
    with pytest.raises(ApiError, match="Request has expired"):
        check_window(credentials, 1_750_793_021_519 + age_ms)


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"x-api-key": ""}, 401, "X-API-Key"),
        ({"x-signature": ""}, 401, "X-Signature"),
        ({"x-timestamp": ""}, 401, "X-Timestamp"),
        ({"x-signature": "AAAA"}, 400, "Invalid X-Signature header"),
        ({"x-signature": "not base64"}, 400, "Invalid X-Signature header"),
        ({"x-api-key": "AAAA"}, 400, "Invalid X-API-Key header"),
        ({"x-timestamp": "-1"}, 400, "Invalid X-Timestamp header"),
        ({"x-timestamp": "１"}, 400, "Invalid X-Timestamp header"),
        ({"x-timestamp": "9" * 40}, 400, "Invalid X-Timestamp header"),
        ({"x-window": "0"}, 400, "Invalid X-Window header"),
        ({"x-window": "60001"}, 400, "Invalid X-Window header"),
    ],
)
def test_headers_that_cannot_be_read_are_named(change: dict[str, str], status: int, message: str) -> None:
    headers = {"x-api-key": KEY, "x-signature": signed("x"), "x-timestamp": "1750793021519"} | change
    with pytest.raises(ApiError, match=message) as caught:
        credentials_from_headers(headers)
    assert caught.value.status == status


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"x"', b'{"a":1}}', b'{"a":"\xff"}', b"{" * 100_000])
def test_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError, match="parse request payload error") as caught:
        read_object(body)
    assert caught.value.status == 400


def test_frame_signature_needs_four_parts() -> None:
    with pytest.raises(ApiError, match="four strings"):
        credentials_from_frame([KEY, "x", "1"])
