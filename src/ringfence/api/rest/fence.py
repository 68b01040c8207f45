"""The fence as a user sees it: where a deposit would go, and what is in the fenced account."""

from ringfence.schema.commands import Transfer
from ringfence.schema.enums import AccountKind
from ringfence.schema.events import FundsMoved
from ringfence.schema.tables import AccountRow, UserRow
from ringfence.views import fence
from ringfence.views.decimals import VALUES
from ringfence.views.fence import OutlookReason

from ..calls import Call
from ..errors import ApiError
from ..operations import Family, Tag
from ..wire import account as account_wire
from ..wire import fence as wire
from .account import balances_of

FAMILY = Family(Tag.ACCOUNT)


@FAMILY.signed(
    "POST", "/ringfence/v1/transfer", "transfer", account_wire.TransferResult, "transfer",
    body=account_wire.TransferPayload,
)  # fmt: skip
async def transfer(call: Call) -> account_wire.TransferResult:
    """Move funds to another account of the same user; one that is liquidated does not get them, its fenced one does."""
    asset = call.asset(call.body.symbol)
    amount_atoms = call.atoms(asset, call.body.quantity)
    command = Transfer(
        account=_giving_account(call), to_account=call.body.to_account, asset=asset.number, amount_atoms=amount_atoms
    )
    # A case that had to be opened first is told before what was moved.
    moved = next(event for event in await call.command(command) if isinstance(event, FundsMoved))
    return account_wire.TransferResult(
        id=str(moved.sequence),
        symbol=asset.symbol,
        quantity=asset.text(moved.amount_atoms),
        account=moved.account,
        to_account=moved.to_account,
        timestamp=moved.time_us // 1_000,
    )


def _giving_account(call: Call) -> int:
    """Return the account that a transfer is from: the key's, or the fenced one if the key reaches it."""
    asked = call.body.from_account
    if asked is None or asked == call.account:
        return call.account
    if asked != fenced_of(call, call.account_row()):
        problem = f"fromAccount {asked}: the key signs for account {call.account} and the user's fenced account"
        raise ApiError(403, "FORBIDDEN", problem)
    return asked


@FAMILY.signed(
    "GET",
    "/ringfence/v1/deposit-outlook",
    "depositOutlookQuery",
    wire.DepositOutlook,
    "depositOutlookQuery",
    query=wire.DepositOutlookQuery,
)
async def deposit_outlook(call: Call) -> wire.DepositOutlook:
    """Tell whether a deposit would be credited to the account or to its owner's fenced account, and why."""
    row = call.account_row(call.query.subaccount_id)
    outlook = fence.deposit_outlook(call.gateway.exchange, row, call.gateway.market_data.clock_us)
    fenced = user_of(call, row).fenced_account
    goal = wire.DepositGoal.FENCED if outlook.reason.is_fenced else wire.DepositGoal.ACCOUNT
    return wire.DepositOutlook(
        goes_to=goal,
        account=fenced if outlook.reason.is_fenced else row.account,
        reason=outlook.reason,
        case=outlook.case or None,
        equity=VALUES.text(outlook.equity_value),
        maintenance=VALUES.text(outlook.maintenance_value),
        sentence=sentence(outlook, row.account, fenced),
    )


def sentence(outlook: fence.DepositOutlook, account: int, fenced: int) -> str:
    """Return what a deposit would do, for people."""
    if outlook.reason is OutlookReason.IS_FENCED_ACCOUNT:
        return f"a deposit is credited to account {account}, which is fenced: no liquidation takes from it"
    if outlook.reason is OutlookReason.SAFE:
        return f"a deposit is credited to account {account}"
    goes = f"a deposit goes to the fenced account {fenced}, which no liquidation takes from"
    if outlook.reason is OutlookReason.CASE:
        return f"account {account} is liquidated (case {outlook.case}): {goes}"
    equity, maintenance = VALUES.text(outlook.equity_value), VALUES.text(outlook.maintenance_value)
    below = f"equity {equity} of account {account} is not above its maintenance margin {maintenance}"
    if outlook.reason is OutlookReason.UNSAFE:
        return f"{below}: {goes}, and its liquidation begins"
    return f"{below}, and a price that decides it is not fresh: {goes}, until the price says that the account is sound"


@FAMILY.signed("GET", "/ringfence/v1/fenced", "fencedQuery", wire.FencedAccount, "fencedQuery")
async def fenced_account(call: Call) -> wire.FencedAccount:
    """Return the user's fenced account and what it holds; for keys of the main account and of the fenced one."""
    row = call.account_row()
    fenced = fenced_of(call, row)
    return wire.FencedAccount(account=fenced, balances=balances_of(call, fenced))


def fenced_of(call: Call, row: AccountRow) -> int:
    """Return the number of the user's fenced account, or refuse a key that does not reach it."""
    if row.account_kind not in (AccountKind.MAIN, AccountKind.FENCED):
        problem = (
            f"the key signs for sub-account {row.sub_account}: the fenced account is reached from the main account"
        )
        raise ApiError(403, "FORBIDDEN", problem)
    return user_of(call, row).fenced_account


def user_of(call: Call, row: AccountRow) -> UserRow:
    """Return the user whom an account belongs to."""
    user = call.gateway.exchange.user(row.user)
    assert user is not None, f"account {row.account} belongs to nobody"
    return user
