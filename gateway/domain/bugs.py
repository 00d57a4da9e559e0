"""Bugs of ours, told without what they failed over."""

import traceback
from pathlib import Path


def where(error: BaseException) -> str | None:
    """Return the function, the file and the line that raised an error.

    `None` if it was never raised. Neither its words, which may quote what somebody
    sent, nor the folder that we are installed in.
    """
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return None
    last = frames[-1]
    return f"{last.name}, {Path(last.filename).name}:{last.lineno}"
