"""A small folder in the format of the published waves, with made-up figures."""

import csv
from pathlib import Path

from ringfence.lab.benchmark.published import FILLS, GAPS, PEOPLE, POLICIES, RULES, SHOCKS, WAVES

BEGINS_MS = {1: 1_760_130_964_831, 4: 1_760_131_034_132, 7: 1_760_131_095_631}
FILLS_OF = {1: 120, 4: 60, 7: 5}
PROFIT_USD, EQUITY_USD = {1: 900_000, 4: 400_000, 7: 900}, {1: 2_500_000, 4: 1_900_000, 7: 9_000}
COINS = {
    # (wave, coin): contracts, gap in dollars a contract, profit that closed, profit of the positions
    (1, "BTC"): ("1.2345600000001", 600, 9_000, 20_000),
    (1, "kPEPE"): ("40000000.0", 0.0002, 70_000, 90_000),
    (1, "HYPE"): ("9000.25", 0.5, 80_000, 81_000),
    (4, "BTC"): ("0.11733", 638, 800, 500_000),
    (4, "HYPE"): ("123.5", 0.25, 0, 0),
    (7, "HYPE"): ("300.0", 1.5, 2_000, 2_100),
}
PEOPLE_COUNT = 150


def write_folder(folder: Path) -> Path:
    """Write all six files, and return the folder."""
    gaps = [
        {
            "wave": wave, "coin": coin, "qty_contracts": quantity, "gap_usd_x_qty": float(quantity) * gap,
        } for (wave, coin), (quantity, gap, _, _) in COINS.items()
    ]  # fmt: skip
    need = {wave: sum(row["gap_usd_x_qty"] for row in gaps if row["wave"] == wave) for wave in BEGINS_MS}
    rules = {f"budget_{column}": "1.5" for column in RULES.values()}
    rules |= {f"max_pct_{column}": "0.25" for column in RULES.values()}
    write(folder / GAPS, gaps)
    write(folder / WAVES, [
        {
            "wave": wave, "t_start_ms": begins, "t_end_ms": begins + 2_000, "budget_needed_usd": need[wave],
            "winners_pnl_start_usd": PROFIT_USD[wave], "winners_equity_start_usd": EQUITY_USD[wave],
        } for wave, begins in BEGINS_MS.items()
    ])  # fmt: skip
    write(folder / FILLS, [{"wave": wave, "n_rows": count} for wave, count in FILLS_OF.items()])
    write(folder / POLICIES, [{"wave": wave} | rules for wave in BEGINS_MS])
    write(folder / SHOCKS, [
        {
            "coin": coin.upper(), "t_start": time_of(BEGINS_MS[wave]), "budget_queue_usd": closed,
            "total_capacity_usd": held,
        } for (wave, coin), (_, _, closed, held) in COINS.items()
    ])  # fmt: skip
    write(folder / PEOPLE, [{"n_adl_events": 40 if place == 9 else 2} for place in range(PEOPLE_COUNT)])
    return folder


def write(path: Path, rows: list[dict]) -> None:
    """Write a file of rows."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def time_of(at_ms: int) -> str:
    """Return a time as the file of shocks has it."""
    seconds, milliseconds = divmod(at_ms - 1_760_130_000_000, 1_000)
    minutes, seconds = divmod(seconds, 60)
    return f"2025-10-10 21:{minutes:02d}:{seconds:02d}.{milliseconds:03d}000+00:00"
