"""What every line of the log tells besides."""

import asyncio
from contextvars import copy_context

from gateway import context


def test_facts_are_told_along_with_those_before() -> None:
    """A fact that is bound again has its new value."""

    def work() -> dict[str, object]:
        context.bind(request_id="req_1", traceparent="00")
        context.bind(request_id="req_2")
        return dict(context.bound())

    assert copy_context().run(work) == {"request_id": "req_2", "traceparent": "00"}


async def test_a_task_tells_what_was_bound_where_it_began_and_no_more() -> None:
    """What is bound in one request is not told by another."""

    async def work(name: str) -> dict[str, object]:
        context.bind(**{name: 1})
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0)
        return dict(context.bound())

    context.bind(all=0)
    async with asyncio.TaskGroup() as tasks:
        first, second = tasks.create_task(work("a")), tasks.create_task(work("b"))

    assert first.result() == {"all": 0, "a": 1}
    assert second.result() == {"all": 0, "b": 1}
