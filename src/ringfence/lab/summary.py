"""What a run came to, in the words and numbers of its report. Dollars are floats here: they are read, not paid."""

from __future__ import annotations

from typing import Any

import numpy as np

from .audits import Audited
from .record import Record
from .run import Played, peak_megabytes

DOLLAR = 10**6


def dollars(atoms: int) -> float:
    """Return atoms of cash as dollars."""
    return round(atoms / DOLLAR, 2)


def percentile(values: list[float], part: int) -> float:
    """Return a percentile, 0 of nothing."""
    return round(float(np.percentile(np.array(values), part)), 4) if values else 0.0


def events_per_s_worst(record: Record) -> int:
    """Return how many events of liquidations were applied a second of engine time in the step that had the most."""
    busiest = max(record.rows, key=lambda row: row.get("liquidation_events", 0))
    return round(busiest.get("liquidation_events", 0) / max(busiest["engine_s"], 1e-6))


def outcome(played: Played) -> dict[str, Any]:
    """Return what happened to people, for reruns to be compared by."""
    record = played.record
    losses = sorted((loss for loss in record.lost.values() if loss > 0), reverse=True)
    paid = sum(losses)
    return {
        "accounts": played.plan.accounts,
        "policy": played.plan.scenario.rules.policy,
        "state_hash": played.state_hash,
        "liquidated_accounts": len(record.liquidated),
        "written_off_cases": record.written_off,
        "deficit_usd": dollars(record.total("gap_atoms") + record.total("written_deficit_atoms")),
        "fund_usd": dollars(record.total("fund_atoms") + record.total("written_fund_atoms")),
        "skin_usd": dollars(record.total("skin_atoms") + record.total("written_skin_atoms")),
        "same_person_usd": dollars(record.total("own_atoms")),
        "adl_usd": dollars(record.total("deleveraged_atoms")),
        "adl_events": record.counts["Deleveraged"],
        "adl_notional_usd": dollars(record.total("deleveraged_notional")),
        "adl_touched": len(record.touched),
        "adl_who_paid": len(losses),
        "adl_worst_haircut": round(record.worst_haircut, 4),
        "adl_profit_usd": dollars(record.profit_atoms),
        "adl_profit_by_haircut_usd": [dollars(atoms) for atoms in record.profit_by_haircut],
        "adl_top_ten_share": round(sum(losses[:10]) / paid, 4) if paid else 0.0,
        "book_usd": dollars(record.total("book_atoms")),
        "vault_took_usd": dollars(record.total("vault_atoms")),
        "halts": record.counts["MarketHalted"],
    }


def summary(played: Played, audited: Audited, wall_s: float) -> dict[str, Any]:
    """Return the one line of ``--json``. Zeros, deficits and who paid are the auditor's, from the log."""
    record, figures, report = played.record, audited.figures, audited.verified
    return {
        "scenario": played.plan.scenario.title,
        "seed": played.plan.seed,
        "policy": played.plan.scenario.rules.policy,
        "state_hash": played.state_hash,
        "commands": played.commands,
        "events": report.events,
        "accounts": played.plan.accounts,
        "liquidated_accounts": audited.liquidated,
        "cases": record.counts["CaseOpened"],
        "deficit_usd": dollars(figures.deficit),
        "paid_by": {
            "fund": dollars(figures.fund),
            "skin": dollars(figures.skin),
            "adl": dollars(figures.deleveraged),
            "same_person": dollars(figures.same_person),
            "uncovered": dollars(figures.uncovered),
        },
        "adl_events": figures.deleveragings,
        "later_deposits": figures.fenced,
        "later_deposits_usd": dollars(figures.later_deposits),
        "later_deposits_used_usd": dollars(figures.later_deposits_used),
        "flat_users_who_paid": len(figures.flat_users_who_paid),
        "clawback_usd": dollars(figures.clawback),
        "accounts_below_zero": len(figures.accounts_below_zero),
        "unexplained_usd": dollars(figures.unexplained),
        "books_differ_usd": dollars(figures.books_differ),
        "pool_lent_out_percent": max(row["utilisation_ppm"] for row in record.rows) // 10_000,
        "most_open_cases": max(row["open_cases"] for row in record.rows),
        "halts": record.counts["MarketHalted"],
        "events_per_s_worst": events_per_s_worst(record),
        "resolve_p50_s": percentile(record.resolved_s, 50),
        "resolve_p99_s": percentile(record.resolved_s, 99),
        "wall_s": round(wall_s, 1),
        "played_s": round(played.wall_s, 1),
        "audited_s": round(audited.wall_s, 1),
        "rss_mb": peak_megabytes() + audited.peak_megabytes,
        "verify": "holds" if report.holds and report.state_hash == played.state_hash else "does not hold",
        "findings": [*report.findings, *audited.findings],
    }
