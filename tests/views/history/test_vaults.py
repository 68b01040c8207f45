"""History of vaults held against the core: what they took over, what was paid in and out, and what they were worth."""

from typing import Any

import sqlalchemy as sa
from tests.core.perpetual_venue import BID, DOLLAR, PERP
from tests.core.test_takeovers import Failing
from tests.core.test_vaults import of

from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import FIRST_USER_ACCOUNT
from ringfence.views.catalog import Catalog
from ringfence.views.history import Fed, HistoryFeed, HistoryReader, HistoryWriter
from ringfence.views.history.tables import MOVEMENTS
from ringfence.views.history.writer import written_positions


class Followed(Failing):
    """A venue whose history is fed command by command."""

    def __init__(self, **vault: int) -> None:
        self.fed: list[Fed] = []
        self.feed: HistoryFeed | None = None
        super().__init__(**vault)

    def give(self, command: c.Command) -> list[Any]:
        self.feed = self.feed or HistoryFeed(self.exchange)
        events = super().give(command)
        self.fed += self.feed.follow(events)
        return events

    def write(self, engine: sa.Engine) -> HistoryReader:
        with HistoryWriter(engine, Catalog(), 0) as writer:
            writer.put(self.exchange.sequence, self.fed)
        assert writer.failure is None, writer.failure
        return HistoryReader(engine)


def test_takeover_changes_both_positions_as_in_the_core(engine: sa.Engine) -> None:
    venue = Followed()
    venue.fail_at(97.9)
    assert of(v.VaultTookOver, venue.next_second(97.9))
    venue.place(venue.carol, BID, 97.0, 100)
    venue.let(97.9)
    assert of(v.Trade, venue.give(c.UnwindVault()))
    venue.write(engine)
    standing = written_positions(engine)._standing[PERP]
    for account in (venue.dan, venue.carol, venue.vault):
        row, kept = venue.exchange.position(account, PERP), standing[account]
        assert (kept.net_lots, kept.reference_atoms, kept.entry_atoms, kept.realized_atoms, kept.opened) == (
            row.net_lots, row.reference_atoms, row.entry_atoms, row.realized_atoms, row.opened,
        )  # fmt: skip


def test_what_is_paid_in_and_out_moves_and_has_rows(engine: sa.Engine) -> None:
    venue = Followed(redeem_delay_ms=0)
    venue.mint(venue.bob, 100 * DOLLAR)
    first = venue.redeem(venue.bob, 40 * DOLLAR)
    venue.must(c.CancelVaultRedeem(account=venue.bob, vault=1))
    second = venue.redeem(venue.bob, 30 * DOLLAR)
    venue.pay()
    reader = venue.write(engine)
    (mint,) = reader.vault_mints([venue.bob]).rows
    assert (mint.amount_atoms, mint.shares_atoms, mint.value_atoms) == (100 * DOLLAR, 100 * DOLLAR, 5_000 * DOLLAR)
    paid, kept = reader.vault_redemptions([venue.bob]).rows
    assert (paid.redemption, paid.status, paid.amount_atoms) == (second.redemption, "Redeemed", 30 * DOLLAR)
    assert (kept.redemption, kept.status, kept.amount_atoms) == (first.redemption, "Cancelled", None)
    (value,) = reader.vault_values(1, 0)
    assert (value.value_atoms, value.supply_atoms) == (5_100 * DOLLAR, 5_100 * DOLLAR)
    column = MOVEMENTS.c
    sums = sa.select(column.account, column.asset, sa.func.sum(column.delta_atoms))
    with engine.connect() as connection:
        rows = connection.execute(sums.group_by(column.account, column.asset))
        held = {(account, asset): atoms for account, asset, atoms in rows}
    for account in range(FIRST_USER_ACCOUNT, venue.exchange.next_account):
        for asset, available, locked in venue.exchange.balances(account):
            assert held[account, asset] == available + locked, (account, asset)


def test_ending_in_a_later_batch_is_written_too(engine: sa.Engine) -> None:
    venue = Followed(redeem_delay_ms=0)
    asked = venue.redeem(venue.alice, 40 * DOLLAR)
    venue.write(engine)
    before, venue.fed = venue.exchange.sequence, []
    venue.pay()
    with HistoryWriter(engine, Catalog.from_exchange(venue.exchange), before) as writer:
        writer.put(venue.exchange.sequence, venue.fed)
    assert writer.failure is None, writer.failure
    (row,) = HistoryReader(engine).vault_redemptions([venue.alice]).rows
    assert (row.redemption, row.status, row.amount_atoms) == (asked.redemption, "Redeemed", 40 * DOLLAR)
