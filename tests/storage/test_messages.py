"""Lists of messages of the real store, beyond what all stores promise."""

from pathlib import Path

import pytest

from gateway.bridge.ports import MessageFilter
from gateway.domain.model import Address, AddressKind
from tests.conformance.ports import outgoing
from tests.storage.opening import opened


@pytest.mark.parametrize("name", ["100%", "a_b", "a'b", 'a"b', "é", "\\", "A"])
async def test_a_name_is_matched_letter_by_letter(tmp_path: Path, name: str) -> None:
    """No character of a name means anything but itself, and case counts."""
    async with opened(tmp_path) as store:
        to = (Address(AddressKind.ANY, name),)
        await store.outbox.add(outgoing("1", to=to))
        await store.outbox.add(outgoing("2", to=(Address(AddressKind.ANY, "axb"),)))

        found = await store.messages.list(MessageFilter(to=name))
        lower = await store.messages.list(MessageFilter(to=name.swapcase()))

    assert [message.id for message in found.messages] == ["msg_1"]
    assert len(lower.messages) == (name == name.swapcase())
