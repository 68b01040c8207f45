"""History in SQL: what happened to orders, money and prices, written from the events with a cursor beside the rows."""

from .feed import Fed, HistoryFeed
from .reader import HistoryReader, Page
from .rebuild import rebuild
from .writer import HistoryFailed, HistoryGap, HistoryWriter, open_history

__all__ = [
    "Fed",
    "HistoryFailed",
    "HistoryFeed",
    "HistoryGap",
    "HistoryReader",
    "HistoryWriter",
    "Page",
    "open_history",
    "rebuild",
]
