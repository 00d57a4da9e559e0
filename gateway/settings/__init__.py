"""Configuration: the environment and `.env` become one frozen value.

The room's identity keeps MeshAgent's own names, so that the gateway runs as a
MeshAgent service as it is; everything of ours is `GATEWAY_*`. A variable that is not
known, or a value that makes no sense, is refused at start with one sentence.
"""

from gateway.settings.loading import BadSettings, load, secret_files
from gateway.settings.model import Settings, is_loopback, is_secret, names

__all__ = [
    "BadSettings",
    "Settings",
    "is_loopback",
    "is_secret",
    "load",
    "names",
    "secret_files",
]
