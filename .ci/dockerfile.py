"""Run what the Dockerfile says, on a machine without a container engine.

Its stages are laid out in one scratch folder that stands for `/`: RUN steps run with
the paths of the image moved below it, COPY copies there. Then the image's command is
started beside an emulated room: its health check has to pass, and SIGTERM has to end it
with 0. Where that is allowed (root, Linux) it runs as the image's user on a root file
system that is mounted read-only, with `/data` alone to write to.

What this cannot show is the base image itself.
"""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parent.parent
# Paths that the Dockerfile makes; any other absolute path is the machine's own.
OURS: Final = re.compile(r"(?<![\w.-])/(?=(?:src|opt|data)\b)")
SILENT: Final = frozenset({"EXPOSE", "FROM", "LABEL", "STOPSIGNAL", "VOLUME"})
READY_S: Final = 60.0
STOP_S: Final = 12.0


@dataclass
class Image:
    """What the instructions so far come to.

    Attributes:
        root: The scratch folder that stands for `/`.
        user: Number of the user that the command runs as.
    """

    root: Path
    folder: Path = field(default_factory=Path)
    env: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    user: int = 0


def say(sentence: str) -> None:
    """Print one line at once."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield each instruction with its arguments, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, rest = line.strip().partition(" ")
        if name:
            yield name.upper(), " ".join(rest.split())


def environment(image: Image) -> list[str]:
    """Return the `env` command that sets what ENV has set."""
    return ["env", *(f"{name}={value}" for name, value in image.env.items())]


def run(image: Image, script: str) -> None:
    """Run one RUN step, `python` being the interpreter chosen for the image."""
    path = f"PATH={shlex.quote(str(image.root))}/bin:$PATH; "
    subprocess.run(  # noqa: S603  # the project's own Dockerfile
        [*environment(image), "/bin/sh", "-euc", path + script],
        cwd=image.folder,
        check=True,
    )


def copy(image: Image, arguments: str) -> None:
    """Copy as COPY does; `--from` finds the other stage in the same folder."""
    words = shlex.split(arguments)
    options = [word for word in words if word.startswith("--")]
    *sources, target = [word for word in words if not word.startswith("--")]
    absolute = target.startswith("/")
    into = image.root / target[1:] if absolute else image.folder / target
    for name in sources:
        above = any(option.startswith("--from=") for option in options)
        source = image.root / name.lstrip("/") if above else REPOSITORY / name
        if source == into:
            continue
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, into, ignore=ignore, dirs_exist_ok=True)
        else:
            into.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, into)
    owner = [o.partition("=")[2] for o in options if o.startswith("--chown=")]
    if owner and os.geteuid() == 0:
        subprocess.run(["chown", "-R", owner[0], into], check=True)  # noqa: S603, S607


def obey(image: Image, name: str, arguments: str) -> None:
    """Carry one instruction out."""
    moved = OURS.sub(f"{image.root}/", arguments)
    match name:
        case "WORKDIR":
            image.folder = Path(moved)
            image.folder.mkdir(parents=True, exist_ok=True)
        case "COPY":
            copy(image, arguments)
        case "ENV":
            pairs = (word.split("=", 1) for word in shlex.split(moved))
            image.env |= {key: value for key, value in pairs if key != "PATH"}
        case "USER":
            image.user = int(arguments.partition(":")[0])
        case "RUN":
            say(f"RUN {arguments}")
            run(image, moved)
        case "ENTRYPOINT" | "CMD" | "HEALTHCHECK":
            image.lists[name] = json.loads(arguments[arguments.index("[") :])
        case _:
            message = f"{name} is not understood: teach it to {Path(__file__).name}"
            raise SystemExit(message)


def confined(image: Image) -> list[str]:
    """Return the command that takes everything away but what the image has."""
    tools = all(shutil.which(tool) for tool in ("unshare", "setpriv", "mount"))
    data = shlex.quote(str(image.root / "data"))
    script = (
        f"mount --make-rprivate / && mount --bind {data} {data} && "
        'mount -o remount,bind,ro / && exec "$@"'
    )
    mounts = ["unshare", "--mount", "/bin/sh", "-euc", script, "sh"]
    if not tools or subprocess.run([*mounts, "true"], check=False).returncode:  # noqa: S603
        say("Not confined: that needs root and mount namespaces.")
        return []
    user = str(image.user)
    # Whoever made the interpreter may have put it where only root may look.
    look = "dac_read_search"
    return [
        *(*mounts, "setpriv", "--reuid", user, "--regid", user, "--clear-groups"),
        *("--inh-caps", f"-all,+{look}", "--ambient-caps", f"-all,+{look}"),
    ]


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_until_healthy(check: Sequence[str], process: subprocess.Popen[bytes]) -> None:
    """Repeat the health check until it passes."""
    ends_at = time.perf_counter() + READY_S
    while subprocess.run(check, check=False, stderr=subprocess.DEVNULL).returncode:  # noqa: S603
        if process.poll() is not None or time.perf_counter() > ends_at:
            message = f"Not healthy within {READY_S:g} s; exit {process.poll()}."
            raise SystemExit(message)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.3)


def exercise(image: Image) -> None:
    """Start the command, wait for its health check, and stop it."""
    emulator_port, port = free_port(), free_port()
    image.env |= {
        "MESHAGENT_ROOM_URL": f"ws://127.0.0.1:{emulator_port}",
        "MESHAGENT_ROOM": "lobby",
        "MESHAGENT_API_KEY": f"ma-{'A' * 22}-{'A' * 22}-secret",
        "GATEWAY_PORT": str(port),
        "GATEWAY_API_KEYS": "made-up-for-the-exercise",
    }
    binaries = image.root / "opt/gateway/bin"
    first, *rest = [*image.lists["ENTRYPOINT"], *image.lists["CMD"]]
    python, *health = image.lists["HEALTHCHECK"]
    base = environment(image)
    room: list[str | Path] = [
        *(binaries / "gateway", "emulator", "--port", str(emulator_port)),
        *("--api-key", image.env["MESHAGENT_API_KEY"]),
    ]
    serve: list[str | Path] = [*confined(image), *base, binaries / first, *rest]
    say(f"{' '.join([first, *rest])}, as {image.user}")
    with (
        subprocess.Popen(room, stdout=subprocess.DEVNULL) as emulator,  # noqa: S603
        subprocess.Popen(serve, cwd=image.folder) as gateway,  # noqa: S603
    ):
        try:
            wait_until_healthy([*base, str(binaries / python), *health], gateway)
            gateway.send_signal(signal.SIGTERM)
            status = gateway.wait(timeout=STOP_S)
        finally:
            gateway.kill()
            emulator.kill()
    if status != 0:
        message = f"SIGTERM ended it with {status}, not 0."
        raise SystemExit(message)
    say("Healthy, and ended with 0 at SIGTERM.")


def main() -> None:
    """Build below a scratch folder and exercise what came of it."""
    with tempfile.TemporaryDirectory() as scratch:
        image = Image(Path(scratch))
        image.root.chmod(0o755)
        image.folder = image.root
        interpreter = image.root / "bin" / "python"
        interpreter.parent.mkdir()
        interpreter.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        interpreter.chmod(0o755)
        for name, arguments in instructions((REPOSITORY / "Dockerfile").read_text()):
            if name not in SILENT:
                obey(image, name, arguments)
        exercise(image)


if __name__ == "__main__":
    main()
