"""What single words of a scenario's line mean for an order."""

from typing import Any

from ringfence.schema import enums as e

from .scenario_loans import loan_flags, parted

FLAGS = {
    "reject_maker": {"self_trade_prevention": 1},
    "reject_both": {"self_trade_prevention": 2},
    "ioc": {"time_in_force": 1},
    "fok": {"time_in_force": 2},
    "post": {"post_only": 1},
    "on2": {"market": 2},
    "on3": {"market": 3},
    "reduce": {"reduce_only": 1},
}


def flags_given(words: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields that flags stand for; ``slip=3t`` and ``slip=500ppm`` bound the price."""
    for_loans, others = parted(words)
    given: dict[str, Any] = {"loan_flags": loan_flags(for_loans)}
    for flag in others:
        if flag.startswith("slip="):
            kind = e.SlippageKind.TICKS if flag.endswith("t") else e.SlippageKind.PPM
            given |= {"slippage_kind": kind, "slippage": int(flag[5:].rstrip("tpm"))}
        else:
            given |= FLAGS[flag]
    return given
