"""The rights of who holds registered shares: what he has, what comes, and his dividend statements."""

import asyncio
from typing import Any

from ringfence.schema.enums import ActionKind, ActionPhase, AssetKind
from ringfence.schema.tables import ActionRow, EntitlementRow
from ringfence.views import lending
from ringfence.views.catalog import AssetInfo
from ringfence.views.decimals import FRACTIONS, PRICE_UNITS
from ringfence.views.history.reader import Range

from ..calls import Call
from ..operations import Family, Page, Tag
from ..times import naive_ms
from ..wire import rights as wire
from ..wire.common import SortDirection

FAMILY = Family(Tag.RIGHTS)

_CODES = {ActionKind.DIVIDEND: wire.EventCode.DIVIDEND, ActionKind.MEETING: wire.EventCode.MEETING}
_PHASES = {phase: wire.ActionPhaseName[phase.name] for phase in ActionPhase}
PPM = 10**6


@FAMILY.public("/rights/v1/actions", "get_rights_actions", list[wire.CorporateAction], wire.ActionsQuery)
async def actions(call: Call) -> list[wire.CorporateAction]:
    """List the corporate actions that are armed or under way, by number."""
    wanted = None if call.query.asset is None else call.asset(call.query.asset).number
    rows = (row for row in call.gateway.exchange.actions if wanted in (None, row.asset))
    return [_action(call, row) for row in rows]


def _action(call: Call, row: ActionRow) -> wire.CorporateAction:
    assets = call.gateway.catalog.asset_by_number
    return wire.CorporateAction(
        id=row.action,
        version=row.version,
        event=_CODES[ActionKind(row.action_kind)],
        phase=_PHASES[ActionPhase(row.phase)],
        symbol=assets[row.asset].symbol,
        currency=assets[row.pay_asset].symbol if row.pay_asset else None,
        rate=PRICE_UNITS.text(row.rate_units) if row.rate_units else None,
        ex_timestamp=_ms(row.ex_us),
        record_timestamp=row.record_us // 1_000,
        payable_timestamp=_ms(row.payable_us),
    )


def _ms(time_us: int) -> int | None:
    return time_us // 1_000 if time_us else None


@FAMILY.signed(
    "GET", "/rights/v1/holdings", "rightsHoldingsQuery", list[wire.ShareHolding], "rightsHoldingsQuery",
    query=wire.RightsQuery,
)  # fmt: skip
async def holdings(call: Call) -> list[wire.ShareHolding]:
    """List the shares that the account holds, has lent or owes, and its rights that are open."""
    call.account_row(call.query.subaccount_id)
    rights: dict[int, list[wire.Entitlement]] = {}
    for row in call.gateway.exchange.entitlements(call.account):
        action = next(one for one in call.gateway.exchange.actions if one.action == row.action)
        rights.setdefault(action.asset, []).append(_right(call, action, row))
    assets = call.gateway.catalog.asset_by_number.values()
    found = [_holding(call, asset, rights.get(asset.number, [])) for asset in assets if is_share(asset)]
    return [one for one in found if one.rights or {one.held, one.lent, one.owed} != {"0"}]


def is_share(asset: AssetInfo) -> bool:
    """Tell whether an asset is a registered share, and no tracker of one."""
    return asset.row.asset_kind == AssetKind.SHARE


def _holding(call: Call, asset: AssetInfo, rights: list[wire.Entitlement]) -> wire.ShareHolding:
    exchange, pool = call.gateway.exchange, call.gateway.exchange.lending_pool(asset.number)
    shares = dict(exchange.loans(call.account)).get(asset.number, 0)
    return wire.ShareHolding(
        symbol=asset.symbol,
        cusip=asset.row.cusip,
        held=asset.text(sum(exchange.balance(call.account, asset.number))),
        lent=asset.text(lending.claim_atoms(pool, shares) if pool else 0),
        owed=asset.text(lending.debt_of(pool, shares) if pool else 0),
        rights=rights,
    )


def _right(call: Call, action: ActionRow, row: EntitlementRow) -> wire.Entitlement:
    share = call.gateway.catalog.asset_by_number[action.asset]
    money = call.gateway.catalog.asset_by_number.get(action.pay_asset)
    return wire.Entitlement(
        action=row.action,
        recorded=share.text(row.recorded_atoms),
        entitled=share.text(row.entitled_atoms),
        due_bills=share.text(row.entitled_atoms - row.recorded_atoms),
        expected=money.text(row.due_atoms) if money else "0",
    )


@FAMILY.signed(
    "GET", "/rights/v1/dividends", "rightsDividendsQueryAll", list[wire.DividendLine], "rightsDividendsQueryAll",
    query=wire.DividendsQuery, paged=True,
)  # fmt: skip
async def dividends(call: Call) -> Page:
    """List the lines of the account's dividend statements, newest first unless told."""
    query = call.query
    call.account_row(query.subaccount_id)
    share = None if query.asset is None else call.asset(query.asset).number
    await call.gateway.wait_for_history(call.account)
    part = Range(query.limit, query.offset, ascending=query.sort_direction is SortDirection.ASC)
    reader = call.gateway.history.reader
    page: Any = await asyncio.to_thread(reader.dividends, [call.account], part, share=share)
    return Page([_line(call, row) for row in page.rows], page.total, query.limit, query.offset)


def _line(call: Call, row: Any) -> wire.DividendLine:
    share, money = (call.gateway.catalog.asset_by_number[number] for number in (row.share, row.asset))
    rate_ppm = row.tax_atoms * PPM // row.gross_atoms if row.gross_atoms > 0 else 0
    return wire.DividendLine(
        action=row.action,
        version=row.version,
        kind=wire.DividendKind(row.kind),
        symbol=share.symbol,
        currency=money.symbol,
        entitled=share.text(row.entitled_atoms),
        gross=money.text(row.gross_atoms),
        manufactured=money.text(row.manufactured_atoms),
        rate=FRACTIONS.text(rate_ppm),
        tax=money.text(row.tax_atoms),
        net=money.text(row.gross_atoms - row.tax_atoms),
        left=money.text(row.left_atoms),
        timestamp=naive_ms(row.time_us),
    )
