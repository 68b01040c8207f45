"""``python -m ringfence.docs [FILE]``: write docs/reference.md of this source tree, or FILE."""

import sys
from pathlib import Path

from . import reference_page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference.md"


def main(arguments: list[str]) -> int:
    """Write the page and say where; return the exit code."""
    if len(arguments) > 1:
        print("usage: python -m ringfence.docs [FILE]", file=sys.stderr)
        return 2
    path = Path(arguments[0]) if arguments else PAGE
    path.write_text(reference_page(), encoding="utf-8")
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
