"""The documentation: for programs, for people, and for problems."""

import re

import pytest

from gateway.api import problems
from tests.fakes.bridge import KEY, Bridge
from tests.fakes.caller import calling


async def test_the_page_takes_nothing_from_a_foreign_host() -> None:
    """All that it loads is served here."""
    async with calling(Bridge().services()) as caller:
        page = await caller.get("/docs", key=None)
        parts = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
        answers = [await caller.get(f"/{part}", key=None) for part in parts]

    assert len(parts) == 4
    assert not any("//" in part for part in parts)
    assert [answer.status for answer in answers] == [200] * 4
    assert "default-src 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/docs/start.js"])
@pytest.mark.parametrize(
    ("docs", "key", "status"),
    [
        ("public", None, 200),
        ("key", None, 401),
        ("key", KEY, 200),
        ("off", None, 401),
        ("off", KEY, 404),
    ],
)
async def test_the_docs_are_for_whom_they_are_meant(
    path: str, docs: str, key: str | None, status: int
) -> None:
    """Public, for callers with a key, or not there at all."""
    async with calling(Bridge().services(docs=docs)) as caller:
        answer = await caller.get(path, key=key)

    assert answer.status == status


async def test_a_part_that_is_not_of_the_page_is_not_found() -> None:
    """The package's other files are not published."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/docs/index.html", key=None)

    assert answer.code == "not_found"


async def test_the_type_of_a_problem_can_be_read() -> None:
    """Each `type` leads to what it means."""
    async with calling(Bridge().services()) as caller:
        for cls in problems.TABLE:
            path = f"/problems/{problems.slug(cls.code)}"
            answer = await caller.get(path, key=None)
            assert answer.json["code"] == cls.code


async def test_an_unknown_problem_is_not_found() -> None:
    """And says so as a problem."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/problems/boredom", key=None)

    assert answer.status == 404


@pytest.mark.parametrize(
    ("public_url", "server"),
    [("https://example.com/gw", "/gw"), ("https://example.com", "/")],
)
async def test_calls_tried_on_the_page_go_through_the_path_of_a_proxy(
    public_url: str, server: str
) -> None:
    """The description's server is the path under which a proxy serves us."""
    async with calling(Bridge().services(public_url=public_url)) as caller:
        answer = await caller.get("/openapi.json")

    assert answer.json["servers"] == [{"url": server}]
