"""The house rules that no linter knows: sizes, an exact and deterministic core, and texts that stand on their own."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT_SUFFIXES = {"", ".cfg", ".css", ".html", ".in", ".json", ".md", ".mjs", ".py", ".sh", ".sql", ".svelte", ".toml"}
TEXT_SUFFIXES |= {".ts", ".txt", ".yaml", ".yml"}
GENERATED_FOLDERS = {"__pycache__", "build", "dist", "node_modules"}

Rule = Callable[[str], Iterator[tuple[int, str]]]

MAX_LINE_COLUMNS = 120
MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 600
MAX_TEST_FILE_LINES = 1000

# Money is integers, and the same log gives the same state on every machine.
CORE_FORBIDDEN_IMPORTS = {"datetime", "decimal", "fractions", "math", "random", "secrets", "time", "uuid"}
FLOAT_NAME = re.compile(r"float(_|16|32|64|128)?|longdouble|complex(64|128)?")
FLOAT_CODE = re.compile(r"[<>=|]?[fc](2|4|8|16)|float(16|32|64|128)|complex(64|128)")

INDEX_ADDRESS = re.compile(
    r"pypi\.(org|python)|pythonhosted\.org|registry\.npmjs|registry\.yarnpkg|deb\.debian\.org|crates\.io"
    r"|--(extra-)?index-url[ =]\S*:|--find-links[ =]\S*/|\"resolved\": *\"http"
)
BANNED_TEXT = re.compile(
    r"\b(TODO|FIXME|XXX|HACK)\b|(?<![\w.~*-])/(work|home|root|Users)/\w"
    r"|(?i:\b(blazing|seamless|cutting[- ]edge|state[- ]of[- ]the[- ]art|world[- ]class)\b)"
)
VAGUE_NAME_PARTS = {"data2", "foo", "mgr", "misc", "stuff", "tmp", "util", "utils"}


def project_files() -> Iterator[Path]:
    """Yield every text file of the project, without environments and what tools leave behind."""
    for path in sorted(ROOT.rglob("*")):
        folders = path.relative_to(ROOT).parts[:-1]
        hidden = any(part in GENERATED_FOLDERS or (part.startswith(".") and part != ".ci") for part in folders)
        if not hidden and path.is_file() and path.suffix in TEXT_SUFFIXES:
            yield path


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def long_lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MAX_LINE_COLUMNS:
            yield number, f"line has {len(line)} columns, the limit is {MAX_LINE_COLUMNS}"


def long_functions(text: str) -> Iterator[tuple[int, str]]:
    for node in functions(ast.parse(text)):
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > MAX_FUNCTION_LINES:
            yield node.lineno, f"function {node.name} has {length} lines, the limit is {MAX_FUNCTION_LINES}"


def vague_names(text: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(text)):
        name = getattr(node, "name", None) or getattr(node, "arg", None) or getattr(node, "id", None)
        if isinstance(name, str) and VAGUE_NAME_PARTS & set(name.lower().split("_")):
            yield getattr(node, "lineno", 1), f"{name} does not say what it is"


def floats(text: str) -> Iterator[tuple[int, str]]:
    """Find what makes or names a float: literals, types, numpy codes and true division (but not of paths)."""
    for node in ast.walk(ast.parse(text)):
        name = getattr(node, "id", None) or getattr(node, "attr", None) or ""
        if isinstance(node, ast.Constant) and isinstance(node.value, (float, complex)):
            yield node.lineno, f"float literal {node.value}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and FLOAT_CODE.fullmatch(node.value):
            yield node.lineno, f"float type {node.value!r}"
        elif isinstance(node, (ast.Name, ast.Attribute)) and FLOAT_NAME.fullmatch(name):
            yield node.lineno, f"float type {name}"
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div) and not joins_path(node):
            yield node.lineno, "true division makes a float; write // and say which way it rounds"


def joins_path(node: ast.expr | ast.AugAssign) -> bool:
    """Tell whether a division joins a text, as in `folder / "name"`, which no number does."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return joins_path(node.left) or joins_path(node.right)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def core_imports(text: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(text)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            if name.split(".")[0] in CORE_FORBIDDEN_IMPORTS:
                yield node.lineno, f"the core imports {name}: it receives time and chance, and counts in integers"


def banned_text(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, what in ((INDEX_ADDRESS, "address of a package index"), (BANNED_TEXT, "banned text")):
            if found := pattern.search(line):
                yield number, f"{what}: {found.group()}"


def offenders(paths: list[Path], rule: Rule) -> str:
    """Return one line `file:line: what` for everything the rule finds in the files."""
    return "\n".join(
        f"{path.relative_to(ROOT)}:{line}: {what}"
        for path in paths
        for line, what in rule(path.read_text(encoding="utf-8"))
    )


RULES = [
    (long_functions, ("src", "tests")),
    (vague_names, ("src",)),
    (floats, ("src/ringfence/core", "src/ringfence/schema")),
    (core_imports, ("src/ringfence/core", "src/ringfence/schema")),
]


@pytest.mark.parametrize(("rule", "folders"), RULES, ids=lambda value: getattr(value, "__name__", ""))
def test_python_files_keep_rule(rule: Rule, folders: tuple[str, ...]) -> None:
    found = offenders(python_files(*folders), rule)
    assert not found, f"\n{found}"


def test_files_hold_no_index_address_and_no_banned_text() -> None:
    not_read = {ROOT / "LICENSE", Path(__file__).resolve()}  # other people's words, and the list itself
    found = offenders([path for path in project_files() if path not in not_read], banned_text)
    assert not found, f"\n{found}"


def test_files_but_prose_and_data_keep_line_length() -> None:
    found = offenders([path for path in project_files() if path.suffix not in {".json", ".md", ".txt"}], long_lines)
    assert not found, f"\n{found}"


def test_files_stay_within_their_lengths() -> None:
    found = [
        f"{path.relative_to(ROOT)}:1: {length} lines, the limit is {limit}"
        for folder, limit in (("src", MAX_FILE_LINES), ("tests", MAX_TEST_FILE_LINES))
        for path in python_files(folder)
        if (length := len(path.read_text(encoding="utf-8").splitlines())) > limit
    ]
    assert not found, "\n" + "\n".join(found)


def test_lock_files_hold_every_pin_of_the_project_with_hashes_and_no_address() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    run_pins = project["project"]["dependencies"] + groups["build"]
    wanted = {"run.txt": run_pins, "dev.txt": run_pins + groups["dev"]}
    wanted |= {
        f"{path.stem}.txt": path.read_text(encoding="utf-8").split() for path in (ROOT / "requirements").glob("*.in")
    }
    for name, pins in wanted.items():
        lock = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        packages = re.split(r"\n(?=\S)", lock.strip())
        missing = [pin for pin in pins if not re.search(rf"(?im)^{re.escape(pin)}(\s|$)", lock)]
        assert not missing, f"requirements/{name} is older than its pins {missing}: run `make lock`"
        assert all("--hash=sha256:" in package for package in packages), f"requirements/{name}: a package has no hash"
        assert "://" not in lock, f"requirements/{name} holds an address"


@pytest.mark.parametrize(
    ("rule", "text", "line"),
    [
        (long_lines, "short\n" + "x" * 121, 2),
        (long_functions, "import os\n\ndef f():\n" + "    pass\n" * 60, 3),
        (vague_names, "def load_utils(): ...\n", 1),
        (vague_names, "tmp = 1\n", 1),
        (floats, "x = 1\ny = 0.5\n", 2),
        (floats, "x = float(y)\n", 1),
        (floats, "x = np.zeros(3, np.float64)\n", 1),
        (floats, "d = [('price', '<f8')]\n", 1),
        (floats, "x = a / b\n", 1),
        (floats, "x /= 2\n", 1),
        (core_imports, "import time\n", 1),
        (core_imports, "def f():\n    from random import choice\n", 2),
        (banned_text, "\nsee /home/someone/notes\n", 2),
        (banned_text, "# TODO: later\n", 1),
        (banned_text, "pip install --index-url https://example.com/simple x\n", 1),
        (banned_text, "from pypi.org\n", 1),
    ],
)
def test_rule_given_an_offence_finds_its_line(rule: Rule, text: str, line: int) -> None:
    assert [number for number, _ in rule(text)] == [line]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (long_lines, "x" * 120),
        (long_functions, "def f():\n" + "    pass\n" * 59),
        (vague_names, "output = stuffed = 1\n"),
        (floats, 'x = a // b\npath = folder / "name" / leaf\n'),
        (core_imports, "import numpy as np\nfrom ringfence.schema import fields\n"),
        (banned_text, "the network/home/page of https://example.com/work/x\n"),
    ],
)
def test_rule_given_good_code_finds_nothing(rule: Rule, text: str) -> None:
    assert list(rule(text)) == []
