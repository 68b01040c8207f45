"""SQL databases of the venue, SQLite by default: engines, migrations, and columns computed from records.

Nothing here or in what uses it is written for one database only: statements go through SQLAlchemy, and what differs
between dialects has one place each (``_configure_sqlite``, ``upsert``).
"""

from .columns import columns_of
from .engine import open_engine, sqlite_url, write_alone
from .migrations import migrate
from .statements import PreparedStatement, upsert

__all__ = ["PreparedStatement", "columns_of", "migrate", "open_engine", "sqlite_url", "upsert", "write_alone"]
