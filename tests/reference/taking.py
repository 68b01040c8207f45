"""Records of shares (rules 2): what everybody had at an instant, kept aside at once and told when its turn comes."""

from __future__ import annotations

from typing import Any

from ringfence.schema.enums import INDEX_BITS, ActionKind, ActionPhase, HouseAccount, Parameter

from .state import Action, Entitlement, State

ONE = 1 << INDEX_BITS
MILLION = 10**6
MOST = 2**62
ENTITLED, RECORDED = 1, 2
UNDER_WAY, COMPLETE = 1, 2
BEFORE_FIRST = 2
POOL, CUSTODY, FEES = int(HouseAccount.POOL), int(HouseAccount.CUSTODY), int(HouseAccount.FEES)
NAMES = {ENTITLED: "entitled", RECORDED: "recorded"}
ACCOUNTS_A_PAGE, EVENTS_A_PAGE = 65_536, 8_192


def in_order(state: State) -> list[Action]:
    return [state.actions[number] for number in sorted(state.actions)]


def counted(account: int) -> bool:
    return account > BEFORE_FIRST and account != POOL


def has(state: State, account: int, asset: int, lent_index: int, debt_index: int) -> tuple[int, int]:
    """Return (net, lent) of an account in a share at these indices."""
    available, locked, shares = state.balances.get((account, asset), (0, 0, 0))
    mine = [row for row in state.withdrawals.values() if (row.account, row.asset) == (account, asset)]
    leaving = sum(row.amount_atoms + row.fee_atoms for row in mine)
    lent = max(0, shares) * lent_index // ONE
    owed = -(-max(0, -shares) * debt_index // ONE)
    return available + locked + leaving + lent - owed, lent


def begin_all(state: State, emit: Any) -> None:
    """Begin every record whose instant has come, before a command."""
    for action in in_order(state):
        if action.phase != ActionPhase.ARMED:
            continue
        if action.action_kind == ActionKind.DIVIDEND and not action.entitled and action.ex_us <= state.time_us:
            begin(state, action, ENTITLED, emit)
            adjust(state, action, 1, emit)
        if not action.recorded and action.record_us <= state.time_us:
            begin(state, action, RECORDED, emit)


def begin(state: State, action: Action, kind: int, emit: Any) -> None:
    name, pool = NAMES[kind], state.lending_pools.get(action.asset)
    indices = (pool.lent_index, pool.debt_index) if pool else (0, 0)
    total = -state.balances.get((CUSTODY, action.asset), (0,))[0]
    set_of(action, name, UNDER_WAY)
    set_of(action, f"{name}_account", BEFORE_FIRST)
    set_of(action, f"{name}_lent_index", indices[0])
    set_of(action, f"{name}_debt_index", indices[1])
    add_to(action, f"{name}_total_atoms", total)
    if kind == ENTITLED:
        share = state.assets[action.asset]
        action.share_new, action.share_old = share.share_new, share.share_old
    holders = {account for account, asset in state.balances if asset == action.asset}
    holders |= {row.account for row in state.withdrawals.values() if row.asset == action.asset}
    state.asides[action.action, kind] = {
        account: has(state, account, action.asset, *indices) for account in holders if counted(account)
    }
    emit(
        "RecordBegan", account=0, market=0, **place(action), record_kind=kind, asset=action.asset, total_atoms=total,
        lent_index=indices[0], debt_index=indices[1],
    )  # fmt: skip


def place(action: Action) -> dict[str, int]:
    return {"action": action.action, "version": action.version}


def set_of(target: Any, name: str, value: int) -> None:
    setattr(target, name, value)


def add_to(target: Any, name: str, value: int) -> None:
    setattr(target, name, getattr(target, name) + value)


def adjust(state: State, action: Action, sign: int, emit: Any) -> None:
    for number, market in sorted(state.markets.items()):
        rules = state.perpetuals.get(number)
        if rules is None or (market.base_asset, market.quote_asset) != (action.asset, action.pay_asset):
            continue
        rate, unit = rate_and_unit(state, action)
        of_a_lot = min(MOST, min(MOST, market.lot_atoms * rate) * 2**20 // unit)
        change = -sign * min(2**61, of_a_lot)
        rules.funding_index = max(-(2**61), min(2**61, rules.funding_index + change))
        emit(
            "ContractAdjusted", account=0, market=number, **place(action), change=change,
            funding_index=rules.funding_index,
        )  # fmt: skip


# What a dividend comes to.


def rate_and_unit(state: State, action: Action) -> tuple[int, int]:
    decimals = state.assets[action.asset].decimals - state.assets[action.pay_asset].decimals
    return action.rate_units * max(1, action.share_new), 10 ** (8 + decimals) * max(1, action.share_old)


def gross_down(state: State, action: Action, atoms: int) -> int:
    rate, unit = rate_and_unit(state, action)
    return min(MOST, atoms * rate // unit)


def gross_up(state: State, action: Action, atoms: int) -> int:
    rate, unit = rate_and_unit(state, action)
    return min(MOST, -(-atoms * rate // unit))


def tax_on(state: State, account: int, gross: int) -> int:
    user = state.users[state.accounts[account].user] if account in state.accounts else None
    ppm = state.parameters[Parameter.DIVIDEND_TAX_PPM] - (user.tax_relief_ppm if user else 0)
    return min(MOST, -(-gross * max(0, ppm) // MILLION))


def set_due(action: Action, row: Entitlement, atoms: int) -> None:
    action.owed_atoms += max(0, -atoms) - max(0, -row.due_atoms)
    row.due_atoms = atoms


def refresh(state: State, action: Action, row: Entitlement) -> None:
    if action.action_kind != ActionKind.DIVIDEND or not row.taken & ENTITLED:
        return
    if row.entitled_atoms < 0:
        set_due(action, row, -gross_up(state, action, min(MOST, -row.entitled_atoms)))
    else:
        gross = gross_down(state, action, row.entitled_atoms)
        set_due(action, row, gross - tax_on(state, row.account, gross))


def row_of(state: State, action: Action, account: int) -> Entitlement:
    key = (action.action, account)
    return state.entitlements.setdefault(key, Entitlement(*key))


# Taking.


def take(state: State, action: Action, account: int, kind: int) -> Entitlement:
    row = row_of(state, action, account)
    net, lent = state.asides[action.action, kind].get(account, (0, 0))
    row.taken |= kind
    if kind == ENTITLED:
        row.entitled_atoms += net
        action.entitled_atoms += net
        action.entitled_holders += net != 0
        refresh(state, action, row)
    else:
        row.recorded_atoms = net
        action.recorded_atoms += net
        action.recorded_holders += net != 0
    if kind == ENTITLED or action.action_kind == ActionKind.MEETING:
        row.lent_atoms += lent
        action.lent_atoms += lent
        action.short_atoms += max(0, -net)
    return row


def before_change(state: State, account: int, asset: int) -> None:
    """Let the row of an account be seen, as it was at the instant, because it is about to change."""
    for action in in_order(state) if counted(account) else ():
        for kind, name in NAMES.items():
            waits = getattr(action, name) == UNDER_WAY and account > getattr(action, f"{name}_account")
            row = state.entitlements.get((action.action, account))
            if action.asset == asset and waits and not (row and row.taken & kind):
                take(state, action, account, kind)


def continue_takes(state: State, emit: Any) -> bool:
    """Go on with the first record that is under way; returns whether there is one."""
    for action in in_order(state):
        for kind, name in NAMES.items():
            if getattr(action, name) == UNDER_WAY:
                page(state, action, kind, emit)
                return True
    return False


def page(state: State, action: Action, kind: int, emit: Any) -> None:
    name, last = NAMES[kind], state.next_account - 1
    cursor = f"{name}_account"
    end = min(last, getattr(action, cursor) + ACCOUNTS_A_PAGE)
    while getattr(action, cursor) < end and emit.told() < EVENTS_A_PAGE:
        add_to(action, cursor, 1)
        turn_of(state, action, getattr(action, cursor), kind, emit)
    if getattr(action, cursor) == last:
        complete(state, action, kind, emit)


def turn_of(state: State, action: Action, account: int, kind: int, emit: Any) -> None:
    row = state.entitlements.get((action.action, account))
    if not counted(account):
        return
    if row is None or not row.taken & kind:
        anything = (account, action.asset) in state.balances
        anything |= any(one.account == account for one in state.withdrawals.values())
        if row is None and not anything:
            return
        row = take(state, action, account, kind)
    net = row.entitled_atoms if kind == ENTITLED else row.recorded_atoms
    lent = row.lent_atoms if kind == ENTITLED or action.action_kind == ActionKind.MEETING else 0
    if net or lent:
        emit(
            "HolderRecorded", account=account, market=0, **place(action), record_kind=kind, asset=action.asset,
            net_atoms=net, lent_atoms=lent,
        )  # fmt: skip


def complete(state: State, action: Action, kind: int, emit: Any) -> None:
    name, row = NAMES[kind], row_of(state, action, FEES)
    row.taken |= kind
    residue = getattr(action, f"{name}_total_atoms") - getattr(action, f"{name}_atoms")
    add_to(row, f"{name}_atoms", residue)
    add_to(action, f"{name}_atoms", residue)
    if kind == ENTITLED:
        refresh(state, action, row)
    set_of(action, name, COMPLETE)
    emit(
        "RecordTaken", account=0, market=0, **place(action), record_kind=kind, asset=action.asset,
        holders=getattr(action, f"{name}_holders"), total_atoms=getattr(action, f"{name}_atoms"),
        residue_atoms=residue, lent_atoms=action.lent_atoms, short_atoms=action.short_atoms,
    )  # fmt: skip
    if action.entitled == action.recorded == COMPLETE:
        assert action.entitled_atoms == action.recorded_atoms, "rights are not what there are shares"


def carry(state: State, account: int, asset: int, atoms: int, emit: Any) -> None:
    """Let a right follow shares that came from outside or went there between ex and record."""
    for action in in_order(state) if atoms else ():
        armed = action.phase == ActionPhase.ARMED and action.action_kind == ActionKind.DIVIDEND
        if action.asset != asset or not armed or bool(action.entitled) == bool(action.recorded):
            continue
        carried, row = -atoms if action.recorded else atoms, row_of(state, action, account)
        row.entitled_atoms += carried
        action.entitled_atoms += carried
        action.entitled_total_atoms += carried
        refresh(state, action, row)
        emit(
            "EntitlementCarried", account=account, market=0, **place(action), carried_atoms=carried,
            entitled_atoms=row.entitled_atoms,
        )  # fmt: skip
