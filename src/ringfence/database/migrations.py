"""Bringing a database to the newest revision with the migrations that a package ships beside its code."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command, context
from alembic.config import Config


def migrate(engine: sa.Engine, folder: Path) -> None:
    """Apply every migration of ``folder`` (``env.py`` and ``versions/``) that the database does not have yet."""
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # Python's driver begins no transaction for a CREATE TABLE: what is ended half way must leave nothing.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def run_migrations() -> None:
    """Run the revisions that Alembic chose, in the connection of ``migrate``: what an ``env.py`` of ours does."""
    connection: sa.Connection = context.config.attributes["connection"]
    context.configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
