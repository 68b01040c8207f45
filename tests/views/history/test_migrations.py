from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.schema import CreateTable

from ringfence.database import columns_of, migrate, open_engine, sqlite_url
from ringfence.schema.events import OrderAccepted
from ringfence.views.history import open_history
from ringfence.views.history.statements import BatchStatements
from ringfence.views.history.tables import METADATA
from ringfence.views.history.writer import MIGRATIONS


def test_migrated_history_has_exactly_the_declared_tables(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []


def test_comparison_finds_a_column_that_no_migration_makes(engine: sa.Engine) -> None:
    changed = sa.MetaData(naming_convention=METADATA.naming_convention)
    for table in METADATA.tables.values():
        table.to_metadata(changed)
    changed.tables["orders"].append_column(sa.Column("invented", sa.BigInteger))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), changed) != []


def test_history_opened_again_keeps_its_revision(engine: sa.Engine, tmp_path: Path) -> None:
    again = open_history(sqlite_url(tmp_path / "history.sqlite"))
    with again.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == "0009"
    again.dispose()


def test_columns_of_a_record_take_width_and_name_from_its_fields() -> None:
    columns = {column.name: column for column in columns_of(OrderAccepted, rename={"order": "order_id"})}
    assert isinstance(columns["order_id"].type, sa.BigInteger) and not columns["order_id"].nullable
    assert isinstance(columns["side"].type, sa.SmallInteger)
    assert isinstance(columns["account"].type, sa.Integer)


def test_tables_and_statements_compile_for_postgresql() -> None:
    said: list[str] = []
    database = sa.create_mock_engine("postgresql+psycopg://", lambda statement, *_: said.append(str(statement)))
    METADATA.create_all(database, checkfirst=False)
    assert not any(
        "ROWID" in str(CreateTable(table).compile(dialect=database.dialect)) for table in METADATA.sorted_tables
    )
    assert len(said) >= len(METADATA.tables)
    statements = BatchStatements(database)  # type: ignore[arg-type]
    prepared = [*statements.inserts.values(), statements.klines, statements.progress, statements.settlement]
    assert all("%(" in statement.sql and "?" not in statement.sql for statement in prepared)
    assert "ON CONFLICT (market, interval, start_us) DO UPDATE" in statements.klines.sql


def test_migration_that_is_ended_half_way_leaves_nothing(tmp_path: Path) -> None:
    engine, made = open_engine(sqlite_url(tmp_path / "history.sqlite"), durable=False), []

    @sa.event.listens_for(engine, "before_cursor_execute")
    def end(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        made.append(statement)
        if len([one for one in made if "CREATE TABLE" in one]) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate(engine, MIGRATIONS)
    sa.event.remove(engine, "before_cursor_execute", end)
    assert sa.inspect(engine).get_table_names() == []
    migrate(engine, MIGRATIONS)
    assert "cursor" in sa.inspect(engine).get_table_names()
