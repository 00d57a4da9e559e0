"""Signs a participant token as the official Python SDK does, and prints it.

Run by the interpreter that has the SDK, with an API key, a room and a name.
"""

import sys

# The SDK has an environment of its own, with Python 3.13.
from meshagent.api import (  # type: ignore[import-not-found]
    ApiScope,
    ParticipantToken,
)


def main(api_key: str, room: str, name: str) -> None:
    """Print a token for an agent with the SDK's usual rights."""
    token = ParticipantToken(name=name)
    token.add_role_grant("agent")
    token.add_room_grant(room)
    token.add_api_grant(ApiScope.agent_default())
    sys.stdout.write(token.to_jwt(api_key=api_key))


if __name__ == "__main__":
    main(*sys.argv[1:])
