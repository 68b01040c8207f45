"""A lending pool of real numbers: nothing is rounded, and beside each number stands how far the core may be from it.

Claims and debts are shares times an index, as everywhere, but both are fractions.  The slack counts the roundings of
the core, each where it happens: a posting changes a claim or a debt by less than one share, a release or an interest
its totals by less than an atom, an index by 2^-52 of itself, and a rate is that of a utilisation in whole millionths.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

HOUR_US = 3_600 * 10**6
YEAR_US = 8_760 * HOUR_US
INDEX_STEP = Fraction(1, 2**52)
RATE_STEP = Fraction(2, 10**8)
USE_STEP = Fraction(1, 10**6)
HIGHEST_INDEX = 64
SMALL_POOL = 2**20
FINEST = 2**200
TINY = Fraction(1, 2**190)


@dataclass
class Share:
    """What one account has lent or owes, and how many atoms less (under) or more (over) the core may have of it."""

    atoms: Fraction = Fraction(0)
    under: Fraction = Fraction(0)
    over: Fraction = Fraction(0)


def fine(atoms: Fraction) -> Fraction:
    """Return a number to 2^-200, far below all that is compared: fractions would grow with every second."""
    return Fraction(atoms.numerator * FINEST // atoms.denominator, FINEST)


@dataclass
class Side:
    """All claims, or all debts, of a pool."""

    index: Fraction = Fraction(1)
    accounts: dict[int, Share] = field(default_factory=dict)

    def range_of(self, account: int) -> tuple[Fraction, Fraction]:
        """Return between what the core's atoms of an account must be, before they are rounded to whole ones."""
        found = self.accounts.get(account, Share())
        return max(Fraction(0), found.atoms - found.under), found.atoms + found.over

    def total(self) -> Fraction:
        return sum((found.atoms for found in self.accounts.values()), Fraction(0))

    def slack(self) -> Fraction:
        """Return how far the core's total may be off, the rounding of the total itself included."""
        ranges = [self.range_of(account) for account in self.accounts]
        whole = self.total()
        low, high = sum(low for low, _ in ranges), sum(high for _, high in ranges)
        return max(whole - low, high - whole) + 1

    def add(self, account: int, atoms: Fraction, under: Fraction, over: Fraction) -> None:
        """Change what an account has; ``under`` and ``over`` are atoms of slack, of which the core rounds a share."""
        found = self.accounts.setdefault(account, Share())
        found.atoms, found.under, found.over = found.atoms + atoms, found.under + under, found.over + over

    def closed(self, account: int) -> Fraction:
        """Take an account out and return the atoms that it still had: what whole atoms could not carry."""
        return self.accounts.pop(account, Share()).atoms

    def grow(self, rate: Fraction, under: Fraction, over: Fraction) -> Fraction:
        """Let everybody have so much more in proportion, by a rate that the core has up to so much lower or higher.

        Returns what that was in all.
        """
        before = self.total()
        self.index = fine(self.index * (1 + rate))
        for found in self.accounts.values():
            found.under = fine(found.under * (1 + rate + over) + found.atoms * under) + TINY
            found.over = fine(found.over * (1 + rate + over) + found.atoms * over) + TINY
            found.atoms += fine(found.atoms * rate)
        return self.total() - before


class Pool:
    """One asset's pool; ``settings`` is the last LendingPoolSet."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings
        self.lent, self.owed = Side(), Side()
        self.reserve = self.pending = self.forfeited = Fraction(0)
        self.reserve_slack = self.pending_slack = Fraction(0)
        """How far reserve and pending of the core may be off."""
        self.moved_since_release = 0
        self.released_us = settings.time_us
        self.interest_hour = settings.time_us // HOUR_US

    def whole(self) -> Fraction:
        """Return what POOL must hold."""
        return self.lent.total() - self.owed.total() + self.reserve + self.pending + self.forfeited

    # Postings.

    def lend(self, account: int, atoms: int) -> None:
        self.moved_since_release += 1
        self.lent.add(account, Fraction(atoms), self.lent.index, Fraction(0))

    def redeem(self, account: int, atoms: int, is_all: bool) -> None:
        """Take out atoms; with the last share goes what is less than an atom, and the pool keeps it."""
        self.moved_since_release += 1
        low, high = self.lent.range_of(account)
        assert atoms <= high, f"account {account} redeems {atoms} of {float(high)} at most"
        assert not is_all or low - 1 <= atoms, f"account {account} gets {atoms} for all of {float(low)} at least"
        self.lent.add(account, Fraction(-atoms), self.lent.index, Fraction(0))
        if is_all:
            self.forfeited += self.lent.closed(account)

    def borrow(self, account: int, atoms: int, fee_atoms: int, time_us: int) -> None:
        rate, low, high = self.rates(atoms)
        left = Fraction(HOUR_US - time_us % HOUR_US, YEAR_US)
        if time_us // HOUR_US > self.interest_hour:
            left = Fraction(0)
        fee, under = fine(atoms * rate * left), fine(atoms * (rate - low) * left) + TINY
        over = fine(atoms * ((high - rate) * left + high * Fraction(1_000, YEAR_US))) + 1 if left else TINY
        assert fee - under <= fee_atoms <= fee + over, f"a fee of {fee_atoms} for {atoms}, which is {float(fee)}"
        self.owed.add(account, atoms + fee, under, over + self.owed.index)
        self.distribute(fee, max(under, over))

    def repay(self, account: int, atoms: int, is_all: bool) -> None:
        low, high = self.owed.range_of(account)
        assert atoms <= high + 1, f"account {account} repays {atoms} of {float(high)}"
        assert not is_all or low <= atoms, f"account {account} repays {atoms} of {float(low)} at least"
        self.owed.add(account, Fraction(-atoms), Fraction(0), self.owed.index)
        if is_all:
            self.forfeited -= self.owed.closed(account)

    # Time.

    def rates(self, more: int = 0) -> tuple[Fraction, Fraction, Fraction]:
        """Return the yearly rate when so much more is owed, and between what the core's may be."""
        lent, owed = self.lent.total(), self.owed.total() + more
        lent_slack, owed_slack = self.lent.slack(), self.owed.slack()
        low = min(Fraction(1), max(Fraction(0), (owed - owed_slack) / (lent + lent_slack) - USE_STEP))
        high = min(Fraction(1), (owed + owed_slack) / (lent - lent_slack)) if lent > lent_slack else Fraction(1)
        exact = min(Fraction(1), owed / lent) if lent else Fraction(owed > 0)
        return self.rate(exact), self.rate(low) - RATE_STEP, self.rate(high)

    def rate(self, use: Fraction) -> Fraction:
        """Return the yearly rate at a utilisation between 0 and 1: two straight lines."""
        rules = self.settings
        idle, optimal, full = (
            Fraction(rate, 10**8) for rate in (rules.rate_idle_e8, rules.rate_optimal_e8, rules.rate_full_e8)
        )
        bend = Fraction(rules.optimal_utilisation_ppm, 10**6)
        if use <= bend:
            return idle + (optimal - idle) * use / bend
        return optimal + (full - optimal) * (use - bend) / (1 - bend)

    def distribute(self, interest: Fraction, slack: Fraction) -> None:
        """Give interest to the reserve and, in time, to the lenders."""
        share = Fraction(self.settings.fee_ppm, 10**6) if self.lent.total() >= SMALL_POOL else Fraction(1)
        cut = fine(interest * share)
        self.reserve += cut
        self.pending += interest - cut
        self.reserve_slack += fine(slack) + 1
        self.pending_slack += fine(slack) + 1 if share < 1 else 0

    def second(self, time_us: int) -> None:
        """Let a Clock release what is due to the lenders, and charge the hours that began."""
        self.release(time_us)
        hours = min(8_760, time_us // HOUR_US - self.interest_hour)
        self.interest_hour = max(self.interest_hour, time_us // HOUR_US)
        if hours > 0 and self.owed.accounts:
            self.charge(hours)

    def release(self, time_us: int) -> None:
        end = (self.released_us // HOUR_US + 1) * HOUR_US
        passed = time_us - self.released_us
        part = Fraction(1) if time_us >= end else Fraction(passed, end - self.released_us)
        due, lent, lent_slack = fine(self.pending * part), self.lent.total(), self.lent.slack()
        full = Fraction(self.settings.rate_full_e8, 10**8)
        most = lent * full * min(HOUR_US, passed) / YEAR_US
        self.released_us = time_us
        wrong = fine(self.pending_slack * part)
        self.pending_slack -= wrong
        if due or wrong:
            wrong, self.pending_slack = wrong + 1, self.pending_slack + 1  # the core releases whole atoms
        if due + wrong > most:
            wrong += fine((lent + lent_slack) * full * 1_000 / YEAR_US) + lent_slack * full * passed / YEAR_US + 1
            self.reserve_slack += wrong
        self.pending -= due
        released = Fraction(0)
        if lent:
            released = self.release_to_lenders(min(due, most), wrong, lent, lent_slack)
        self.reserve += due - released

    def release_to_lenders(self, atoms: Fraction, wrong: Fraction, lent: Fraction, lent_slack: Fraction) -> Fraction:
        """Let the lenders have it; each posting since the last release has rounded the total once."""
        surely = max(lent - lent_slack, lent / 2)
        wrong += self.moved_since_release + atoms * lent_slack / surely
        self.moved_since_release = 0
        return self.lent.grow(atoms / lent, wrong / surely + INDEX_STEP, wrong / surely + INDEX_STEP)

    def charge(self, hours: int) -> None:
        rate, low, high = self.rates()
        owed, slack, year = self.owed.total(), self.owed.slack(), Fraction(hours, 8_760)
        growth = min(rate * year, HIGHEST_INDEX / self.owed.index - 1)
        interest = self.owed.grow(growth, (rate - low) * year, (high - rate) * year + INDEX_STEP)
        self.distribute(interest, slack * (growth + high * year) + owed * (high - low) * year + 2)
