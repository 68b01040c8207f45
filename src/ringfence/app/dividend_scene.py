"""The scene of the dividend: who is entitled, who owes it, what is withheld, and that it all adds up."""

from __future__ import annotations

from ringfence.schema import commands as c
from ringfence.schema import events as e
from ringfence.schema.enums import ActionKind, HouseAccount, Side
from ringfence.schema.rejects import Reject

from .share_stage import GLXY, SHARE, ShareStage, whole
from .stage import DOLLAR, SECOND_US, USDC, Say, SceneResult, all_of, only, played, was_refused

HOUR_US = 3_600 * SECOND_US
RATE_UNITS = 37_000_000
"""37 cents a share."""
HOLDERS = ("alice", "bob", "erin", "frank")


def run_scene(*, json: bool, say: Say) -> SceneResult:
    """Play the scene."""
    return played(ShareStage, play, json=json, say=say)


def play(stage: ShareStage) -> None:
    """Play all of it."""
    _refused(stage)
    _short(stage)
    _armed(stage)
    taken = _ex(stage)
    _between(stage)
    taken += _record(stage)
    told = _paid(stage)
    _adds_up(stage, taken, told)
    stage.show_evidence()


def _refused(stage: ShareStage) -> None:
    stage.say("GLXY.US is at 30. Alice holds 100 shares. Bob holds 100 too and lends them. Carol is a US person.")
    decided = stage.decided("carol")
    stage.say(f"    {decided.code}: {decided.sentence}")
    is_so = was_refused(stage.give(stage.order("carol", Side.BID, 1, 30)), Reject.NOT_ELIGIBLE_TO_BUY)
    stage.expect("carol cannot buy the share, and is told why", is_so)
    borrow = c.Borrow(account=stage.accounts["carol"], asset=GLXY, amount_atoms=SHARE)
    is_so = was_refused(stage.give(borrow), Reject.NOT_ELIGIBLE_TO_HOLD)
    stage.expect("nor does one reach her by a loan", is_so)


def _short(stage: ShareStage) -> None:
    stage.say("Erin borrows 25 of bob's shares and sells them to frank at 30: frank holds them, bob is owed them.")
    stage.trade("frank", "erin", 25, 30, borrows=True)
    stage.expect("frank holds 25 shares", stage.shares("frank") == 25 * SHARE)
    stage.at(30)


def _armed(stage: ShareStage) -> None:
    stage.say("The transfer agent announces 37 cents a share: ex in an hour, record in two, payable in three.")
    dates = {
        name: stage.time_us + hours * HOUR_US for hours, name in ((1, "ex_us"), (2, "record_us"), (3, "payable_us"))
    }
    late = c.SetAction(
        action=1, version=1, action_kind=ActionKind.DIVIDEND, asset=GLXY, pay_asset=USDC, rate_units=RATE_UNITS,
        **(dates | {"record_us": stage.time_us}),
    )  # fmt: skip
    stage.expect("a record that is not armed beforehand is refused", was_refused(stage.give(late), Reject.DATE_PASSED))
    stage.must(
        c.SetAction(
            action=1, version=1, action_kind=ActionKind.DIVIDEND, asset=GLXY, pay_asset=USDC, rate_units=RATE_UNITS,
            **dates,
        )
    )  # fmt: skip
    stage.must(c.FundAction(action=1, amount_atoms=100 * DOLLAR))
    stage.say("    the issuer's cash is there first: 100 USDC")


def _ex(stage: ShareStage) -> list[e.Event]:
    stage.say("The share goes ex, and its price with it, from 30 to 29.63.")
    for _ in range(59):
        stage.at(30, 60)
    before = {name: stage.exchange.measure(account).equity for name, account in stage.accounts.items()}
    told = stage.at(29.63, 60)
    after = {name: stage.exchange.measure(account).equity for name, account in stage.accounts.items()}
    for name in ("alice", "bob", "erin", "frank"):
        stage.say(f"    equity of {name}: {whole(before[name])} before, {whole(after[name])} after")
    # Interest of the minute moves the borrower by less than a cent; a tax that is withheld is no jump of the margin.
    tax = {"alice": 15, "bob": 30, "frank": 30, "erin": 0}
    held = {"alice": 100, "bob": 100, "frank": 25, "erin": 0}
    steady = all(
        abs(before[name] - after[name] - held[name] * 370_000 * tax[name] // 100) <= DOLLAR // 100 for name in tax
    )
    stage.expect("margin does not jump: what is expected and owed counts at once, less the tax", steady)
    return told


def _between(stage: ShareStage) -> None:
    stage.say("Between ex and record alice sells 40 shares to frank at 29.63, without the dividend.")
    stage.trade("frank", "alice", 40, 29.63)


def _record(stage: ShareStage) -> list[e.Event]:
    told: list[e.Event] = []
    for _ in range(61):
        told += stage.at(29.63, 60)
    stage.say(
        "The record is taken before the first command of its instant; entitled is who had the share when it went ex."
    )
    rows = {
        name: stage.exchange.entitlements(account)[0] for name, account in stage.accounts.items() if name in HOLDERS
    }
    stage.say("                   at the record        due bills         entitled")
    for name, row in rows.items():
        bills = row.entitled_atoms - row.recorded_atoms
        stage.say(f"    {name:8}{whole(row.recorded_atoms):>20}{whole(bills):>17}{whole(row.entitled_atoms):>17}")
    stage.expect("the seller keeps the dividend of what he sold", rows["alice"].entitled_atoms == 100 * SHARE)
    bought = rows["frank"].entitled_atoms - rows["frank"].recorded_atoms
    stage.expect("and the buyer has none of it", bought == -40 * SHARE)
    return told


def _paid(stage: ShareStage) -> list[e.Event]:
    early = stage.give(c.PayAction(action=1, version=1))
    stage.expect("it is not paid before it is payable", was_refused(early, Reject.NOT_PAYABLE_YET))
    told: list[e.Event] = []
    for _ in range(60):
        told += stage.at(29.63, 60)
    told += stage.must(c.PayAction(action=1, version=1))
    told += stage.at(29.63)
    stage.say("Paid. Statements:")
    stage.say("                  entitled       gross    rate         tax         net   of which manufactured")
    for event in all_of(e.DividendPaid, told):
        name = next((one for one, account in stage.accounts.items() if account == event.account), "the venue")
        rate = f"{event.tax_atoms * 100 // event.gross_atoms} %"
        parts = [whole(one) for one in (event.entitled_atoms, event.gross_atoms)]
        net = whole(event.gross_atoms - event.tax_atoms)
        line = f"{parts[0]:>16}{parts[1]:>12}{rate:>8}{whole(event.tax_atoms):>12}{net:>12}"
        stage.say(f"    {name:8}{line}{whole(event.manufactured_atoms):>24}")
    for event in all_of(e.DividendCollected, told):
        stage.say(f"    erin paid {whole(event.paid_atoms)} for the shares that she is short of")
    return told


def _adds_up(stage: ShareStage, taken: list[e.Event], told: list[e.Event]) -> None:
    records = all_of(e.RecordTaken, taken)
    there = -stage.exchange.balance(HouseAccount.CUSTODY, GLXY)[0]
    stage.expect("entitlements add up to the shares that exist", {one.total_atoms for one in records} == {there})
    paid = {event.account: event for event in all_of(e.DividendPaid, told)}
    alice, bob = paid[stage.accounts["alice"]], paid[stage.accounts["bob"]]
    stage.expect("alice's treaty leaves 15 %", alice.tax_atoms == 5_550_000 and alice.gross_atoms == 37_000_000)
    stage.expect("without a form it is 30 %", 0 <= bob.tax_atoms * 10 - bob.gross_atoms * 3 < 10)
    owed = only(e.DividendCollected, told).paid_atoms
    manufactured = sum(event.manufactured_atoms for event in paid.values())
    stage.expect("what the short paid is what lenders get for her", 0 <= owed - manufactured <= len(paid))
    row = stage.exchange.action(1)
    left = row.funded_atoms + row.collected_atoms - row.paid_atoms if row is not None else -1
    stage.expect("what rounding leaves is less than an atom a holder", 0 <= left < 2 * len(paid) + 2)
    told = stage.must(c.CloseAction(action=1)) + stage.at(29.63)
    stage.expect("and nothing stays in DIVIDEND", stage.exchange.balance(HouseAccount.DIVIDEND, USDC)[0] == 0)
    stage.expect("the action is over", bool(all_of(e.ActionClosed, told)))
