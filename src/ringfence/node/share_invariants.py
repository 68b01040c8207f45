"""What must hold of registered shares and of what is paid on them: rights are shares, cash is all there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy.typing as npt

from ringfence.schema.enums import ActionPhase, HouseAccount

Rows = Mapping[str, npt.NDArray[Any]]
COMPLETE = 2


def broken_shares(rows: Rows, available: Mapping[tuple[int, int], int]) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong with corporate actions and what accounts have to do with them."""
    actions = {int(row["action"]): row for row in rows["actions"]}
    of_action: dict[int, list[Any]] = defaultdict(list)
    for row in rows["entitlements"]:
        if int(row["action"]) not in actions:
            yield f"account {row['account']} has to do with action {row['action']}, which is not there"
        of_action[int(row["action"])].append(row)
    for number, action in actions.items():
        yield from _of_action(number, action, of_action[number])
    yield from _cash(actions.values(), available)


def _of_action(number: int, action: Any, rows: list[Any]) -> Iterator[str]:
    if action["phase"] == ActionPhase.CLOSING:
        return
    if action["entitled"] == action["recorded"] == COMPLETE and action["entitled_atoms"] != action["recorded_atoms"]:
        yield f"action {number}: rights are {action['entitled_atoms']} atoms and shares {action['recorded_atoms']}"
    for kind in ("entitled", "recorded"):
        total = sum(int(row[f"{kind}_atoms"]) for row in rows)
        if total != action[f"{kind}_atoms"]:
            yield f"action {number}: {kind} are {total} atoms by account and {action[f'{kind}_atoms']} in all"
    owed = sum(max(-int(row["due_atoms"]), 0) for row in rows)
    if owed != action["owed_atoms"]:
        yield f"action {number}: accounts owe {owed} atoms, and it says {action['owed_atoms']}"
    unclaimed = sum(int(row["unclaimed_atoms"]) for row in rows)
    if unclaimed != action["unclaimed_atoms"]:
        yield f"action {number}: {unclaimed} atoms are unclaimed, and it says {action['unclaimed_atoms']}"


def _cash(actions: Any, available: Mapping[tuple[int, int], int]) -> Iterator[str]:
    """DIVIDEND holds what was paid in for open actions and not paid out, UNCLAIMED what nobody could be given."""
    pots: dict[tuple[int, int], int] = defaultdict(int)
    for action in actions:
        asset = int(action["pay_asset"])
        if action["phase"] != ActionPhase.CLOSING:
            pots[HouseAccount.DIVIDEND, asset] += sum(int(action[f"{name}_atoms"]) for name in ("funded", "collected"))
            pots[HouseAccount.DIVIDEND, asset] -= int(action["paid_atoms"])
        pots[HouseAccount.UNCLAIMED, asset] += int(action["unclaimed_atoms"])
    for account in (HouseAccount.DIVIDEND, HouseAccount.UNCLAIMED):
        assets = {asset for holder, asset in (*pots, *available) if holder == account}
        for asset in sorted(assets):
            held, meant = available.get((account, asset), 0), pots[account, asset]
            if held != meant:
                yield f"{account.name} holds {held} atoms of asset {asset} and should hold {meant}"
