"""The command line. stdout is the result, stderr the log; exit codes: 0 right, 1 failed, 2 wrong use, 3 damaged log."""

from .main import main

__all__ = ["main"]
