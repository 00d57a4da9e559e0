"""What is said of a body stands by itself."""

from pydantic import BaseModel, Field

from gateway.api.described import body_of, message_of


class Inner(BaseModel):
    """Something inside."""

    count: int = 1


class Outer(BaseModel):
    """Something around it."""

    inner: Inner | None = Field(None, description="What is inside.")
    more: list[Inner] = Field(default_factory=list)


def test_models_inside_are_written_out() -> None:
    """The schema refers to nothing that stands elsewhere."""
    body = body_of(Outer, {})["requestBody"]

    content = body["content"]["application/json"]
    inner = content["schema"]["properties"]["more"]["items"]
    assert inner["properties"]["count"]["default"] == 1
    assert "$" not in str(body)
    assert (body["required"], "examples" in content) == (True, False)


def test_a_body_may_be_left_out() -> None:
    """Its examples are shown beside its schema."""
    body = body_of(Inner, {"one": {"value": {}}}, is_needed=False)["requestBody"]

    assert not body["required"]
    assert body["content"]["application/json"]["examples"] == {"one": {"value": {}}}


def test_a_route_that_takes_messages_says_what_it_reads_beside_the_body() -> None:
    """The path, the query and the headers."""
    told = message_of("Reply", {"application/json": {}}, {"message_id": "Which one."})

    names = [(each["in"], each["name"]) for each in told["parameters"]]
    assert names == [
        ("path", "message_id"),
        ("query", "wait"),
        ("query", "dry_run"),
        ("header", "Prefer"),
        ("header", "Idempotency-Key"),
    ]
