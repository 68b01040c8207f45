"""What every account has by the rules of the economy, in fractions: no rounding is written down here.

The model follows the commands' events for what was decided (who traded how much at which price, what was lent) and
computes for itself what follows from it: fees, interest, funding, profit.  The core rounds; how often it did so for
whom is counted beside each number, and a difference beyond that count, or to the wrong side, is told.
"""

from collections import Counter, defaultdict
from fractions import Fraction
from typing import Any

from tests.exact.pools import Pool

from ringfence.core import Exchange
from ringfence.schema import events as v
from ringfence.schema.enums import FUNDING_BITS, INDEX_BITS, HouseAccount, LoanCause, MarketKind

FEES, REBATES, ROUNDING = int(HouseAccount.FEES), int(HouseAccount.REBATES), int(HouseAccount.ROUNDING)
POOL, CLEARING = int(HouseAccount.POOL), int(HouseAccount.CLEARING)
MILLION = 10**6


class Contract:
    """One account's part in a perpetual: its lots, and what it has been paid for them less what it paid."""

    def __init__(self) -> None:
        self.lots = 0
        self.money = Fraction(0)
        self.settled = 0
        self.under = self.over = Fraction(0)
        self.due = Fraction(0)


class Model:
    """Exact holdings; ``under`` and ``over`` say by how much the core may have less, or more, of each."""

    def __init__(self) -> None:
        self.holdings: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
        self.under: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
        self.over: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
        self.markets: dict[int, Any] = {}
        self.schedules: dict[int, int] = {}
        self.tiers: dict[tuple[int, int], tuple[int, int]] = defaultdict(lambda: (0, 0))
        self.user_of: dict[int, int] = {}
        self.tier_of: dict[int, int] = {}
        self.pools: dict[int, Pool] = {}
        self.swept: Counter[int] = Counter()
        self.contracts: dict[tuple[int, int], Contract] = defaultdict(Contract)
        self.last_rates: dict[int, int] = {}
        self.reached: Counter[str] = Counter()
        self.uncrossing = False
        """Whether an auction is carried out, in which both sides pay as makers do."""

    def follow(self, events: list[Any]) -> None:
        for event in events:
            follower = getattr(self, "on_" + type(event).__name__, None)
            if follower:
                follower(event)

    # What there is.

    def on_UserOpened(self, event: v.UserOpened) -> None:
        self.user_of[event.account] = self.user_of[event.fenced_account] = event.user
        self.tier_of[event.user] = event.fee_tier

    def on_AccountOpened(self, event: v.AccountOpened) -> None:
        self.user_of[event.account] = event.user

    def on_UserSet(self, event: v.UserSet) -> None:
        self.tier_of[event.user] = event.fee_tier

    def on_FeeTierSet(self, event: v.FeeTierSet) -> None:
        self.tiers[event.fee_schedule, event.fee_tier] = event.maker_ppm, event.taker_ppm

    def on_MarketListed(self, event: v.MarketListed) -> None:
        self.markets[event.market], self.schedules[event.market] = event, event.fee_schedule

    def on_MarketLimitsSet(self, event: v.MarketLimitsSet) -> None:
        self.schedules[event.market] = event.fee_schedule

    def on_LendingPoolSet(self, event: v.LendingPoolSet) -> None:
        self.pools.setdefault(event.asset, Pool(event)).settings = event

    # Money.

    def move(self, source: int, target: int, asset: int, atoms: Fraction | int) -> None:
        self.holdings[source, asset] -= atoms
        self.holdings[target, asset] += atoms

    def rounded(self, payer: int, receiver: int, asset: int, over: int = 0) -> None:
        """Count a payment that the core rounds: the payer pays less than an atom too much, or ``over`` too little."""
        self.under[payer, asset] += 1
        self.over[payer, asset] += over
        self.over[receiver, asset] += 1
        self.under[receiver, asset] += over

    def on_FundsMoved(self, event: v.FundsMoved) -> None:
        self.move(event.account, event.to_account, event.asset, event.amount_atoms)

    def on_LoanMoved(self, event: v.LoanMoved) -> None:
        pool, account, atoms = self.pools[event.asset], event.account, event.amount_atoms
        is_all = event.loan_shares == 0
        match LoanCause(event.cause):
            case LoanCause.LEND:
                pool.lend(account, atoms)
            case LoanCause.REDEEM:
                pool.redeem(account, atoms, is_all)
            case LoanCause.BORROW:
                pool.borrow(account, atoms, event.fee_atoms, event.time_us)
            case LoanCause.REPAY:
                pool.repay(account, atoms, is_all)
        pays = event.cause in (LoanCause.LEND, LoanCause.REPAY)
        self.move(account if pays else POOL, POOL if pays else account, event.asset, atoms)

    def on_ClockTicked(self, event: v.ClockTicked) -> None:
        for pool in self.pools.values():
            pool.second(event.time_us)

    def on_InterestAccrued(self, event: v.InterestAccrued) -> None:
        self.reached["interest"] += 1
        self.swept[event.asset] += event.rounding_atoms

    # Trades.

    def rates_of(self, account: int, market: int) -> tuple[int, int]:
        return self.tiers[self.schedules[market], self.tier_of[self.user_of[account]]]

    def on_Trade(self, event: v.Trade) -> None:
        market = self.markets[event.market]
        maker_ppm, taker_ppm = (
            self.rates_of(event.maker_account, event.market)[0],
            self.rates_of(event.account, event.market)[1],
        )
        if self.uncrossing:
            taker_ppm = max(0, self.rates_of(event.account, event.market)[0])
        buyer, seller = event.account, event.maker_account
        if event.side == 1:
            buyer, seller = seller, buyer
        quote = event.quantity_lots * event.price_ticks * market.quote_factor
        if market.market_kind == MarketKind.PERPETUAL:
            self.contract_trade(event, buyer, seller, quote, maker_ppm, taker_ppm)
            return
        base = event.quantity_lots * market.lot_atoms
        self.move(seller, buyer, market.base_asset, base)
        self.move(buyer, seller, market.quote_asset, quote)
        for account, ppm, told in (
            (event.account, taker_ppm, event.taker_fee_atoms),
            (event.maker_account, maker_ppm, event.maker_fee_atoms),
        ):
            gets, asset = (base, market.base_asset) if account == buyer else (quote, market.quote_asset)
            self.spot_fee(account, asset, Fraction(gets * ppm, MILLION), told)

    def spot_fee(self, account: int, asset: int, fee: Fraction, told: int) -> None:
        """Take a fee, or pay a rebate as far as REBATES reaches; the core takes up to an atom more."""
        if fee < 0 and told - fee >= 1:
            self.reached["rebates empty"] += 1
            assert self.holdings[REBATES, asset] <= -told, f"a rebate of {-told}, and REBATES could pay {float(-fee)}"
            fee = Fraction(told)
        assert 0 <= told - fee < 1, f"a fee of {told} atoms of asset {asset} where it is {float(fee)}"
        self.move(account, FEES if fee >= 0 else REBATES, asset, fee)
        if told != fee:
            self.rounded(account, FEES if fee >= 0 else REBATES, asset)

    # Contracts.

    def contract_trade(self, event: v.Trade, buyer: int, seller: int, quote: int, maker: int, taker: int) -> None:
        """Trade lots for money; fees of an order are rounded in all, so that a fill may bring an atom back."""
        asset = self.markets[event.market].quote_asset
        taker_fee = Fraction(quote * taker, MILLION)
        maker_fee = max(Fraction(quote * maker, MILLION), -taker_fee)
        self.pay(buyer, event.market, Fraction(quote))
        self.pay(seller, event.market, Fraction(-quote))
        self.contracts[buyer, event.market].lots += event.quantity_lots
        self.contracts[seller, event.market].lots -= event.quantity_lots
        for account, fee, told in (
            (event.account, taker_fee, event.taker_fee_atoms),
            (event.maker_account, maker_fee, event.maker_fee_atoms),
        ):
            assert abs(told - fee) < 2, f"a fee of {told} atoms in market {event.market} where it is {float(fee)}"
            self.pay(account, event.market, fee)
            self.holdings[FEES, asset] += fee
            if told != fee:
                self.rounded(account, FEES, asset, over=1)
                self.contracts[account, event.market].under += 1
                self.contracts[account, event.market].over += 1

    def pay(self, account: int, market: int, atoms: Fraction) -> None:
        """Let an account pay for its contract; nothing of it is in its balance before a settlement."""
        self.contracts[account, market].money -= atoms
        self.holdings[account, self.markets[market].quote_asset] -= atoms

    def on_FundingCharged(self, event: v.FundingCharged) -> None:
        """Let longs pay shorts; the core's index has 2^-20 atoms a lot, and a position pays whole atoms."""
        market = self.markets[event.market]
        per_lot = Fraction(event.funding_rate_e10 * event.mark_ticks * market.quote_factor, 10**10)
        asset = market.quote_asset
        for (account, number), contract in self.contracts.items():
            if number != event.market or not contract.lots:
                continue
            self.reached["funding positive" if per_lot > 0 else "funding negative" if per_lot else "no funding"] += 1
            self.pay(account, number, per_lot * contract.lots)
            index = Fraction(abs(contract.lots), 1 << FUNDING_BITS)
            for slack in (contract, None):
                self.count(slack, account, asset, 1 + index, index)
            self.over[ROUNDING, asset] += 1 + index

    def count(self, contract: Contract | None, account: int, asset: int, under: Fraction, over: Fraction) -> None:
        if contract:
            contract.under, contract.over = contract.under + under, contract.over + over
        else:
            self.under[account, asset] += under
            self.over[account, asset] += over

    # What the core has.

    def check(self, exchange: Exchange) -> None:
        """Compare everything with the core's rows."""
        rows = exchange.rows()
        self.check_holdings(rows)
        if "lending_pools" in rows:
            for pool in rows["lending_pools"]:
                self.check_pool(rows, pool)

    def check_holdings(self, rows: Any) -> None:
        found = self.core_holdings(rows)
        whole: dict[int, Fraction] = defaultdict(Fraction)
        for account, asset in sorted({*self.holdings, *found}):
            exact = self.holdings[account, asset]
            whole[asset] += exact
            off = found.get((account, asset), 0) - exact
            low, high = -self.under[account, asset], self.over[account, asset]
            if account in (POOL, ROUNDING):
                off += self.swept[asset] if account == POOL else -self.swept[asset]
            assert low <= off <= high, (
                f"account {account} has {float(off)} atoms of asset {asset} more than it should, "
                f"{float(low)} to {float(high)} may be roundings"
            )
        assert not any(whole.values()), f"the model's own assets do not sum to zero: {dict(whole)}"
        total: Counter[int] = Counter()
        for (_, asset), atoms in found.items():
            total[asset] += atoms
        assert not any(total.values()), f"assets that do not sum to zero: {total}"

    def core_holdings(self, rows: Any) -> dict[tuple[int, int], int]:
        """Return balances with what positions are due besides the worth of their lots, which is on neither side."""
        found: Counter[tuple[int, int]] = Counter()
        for row in rows["balances"]:
            found[int(row["account"]), int(row["asset"])] += int(row["available_atoms"]) + int(row["locked_atoms"])
        if "perpetuals" not in rows:
            return found
        indices = {int(row["market"]): int(row["funding_index"]) for row in rows["perpetuals"]}
        for row in rows["perpetuals"]:
            found[CLEARING, self.markets[int(row["market"])].quote_asset] -= int(row["clearing_atoms"])
        seen: set[tuple[int, int]] = set()
        for row in rows["positions"]:
            account, market = int(row["account"]), int(row["market"])
            pending = -(-int(row["net_lots"]) * (indices[market] - int(row["funding_index"])) >> FUNDING_BITS)
            asset = self.markets[market].quote_asset
            found[account, asset] -= int(row["reference_atoms"]) + pending
            found[ROUNDING, asset] += pending
            assert int(row["net_lots"]) == self.contracts[account, market].lots, f"lots of {account} in {market}"
            seen.add((account, market))
        gone = [key for key, contract in self.contracts.items() if contract.lots and key not in seen]
        assert not gone, f"positions that the core does not have: {gone}"
        return found

    def check_pool(self, rows: Any, row: Any) -> None:
        """Claims, debts, reserve and pending of a pool, and that all that is missing or too much is in ROUNDING."""
        asset = int(row["asset"])
        pool, whole = self.pools[asset], 1 << INDEX_BITS
        for balance in rows["balances"][rows["balances"]["asset"] == asset]:
            account, shares = int(balance["account"]), int(balance["loan_shares"])
            side, index = (pool.lent, "lent_index") if shares > 0 else (pool.owed, "debt_index")
            low, high = side.range_of(account)
            atoms = Fraction(abs(shares) * int(row[index]), whole)
            assert low <= atoms <= high, (
                f"account {account} has {float(atoms)} of asset {asset} lent or owed, not {float(low)} to {float(high)}"
            )
        reserve, pending = int(row["reserve_atoms"]) - pool.reserve, int(row["pending_atoms"]) - pool.pending
        assert abs(reserve) <= pool.reserve_slack, f"the pool of asset {asset} has {float(reserve)} more in reserve"
        assert abs(pending) <= pool.pending_slack, f"the pool of asset {asset} has {float(pending)} more pending"
        assert pool.whole() == self.holdings[POOL, asset], f"the model's own pool of asset {asset} is not whole"
        lent = -(-int(row["lent_shares"]) * int(row["lent_index"]) // whole)
        owed = int(row["debt_shares"]) * int(row["debt_index"]) // whole
        off = pool.lent.total() - lent - (pool.owed.total() - owed) - reserve - pending + pool.forfeited
        kept = int(row["rounding_atoms"]) + self.swept[asset]
        assert kept == off, f"ROUNDING and the pool of asset {asset} kept {kept}, roundings came to {float(off)}"
        assert kept >= 0
