"""What Alembic runs to migrate the register."""

from ringfence.database.migrations import run_migrations

run_migrations()
