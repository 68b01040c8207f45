"""What somebody changes behind the register's back is found; and the store is what its tables say."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ringfence.registry.kinds import Kind
from ringfence.registry.tables import METADATA

from .agent import SHARE, Agent


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    """Yield an agent whose register need not hold at the end."""
    made = Agent(tmp_path)
    alice, bob = made.account(made.holder("Alice")), made.account(made.holder("Bob"))
    made.issued(100, alice)
    made.do(Kind.TRANSFER, 10 * SHARE, from_account=alice, to_account=bob)
    made.do(Kind.SPLIT, ratio_new=3, ratio_old=1)
    yield made
    made.register.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE balances SET units = units + 1 WHERE account = 6", "account 6: its entries come to 90000000 units"),
        ("UPDATE entries SET units = 11000000 WHERE entry = 3", "entry 3: its hash is not that of what it says"),
        ("UPDATE entries SET ratio_new = 4 WHERE entry = 4", "class 1: its entries make the factor 4, it says 3"),
        ("DELETE FROM entries WHERE entry = 3", "entry 3 is not there"),
        ("UPDATE entries SET instruction = 4 WHERE entry = 3", "it is a TRANSFER of class 1, its instruction is not"),
        ("UPDATE classes SET factor_new = 4", "class 1: its entries make the factor 3, it says 4"),
        ("UPDATE instructions SET document = '' WHERE kind = 'ISSUE'", "entry 2: a ISSUE without a document"),
        ("UPDATE proposals SET state = 'APPROVED' WHERE proposal = 1", "entry 1: a AUTHORISE without a document"),
        ("UPDATE entries SET units = 1000000 WHERE entry = 1", "class 1: UNISSUED has -99000000 units"),
        ("UPDATE entries SET credit = 4 WHERE entry = 3", "account 4: its entries come to 10000000 units"),
    ],
)
def test_change_behind_its_back_is_found(agent: Agent, change: str, words: str) -> None:
    assert agent.register.check() == []
    with agent.register.writing() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql(change)
    assert any(words in finding for finding in agent.register.check()), agent.register.check()


def test_migrations_make_the_tables(agent: Agent) -> None:
    with agent.register.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert sa.inspect(connection).get_table_names()
