"""Commands for those who work on Absah: tests, checks, benchmarks."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
_SOURCES: Final = (
    "keys",
    "registry",
    "templates",
    "signing",
    "verifier",
    "desk",
    "cli",
    "tests",
    "bench",
    "docs",
    "absah",
)


def test(rest: list[str], *, conformance: bool, long: bool) -> int:
    """Run the tests; words that are not ours go to pytest."""
    # By file: what a file sets up once, a home with its permits above all, is then set up in one process.
    pytest = [sys.executable, "-m", "pytest", "-n", str(min(os.cpu_count() or 1, 4)), "--dist", "loadfile"]
    if conformance or long:
        return _run([*pytest, "-m", "conformance" if conformance else "long", *rest])
    status = _run([*pytest, "-m", "not conformance and not long", *rest])
    print(
        "Left out: the independent judges (`./absah test --conformance`) and the long suites (`./absah test --long`)."
    )
    return status


def check(*, tests: bool) -> int:
    """Formatter, linter, types, import rules, then the tests if asked for."""
    steps = (
        [sys.executable, "-m", "ruff", "format", "--check", "--quiet", *_SOURCES],
        [sys.executable, "-m", "ruff", "check", "--quiet", *_SOURCES],
        [sys.executable, "-m", "mypy", "--no-error-summary"],
        [str(Path(sys.executable).with_name("lint-imports")), "--no-logo"],
    )
    for step in steps:
        print(f"check: {' '.join(Path(word).name for word in step[:4])}", flush=True)
        if status := _run(step):
            return status
    return test([], conformance=False, long=False) if tests else 0


def bench(name: str, *, quick: bool, only_json: bool) -> int:
    """Run one benchmark in a process of its own, as its peers run."""
    script = ROOT / "bench" / f"{name}.py"
    if not script.is_file():
        known = ", ".join(sorted(path.stem for path in (ROOT / "bench").glob("*.py")))
        print(f"absah: there is no benchmark {name!r}; known: {known}", file=sys.stderr)
        return 2
    flags = [flag for flag, given in (("--quick", quick), ("--json", only_json)) if given]
    # -P: without the script's folder in front of the path, where bench/registry.py would pass for our package.
    return _run([sys.executable, "-P", str(script), *flags])


def _run(command: list[str]) -> int:
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603  # our own words, no shell
