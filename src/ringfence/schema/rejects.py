"""Why a command was refused.  The order of members is the order of the checks: the first that fails is reported."""

from enum import IntEnum


class Reject(IntEnum):
    """A reason, its HTTP status and wire code, and a sentence with {value}, {limit} and {place}."""

    status: int
    code: str
    text: str

    def __new__(cls, value: int, status: int, code: str, text: str) -> "Reject":
        """Make a member that is its number and carries what a client is told."""
        self = int.__new__(cls, value)
        self._value_ = value
        self.status, self.code, self.text = status, code, text
        return self

    # every command
    SKIPPED = 1, 500, "SERVER_ERROR", "command {value} was skipped by the operator"
    UNKNOWN_KIND = 2, 400, "INVALID_CLIENT_REQUEST", "{value} is not a kind of command"
    WRONG_ORIGIN = 3, 403, "FORBIDDEN", "origin {value} may not give this command"
    FIELD_OUT_OF_RANGE = (
        4,
        400,
        "INVALID_CLIENT_REQUEST",
        "{place}: {value} is outside its range, the limit is {limit}",
    )
    # who and where
    UNKNOWN_ACCOUNT = 10, 404, "RESOURCE_NOT_FOUND", "account {value} is not open"
    UNKNOWN_USER = 11, 404, "RESOURCE_NOT_FOUND", "user {value} is not open"
    UNKNOWN_ASSET = 12, 400, "INVALID_ASSET", "asset {value} is not listed"
    UNKNOWN_MARKET = 13, 400, "INVALID_MARKET", "market {value} is not listed"
    ACCOUNT_CANNOT_TRADE = 14, 403, "FORBIDDEN", "account {value} does not trade: transfer to a trading account first"
    UNKNOWN_ORDER = 15, 404, "RESOURCE_NOT_FOUND", "Not Found"
    UNKNOWN_WITHDRAWAL = 16, 404, "RESOURCE_NOT_FOUND", "withdrawal {value} is not pending"
    SAME_ACCOUNT = 17, 400, "INVALID_CLIENT_REQUEST", "account {value} is both source and destination"
    NOT_ONE_USERS_ACCOUNTS = 18, 403, "FORBIDDEN", "accounts {value} and {limit} do not belong to one user"
    HOUSE_ACCOUNT_CLOSED = 19, 403, "FORBIDDEN", "account {value} cannot take part in a movement of house funds"
    # may he
    TRADING_FROZEN = 20, 403, "ACCOUNT_DEACTIVATED", "trading is frozen for user {value}"
    WITHDRAWALS_FROZEN = 21, 403, "ACCOUNT_DEACTIVATED", "withdrawals are frozen for user {value}"
    TRANSFERS_FROZEN = 22, 403, "ACCOUNT_DEACTIVATED", "transfers are frozen for user {value}"
    NOT_ELIGIBLE_TO_BUY = 23, 403, "FORBIDDEN", "user {value} is not eligible to buy assets of class {limit}"
    NOT_ELIGIBLE_TO_SELL = 24, 403, "FORBIDDEN", "user {value} is not eligible to sell assets of class {limit}"
    NOT_ELIGIBLE_TO_HOLD = 25, 403, "FORBIDDEN", "user {value} is not eligible to hold assets of class {limit}"
    NOT_ELIGIBLE_TO_WITHDRAW = 26, 403, "FORBIDDEN", "user {value} is not eligible to withdraw assets of class {limit}"
    NOT_ELIGIBLE_TO_LEND = 27, 403, "FORBIDDEN", "user {value} is not eligible to lend assets of class {limit}"
    NOT_ELIGIBLE_TO_RECEIVE = (
        28, 403, "FORBIDDEN", "user {value} is not eligible to receive payments on assets of class {limit}"
    )  # fmt: skip
    # is the market open for it
    MARKET_CLOSED = 30, 400, "TRADING_PAUSED", "{place} is closed"
    MARKET_CANCEL_ONLY = 31, 400, "TRADING_PAUSED", "{place} accepts cancellations only"
    MARKET_LIMIT_ONLY = 32, 400, "TRADING_PAUSED", "{place} accepts limit orders only"
    MARKET_POST_ONLY = 33, 400, "TRADING_PAUSED", "{place} accepts post-only orders only"
    # is the order well formed
    INVALID_COMBINATION = 40, 400, "INVALID_ORDER", "Invalid order"
    PRICE_BELOW_MINIMUM = 41, 400, "INVALID_PRICE", "price {value} is below the minimum {limit} of {place}"
    PRICE_ABOVE_MAXIMUM = 42, 400, "INVALID_PRICE", "price {value} is above the maximum {limit} of {place}"
    QUANTITY_BELOW_MINIMUM = 43, 400, "INVALID_QUANTITY", "quantity {value} is below the minimum {limit} of {place}"
    QUANTITY_ABOVE_MAXIMUM = 44, 400, "INVALID_QUANTITY", "quantity {value} is above the maximum {limit} of {place}"
    PRICE_OUT_OF_BAND = 45, 400, "INVALID_PRICE", "Price is too far from the last active price"
    VALUE_TOO_LARGE = 46, 400, "INVALID_QUANTITY", "the value of the order is too large for {place}"
    # is there room and money
    OPEN_ORDERS_LIMIT = 50, 400, "ORDER_LIMIT", "account has {value} open orders and the limit is {limit}"
    VENUE_FULL = 51, 503, "ORDER_LIMIT", "the venue's table is full at {limit} rows"
    WOULD_TAKE = 52, 400, "INVALID_ORDER", "Order would immediately match and take"
    INSUFFICIENT_FUNDS = 53, 400, "INSUFFICIENT_FUNDS", "{value} of {place} needed and {limit} available"
    SUPPLY_LIMIT = 54, 400, "INVALID_QUANTITY", "deposits of {place} would exceed {limit} atoms in all"
    # deposits
    NUMBER_ALREADY_APPLIED = (
        60,
        409,
        "PRECONDITION_FAILED",
        "deposit {value} was applied; the last of this source is {limit}",
    )
    NUMBER_NOT_NEXT = 61, 409, "PRECONDITION_FAILED", "deposit {value} is not next; the last of this source is {limit}"
    # listings and settings
    INVALID_SYMBOL = 70, 400, "INVALID_SYMBOL", "a symbol is 1 to 16 of A-Z, 0-9 and '.'; names are printable ASCII"
    SYMBOL_IN_USE = 71, 409, "PRECONDITION_FAILED", "the symbol is listed already, as number {value}"
    FACTOR_NOT_INTEGER = (
        72,
        400,
        "INVALID_CLIENT_REQUEST",
        "a tick times a lot is not a whole number of quote atoms",
    )
    RANGE_REVERSED = 73, 400, "INVALID_RANGE", "{value} is above {limit}"
    SUB_ACCOUNT_NOT_NEXT = 74, 409, "PRECONDITION_FAILED", "sub-account {value} is not next; the next is {limit}"
    ACCOUNTS_PER_USER_LIMIT = 75, 403, "FORBIDDEN", "user has {value} accounts and the limit is {limit}"
    BELOW_USE = 76, 409, "PRECONDITION_FAILED", "the setting {value} is below what is in use, {limit}"
    # prices
    NOT_PRICED = 80, 409, "PRECONDITION_FAILED", "{place} has no pricing: set it first"
    UNKNOWN_PRICE_SOURCE = 81, 404, "RESOURCE_NOT_FOUND", "price source {value} has no name yet"
    PRICE_SOURCE_DISABLED = 82, 409, "PRECONDITION_FAILED", "price source {value} is switched off"
    SOURCE_NOT_WEIGHTED = 83, 409, "PRECONDITION_FAILED", "price source {value} has no weight for {place}"
    QUOTE_EMPTY = 84, 400, "INVALID_PRICE", "a quote of {place} needs a bid and an ask, or a last price"
    QUOTE_CROSSED = 85, 400, "INVALID_PRICE", "the bid {value} is above the ask {limit} of {place}"
    QUOTE_NOT_LATER = 86, 409, "PRECONDITION_FAILED", "observed at {value}, not after the quote of {limit} that counts"
    QUOTE_FROM_FUTURE = 87, 400, "INVALID_CLIENT_REQUEST", "observed at {value}, after the venue's time {limit}"
    # lending and margin
    NO_MARGIN_RULES = 90, 409, "PRECONDITION_FAILED", "{place} has no margin rules: set them first"
    NO_LENDING_POOL = 91, 400, "INVALID_ASSET", "{place} is neither lent nor borrowed here"
    AUTO_LEND_IS_ON = 92, 409, "PRECONDITION_FAILED", "account {value} lends by itself: switch that off first"
    LENDING_POOL_CLOSED = 93, 400, "TRADING_PAUSED", "the lending pool of {place} is closed"
    LENDING_POOL_REPAY_ONLY = 94, 400, "TRADING_PAUSED", "the lending pool of {place} takes and gives back only"
    NO_LOAN = 95, 400, "INVALID_CLIENT_REQUEST", "the account has none of {place} lent or borrowed"
    BORROW_REQUIRES_LEND_REDEEM = 96, 400, "BORROW_REQUIRES_LEND_REDEEM", "{value} of {place} are lent: redeem first"
    LEND_REQUIRES_BORROW_REPAY = 97, 400, "LEND_REQUIRES_BORROW_REPAY", "{value} of {place} are owed: repay first"
    LEND_LIMIT = 98, 400, "LEND_LIMIT", "{value} of {place} would be lent in all and the limit is {limit}"
    INSUFFICIENT_SUPPLY = 99, 400, "INSUFFICIENT_SUPPLY", "{value} of {place} wanted and {limit} can be had now"
    AMOUNT_TOO_SMALL = 100, 400, "INVALID_QUANTITY", "{value} of {place} is less than the pool counts"
    PRICE_NOT_FRESH = 101, 400, "TRADING_PAUSED", "the price of {place} is not fresh: it takes no new risk"
    INSUFFICIENT_MARGIN = 102, 400, "INSUFFICIENT_MARGIN", "{value} of margin needed and {limit} there"
    NOT_PERPETUAL = 103, 400, "INVALID_MARKET", "{place} is not a perpetual"
    NO_PERPETUAL_RULES = 104, 409, "PRECONDITION_FAILED", "{place} has no margin rules: set them first"
    REDUCE_ONLY_NOT_REDUCED = 105, 400, "INVALID_ORDER", "{value} to reduce in {place}, and {limit} are being reduced"
    POSITION_LIMIT = 106, 400, "POSITION_LIMIT", "the position in {place} could grow to {value}, the limit is {limit}"
    OPEN_INTEREST_LIMIT = 107, 400, "POSITION_LIMIT", "open interest of {place} could grow to {value}, limit {limit}"
    TRIGGERS_LIMIT = 108, 400, "ORDER_LIMIT", "{value} conditional orders would be open, the limit is {limit}"
    NO_TRIGGER_PRICE = 109, 400, "INVALID_PRICE", "{place} has no price of this kind to trigger by"
    WRONG_SIDE_TRIGGER = 110, 400, "INVALID_PRICE", "trigger {value} is on the wrong side of {limit}"
    REDUCE_ORDERS_LIMIT = 111, 400, "ORDER_LIMIT", "{value} open orders only reduce in {place}, the limit is {limit}"
    MARKET_DELISTED = 112, 409, "PRECONDITION_FAILED", "{place} is delisted, which is for good"
    # liquidation
    ACCOUNT_LIQUIDATING = 120, 403, "ACCOUNT_LIQUIDATING", "account {value} is being liquidated: case {limit}"
    NO_CASE = 121, 409, "PRECONDITION_FAILED", "account {value} is not being liquidated: a transfer reaches it"
    TOP_UP_TOO_SMALL = 122, 400, "INSUFFICIENT_MARGIN", "{value} {place} would not end the case: it takes {limit}"
    TOP_UP_CANNOT_HELP = 123, 400, "INSUFFICIENT_MARGIN", "no amount of {place} would end the case"
    MARKET_DELEVERAGING = 124, 503, "TRADING_PAUSED", "{place} is being deleveraged: try again in a moment"
    MARKET_IN_RESOLUTION = (
        125, 400, "TRADING_PAUSED", "a loss of {value} in {place} is paid by nobody yet: only less risk is taken there"
    )  # fmt: skip
    # brakes
    MARKET_IN_AUCTION = 130, 400, "TRADING_PAUSED", "{place} is in an auction, which takes limit orders that wait"
    MARKET_UNCROSSING = 131, 503, "TRADING_PAUSED", "the auction of {place} is being carried out: try again in a moment"
    NO_BRAKES = 132, 409, "PRECONDITION_FAILED", "{place} has no brakes: set them first"
    REOPENS_BY_AUCTION = 133, 409, "PRECONDITION_FAILED", "{place} is halted: only an auction opens it again"
    # vaults
    UNKNOWN_VAULT = 140, 404, "RESOURCE_NOT_FOUND", "vault {value} is not there; the last one is {limit}"
    VAULT_ACCOUNT = 141, 403, "FORBIDDEN", "account {value} is that of vault {limit}: only the vault moves what it has"
    VAULT_CLOSED = 142, 409, "PRECONDITION_FAILED", "vault {value} is closed for good: new money goes to another one"
    VAULT_FIXED = 143, 409, "PRECONDITION_FAILED", "account, share and quote asset of vault {value} are for good"
    ACCOUNT_NOT_EMPTY = 144, 409, "PRECONDITION_FAILED", "account {value} has something, or does something by itself"
    SHARES_IN_USE = 145, 409, "PRECONDITION_FAILED", "{place} is held by somebody, or is the share of a vault"
    VAULT_MINTS_PAUSED = 146, 400, "TRADING_PAUSED", "vault {value} takes no new money now"
    VAULT_REDEEMS_PAUSED = 147, 400, "TRADING_PAUSED", "vault {value} takes no redemptions now"
    MINT_TOO_SMALL = 148, 400, "INVALID_QUANTITY", "{value} of {place} is below the minimum {limit}"
    REDEEM_TOO_SMALL = 149, 400, "INVALID_QUANTITY", "{value} of {place} is below the minimum {limit}"
    VAULT_FULL = 150, 400, "INVALID_QUANTITY", "the vault would be worth {value} of {place} and the limit is {limit}"
    VAULT_WITHOUT_VALUE = 151, 409, "PRECONDITION_FAILED", "the vault is worth {value} of {place}: no share has a price"
    VAULT_UNSAFE = 152, 400, "TRADING_PAUSED", "vault {value} is, or may be, below its maintenance margin"
    REDEEM_PENDING = 153, 409, "PRECONDITION_FAILED", "redemption {value} is pending: cancel it first"
    NO_REDEEM_PENDING = 154, 404, "RESOURCE_NOT_FOUND", "the account has no redemption pending of vault {value}"
    SHARES_STAY = 155, 403, "FORBIDDEN", "{place} is the share of a vault: it neither leaves the venue nor comes to it"
    # registered shares
    NOT_A_SHARE = 160, 400, "INVALID_ASSET", "{place} is not a registered share"
    ACTION_NOT_NEXT = 161, 409, "PRECONDITION_FAILED", "action {value} is not next; the next is {limit}"
    UNKNOWN_ACTION = 162, 404, "RESOURCE_NOT_FOUND", "action {value} is not armed, or is over"
    VERSION_NOT_NEXT = (
        163,
        409,
        "PRECONDITION_FAILED",
        "version {value} of the action does not follow; it is at {limit}",
    )
    ACTION_BEGUN = 164, 409, "PRECONDITION_FAILED", "action {value} has begun: positions are being taken, or were"
    DATE_PASSED = 165, 409, "PRECONDITION_FAILED", "an action is armed beforehand: {value} is not after now, {limit}"
    DATES_OUT_OF_ORDER = 166, 400, "INVALID_RANGE", "{value} and {limit} do not stand in order"
    RECORD_NOT_TAKEN = 167, 409, "PRECONDITION_FAILED", "positions of action {value} are not all taken yet"
    NOT_PAYABLE_YET = 168, 409, "PRECONDITION_FAILED", "it is {value}, and the action is payable from {limit} on"
    NOT_FUNDED = 169, 409, "PRECONDITION_FAILED", "{value} of {place} is needed for the action and {limit} is paid in"
    ACTION_NOT_DONE = 170, 409, "PRECONDITION_FAILED", "action {value} is in phase {limit}: not for that"
    NOTHING_UNCLAIMED = 171, 404, "RESOURCE_NOT_FOUND", "nothing of action {limit} is held for account {value}"
    UNCLAIMED_LEFT = 172, 409, "PRECONDITION_FAILED", "{value} of {place} are unclaimed"
    ORDERS_IN_THE_WAY = (
        173, 409, "PRECONDITION_FAILED", "{value} orders would have to end, the limit is {limit}: cancel them first"
    )  # fmt: skip
    SPLIT_TOO_LARGE = 174, 400, "INVALID_RANGE", "{value} shares for one would be too many: the limit is {limit}"
    MARKET_STILL_OPEN = (
        175,
        409,
        "PRECONDITION_FAILED",
        "market {value} is open: close it or let it take cancellations only",
    )
    RECORD_UNDER_WAY = 176, 409, "PRECONDITION_FAILED", "a record of {place} is being taken: try again in a moment"
    NOT_CONTINUOUS = 177, 409, "PRECONDITION_FAILED", "{place} was worth {limit} before its split and is at {value} now"
    BOOK_NOT_EMPTY = 178, 409, "PRECONDITION_FAILED", "{place} has orders or triggers: cancel them first"
    NOT_SPOT = 179, 400, "INVALID_MARKET", "{place} is not a spot market"
