"""The reference page is what the schema says, and the generator leaves nothing of the schema out."""

import subprocess
import sys
from pathlib import Path

import pytest

from ringfence.docs import reference_page
from ringfence.docs.markdown import number, table
from ringfence.schema import enums
from ringfence.schema.commands import COMMANDS
from ringfence.schema.events import EVENTS
from ringfence.schema.fields import fields_of
from ringfence.schema.layout import body_fields
from ringfence.schema.rejects import Reject
from ringfence.schema.tables import TABLES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference.md"


def section(page: str, title: str) -> str:
    """Return what stands under a heading of the third level."""
    assert page.count(f"\n### {title}\n") == 1, title
    return page.split(f"\n### {title}\n")[1].split("\n#")[0]


def test_reference_page_is_what_the_generator_writes() -> None:
    found, wanted = PAGE.read_text(encoding="utf-8"), reference_page()
    lines = zip(found.splitlines(), wanted.splitlines(), strict=False)
    differing = next((f"{PAGE.name}:{n}: {a!r} where {b!r} belongs" for n, (a, b) in enumerate(lines, 1) if a != b), "")
    assert found == wanted, f"{differing}\nrun `python -m ringfence.docs`"


def test_reference_module_writes_the_page_where_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "reference.md"
    done = subprocess.run([sys.executable, "-m", "ringfence.docs", path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(path)
    assert path.read_text(encoding="utf-8") == reference_page()


@pytest.mark.parametrize("kind", [*COMMANDS, *EVENTS], ids=lambda kind: kind.__name__)
def test_reference_of_a_kind_has_every_field(kind: type) -> None:
    text = section(reference_page(), kind.__name__)
    missing = [field.name for field in body_fields(kind) if f"| `{field.name}` |" not in text]
    assert not missing


@pytest.mark.parametrize("name", TABLES)
def test_reference_of_a_table_has_every_column(name: str) -> None:
    text = section(reference_page(), f"Table {name}")
    missing = [field.name for field in fields_of(TABLES[name]) if f"| `{field.name}` |" not in text]
    assert not missing


def test_reference_has_every_reject_parameter_and_enumeration() -> None:
    page = reference_page()
    for reject in Reject:
        assert f"| {int(reject)} | `{reject.name}` | {reject.status} | `{reject.code}` | {reject.text} |" in page
    for parameter in enums.Parameter:
        assert f"| `{parameter.name.lower()}` |" in page
    for kind in (enums.Side, enums.UserFlag, enums.HouseAccount, enums.CloseReason):
        text = section(page, kind.__name__)
        assert all(f"| {int(member)} | `{member.name}` |" in text for member in kind)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (65_535, "65,535"),
        (2**62, "2^62"),
        (2**48 - 1, "2^48 - 1"),
        (-(2**63), "-2^63"),
        (10**9, "1,000,000,000"),
    ],
)
def test_number_is_written_as_a_person_reads_it(value: int, text: str) -> None:
    assert number(value) == text


def test_table_escapes_bars() -> None:
    assert table(["a"], [["x|y"]]) == "| a |\n| --- |\n| x\\|y |"
