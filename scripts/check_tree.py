"""House rules that no linter knows: short files, and a sign on every package's door."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

LIMIT = 400
GENERATED = {"gateway/centrifuge/client_pb2.py", "gateway/centrifuge/client_pb2.pyi"}
CODE = (".py", ".sql", ".js", ".mjs", ".ts", ".sh")
PACKAGES = ("chatcore", "gateway", "push", "tests", "bench")
NAMELESS = {"utils", "common", "base", "misc", "manager"}


def main() -> int:
    """Prints one line per broken rule; 1 if there is any."""
    complaints = [complaint for path in _files() for complaint in _complaints(path)]
    for complaint in complaints:
        sys.stderr.write(complaint + "\n")
    return 1 if complaints else 0


def _files() -> list[Path]:
    """Everything that is or would be in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := Path(name)).is_file()]


def _complaints(path: Path) -> list[str]:
    found = []
    if path.suffix in CODE and path.as_posix() not in GENERATED:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LIMIT:
            found.append(f"{path}: {lines} lines, more than {LIMIT}: a room that does two things?")
    if path.parts[0] in PACKAGES and path.suffix == ".py":
        if path.stem in NAMELESS:
            found.append(f"{path}: a name that says nothing")
        if path.name == "__init__.py":
            body = ast.parse(path.read_text(encoding="utf-8"))
            if not ast.get_docstring(body):
                found.append(f"{path}: a package says in one line what it is")
            if len(body.body) > 1:
                found.append(f"{path}: only the sign on the door, code lives in modules")
    return found


if __name__ == "__main__":
    sys.exit(main())
