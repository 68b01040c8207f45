"""Plants faults in copies of the core and lets `judge` look for them: ``make mutation ARGS="--minutes 20"``."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.mutation.explained import EXPLAINED
from tests.mutation.named import NAMED
from tests.mutation.operators import Mutation, mutations_of

ROOT = Path(__file__).parents[2]
CORE = ROOT / "src" / "ringfence" / "core"
MODULES = (
    "ledger", "valuation", "margin", "fence", "fund", "cases", "opening", "legs", "liquidation", "turns", "topups",
    "estates", "waves", "sharing", "covering", "takeovers", "vaults", "vault_shares", "positions", "lending",
)  # fmt: skip
MOST_SECONDS = 150


def judged(directory: Path, module: str, source: str) -> tuple[str, str]:
    """Return (killed, survived or too slow; what found it) of a core one module of which has another source."""
    path = directory / "src" / "ringfence" / "core" / f"{module}.py"
    whole = path.read_text()
    path.write_text(source)
    paths = os.pathsep.join((str(directory / "src"), str(ROOT)))
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "tests.mutation.judge"]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=MOST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "too slow", f"no end after {MOST_SECONDS} s"
    finally:
        path.write_text(whole)
    lines = done.stdout.strip().splitlines()
    return ("survived" if done.returncode == 0 else "killed"), (lines[-1] if lines else "")


def named(directory: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (name, what became of it, what found it) of every named fault."""
    for name, (module, before, after) in NAMED.items():
        source = (CORE / f"{module}.py").read_text()
        assert source.count(before) == 1, f"{name}: {module}.py has {before!r} {source.count(before)} times"
        yield name, *judged(directory, module, source.replace(before, after))


def drawn(seed: int, modules: list[str]) -> list[Mutation]:
    """Return all mutations of some modules in an order that a seed gives."""
    found = [one for module in modules for one in mutations_of(module, (CORE / f"{module}.py").read_text())]
    random.Random(seed).shuffle(found)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long to draw mutations after the named faults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--module", action="append", choices=MODULES, help="only this module; may be given again")
    parser.add_argument("--skip-named", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "src", Path(folder) / "src", ignore=shutil.ignore_patterns("__pycache__"))
        missed = 0 if given.skip_named else show_named(Path(folder))
        missed += show_drawn(Path(folder), drawn(given.seed, given.module or list(MODULES)), given.minutes)
    return 1 if missed else 0


def show_named(directory: Path) -> int:
    """Print what became of the named faults; return how many nobody found."""
    missed = 0
    for name, end, why in named(directory):
        missed += end == "survived"
        print(f"{end:9} {name}  [{why[:90]}]", flush=True)
    print(f"named faults: {len(NAMED) - missed} of {len(NAMED)} found", flush=True)
    return missed


def show_drawn(directory: Path, found: list[Mutation], minutes: float) -> int:
    """Print what became of as many mutations as there is time for; return how many survived unexplained."""
    ends, by_module, unexplained = Counter[str](), Counter[tuple[str, str]](), 0
    end_s = time.monotonic() + 60 * minutes
    for one in found:
        if time.monotonic() > end_s:
            break
        end, why = judged(directory, one.module, one.source)
        if end == "survived" and one.key in EXPLAINED:
            end, why = "explained", EXPLAINED[one.key]
        ends[end] += 1
        by_module[one.module, end] += 1
        if end in ("survived", "explained"):
            unexplained += end == "survived"
            print(f"{end} {one.module}.py:{one.line} {one.function} ({one.operator})", flush=True)
            print(f"  - {one.before}\n  + {one.after}\n  {why[:110]}", flush=True)
    for module in sorted({module for module, _ in by_module}):
        print(
            f"  {module:14} " + ", ".join(f"{by_module[module, end]} {end}" for end in ends if by_module[module, end])
        )
    print(f"{sum(ends.values())} of {len(found)} mutations: " + ", ".join(f"{n} {end}" for end, n in ends.items()))
    return unexplained


if __name__ == "__main__":
    sys.exit(main())
