"""Sources as answers show them: neither their tokens nor their secrets."""

import json
from collections.abc import Mapping

from gateway.domain.model import InboundState, Source
from gateway.domain.rendering import maybe_rfc3339, rfc3339
from gateway.inbound import terms
from gateway.inbound.addresses import shown_addresses
from gateway.inbound.simulating import Simulation
from gateway.inbound.verifying import shown_verification


def source_shown(source: Source) -> dict[str, object]:
    """Return a source as the contract shows it."""
    verify = source.verify
    return {
        "id": source.id,
        **terms.as_json(source),
        "verify": {
            **shown_verification(verify),
            "secret_count": len(verify.secrets),
        },
        "created_at": rfc3339(source.created_at),
        "updated_at": maybe_rfc3339(source.updated_at),
    }


def source_addressed(source: Source, token: str, public_url: str) -> dict[str, object]:
    """Return a source with its address, for whoever has just made it.

    Args:
        source: The source.
        token: The one in its address.
        public_url: Base of our links, without a slash at its end.
    """
    path = f"/in/{token}"
    return {**source_shown(source), "url": f"{public_url}{path}", "path": path}


def counts_shown(counts: Mapping[InboundState, int]) -> dict[str, int]:
    """Return how many requests are in each state."""
    return {state.value: counts.get(state, 0) for state in InboundState}


def simulation_shown(source: Source, result: Simulation) -> dict[str, object]:
    """Return what would become of a sample."""
    message = None if result.message is None else json.loads(result.message)
    return {
        "status": result.state.value,
        "room": source.room,
        "to": shown_addresses(source.to),
        "broadcast": source.to is None,
        "type": source.type,
        "message": message,
        "attachment_size": result.attachment_bytes or None,
        "reason": result.reason,
        "identity": result.identity,
    }
