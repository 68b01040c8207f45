"""The pages name everything that is served and can be done, their links lead somewhere, and their texts do not rot."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from cyclopts import App

from ringfence.api.rest import OPERATIONS
from ringfence.api.settings import ApiSettings
from ringfence.api.streams import names
from ringfence.api.wire.common import OrderExpiryReason
from ringfence.app.demo import DemoOptions, _Demo
from ringfence.cli.main import app
from ringfence.cli.venue import demo
from ringfence.config.model import Table, VenueConfig
from ringfence.schema.enums import MoveCause
from ringfence.schema.rejects import Reject
from ringfence.views.candles import INTERVALS
from ringfence.views.depth import CONFLATION_WINDOWS_MS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
OUT_OF_PLACE = re.compile(
    r"(?i)(?<!trading )(?<!without )(?<!ringfence price )(?<![`#\[])(?<!# )\bsessions?\b"
    r"|\bissue #?\d+|\bhelpers?\b|\bthe brief\b"
    r"|\b(claude|chatgpt|copilot)\b|\blanguage models?\b|pypi\.|pythonhosted|registry\.npmjs|index-url|/work/"
)


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def part(name: str, title: str) -> str:
    """Return what stands in a page under a heading, the headings below it included."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", page(name), re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no heading {title}"
    return found[2]


def anchors(path: Path) -> set[str]:
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def verbs(group: App, words: tuple[str, ...] = ("ringfence",)) -> Iterator[str]:
    for name in group:
        if name.startswith("-"):
            continue
        below = [verb for verb in verbs(group[name], (*words, name)) if verb]
        yield from below or [" ".join((*words, name))]


def fields_of_tables(kind: type[Table]) -> Iterator[str]:
    for field in msgspec.structs.fields(kind):
        inner = next((one for one in (field.type, *get_args(field.type)) if isinstance(one, type)), None)
        if inner is not None and issubclass(inner, Table):
            yield from fields_of_tables(inner)
        elif field.name != "parameters":
            yield field.name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_page_links_lead_somewhere(path: Path) -> None:
    lost: list[str] = []
    for target in LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8"))):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists() or (anchor and anchor not in anchors(there)):
            lost.append(target)
    assert not lost, f"{path.name}: {lost}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_page_says_nothing_out_of_place(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [found.group() for found in OUT_OF_PLACE.finditer(text)] == []


@pytest.mark.parametrize("text", ["in this session", "see issue #12", "two trading hours of a session"])
def test_words_out_of_place_are_found(text: str) -> None:
    assert OUT_OF_PLACE.search(text)


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_readme_links_every_page(path: Path) -> None:
    assert f"(docs/{path.name})" in page("README.md")


def test_readme_snippet_is_the_one_that_the_demo_prints() -> None:
    defaults = {
        name: one.default for name, one in inspect.signature(demo).parameters.items() if name in DemoOptions._fields
    }
    told = _Demo(DemoOptions(**defaults), Path(), 0.0).snippet(defaults["port"])
    found = re.search(r"<!-- snippet -->\n```python\n(.*?)```\n<!-- /snippet -->", page("README.md"), re.DOTALL)
    assert found
    assert found[1] == told


def test_readme_counts_the_operations() -> None:
    assert f"{len(OPERATIONS)} REST operations" in page("README.md")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_operation_has_its_line(operation: Any) -> None:
    signs = f"`{operation.instruction}`" if operation.instruction else "nothing"
    lines = [line for line in part("docs/traders.md", "Endpoints").splitlines() if line.startswith("| `")]
    assert [line for line in lines if f"`{operation.method} {operation.path}`" in line and line.endswith(f"{signs} |")]


def test_no_operation_is_told_that_is_not_served() -> None:
    told = set(re.findall(r"^\| `([A-Z]+ /\S+)` \|", part("docs/traders.md", "Endpoints"), re.MULTILINE))
    assert told == {f"{operation.method} {operation.path}" for operation in OPERATIONS}


@pytest.mark.parametrize("reject", Reject, ids=lambda one: one.name)
def test_reject_has_its_line_and_its_wire_code_an_explanation(reject: Reject) -> None:
    assert f"| `{reject.name}` | {reject.status} | `{reject.code}` |" in part("docs/reference.md", "Rejects")
    lines = [line for line in part("docs/traders.md", "Errors").splitlines() if f"`{reject.code}`" in line]
    assert any(str(reject.status) in line for line in lines), f"{reject.status} {reject.code}"


def test_streams_are_all_told() -> None:
    text = part("docs/traders.md", "Streams")
    public = [
        kind for pattern in (names._PUBLIC, names._STOCK) for kind in re.findall(r"\w+", pattern.pattern.split(")")[0])
    ]
    assert {"bookTicker", "stockPrice"} <= set(public)
    served = [f"{kind}.<symbol>" for kind in public if kind != "liquidation"] + ["liquidation", "depth.<symbol>"]
    served += [f"depth.{window_ms}ms.<symbol>" for window_ms in CONFLATION_WINDOWS_MS] + ["kline.<interval>.<symbol>"]
    served += [*names.PRIVATE_STREAMS, *INTERVALS]
    assert [stream for stream in served if f"`{stream}`" not in text] == []


@pytest.mark.parametrize("reason", OrderExpiryReason, ids=str)
def test_expiry_reason_is_told(reason: OrderExpiryReason) -> None:
    assert f"`{reason}`" in part("docs/traders.md", "Orders")


def test_limits_are_told_with_their_values() -> None:
    lines = part("docs/traders.md", "Limits").splitlines()
    wanted = msgspec.structs.asdict(ApiSettings())
    missing = [
        name
        for name, value in wanted.items()
        if not any(line.startswith(f"| `{name}` | {value:,} |") for line in lines)
    ]
    assert not missing


@pytest.mark.parametrize("verb", sorted(verbs(app)))
def test_verb_is_told(verb: str) -> None:
    assert re.search(rf"`{verb}\b|^\$ {verb}\b|^{verb}\b", page("docs/operators.md"), re.MULTILINE)


@pytest.mark.parametrize("name", sorted(set(fields_of_tables(VenueConfig))))
def test_field_of_venue_toml_is_told(name: str) -> None:
    lines = part("docs/operators.md", "venue.toml").splitlines()
    assert any(line.startswith("|") and f"`{name}`" in line for line in lines)


@pytest.mark.parametrize("cause", MoveCause, ids=lambda one: one.name)
def test_cause_of_a_movement_is_told(cause: MoveCause) -> None:
    assert re.search(rf"\b{cause.name}\b", part("docs/compliance.md", "The record"))
