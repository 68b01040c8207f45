"""Lines of a scenario that lend, borrow and pledge, and what is told of them.

op pool USDC optimal=8000000 full=90000000 fee=100000
op collateral SOL weight=90000000 initial=10000000
price SOL 100                       three sources quote it, and a clock makes the mark (in whole cash units)
until 1800                          the next command comes at this second
alice lend 5 USDC                   : LEND 5, now +5
bob bid 10000 x 3 +borrow +repay    : accepted, rests 3; bob BORROW 7 fee 1 by SPOT_MARGIN, now -8
bob account +lend leverage=200      : AccountSet
bob measure                         = assets 1 collateral 1 liabilities 0; initial 0 maintenance 0 reserved 0
pool USDC                           = lent 10 owed 4 reserve 0 rounding 0
bob loans                           = USDC -4               shares, above zero lent and below owed
"""

from typing import Any

from ringfence.schema import commands as c
from ringfence.schema import enums as e
from ringfence.schema import events as v

LOAN_FLAGS = {"+lend": 1, "+redeem": 2, "+borrow": 4, "+repay": 8}
ACCOUNT_FLAGS = {"+lend": 1, "+repay": 2}
COLLATERAL = {"weight": "weight_e8", "base": "haircut_base_e8", "penalty": "haircut_penalty_e8"}
COLLATERAL |= {"initial": "initial_base_e8", "initial_factor": "initial_factor_e8"}
COLLATERAL |= {"maintenance": "maintenance_base_e8", "maintenance_factor": "maintenance_factor_e8"}
POOL = {"idle": "rate_idle_e8", "optimal": "rate_optimal_e8", "full": "rate_full_e8"}
POOL |= {"optimal_at": "optimal_utilisation_ppm", "most": "maximum_utilisation_ppm", "fee": "fee_ppm"}
POOL |= {"threshold": "throttle_threshold_ppm", "bound": "throttle_bound_ppm", "update": "throttle_update_ppm"}
POOL |= {"limit": "lend_limit_atoms"}
SOURCES = (1, 2, 3)


def loan_flags(words: tuple[str, ...]) -> int:
    return sum(LOAN_FLAGS[word] for word in words)


def parted(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words that are flags of loans, and the others."""
    flags = tuple(word for word in words if word.startswith("+"))
    return flags, tuple(word for word in words if word not in flags)


def given(names: dict[str, str], words: tuple[str, ...]) -> dict[str, Any]:
    found = (word.split("=") for word in words)
    return {names[name]: int(value) for name, value in found}


def price_commands(asset: int, price: str, time_us: int) -> list[c.Command]:
    """Return what makes the mark of an asset so many cash units; quotes of that time are fresh for a day."""
    units = round(float(price) * e.UNITS_PER_CASH)
    named = [c.SetPriceSource(price_source=source, name=f"source {source}") for source in SOURCES]
    made = [c.SetPricing(asset=asset, maximum_age_ms=86_400_000, update_cap_ppm=1_000_000)]
    weighted = [c.SetPriceWeight(asset=asset, price_source=source, weight=1) for source in SOURCES]
    quoted = [c.Quote(asset=asset, price_source=n, last_units=units, observed_us=time_us) for n in SOURCES]
    return [*named, *made, *weighted, *quoted, c.Clock()]


class LoanVerbs:
    """One method per verb; ``assets`` are the numbers of assets by name."""

    assets: dict[str, int]

    def collateral(self, _account: int, asset: str, *words: str) -> c.Command:
        """Identity without ``root``; what is not given is 0, but a base of one."""
        kind = e.HaircutKind.INVERSE_SQRT if "root" in words else e.HaircutKind.IDENTITY
        found = given(COLLATERAL, tuple(word for word in words if word != "root"))
        needed = {"weight_e8": 0, "initial_base_e8": 0, "maintenance_base_e8": 0}
        return c.SetCollateral(asset=self.assets[asset], haircut_kind=kind, **needed | found)

    def pool(self, _account: int, asset: str, *words: str) -> c.Command:
        """The state is OPEN unless it is named; rates that are not given are 0."""
        state = next((word for word in words if word.isupper()), "OPEN")
        found = given(POOL, tuple(word for word in words if not word.isupper()))
        needed = {"rate_optimal_e8": 0, "rate_full_e8": found.get("rate_optimal_e8", 0)}
        return c.SetLendingPool(asset=self.assets[asset], pool_state=e.PoolState[state], **needed | found)

    def account(self, account: int, *words: str) -> c.Command:
        flags, others = parted(words)
        limit = given({"leverage": "leverage_limit_percent"}, others)
        return c.SetAccount(account=account, account_flags=sum(ACCOUNT_FLAGS[flag] for flag in flags), **limit)

    def lend(self, account: int, amount: str, asset: str) -> c.Command:
        return c.Lend(account=account, asset=self.assets[asset], amount_atoms=int(amount))

    def redeem(self, account: int, amount: str, asset: str) -> c.Command:
        return c.Redeem(account=account, asset=self.assets[asset], amount_atoms=int(amount))

    def borrow(self, account: int, amount: str, asset: str) -> c.Command:
        return c.Borrow(account=account, asset=self.assets[asset], amount_atoms=int(amount))

    def repay(self, account: int, amount: str, asset: str) -> c.Command:
        return c.Repay(account=account, asset=self.assets[asset], amount_atoms=int(amount))


def told_loan(event: v.LoanMoved, who: str) -> str:
    fee = f" fee {event.fee_atoms}" if event.fee_atoms else ""
    source = e.LoanSource(event.source)
    by = f" by {source.name}" if source != e.LoanSource.MANUAL else ""
    waits = f"; {event.queued_atoms} wait" if event.queued_atoms else ""
    return f"{who}{e.LoanCause(event.cause).name} {event.amount_atoms}{fee}{by}, now {event.loan_shares:+d}{waits}"


def told_interest(event: v.InterestAccrued, asset: str) -> str:
    assert (event.account, event.market) == (0, 0)
    told = f"interest {asset} {event.interest_atoms} reserve {event.reserve_atoms} swept {event.rounding_atoms}"
    return f"{told} rates {event.borrow_rate_e8}/{event.lend_rate_e8}"


def told_measure(found: Any) -> str:
    worth, needs = ("assets", "collateral", "liabilities"), ("initial", "maintenance", "reserved")
    return "; ".join(" ".join(f"{name} {getattr(found, name)}" for name in names) for names in (worth, needs))


def total(shares: int, index: int) -> tuple[int, int]:
    """Return what so many shares are worth in atoms, rounded down and up."""
    one = 2**e.INDEX_BITS
    return shares * index // one, -(-shares * index // one)
