"""Every failure is one shape, and every error has its row."""

import json
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.types import Message, Scope

from gateway.api import problems
from gateway.domain import errors
from gateway.domain.errors import FieldError, GatewayError


def leaves(cls: type[GatewayError]) -> Iterator[type[GatewayError]]:
    """Walk the tree down to every class that can be raised."""
    for below in cls.__subclasses__():
        if below not in {errors.Rejected, errors.Unavailable}:
            yield below
        yield from leaves(below)


async def ask(
    app: FastAPI, path: str, method: str = "GET", body: bytes = b""
) -> tuple[int, dict[str, str], dict[str, object]]:
    """Call an app directly and return status, headers and the JSON of its answer."""
    sent: list[Message] = []
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path.partition("?")[0],
        "query_string": path.partition("?")[2].encode(),
        "headers": [(b"content-type", b"application/json")],
        "state": {"request_id": "req_1", "problem_base": "https://gw/problems/"},
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    text = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], headers, json.loads(text)


def app_raising(error: Exception) -> FastAPI:
    """Return an app whose only route fails like this."""
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    async def fail(limit: int = 1) -> int:
        if limit:
            raise error
        return limit

    return app


@pytest.mark.parametrize("cls", sorted(set(leaves(GatewayError)), key=str))
def test_every_error_that_can_be_raised_has_its_own_row(
    cls: type[GatewayError],
) -> None:
    """No error is answered by the row of the class above it."""
    entry = problems.TABLE.get(cls)

    assert entry is not None


def test_codes_are_told_apart() -> None:
    """No two rows share a code, so that programs can rely on it."""
    codes = [cls.code for cls in problems.TABLE]

    assert len(codes) == len(set(codes))


async def test_a_refusal_carries_all_members() -> None:
    """A refused request is answered with each member of RFC 9457 and ours."""
    error = errors.Invalid(
        "Bad.", errors=[FieldError("/to", "Missing.")], facts={"limit": 7, "status": 1}
    )

    status, headers, problem = await ask(app_raising(error), "/")

    assert status == 422
    assert headers["content-type"] == "application/problem+json"
    assert problem == {
        "type": "https://gw/problems/validation",
        "title": "Invalid request",
        "status": 422,
        "detail": "Bad.",
        "instance": "/",
        "code": "validation",
        "request_id": "req_1",
        "retryable": False,
        "errors": [{"pointer": "/to", "detail": "Missing."}],
        "limit": 7,
    }


async def test_what_may_work_later_says_when() -> None:
    """An answer of 503 is retryable and carries Retry-After in seconds."""
    error = errors.QueueFull("Full.", retry_after_s=9)

    status, headers, problem = await ask(app_raising(error), "/")

    assert status == 503
    assert headers["retry-after"] == "9"
    assert problem["retryable"] is True


async def test_a_missing_key_is_challenged() -> None:
    """401 names the ways in which a key can be given."""
    error = errors.Unauthenticated("No key.")

    status, headers, _ = await ask(app_raising(error), "/")

    assert status == 401
    assert headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("challenge", [None, 'Bearer realm="source"'])
async def test_a_third_party_is_challenged_where_http_has_a_scheme(
    challenge: str | None,
) -> None:
    """For signatures there is none, so nothing is asked for in its place."""
    error = errors.NotVerified("Not signed.", challenge=challenge)

    status, headers, _ = await ask(app_raising(error), "/")

    assert status == 401
    assert headers.get("www-authenticate") == challenge


async def test_an_unknown_address_is_a_problem_too() -> None:
    """The framework's 404 has the same shape."""
    status, _, problem = await ask(app_raising(errors.NotFound("x")), "/nowhere")

    assert status == 404
    assert problem["code"] == "not_found"


async def test_a_wrong_method_names_the_right_ones() -> None:
    """The framework's 405 keeps its Allow header."""
    app = app_raising(errors.NotFound("x"))

    status, headers, problem = await ask(app, "/", "DELETE")

    assert status == 405
    assert headers["allow"] == "GET"
    assert problem["code"] == "method_not_allowed"


async def test_a_bad_parameter_is_pointed_at() -> None:
    """The framework's own validation becomes `errors` with `?name`."""
    app = app_raising(errors.NotFound("x"))

    status, _, problem = await ask(app, "/?limit=many")

    assert status == 422
    assert problem["errors"] == [
        {
            "pointer": "?limit",
            "detail": "Input should be a valid integer, unable to parse string as an"
            " integer.",
        }
    ]


async def test_a_bug_says_nothing_of_itself() -> None:
    """An unexpected exception is 500 `internal`, without its text."""
    app = app_raising(RuntimeError("the secret"))

    with pytest.raises(RuntimeError):  # Starlette hands it on to the server's log.
        await ask(app, "/")
    scope: Scope = {"path": "/", "state": {}}
    problem = problems.document(problems.BUG, scope)

    assert problem["status"] == 500
    assert problem["code"] == "internal"
    assert "secret" not in str(problem)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/in/abc123", "/in/{token}"),
        ("//in/abc123", "//in/{token}"),
        ("/in//abc123", "/in/{token}"),
        ("/IN/abc123/", "/IN/{token}"),
        ("/in/a\nabc123", "/in/{token}"),
        ("/gw/in/abc123", "/gw/in/{token}"),
        ("in/abc123", "in/{token}"),
        ("/join/abc123", "/join/abc123"),
    ],
)
def test_a_token_in_the_path_is_not_repeated(path: str, told: str) -> None:
    """The address of a source is a secret and stays out of problems, also misspelt."""
    scope: Scope = {"path": path, "state": {}}

    problem = problems.document(errors.NotFound("Nothing."), scope)

    assert problem["instance"] == told


def test_pointers_are_escaped() -> None:
    """Names with `/` and `~` are written as RFC 6901 asks."""
    pointer = problems.pointer(("body", "a/b", "c~d", 0))

    assert pointer == "/a~1b/c~0d/0"


def test_a_pointer_to_a_parameter_is_its_name() -> None:
    """Callers know nothing of the list that it was split into."""
    assert problems.pointer(("query", "events", 0)) == "?events"


@pytest.mark.parametrize(
    ("found", "detail"),
    [
        ({"type": "extra_forbidden", "loc": ("body", "a")}, "There is no such field."),
        (
            {"type": "extra_forbidden", "loc": ("query", "a")},
            "There is no such parameter.",
        ),
        (
            {
                "type": "string_too_short",
                "loc": ("query", "a"),
                "ctx": {"min_length": 1},
            },
            "It should not be empty.",
        ),
        ({"type": "missing", "loc": ("body", "a"), "msg": "Needed"}, "Needed."),
    ],
)
def test_what_is_misspelt_or_empty_is_said_in_our_words(
    found: dict[str, object], detail: str
) -> None:
    """The framework's speak of inputs and of characters."""
    error = problems.validation([{"msg": "Extra inputs", **found}])

    assert [each.detail for each in error.errors] == [detail]


def test_text_that_was_no_json_is_malformed() -> None:
    """A body that pydantic could not parse is 400, not 422."""
    error = problems.validation([{"type": "json_invalid", "loc": ("body", 1)}])

    assert isinstance(error, errors.MalformedJson)


def test_of_faults_without_end_the_first_are_told() -> None:
    """A refusal is no longer for being asked for much that is wrong."""
    found = [
        {"type": "missing", "loc": ("query", str(n)), "msg": "No"} for n in range(200)
    ]

    error = problems.validation(found)

    assert len(error.errors) == problems.MAX_ERRORS
    assert error.detail == "?0: No. (199 more)"


def test_what_was_sent_is_quoted_in_part_if_it_is_long() -> None:
    """A name of a megabyte does not come back three times."""
    long = problems.invalid("There is no such field.", at="/" + "x" * 1_000_000)

    problem = problems.document(long, {"path": "/send"})

    assert len(str(problem)) < 3 * problems.MAX_CHARACTERS


def test_route_responses_are_grouped_by_status() -> None:
    """Two errors of one status are two examples of one response."""
    found = problems.responses(errors.NotFound, errors.RecipientNotFound)

    examples = found[404]["content"]["application/problem+json"]["examples"]
    assert list(examples) == ["not_found", "recipient_not_found"]


def test_what_is_wrong_as_a_whole_has_no_place() -> None:
    """The sentence begins with what it says."""
    whole = problems.invalid("It should be an object.", at="")
    part = problems.invalid("It is required.", at="/to")

    assert (whole.detail, part.detail) == (
        *("It should be an object.", "/to: It is required."),
    )
