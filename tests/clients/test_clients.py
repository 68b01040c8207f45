"""Published clients, unpatched but for the address, against a running venue. What each does stands in its script."""

import subprocess
from pathlib import Path

import pytest

from ringfence.app.demo import SNIPPET

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("environment", "script"),
    [
        ("ccxt", "ccxt_rest.py"),
        ("ccxt", "ccxt_swap.py"),
        ("ccxt", "ccxt_async.py"),
        ("ccxt", "ccxt_pro.py"),
        ("bpx", "bpx_sync.py"),
        ("bpx", "bpx_async.py"),
        ("sdk", "sdk_rest.py"),
        ("sdk", "sdk_websocket.py"),
    ],
)
def test_client_on_quiet_venue_does_spot_sequence(quiet, run_script, environment, script):
    run_script(environment, script, quiet)


@pytest.mark.parametrize(
    ("environment", "script"), [("ccxt", "ccxt_held.py"), ("bpx", "bpx_held.py"), ("sdk", "sdk_held.py")]
)
def test_client_reads_funding_and_settlements_of_hours_that_are_over(held, run_script, environment, script):
    run_script(environment, script, held)


def test_ccxt_over_its_rate_gets_rate_limit_exceeded(narrow, run_script):
    run_script("ccxt", "ccxt_rate_limit.py", narrow)


def test_ccxt_pro_beside_makers_keeps_a_book_that_equals_rest(lively, run_script):
    run_script("ccxt", "ccxt_pro_lively.py", lively)


def test_printed_snippet_runs_as_pasted(lively):
    alice = lively["users"]["alice"]
    text = SNIPPET.format(rest=lively["rest"], key=alice["apiKey"], secret=alice["apiSecret"])
    python = ROOT / ".venv-clients" / "ccxt" / "bin" / "python"
    done = subprocess.run([python, "-"], input=text, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    opened, cancelled, balance = done.stdout.splitlines()
    assert opened.endswith("100.0, 0.5)]"), opened
    assert cancelled == "cancelled: canceled"
    assert balance == "balance: {'free': 1000000.0, 'used': 0.0, 'total': 1000000.0}"
