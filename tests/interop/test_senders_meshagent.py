"""MeshAgent's own sender, and its own receiver as the judge of what we take."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import jwt

from gateway.domain.arrivals import Arrival
from gateway.domain.errors import Rejected
from gateway.domain.model import Preset, Profile, Verification
from gateway.domain.payloads import payload_of
from gateway.domain.verification import verify
from tests.acceptance.stage import Person, Stage
from tests.acceptance.waiting import clock
from tests.interop.conftest import missing
from tests.interop.driver import HERE, SDK_PYTHON
from tests.interop.senders import a_source, sent, text_of

SENDER = HERE / "peers" / "python_sender.py"
JUDGE = HERE / "peers" / "python_judge.py"
DATA = {"room_name": "Küche 🦊", "room_url": "ws://rooms.example"}
EVENT = {"event": "room.started", "data": DATA}
JSON = "application/json"
SECRET = "a secret as long as the longest HMAC wants it, of sixty-four bytes"


def need_meshagent() -> None:
    """Go no further without MeshAgent's library."""
    if not SDK_PYTHON.exists():
        missing("the Python of the interop tests")


async def test_what_meshagent_sends_is_told(stage: Stage, alice: Person) -> None:
    """In words; of another's secret it is nobody's."""
    need_meshagent()
    verify = {"profile": "meshagent", "secret": SECRET}
    url = await a_source(stage, "meshagent", verify=verify)
    data = json.dumps({**DATA, "n": [1.0, -0.0, 1e22, 2**80, None, "\u2028"]})
    command = (str(SDK_PYTHON), str(SENDER), "meshagent", url)

    answers = [
        *await sent(*command, SECRET, "room.started", data),
        *await sent(*command, SECRET[::-1], "room.started", data),
    ]
    heard = await alice.hears(1)

    assert [each["status"] for each in answers] == [200, 401]
    assert text_of(heard[0]) == "Room Küche 🦊 started."


async def test_what_meshagent_says_in_a_header_is_told(
    stage: Stage, alice: Person
) -> None:
    """Where there is no body; a signature for another header is nobody's."""
    verify = {"profile": "meshagent", "secret": SECRET}
    url = await a_source(stage, "meshagent", verify=verify)
    said = json.dumps(EVENT, ensure_ascii=False)
    headers = Case(headers={"meshagent-webhook": said}).signed()

    statuses = []
    for given in (said, said.replace("started", "ended")):
        carried = {**headers, "meshagent-webhook": given}
        async with stage.http.post(url, headers=carried) as answer:
            statuses.append(answer.status)
    heard = await alice.hears(1)

    assert statuses == [202, 401]
    assert [text_of(each) for each in heard] == ["Room Küche 🦊 started."]


@dataclass(frozen=True)
class Case:
    """A request, and what is to be known of it."""

    body: bytes = b""
    claims: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    secret: str = SECRET

    def signed(self) -> dict[str, str]:
        """Return its headers, signed for what is said in it."""
        said = self.body
        carried = self.headers.get("meshagent-webhook")
        if carried is not None:
            said = wire(carried)
        claims = {"sha256": digest(said), **self.claims}
        known = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode(known, self.secret, algorithm="HS256")
        own = {"meshagent-signature": f"Bearer {token}", "content-type": JSON}
        return {**own, **self.headers}


def wire(header: str) -> bytes:
    """Return the bytes of a header, which may be given as text."""
    try:
        return header.encode("latin-1")
    except UnicodeEncodeError:
        return header.encode()


def digest(said: bytes) -> str:
    """Return what MeshAgent signs of a body; of what is no JSON its bytes'."""
    try:
        return sha256(json.dumps(json.loads(said.decode())).encode()).hexdigest()
    except ValueError:
        return sha256(said).hexdigest()


RAW = json.dumps(EVENT).encode()
CASES = {
    "as it is sent": Case(RAW),
    "in UTF-8": Case(json.dumps(EVENT, ensure_ascii=False).encode()),
    "compact": Case(json.dumps(EVENT, separators=(",", ":")).encode()),
    "indented": Case(json.dumps(EVENT, indent=3).encode()),
    "duplicate names": Case(b'{"event":"a","event":"b","data":{"x":1,"x":2}}'),
    "numbers": Case(b'{"n":[1.0,-0,-0.0,1e2,1E+2,0.1,1e-7,123456789012345678901234]}'),
    "escapes": Case(b'{"t":"\\u00e9\\/\\ud83e\\udd8a\\u0000"}'),
    "empty object": Case(b"{}"),
    "in a header": Case(headers={"meshagent-webhook": RAW.decode()}),
    "in a header, UTF-8": Case(
        headers={
            "meshagent-webhook": json.dumps(EVENT, ensure_ascii=False)
            .encode()
            .decode("latin-1")
        }
    ),
    "not yet over": Case(RAW, {"exp": 4_000_000_000}),
    "over": Case(RAW, {"exp": 1_000_000_000}),
    "later": Case(RAW, {"nbf": 4_000_000_000}),
    "for others": Case(RAW, {"aud": "others"}),
    "for a list of others": Case(RAW, {"aud": []}),
    "of another body": Case(RAW, {"sha256": "0" * 64}),
    "in capitals": Case(RAW, {"sha256": digest(RAW).upper()}),
    "of the bytes": Case(b'{"a":1}', {"sha256": sha256(b'{"a":1}').hexdigest()}),
    "of nothing": Case(RAW, {"sha256": None}),
    "of a number": Case(RAW, {"sha256": 1}),
    "of another secret": Case(RAW, secret=SECRET[::-1]),
    "without Bearer": Case(
        RAW,
        headers={"meshagent-signature": jwt.encode({"sha256": digest(RAW)}, SECRET)},
    ),
    "lower-case bearer": Case(RAW, headers={"meshagent-signature": "bearer a.b.c"}),
    "no token": Case(RAW, headers={"meshagent-signature": "Bearer "}),
    "another algorithm": Case(
        RAW,
        headers={
            "meshagent-signature": "Bearer "
            + jwt.encode({"sha256": digest(RAW)}, SECRET, algorithm="HS512")
        },
    ),
    "no algorithm": Case(
        RAW,
        headers={
            "meshagent-signature": "Bearer "
            + jwt.encode({"sha256": digest(RAW)}, "", algorithm="none")
        },
    ),
    "an extension": Case(
        RAW,
        headers={
            "meshagent-signature": "Bearer "
            + jwt.encode({"sha256": digest(RAW)}, SECRET, headers={"crit": ["x"]})
        },
    ),
    "no JSON": Case(b"{"),
    "not UTF-8": Case(b'{"a":"\xff"}'),
    "a byte order mark": Case(b"\xef\xbb\xbf{}"),
    "no body": Case(b""),
    "an array": Case(b"[1]"),
    "a number": Case(b"1"),
    "NaN": Case(b'{"a":NaN}'),
    "half a surrogate": Case(b'{"a":"\\ud800"}'),
    "too large a number": Case(b'{"a":1e999}'),
    "beside a header": Case(b"{}", headers={"meshagent-webhook": RAW.decode()}),
    "issued later": Case(RAW, {"iat": 4_000_000_000}),
}


# What cannot be said again is no message to us; and beside a body, which is what we
# keep and show, we believe no header.
STRICTER = {"NaN", "half a surrogate", "too large a number", "beside a header"}


async def test_we_take_what_meshagent_takes() -> None:
    """And refuse what it refuses, and little more."""
    need_meshagent()
    lines = [
        json.dumps({"headers": case.signed(), "body": case.body.decode("latin-1")})
        for case in CASES.values()
    ]
    process = await asyncio.create_subprocess_exec(
        *(str(SDK_PYTHON), str(JUDGE), SECRET),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )

    out, _ = await process.communicate("\n".join(lines).encode())
    judged = [status == "200" for status in out.decode().split()]
    theirs = dict(zip(CASES, judged, strict=True))
    ours = {name: is_taken(case) for name, case in CASES.items()}

    assert {name for name in CASES if ours[name] != theirs[name]} == STRICTER
    assert not any(ours[name] for name in STRICTER)


def is_taken(case: Case) -> bool:
    """Whether we take a request."""
    arrival = Arrival("POST", "", case.signed(), case.body)
    try:
        verify(Verification(Profile.MESHAGENT, (SECRET,)), arrival, clock.now())
        payload_of(arrival, Preset.MESHAGENT)
    except Rejected:
        return False
    return True
