"""Who must pay and who must be paid in a settlement, by the exact profit of every position.

What a settlement moves is read from the core's positions before and after; whether it was right is the model's to say.
"""

from collections import Counter
from fractions import Fraction
from typing import Any

from tests.exact.model import CLEARING, Contract, Model

from ringfence.schema.enums import FIRST_USER_ACCOUNT, Settling

NOTHING, COLLECTING, CONVERTING, PAYING = Settling
Flows = Counter[tuple[int, int]]


def settled(model: Model, before: Any, after: Any) -> None:
    """Look at what a Clock or a ContinueSettlement has settled; a page takes in everybody in a venue so small."""
    was, now = int(before["venue"]["settling"][0]), int(after["venue"]["settling"][0])
    assert COLLECTING not in (was, now), "a round took more than a page"
    flows = flows_between(before, after)
    for key, atoms in flows.items():
        model.contracts[key].settled += atoms
    if was == NOTHING and now in (CONVERTING, PAYING):
        collected(model, after, flows)
    elif was == PAYING and now == NOTHING:
        paid(model, before, after, flows)
    elif was == CONVERTING:
        converted(model, before, flows)
    else:
        assert not any(flows.values())


def flows_between(before: Any, after: Any) -> Flows:
    """Return what was paid to positions, below zero what they paid; funding changes the cost and the funding alike."""
    found: Flows = Counter()
    for rows, sign in ((before, -1), (after, 1)):
        for row in rows["positions"]:
            if row["account"] >= FIRST_USER_ACCOUNT:
                key = int(row["account"]), int(row["market"])
                found[key] += sign * int(row["reference_atoms"])
                found[key] += sign * int(row["funding_atoms"])
    gone = {(int(row["account"]), int(row["market"])) for row in before["positions"]}
    gone -= {(int(row["account"]), int(row["market"])) for row in after["positions"]}
    for row in before["positions"]:
        if (int(row["account"]), int(row["market"])) in gone and row["account"] >= FIRST_USER_ACCOUNT:
            # A row that went had no lots, so that no funding was left to charge; its own count of it is gone with it.
            found[int(row["account"]), int(row["market"])] += int(row["funding_atoms"])
    return found


def unsettled(model: Model, key: tuple[int, int], ticks: int) -> Fraction:
    contract = model.contracts[key]
    worth = contract.lots * ticks * model.markets[key[1]].quote_factor
    return worth + contract.money - contract.settled


def balances_of(rows: Any, asset: int) -> dict[int, int]:
    mine = rows["balances"][rows["balances"]["asset"] == asset]
    return dict(zip(mine["account"].tolist(), mine["available_atoms"].tolist(), strict=True))


def users_of(model: Model, market: int) -> list[tuple[tuple[int, int], Contract]]:
    found = sorted(model.contracts.items())
    return [(key, contract) for key, contract in found if key[1] == market and key[0] >= FIRST_USER_ACCOUNT]


def collected(model: Model, after: Any, flows: Flows) -> None:
    """Losers have paid what they lost, or have nothing left; what winners are due is written down."""
    for row in after["perpetuals"]:
        market, ticks = int(row["market"]), int(row["settle_ticks"])
        available = balances_of(after, model.markets[market].quote_asset)
        for key, contract in users_of(model, market) if ticks else ():
            paid = -flows[key]
            lost = paid_in_exact(model, key, ticks, paid)
            model.reached[f"{'long' if contract.lots > 0 else 'short'} {'loses' if lost > 0 else 'wins'}"] += bool(
                contract.lots and abs(lost) > contract.under + contract.over
            )
            contract.due = max(Fraction(0), -lost)
            assert -contract.over <= paid <= max(Fraction(0), lost + contract.under), (
                f"{key} paid {paid} of {float(lost)}"
            )
            if paid < lost - contract.over:
                assert available.get(key[0], 0) == 0, f"{key} paid {paid} of {float(lost)} and has more"
                model.reached["loser has nothing"] += 1


def converted(model: Model, before: Any, flows: Flows) -> None:
    """Who sold something has paid with it, and no more than was lost."""
    ticks = dict(
        zip(before["perpetuals"]["market"].tolist(), before["perpetuals"]["settle_ticks"].tolist(), strict=True)
    )
    for key, atoms in flows.items():
        if atoms:
            lost = paid_in_exact(model, key, ticks[key[1]], -atoms)
            assert 0 < -atoms <= lost + model.contracts[key].under, f"{key} paid {-atoms} of {float(lost)}"
            model.reached["loser sells"] += 1


def paid_in_exact(model: Model, key: tuple[int, int], ticks: int, paid: int) -> Fraction:
    """Return what a position had lost before it paid, below zero what it had won."""
    return -(unsettled(model, key, ticks) - paid)


def paid(model: Model, before: Any, after: Any, flows: Flows) -> None:
    """Winners have got what they are due, or all the same part of it when losers could not pay."""
    for old in before["perpetuals"]:
        market = int(old["market"])
        if not old["settle_ticks"]:
            continue
        winners = users_of(model, market)
        house = int(old["due_atoms"]) - sum(due_rows(before, market).values())
        due = sum((contract.due for _, contract in winners), Fraction(house))
        slack = sum((contract.under + contract.over for _, contract in winners), Fraction(0))
        pot = Fraction(int(old["clearing_atoms"]))
        assert abs(due - int(old["due_atoms"])) <= slack
        low = min(Fraction(1), pot / (due + slack)) if due + slack else Fraction(0)
        high = min(Fraction(1), pot / (due - slack)) if due > slack else Fraction(1)
        for key, contract in winners:
            got = flows[key]
            least, most = (contract.due - contract.under) * low - 1, (contract.due + contract.over) * high
            assert max(Fraction(0), least) <= got <= most, f"{key} got {got} of {float(contract.due)}"
            model.reached["winner waits"] += got < contract.due - contract.under - 1
        left = int(after["perpetuals"]["clearing_atoms"][after["perpetuals"]["market"] == market][0])
        assert left >= 0, f"account {CLEARING} paid what it did not have in market {market}"


def due_rows(rows: Any, market: int) -> dict[int, int]:
    mine = rows["positions"][
        (rows["positions"]["market"] == market) & (rows["positions"]["account"] >= FIRST_USER_ACCOUNT)
    ]
    return dict(zip(mine["account"].tolist(), mine["due_atoms"].tolist(), strict=True))
