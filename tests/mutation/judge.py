"""What a core with a fault in it must pass, the quickest first: a process that ends with 1 has found the fault."""

from __future__ import annotations

import sys

import pytest

QUICK = ("tests/core/test_sharing.py", "tests/core/test_liquidation.py", "tests/core/test_deleveraging.py")
TESTS = (
    *QUICK, "tests/core/test_paying_back.py", "tests/core/test_covering.py", "tests/core/test_standing_top_ups.py",
    "tests/core/test_takeovers.py", "tests/core/test_vaults.py",
    "tests/properties/invariants/test_prices.py",
    "tests/core/test_differential.py::test_core_without_compiler_agrees_with_the_reference",
)  # fmt: skip
FOUND, SURVIVED = 1, 0


def differs() -> bool:
    """Whether random venues find a command that the core carries out unlike the reference."""
    from tests.core.test_covering_differential import OwingVenues
    from tests.core.test_liquidation_differential import TwoVenues
    from tests.core.test_vault_differential import VaultVenues
    from tests.reference.flow import STYLES

    assert STYLES
    for kind, seed, steps in ((TwoVenues, 40, 250), (OwingVenues, 3, 150), (VaultVenues, 1, 90), (TwoVenues, 41, 500)):
        try:
            venue = kind(seed)
            for step in range(steps):
                venue.step()
                if step % 10 == 0:
                    venue.compare_rows()
            venue.compare_rows()
        except Exception as error:
            print(f"{kind.__name__} {seed}: {str(error).splitlines()[0] if str(error) else type(error).__name__}"[:200])
            return True
    return False


def main() -> int:
    if differs():
        return FOUND
    arguments = ["-q", "-x", "-p", "no:cacheprovider", "--timeout", "60", "--no-header", "--tb", "line"]
    return FOUND if pytest.main([*arguments, *TESTS]) != 0 else SURVIVED


if __name__ == "__main__":
    sys.exit(main())
