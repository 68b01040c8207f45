"""The report of a run: what a person reads (report.html), a picture (report.png) and the numbers (report.json)."""

from .write import write_report

__all__ = ["write_report"]
