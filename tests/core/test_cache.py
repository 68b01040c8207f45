"""No stale machine code can run: the folder of compiled code is named by everything that decides what it does."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ringfence
from ringfence.core import cache

PACKAGE = Path(ringfence.__file__).parent
COMPILED = sorted({path for path in (PACKAGE / "core").glob("*.py") if path.name not in cache.NOT_COMPILED})
SCHEMA = sorted((PACKAGE / "schema").glob("*.py"))


PROBE = """
from ringfence.core.admission import is_house_account
from ringfence.core.jit import called_from_python


@called_from_python
def is_house(account):
    return is_house_account(account)
"""
"""A function that Python calls, which compiles a constant of the schema in."""


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package whose sources may be changed."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("core", "schema"):
        shutil.copytree(PACKAGE / name, folder / "ringfence" / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PACKAGE / "__init__.py", folder / "ringfence")
    (folder / "probe.py").write_text(PROBE)
    return folder


def run(folder: Path, script: str, **settings: str) -> str:
    """Return what a script prints that imports the package of a folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    environment |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **settings}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    return done.stdout.strip()


def key_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the key that the sources of a folder have."""
    with monkeypatch.context() as patch:
        patch.setattr(cache, "__file__", str(folder / "ringfence" / "core" / "cache.py"))
        return cache.compile_key()


@pytest.mark.parametrize("path", [*COMPILED, *SCHEMA], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_key_given_a_changed_source_is_another(path: Path, copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = copied / "ringfence" / path.parent.name / path.name
    text = source.read_bytes()
    before = key_of(copied, monkeypatch)
    source.write_bytes(text + b"\n")
    changed = key_of(copied, monkeypatch)
    source.write_bytes(text)
    assert changed != before == key_of(copied, monkeypatch)


def test_key_given_a_new_a_renamed_or_a_missing_source_is_another(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = copied / "ringfence" / "core"
    found = {key_of(copied, monkeypatch)}
    (core / "newcomer.py").write_text("")
    found.add(key_of(copied, monkeypatch))
    (core / "newcomer.py").rename(core / "renamed.py")
    found.add(key_of(copied, monkeypatch))
    (core / "renamed.py").unlink()
    (core / "cancels.py").rename(copied / "cancels.py")
    found.add(key_of(copied, monkeypatch))
    (copied / "cancels.py").rename(core / "cancels.py")
    assert len(found) == 4


def test_key_of_the_same_sources_elsewhere_is_the_same(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert key_of(copied, monkeypatch) == cache.compile_key()


@pytest.mark.parametrize("name", ["NUMBA_DISABLE_JIT", "NUMBA_OPT", "NUMBA_CPU_NAME", "NUMBA_SOMETHING_NEW"])
def test_key_given_a_setting_of_the_compiler_is_another(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cache.compile_key()
    monkeypatch.setenv(name, "1")
    one = cache.compile_key()
    monkeypatch.setenv(name, "2")
    assert len({before, one, cache.compile_key()}) == 3


def test_key_does_not_depend_on_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    before = cache.compile_key()
    monkeypatch.setenv("NUMBA_CACHE_DIR", "elsewhere")
    assert cache.compile_key() == before


@pytest.mark.parametrize("module", ["numpy", "llvmlite"])
def test_key_given_another_version_of_a_library_is_another(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cache.compile_key()
    monkeypatch.setattr(getattr(cache, module), "__version__", "0.0.1")
    assert cache.compile_key() != before


def imported_modules(path: Path) -> set[str]:
    """Return the modules of the core that a module of the core imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            found |= {node.module} if node.module else {alias.name for alias in node.names}
    return {f"{name}.py" for name in found}


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.name)
def test_compiled_module_imports_none_that_the_key_leaves_out(path: Path) -> None:
    assert not imported_modules(path) & cache.NOT_COMPILED


def test_modules_that_the_key_leaves_out_compile_nothing() -> None:
    for name in cache.NOT_COMPILED:
        text = (PACKAGE / "core" / name).read_text(encoding="utf-8")
        assert not any(word in text for word in ("njit", "@hot", "@cold", "@flat", "cfunc(", "overload", "intrinsic"))


def test_importing_the_core_points_the_compiler_at_the_folder_of_the_sources(copied: Path) -> None:
    script = "import ringfence.core, numba; print(numba.config.CACHE_DIR)"
    folder = run(copied, script, RINGFENCE_CACHE_DIR=str(copied / "cache"))
    assert folder == str(copied / "cache" / "ringfence" / "compiled" / cache.compile_key())


def test_compiled_code_of_a_changed_constant_does_not_run(copied: Path) -> None:
    """The constant stands in the schema; the function that compiled it in, and its file, do not change."""
    schema, cached = copied / "ringfence" / "schema" / "enums.py", {"RINGFENCE_CACHE_DIR": str(copied / "cache")}
    script = """
from probe import is_house
print(is_house(9), sum(is_house.stats.cache_hits.values()))
"""
    assert run(copied, script, **cached) == "False 0"
    assert run(copied, script, **cached) == "False 1"
    text = schema.read_text(encoding="utf-8")
    try:
        schema.write_text(text.replace("NETWORK_FEES = 8", "NETWORK_FEES = 9"), encoding="utf-8")
        assert run(copied, script, **cached) == "True 0"
    finally:
        schema.write_text(text, encoding="utf-8")
    assert run(copied, script, **cached) == "False 1"


def test_numba_alone_would_run_the_stale_code(copied: Path) -> None:
    """What the folder's name is there for: in one folder, the changed constant is not noticed."""
    schema = copied / "ringfence" / "schema" / "enums.py"
    script = f"""
import os, sys, types
os.environ["NUMBA_CACHE_DIR"] = {str(copied / "one")!r}
core = types.ModuleType("ringfence.core")
core.__path__ = [{str(copied / "ringfence" / "core")!r}]
sys.modules["ringfence.core"] = core
from probe import is_house
print(is_house(9))
"""
    assert run(copied, script) == "False"
    text = schema.read_text(encoding="utf-8")
    try:
        schema.write_text(text.replace("NETWORK_FEES = 8", "NETWORK_FEES = 9"), encoding="utf-8")
        assert run(copied, script) == "False"
    finally:
        schema.write_text(text, encoding="utf-8")


def test_old_versions_are_removed_and_the_newest_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGFENCE_CACHE_DIR", str(tmp_path))
    for age in range(7):
        folder = cache.cache_root() / f"version{age}"
        folder.mkdir(parents=True)
        (folder / "code").write_text("")
        os.utime(folder, ns=(10**18 - age, 10**18 - age))
    cache.remove_old_versions()
    assert sorted(path.name for path in cache.cache_root().iterdir()) == [f"version{age}" for age in range(4)]
