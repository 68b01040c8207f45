"""The verb on receipts of liquidations."""

from pathlib import Path

from cyclopts import App


def add_to(app: App) -> None:
    """Add the verb of this module."""
    app.command(receipt)


def receipt(
    case: int | None = None,
    *,
    data: Path | None = None,
    url: str | None = None,
    out: Path | None = None,
    check: Path | None = None,
    key: str | None = None,
) -> None:
    """Tell a liquidation from its receipt, write the receipt to a file, or check one that somebody else gave.

    Exit codes: 0 it holds, 1 it does not, 2 there is none.

    Parameters
    ----------
    case: The number of the case.
    data: The folder of the venue; the one here without it.
    url: The address of the venue's API, instead of a folder.
    out: Write the receipt to this file too.
    check: Check this file, from nothing but the file.
    key: With --check: the venue's public key in hex, so that nobody else can have signed it.
    """
    from ringfence.app.errors import WrongUse
    from ringfence.app.receipts import check_file, receipt_from_directory, receipt_from_venue, story_of

    if check is not None:
        if case is not None or data is not None or url is not None or out is not None:
            raise WrongUse("--check takes a file, and no case, --data, --url or --out")
        print(check_file(check, key))
        return
    if case is None:
        raise WrongUse("name a case (`ringfence receipt 7`), or a file (`ringfence receipt --check FILE`)")
    if url is not None and data is not None:
        raise WrongUse("--data and --url: one of them")
    found = receipt_from_directory(data or Path(), case) if url is None else receipt_from_venue(url, case)
    if out is not None:
        out.write_bytes(found)
    print(story_of(found))
