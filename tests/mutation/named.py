"""The faults that an engine of liquidations must not have, as edits of the core: (module, what stands there, instead).

The list is of what went wrong at real venues, and of what would be hard to see: a bound that is missing, a rounding for
the wrong side, money from outside that comes before the check, the sign of FUND, deleveraging on the wrong side, a
stale mark, a fee on a deleveraging, a deficit booked twice, a bias by account number, and what a float would do.
"""

Edit = tuple[str, str, str]

NAMED: dict[str, Edit] = {
    "a bound is missing: the index is not clamped": (
        "marks",
        "low, high = scale_up(centre, PPM - clamp)",
        "low, high = 0 * scale_up(centre, PPM - clamp)",
    ),
    "a bound is missing: profit is not what caps a share": (
        "sharing",
        "        if gap_atoms > 0:\n",
        "        if gap_atoms < 0:\n",
    ),
    "a bound is missing: an estate pays more than it has": (
        "estates",
        "paid = min(atoms, available(s, row.account, asset))",
        "paid = atoms",
    ),
    "a bound is missing: SKIN pays beyond its cap": (
        "fund",
        "return most if value <= left else divide_down(most, left, value)",
        "return most",
    ),
    "rounding: parts of the cost of a wave are rounded up": (
        "waves",
        "cost = divide_down(wave.gap_atoms, before + lots, whole) - divide_down",
        "cost = -(-wave.gap_atoms * (before + lots) // whole) - divide_down",
    ),
    "rounding: the profit that may be lost is rounded up": (
        "waves",
        "return divide_down(profit, max(gains - losses, 0), gains) if gains > 0 else 0",
        "return -(-profit * max(gains - losses, 0) // gains) if gains > 0 else 0",
    ),
    "rounding: a gap is rounded down": (
        "estates",
        "gap = min(divide_up(loss_atoms",
        "gap = min(loss_atoms * min(deficit, liabilities) // liabilities + 0 * divide_up(loss_atoms",
    ),
    "order: a deposit counts before the account is looked at": (
        "fence",
        "    return safety != SAFE\n",
        "    return False\n",
    ),
    "order: an account with a case gets what is deposited": (
        "fence",
        "    if has_case(s, account):\n        return True\n",
        "    if has_case(s, account):\n        return False\n",
    ),
    "sign: FUND is paid by whoever it pays": (
        "fund",
        "move(s, HouseAccount.FUND, to_account, asset, paid)",
        "move(s, to_account, HouseAccount.FUND, asset, paid)",
    ),
    "sign: what SKIN paid does not reach the market": (
        "waves",
        "book.clearing_atoms += fund + skin",
        "book.clearing_atoms += fund - skin",
    ),
    "wrong side: those on the side of the failed are deleveraged": (
        "waves",
        "(s.positions[slot].net_lots > 0) == (wave.left_lots > 0):",
        "(s.positions[slot].net_lots > 0) != (wave.left_lots > 0):",
    ),
    "wrong side: a case enlarges the position": (
        "legs",
        "Side.ASK if row.net_lots > 0 else Side.BID",
        "Side.BID if row.net_lots > 0 else Side.ASK",
    ),
    "stale mark: a wave closes at it": (
        "waves",
        "is_fresh = rules.price_state == PriceState.FRESH and is_live(money.price_state)",
        "is_fresh = True",
    ),
    "stale mark: a case sells at it": (
        "legs",
        "rules.price_state != PriceState.FRESH or not is_live(money.price_state)",
        "not is_live(money.price_state)",
    ),
    "stale mark: it opens a case": (
        "fence",
        "surely = is_clock_fresh(s) and sums.collateral - sums.liabilities + doubt <= sums.maintenance",
        "surely = True",
    ),
    "stale mark: a vault mints at it": (
        "vaults",
        "fresh = s.perpetuals[position.market].price_state == PriceState.FRESH",
        "fresh = True",
    ),
    "fee: whoever is deleveraged pays one": (
        "waves",
        "change_position(s, account, wave.market, -lots, -cost, 0)",
        "change_position(s, account, wave.market, -lots, -cost, 1)",
    ),
    "booked twice: what nobody paid of a position": (
        "estates",
        "        add_reference(s, other, rest)\n",
        "        add_reference(s, other, 2 * rest)\n",
    ),
    "booked twice: the deficit of a debt": (
        "estates",
        "event.case, event.asset, event.deficit_atoms = row.id, asset, deficit",
        "event.case, event.asset, event.deficit_atoms = row.id, asset, 2 * deficit",
    ),
    "bias: ties are broken by account number": (
        "sharing",
        "return rank_of(s, int(first)) < rank_of(s, int(second))",
        "return first < second",
    ),
    "bias: cases open by account number": ("opening", "    sort_by_rank(s, count)\n", ""),
    "float: a fee is computed in binary floating point": (
        "legs",
        "return divide_up(quote_atoms, leg.fee_e8, E8)",
        "return int(float(quote_atoms) * float(leg.fee_e8) / 1e8)",
    ),
    "float: a share is computed in binary floating point": (
        "sharing",
        "part = min(divide_down(lots, weight, total), s.wave_caps[i])",
        "part = min(int(lots / total * weight), s.wave_caps[i])",
    ),
    "later money: a standing top-up takes what does not end the case": (
        "topups",
        "    if needed == 0 or needed > most:\n        take_measure",
        "    if needed == 0:\n        take_measure",
    ),
    "later money: a pool with a hole takes new lenders": (
        "lending",
        "return pool.pool_state == PoolState.OPEN and pool.uncovered == 0",
        "return pool.pool_state == PoolState.OPEN",
    ),
    "an estate gives back less than others paid for it": (
        "estates",
        "row.written_off_value -= min(debt_value(rules, atoms), row.written_off_value)",
        "row.written_off_value -= row.written_off_value",
    ),
}
