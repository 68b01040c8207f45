"""Vaults: what clients send and what they read."""

from enum import StrEnum

from .common import I64, U32, Decimal, PageLimit, PageOffset, SubaccountId, TimeMs, Wire, ZuluTime


class VaultRedeemStatus(StrEnum):
    """Where a redemption stands."""

    REQUESTED = "Requested"
    REDEEMED = "Redeemed"
    CANCELLED = "Cancelled"


class VaultHistoryInterval(StrEnum):
    """How far back the history of the vaults goes."""

    DAY = "1d"
    WEEK = "1w"
    MONTH = "1month"
    YEAR = "1year"


class Vault(Wire, frozen=True, kw_only=True):
    """A vault: its share is ``vaultToken``, it is paid in ``symbol``.

    ``remainingMintQuantity`` is how much more it takes now, "0" while it takes nothing.
    """

    id: U32
    vault_token: str
    symbol: str
    mints_enabled: bool
    redeems_enabled: bool
    min_mint_quantity: Decimal
    min_redeem_tokens: Decimal
    redeem_delay_ms: I64
    token_step_size: Decimal
    remaining_mint_quantity: Decimal


class VaultMintRequest(Wire, frozen=True, kw_only=True):
    """How much to pay into a vault; ``symbol`` is its asset. Only what is available is paid: redeem or borrow first."""

    vault_id: U32
    symbol: str
    quantity: Decimal
    auto_borrow: bool | None = None
    auto_lend_redeem: bool | None = None


class VaultRedeemRequest(Wire, frozen=True, kw_only=True):
    """How many shares to be paid out for, all that are available without."""

    vault_id: U32
    vault_token_quantity: Decimal | None = None


class VaultRedeemCancelRequest(Wire, frozen=True, kw_only=True):
    """The vault whose pending redemption is to be forgotten."""

    vault_id: U32


class VaultPendingQuery(Wire, frozen=True, kw_only=True):
    """Of which vault."""

    vault_id: U32


class VaultNavQuery(Wire, frozen=True, kw_only=True):
    """Of which vault; without it the last that was opened."""

    vault_id: U32 | None = None


class VaultHistoryQuery(Wire, frozen=True, kw_only=True):
    """How far back, and of which vault; all of them, one after the other, without one."""

    interval: VaultHistoryInterval
    vault_id: U32 | None = None


class VaultRowsQuery(Wire, frozen=True, kw_only=True):
    """A page of rows, newest first."""

    subaccount_id: SubaccountId | None = None
    vault_id: U32 | None = None
    limit: PageLimit = 100
    offset: PageOffset = 0


class VaultRedeem(Wire, frozen=True, kw_only=True):
    """A redemption: ``quantity`` and ``nav`` are what was paid and what a share was worth then.

    ``reason`` says why it was cancelled if not by its owner; ``timestamp`` is when it
    ended, and of one that waits the earliest moment in which it is paid.
    """

    status: VaultRedeemStatus
    id: str
    vault_id: U32
    vault_token_quantity: Decimal
    vault_token: str
    symbol: str
    quantity: Decimal | None = None
    nav: Decimal | None = None
    reason: str | None = None
    timestamp: TimeMs


class VaultMint(Wire, frozen=True, kw_only=True):
    """A payment into a vault, the shares it brought, and what a share was worth then."""

    id: str
    vault_id: U32
    vault_token: str
    symbol: str
    quantity: Decimal
    vault_tokens_minted: Decimal
    nav: Decimal
    timestamp: TimeMs


class VaultNav(Wire, frozen=True, kw_only=True):
    """What a vault is worth at the marks, and what a share of it is.

    Shares are minted and redeemed at one price; ``twapNav`` is the mean of the last day's hours. ``netEquity`` is what
    counts for its margin.
    """

    nav: Decimal
    twap_nav: Decimal
    mint_nav: Decimal
    redeem_nav: Decimal
    vault_equity: Decimal
    net_equity: Decimal
    token_circulating_supply: Decimal
    last_crank_timestamp: TimeMs | None = None


class VaultHistory(Wire, frozen=True, kw_only=True):
    """What a vault was worth at an hour."""

    vault_id: U32
    timestamp: ZuluTime
    nav: Decimal
    vault_equity: Decimal
    token_circulating_supply: Decimal
