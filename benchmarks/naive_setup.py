"""The Python 3.13 environment with the official SDK, for the baseline *naive*."""

import subprocess
from pathlib import Path

from benchmarks.processes import ROOT

PYTHON = ROOT / ".venv-interop" / "bin" / "python"
EXTRAS = ROOT / ".cache" / "naive"
_LOCK = ROOT / "requirements" / "base.txt"
# What the SDK's environment lacks of FastAPI and of uvicorn's `standard` extra.
_MISSING = ("fastapi", "uvloop", "httptools")


def install() -> str | None:
    """Install what is missing; return why that cannot be done, or `None`."""
    setup = subprocess.run(  # noqa: S603 - our own script
        ["/bin/sh", str(ROOT / "tests/interop/setup.sh")],
        capture_output=True,
        text=True,
        check=False,
    )
    if not PYTHON.exists():
        return setup.stderr.strip() or "the official SDK could not be installed"
    if (EXTRAS / "fastapi").is_dir():
        return None
    EXTRAS.mkdir(parents=True, exist_ok=True)
    wanted = EXTRAS / "requirements.txt"
    wanted.write_text(_locked(_LOCK), encoding="utf-8")
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--require-hashes", "--only-binary"]
    command += [":all:", "--target", str(EXTRAS), "-r", str(wanted)]
    done = subprocess.run(  # noqa: S603 - pip, with our own arguments
        command, capture_output=True, text=True, check=False
    )
    return None if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def _locked(lock: Path) -> str:
    """Return the lines of a lock, hashes included, for what is missing."""
    wanted: list[str] = []
    taking = False
    for line in lock.read_text(encoding="utf-8").splitlines():
        if not line.startswith((" ", "#")):
            taking = line.partition("==")[0] in _MISSING
        if taking:
            wanted.append(line)
    return "\n".join(wanted) + "\n"
