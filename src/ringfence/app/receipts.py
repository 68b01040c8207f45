"""Receipts on the command line: made from a folder or fetched from a venue, told to a person, and checked."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path

from ringfence.database import sqlite_url
from ringfence.proof.build import NoReceipt
from ringfence.proof.check import Report, check
from ringfence.proof.receipts import Receipts
from ringfence.proof.story import tell
from ringfence.views.history import HistoryReader, open_history

from .errors import CheckFailed, WrongUse
from .operate import require_venue

TIMEOUT_S = 30
MOST_BYTES = 256 * 1024 * 1024


def receipt_from_directory(directory: Path, case: int) -> bytes:
    """Return the receipt of a case of a venue's folder."""
    require_venue(directory)
    engine = open_history(sqlite_url(directory / "history.sqlite"))
    try:
        return Receipts(directory, HistoryReader(engine).cases).of(case)
    except NoReceipt as error:
        raise WrongUse(str(error)) from None
    finally:
        engine.dispose()


def receipt_from_venue(url: str, case: int) -> bytes:
    """Return the receipt of a case from a venue's API."""
    if not re.match("https?://", url):
        raise WrongUse(f"--url {url}: it begins with http:// or https://")
    address = f"{url.rstrip('/')}/ringfence/v1/receipt?case={case}"
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as reply:
            return bytes(reply.read(MOST_BYTES))
    except urllib.error.HTTPError as error:
        raise WrongUse(f"{url} answers {error.code}: {error.read(1_000).decode(errors='replace')}") from None
    except OSError as error:
        raise WrongUse(f"{url} does not answer: {error}") from None


def story_of(data: bytes) -> str:
    """Return a receipt as a text for a person; raises `CheckFailed` for one that does not hold."""
    report = check(data)
    _require_held(report)
    return "\n".join(_story(report))


def check_file(path: Path, public_key: str | None) -> str:
    """Check a receipt from nothing but the file, and the venue's public key if it is given; return what it tells."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror}") from None
    report = check(data, public_key)
    _require_held(report)
    held = [f"ok  {one.name}" for one in report.checks]
    return "\n".join([f"signed by {report.public_key}", "", *_story(report), "", *held])


def _story(report: Report) -> list[str]:
    assert report.file is not None, "what holds was read"
    return list(tell(report.file))


def _require_held(report: Report) -> None:
    if not report.holds:
        wrong = [finding for one in report.checks for finding in one.findings]
        raise CheckFailed(f"the receipt does not hold: {'; '.join(wrong)}")
