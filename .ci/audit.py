"""Look the locked dependencies up in the advisory database.

Usage: python .ci/audit.py requirements/base.txt

Exit 1 when an advisory fits, or the audit itself is wrong. A database that cannot be
reached, or does not know a package, is a warning: it says nothing about the code.
"""

import json
import subprocess
import sys
from typing import Final

# What pip-audit says, or dies of, when there is no way to the database.
_UNREACHABLE: Final = (
    "your network may be blocking this service",
    "requests.exceptions.SSLError",
    "requests.exceptions.ConnectionError",
)
_TIMEOUT_S: Final = 300


def _warn(sentence: str) -> None:
    sys.stdout.write(f"WARNING: {sentence}\n")


def main(requirements: str) -> int:
    """Audit one file and return the exit status."""
    command = (
        *(sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"),
        *("--requirement", requirements, "--format", "json", "--timeout", "15"),
        *("--progress-spinner", "off"),
    )
    try:
        ended = subprocess.run(  # noqa: S603  # our own interpreter, our own arguments
            command, capture_output=True, check=False, text=True, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        _warn(f"no advisory was looked up: no answer in {_TIMEOUT_S} s.")
        return 0
    try:
        found = json.loads(ended.stdout)["dependencies"]
    except (ValueError, KeyError):
        if any(sign in ended.stderr for sign in _UNREACHABLE):
            _warn("no advisory was looked up: the database cannot be reached.")
            return 0
        sys.stderr.write(ended.stderr)
        return ended.returncode or 1
    vulnerable = [one for one in found if one.get("vulns")]
    skipped = [one["name"] for one in found if "skip_reason" in one]
    for one in vulnerable:
        for advisory in one["vulns"]:
            fixed = ", ".join(advisory["fix_versions"]) or "no release yet"
            sys.stdout.write(
                f"{one['name']} {one['version']}: {advisory['id']}; fixed in {fixed}\n"
            )
    if skipped:
        _warn(
            f"{len(skipped)} of {len(found)} packages were not looked up: "
            "the database does not answer for them."
        )
    sys.stdout.write(
        f"{len(found) - len(skipped)} packages looked up, "
        f"{len(vulnerable)} with advisories\n"
    )
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
