"""Who may act: users by name and the public keys that sign for their accounts. No secret is stored."""

from .keys import ApiKeyPair, InvalidKey, decode_public_key, key_pair_from_seed, new_key_pair
from .store import (
    ApiKey,
    DuplicateKey,
    DuplicateName,
    IdentityError,
    IdentityStore,
    InvalidName,
    UnknownKey,
    UnknownName,
    User,
)

__all__ = [
    "ApiKey",
    "ApiKeyPair",
    "DuplicateKey",
    "DuplicateName",
    "IdentityError",
    "IdentityStore",
    "InvalidKey",
    "InvalidName",
    "UnknownKey",
    "UnknownName",
    "User",
    "decode_public_key",
    "key_pair_from_seed",
    "new_key_pair",
]
