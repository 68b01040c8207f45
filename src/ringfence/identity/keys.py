"""API keys: ED25519 key pairs in the form that clients take, base64 of 32 bytes each."""

from __future__ import annotations

import base64

import msgspec
from nacl.signing import SigningKey

KEY_BYTES = 32


class InvalidKey(ValueError):
    """Raised when a text is not the base64 of 32 bytes."""


class ApiKeyPair(msgspec.Struct, frozen=True):
    """A key pair as clients take it: ``public`` is their API key, ``secret`` (the seed) their API secret."""

    public: str
    secret: str

    def __repr__(self) -> str:
        return f"ApiKeyPair(public={self.public!r})"


def new_key_pair() -> ApiKeyPair:
    """Return a new random key pair; the venue forgets its secret once it was shown."""
    return _pair(SigningKey.generate())


def key_pair_from_seed(seed: bytes) -> ApiKeyPair:
    """Return the key pair of a 32-byte seed; the same seed gives the same pair."""
    assert len(seed) == KEY_BYTES, f"a seed has {KEY_BYTES} bytes, not {len(seed)}"
    return _pair(SigningKey(seed))


def decode_public_key(text: str) -> bytes:
    """Return the 32 bytes of a public key in standard base64 with padding; raises ``InvalidKey`` for anything else.

    One key has one text: what decodes to the same bytes but is written otherwise is refused.
    """
    try:
        key = decode_key(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES or encode_key(key) != text:
        raise InvalidKey(f"a public key is the base64 of {KEY_BYTES} bytes, 44 characters: {text[:60]!a} is not")
    return key


def decode_key(text: str) -> bytes:
    """Return the bytes of standard base64; raises ``ValueError`` for anything else."""
    return base64.b64decode(text, validate=True)


def encode_key(key: bytes) -> str:
    """Return the base64 of a key."""
    return base64.b64encode(key).decode("ascii")


def _pair(key: SigningKey) -> ApiKeyPair:
    return ApiKeyPair(encode_key(bytes(key.verify_key)), encode_key(bytes(key)))
