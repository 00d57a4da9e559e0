"""Requests of third parties, and JSON that strangers may put into them."""

from collections.abc import Mapping

from hypothesis import strategies as st

from gateway.domain.arrivals import Arrival
from gateway.domain.model import Preset, Profile, Source, Verification
from tests.fakes.clock import NOON

SOURCE = Source(
    id="src_1",
    name="ci",
    room="lobby",
    token_hash="0" * 64,
    verify=Verification(Profile.NONE),
    created_at=NOON,
)

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["<a|b>", "*b*", "https://x.example/", "firing", "\n", "eur"])
)


def arrival(
    body: bytes = b"",
    content_type: str = "",
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
    query: str = "",
) -> Arrival:
    """Return a request."""
    given = {"content-type": content_type} if content_type else {}
    return Arrival(method, query, {**given, **(headers or {})}, body)


def a_source(
    preset: Preset = Preset.JSON,
    profile: Profile = Profile.NONE,
    dedup: str | None = None,
) -> Source:
    """Return a source of that kind."""
    return Source(
        id=SOURCE.id,
        name=SOURCE.name,
        room=SOURCE.room,
        token_hash=SOURCE.token_hash,
        verify=Verification(profile, ("a secret",)),
        created_at=NOON,
        preset=preset,
        dedup=dedup,
    )


def parted(*parts: tuple[str, bytes]) -> bytes:
    """Return a multipart form of headers and what they head."""
    told = (
        f"--B\r\nContent-Disposition: form-data; {headers}\r\n\r\n".encode() + content
        for headers, content in parts
    )
    return b"".join(one + b"\r\n" for one in told) + b"--B--\r\n"


def json_values(*names: str) -> st.SearchStrategy[object]:
    """Draw any JSON, of members with these names above all."""
    keys = st.sampled_from(names) if names else st.text(max_size=5)
    return st.recursive(
        LEAVES,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6)
        ),
        max_leaves=30,
    )
