"""The composition root: the only place where ports and adapters are joined."""

from gateway.app.gateway import Replaced, run
from gateway.app.surroundings import Server, Surroundings, web_address

__all__ = ["Replaced", "Server", "Surroundings", "run", "web_address"]
