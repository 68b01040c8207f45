"""A run says the same each time, wherever it is interrupted, and its log says who paid."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.lab.stage import ACCOUNTS, played, quietly, short, short_text

from ringfence.lab.audits import Audit
from ringfence.lab.rehearsal import OtherRun
from ringfence.lab.run import Played
from ringfence.lab.summary import outcome, summary
from ringfence.node.verify import verify
from ringfence.schema.events import WaveBegan
from ringfence.schema.layout import DTYPES, EVENT_HEADER, tag_of


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Played]:
    folder = tmp_path_factory.mktemp("evening")
    return folder, played(folder)


def hash_of(folder: Path, **environment: str) -> str:
    """Return the state hash that a process of its own comes to, of a few seconds with a few people."""
    program = (
        "from pathlib import Path; from tests.lab.stage import played, short; "
        f"print(played(Path({str(folder)!r}), short(16), accounts=120).state_hash)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_evening_bites(evening: tuple[Path, Played]) -> None:
    _, run = evening
    said = outcome(run)
    assert said["liquidated_accounts"] > ACCOUNTS // 20
    assert said["adl_events"] > 0 and run.record.counts["CreditFenced"] > 0


def test_same_seed_gives_the_same_hash_and_another_seed_or_policy_another(
    evening: tuple[Path, Played], tmp_path: Path
) -> None:
    _, run = evening
    assert played(tmp_path / "again").state_hash == run.state_hash
    assert played(tmp_path / "seed", seed=8).state_hash != run.state_hash
    by_queue = short(more=(("[rules]\n", '[rules]\npolicy = "queue"\n'),))
    assert played(tmp_path / "policy", by_queue).state_hash != run.state_hash


def test_interpreter_and_another_hash_seed_give_the_same_hash(tmp_path: Path) -> None:
    state_hash = played(tmp_path / "here", short(16), accounts=120).state_hash
    assert hash_of(tmp_path / "seed", PYTHONHASHSEED="12345") == state_hash
    assert hash_of(tmp_path / "plain", NUMBA_DISABLE_JIT="1") == state_hash


def test_wave_is_for_all_who_need_one(tmp_path: Path) -> None:
    played(tmp_path, short(60), accounts=3_000)
    waves: list[tuple[int, int, bool]] = []

    class Waves:
        def read(self, commands: Any, events: Any) -> None:
            found = events[events.view(EVENT_HEADER)["kind"] == tag_of(WaveBegan)].view(DTYPES[WaveBegan])
            waves.extend(
                zip(found["time_us"].tolist(), found["market"].tolist(), (found["lots"] > 0).tolist(), strict=True)
            )

        def close(self, rows: Any) -> None:
            pass

    assert verify(tmp_path, lambda done, total: None, Waves()).holds
    assert len(waves) > 10
    assert len(set(waves)) == len(waves), "a second wave of the same side of a market in the same second"


def test_log_verifies_and_nobody_paid_who_must_not(evening: tuple[Path, Played]) -> None:
    folder, run = evening
    audited = Audit(folder).end(quietly)
    said = summary(run, audited, 1.0)
    assert said["verify"] == "holds" and said["findings"] == []
    zeros = (
        "later_deposits_used_usd",
        "flat_users_who_paid",
        "clawback_usd",
        "accounts_below_zero",
        "books_differ_usd",
    )
    assert {name: said[name] for name in zeros} == dict.fromkeys(zeros, 0)
    assert said["liquidated_accounts"] == len(run.record.liquidated)
    counted = outcome(run)
    assert said["deficit_usd"] == pytest.approx(counted["deficit_usd"], abs=1)
    assert said["paid_by"]["adl"] == counted["adl_usd"] and said["paid_by"]["fund"] == counted["fund_usd"]
    assert json.loads(json.dumps(said)) == said
    assert verify(folder, lambda done, total: None).holds


def test_audit_follows_a_run_that_is_under_way(evening: tuple[Path, Played], tmp_path: Path) -> None:
    audit = Audit(tmp_path)
    run = played(tmp_path)
    audited = audit.end(quietly)
    assert audited.verified.holds and audited.verified.state_hash == run.state_hash == evening[1].state_hash


def test_run_that_was_killed_goes_on_to_the_same_hash(evening: tuple[Path, Played], tmp_path: Path) -> None:
    _, run = evening
    program = f"from tests.lab.stage import played; from pathlib import Path; played(Path({str(tmp_path)!r}))"
    for after_s in (0.4, 1.0, 1.6):
        process = subprocess.Popen([sys.executable, "-c", program])
        log = tmp_path / "journal"
        while process.poll() is None and not log.exists():
            time.sleep(0.01)
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert played(tmp_path).state_hash == run.state_hash
    assert Audit(tmp_path).end(quietly).verified.holds


def test_folder_of_another_run_is_refused_and_left_alone(evening: tuple[Path, Played]) -> None:
    folder, run = evening
    with pytest.raises(OtherRun, match="has the log of another scenario, seed or version"):
        played(folder, seed=9)
    assert played(folder).state_hash == run.state_hash


def test_later_second_is_the_same_evening(evening: tuple[Path, Played], tmp_path: Path) -> None:
    """A longer scenario begins as the shorter one."""
    _, run = evening
    longer = played(tmp_path, short(140))
    assert [row["fund"] for row in longer.record.rows[: len(run.record.rows)]] == [
        row["fund"] for row in run.record.rows
    ]


def test_command_line_writes_a_report_and_says_when_something_is_wrong(tmp_path: Path) -> None:
    scenario = tmp_path / "mine.toml"
    scenario.write_text(short_text(60))
    ringfence = [sys.executable, "-c", "from ringfence.cli import main; main()"]
    words = ["crash", "run", str(scenario), "--accounts=200", "--no-what-if", "--json"]
    done = subprocess.run([*ringfence, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["accounts"] == 200 and said["verify"] == "holds"
    folder = tmp_path / "crash-mine"
    page = (folder / "report.html").read_text()
    assert (
        said["state_hash"] in page
        and page.count("<svg") == 8
        and (folder / "report.png").read_bytes()[:4] == b"\x89PNG"
    )
    assert json.loads((folder / "report.json").read_text())["state_hash"] == said["state_hash"]
    for wrong, code, text in (
        (["crash", "run", str(tmp_path / "none.toml")], 2, "there is no such file"),
        (["crash", "oct10", "--accounts=7"], 2, "--accounts 7: from 100 to 1,000,000"),
        (["crash", "oct10", "--policy=lottery"], 2, "lottery"),
        ([*words, "--seed=9"], 2, "choose another --out"),
    ):
        refused = subprocess.run([*ringfence, *wrong], capture_output=True, text=True, check=False)
        assert refused.returncode == code and text in refused.stderr, refused.stderr
