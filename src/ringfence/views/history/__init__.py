"""History in SQL: what happened to orders, money and prices, written from the events with a cursor beside the rows."""

from .reader import HistoryReader, Page
from .rebuild import rebuild
from .writer import HistoryFailed, HistoryGap, HistoryWriter, open_history

__all__ = ["HistoryFailed", "HistoryGap", "HistoryReader", "HistoryWriter", "Page", "open_history", "rebuild"]
