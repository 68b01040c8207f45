"""What the exchange says of an account's margin, of the watch list, and of itself when it has stopped."""

import msgspec


class Measure(msgspec.Struct, frozen=True):
    """What an account is worth and what it may be asked for, in millionths of the cash unit (docs/rules.md, "Margin").

    ``exposure`` is of positions with the orders that may make them grow. ``not_fresh`` is an asset that it owes at a
    price that is not fresh, 0 for none.
    """

    assets: int
    collateral: int
    liabilities: int
    initial: int
    maintenance: int
    reserved: int
    not_fresh: int
    exposure: int

    @property
    def equity(self) -> int:
        """What would be left if everything were sold and paid back, with the haircuts of collateral."""
        return self.collateral - self.liabilities

    @property
    def free(self) -> int:
        """What may still be put at risk; below zero if too much is."""
        return self.equity - self.initial - self.reserved


class Watched(msgspec.Struct, frozen=True):
    """What it took to say who is unsafe: how many accounts were measured of those that are on the watch list.

    ``moved_e9`` is how far marks have moved since the list was made, in 10^-9 of what they were.
    """

    listed: int
    measured: int
    moved_e9: int


class CoreStopped(Exception):
    """Raised when an assertion of the core fires: the state is no longer to be trusted and nothing more is applied."""

    def __init__(self, sequence: int, reason: str) -> None:
        """Name the command that broke the assertion."""
        super().__init__(f"the core stopped at command {sequence}: {reason}")
        self.sequence = sequence
