"""Who signed a request: headers, validity window, the canonical text and the check of an ED25519 signature.

The signed text is ``instruction=<name>[&<key>=<value>...]&timestamp=<ms>&window=<ms>``: query parameters sorted by key,
then the top-level fields of the body sorted by key.  Numbers are signed as they were written, strings without
quotes, nothing is escaped; ccxt alone percent-encodes the values, so a text that fails raw is tried encoded.  A value
with ``&`` counts encoded only: one text must never stand for two requests.
A batch signs ``instruction=...`` and its fields for every element in turn, then timestamp and window once.
Replays inside the window are accepted: a client sends one WebSocket signature in two frames.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar
from urllib.parse import quote

import msgspec
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from .errors import ApiError, invalid_request, unauthorized, unreadable_body

DEFAULT_WINDOW_MS = 5_000
MAX_WINDOW_MS = 60_000
_MAX_DIGITS = 16

Pair = tuple[str, str]
_T = TypeVar("_T")


class Credentials(NamedTuple):
    """What a request says about its signer; nothing is proven yet."""

    key: str
    signature: bytes
    timestamp_ms: int
    window_ms: int
    signed_tail: str


def credentials_from_headers(headers: Mapping[str, str]) -> Credentials:
    """Return the credentials in the four headers; 401 without key or signature, 400 when one cannot be read."""
    key, signature = headers.get("x-api-key"), headers.get("x-signature")
    timestamp, window = headers.get("x-timestamp"), headers.get("x-window") or str(DEFAULT_WINDOW_MS)
    for name, value in (("X-API-Key", key), ("X-Signature", signature), ("X-Timestamp", timestamp)):
        if not value:
            raise unauthorized(f"the header {name} is missing")
    return make_credentials(key or "", signature or "", timestamp or "", window)


def credentials_from_frame(signature: Sequence[str]) -> Credentials:
    """Return the credentials of a SUBSCRIBE frame: key, signature, timestamp and window, all text."""
    if len(signature) != 4:
        raise invalid_request("`signature` is a list of four strings: key, signature, timestamp, window")
    return make_credentials(*signature)


def make_credentials(key: str, signature: str, timestamp: str, window: str) -> Credentials:
    """Return credentials from their texts, each one read and bounded."""
    raw = _base64(signature)
    if raw is None or len(raw) != 64:
        raise invalid_request("Invalid X-Signature header")
    public = _base64(key)
    if public is None or len(public) != 32:
        raise invalid_request("Invalid X-API-Key header")
    timestamp_ms, window_ms = _digits("X-Timestamp", timestamp), _digits("X-Window", window)
    if not 0 < window_ms <= MAX_WINDOW_MS:
        raise invalid_request(f"Invalid X-Window header: {window_ms} is not within 1 to {MAX_WINDOW_MS} ms")
    return Credentials(key, raw, timestamp_ms, window_ms, f"timestamp={timestamp}&window={window}")


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _digits(header: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise invalid_request(f"Invalid {header} header: not a number of milliseconds")
    return int(text)


def check_window(credentials: Credentials, now_ms: int) -> None:
    """Raise "Request has expired" unless ``now_ms`` is within the window around the timestamp, either way."""
    if abs(now_ms - credentials.timestamp_ms) > credentials.window_ms:
        raise invalid_request("Request has expired")


def check_signature(credentials: Credentials, pieces: Callable[[bool], str]) -> None:
    """Raise "Invalid signature" unless the key signed ``pieces(False)``, or ``pieces(True)`` with encoded values."""
    verify = _verify_key(credentials.key)
    tried: set[str] = set()
    for encoded in (False, True):
        text = f"{pieces(encoded)}&{credentials.signed_tail}"
        if text in tried:
            continue
        tried.add(text)
        try:
            verify.verify(text.encode(), credentials.signature)
        except BadSignatureError:
            continue
        return
    raise invalid_signature()


def invalid_signature() -> ApiError:
    """Return the answer to a signature that does not fit the request."""
    return invalid_request("Invalid signature")


@lru_cache(maxsize=4_096)
def _verify_key(key: str) -> VerifyKey:
    return VerifyKey(base64.b64decode(key))


def canonical(instruction: str, query: Iterable[Pair], body: Iterable[Pair], encoded: bool = False) -> str:
    """Return the signed text of one command without timestamp and window."""
    text = f"instruction={instruction}"
    for pairs in (query, body):
        for name, value in sorted(pairs, key=lambda pair: pair[0].encode()):
            text += f"&{_unmistakable(name, '&=')}={quote(value, safe='') if encoded else _unmistakable(value, '&')}"
    return text


def _unmistakable(text: str, signs: str) -> str:
    """Return a name or value, encoded when it holds a sign that could make one field pass for two.

    Without this, whoever saw the signature of ``a=1&b=2`` could send one field ``a`` with the value ``1&b=2`` under it.
    """
    return quote(text, safe="") if any(sign in text for sign in signs) else text


def canonical_batch(instruction: str, elements: Iterable[Iterable[Pair]], encoded: bool = False) -> str:
    """Return the signed text of a batch without timestamp and window."""
    return "&".join(canonical(instruction, (), element, encoded) for element in elements)


def signed_query(pairs: Iterable[Pair]) -> list[Pair]:
    """Return query parameters as they were signed: two clients send ``True`` and sign ``true``."""
    return [(name, value.lower() if value in ("True", "False") else value) for name, value in pairs]


_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


class BodyField(NamedTuple):
    """A top-level field of a JSON body: as text that was signed, and whether it was a JSON string."""

    text: str
    is_string: bool


Fields = dict[str, BodyField]


def read_object(body: bytes) -> Fields:
    """Return the fields of a JSON object, numbers as they were written; no body at all is an empty object."""
    return _fields(_decode(_OBJECT, body)) if body.strip() else {}


def read_array(body: bytes) -> list[Fields]:
    """Return the fields of every object of a JSON array."""
    return [_fields(element) for element in _decode(_ARRAY, body)]


def body_pairs(fields: Fields) -> list[Pair]:
    """Return the fields as they were signed."""
    return [(name, field.text) for name, field in fields.items()]


def _decode(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    try:
        return decoder.decode(body)
    except RecursionError:
        raise unreadable_body("JSON is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise unreadable_body(str(error)) from None


def _fields(element: dict[str, msgspec.Raw]) -> Fields:
    found: Fields = {}
    for name, raw in element.items():
        value = bytes(raw)
        if value[:1] == b'"':
            try:
                found[name] = BodyField(msgspec.json.decode(value, type=str), True)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise unreadable_body(f"`{name[:32]}`: {error}") from None
        else:
            found[name] = BodyField(value.decode(errors="replace"), False)
    return found
