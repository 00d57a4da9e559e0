"""The composition root: the only place where ports and adapters are joined."""

from gateway.app.gateway import Replaced, Server, Surroundings, run

__all__ = ["Replaced", "Server", "Surroundings", "run"]
