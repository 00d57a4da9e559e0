"""What official SDKs were recorded to put on the wire, read from the files here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAMES = ("python-sdk", "typescript-sdk")


@dataclass(frozen=True, slots=True)
class Transcript:
    """One recorded stay in a room: join, enable, what was said, disable."""

    software: str
    room: str
    api_key: str  # made up; its secret signed the token in the upgrade
    speaker_id: str  # the id that the recorded room gave to the SDK
    listener_id: str  # the id that its direct messages go to
    path: str  # of the upgrade, with its query
    headers: Mapping[str, str]  # of the upgrade, those that matter
    calls: tuple[Mapping[str, Any], ...]  # what the SDK was told to do, once enabled
    frames: tuple[tuple[str, bytes], ...]  # ("client" | "room", WebSocket message)

    def frames_of(self, side: str) -> tuple[bytes, ...]:
        """The WebSocket messages of the `client` or of the `room`, in order."""
        return tuple(frame for sender, frame in self.frames if sender == side)


def load(name: str) -> Transcript:
    """Read one of `NAMES`."""
    text = Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8")
    recorded = json.loads(text)
    return Transcript(
        software=recorded["software"],
        room=recorded["room"],
        api_key=recorded["api_key"],
        speaker_id=recorded["speaker_id"],
        listener_id=recorded["listener_id"],
        path=recorded["upgrade"]["path"],
        headers=recorded["upgrade"]["headers"],
        calls=tuple(recorded["calls"]),
        frames=tuple(
            (frame["from"], bytes.fromhex(frame["hex"])) for frame in recorded["frames"]
        ),
    )
