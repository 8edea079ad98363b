"""A slow server holds up only what goes there."""

from __future__ import annotations

import asyncio

import pytest

from services.notifier.lanes import Lanes


def first_letter(item: str) -> str:
    return item[0]


@pytest.fixture
def lanes() -> Lanes[str]:
    return Lanes(first_letter, 2)


async def ready(lanes: Lanes[str]) -> list[str]:
    """Everything that can be taken now."""
    found = []
    while True:
        try:
            async with asyncio.timeout(0):
                found.append(await lanes.get())
        except TimeoutError:
            return found


async def test_a_lane_that_nobody_finishes_leaves_the_others_their_turns(
    lanes: Lanes[str],
) -> None:
    for item in ("s1", "s2", "s3", "s4", "a1", "b1"):
        lanes.put_nowait(item)

    assert await ready(lanes) == ["s1", "s2", "a1", "b1"]


async def test_each_that_is_done_lets_the_next_of_its_lane_have_its_turn_in_order(
    lanes: Lanes[str],
) -> None:
    for item in ("s1", "s2", "s3", "s4", "s5"):
        lanes.put_nowait(item)
    assert await ready(lanes) == ["s1", "s2"]

    lanes.done("s2")
    assert await ready(lanes) == ["s3"]
    lanes.done("s1")
    lanes.done("s3")
    assert await ready(lanes) == ["s4", "s5"]


async def test_a_lane_that_is_done_is_as_if_it_had_never_been(lanes: Lanes[str]) -> None:
    for item in ("s1", "s2", "s3"):
        lanes.put_nowait(item)
    for _ in range(3):
        lanes.done(await lanes.get())

    for item in ("s4", "s5", "s6"):
        lanes.put_nowait(item)

    assert await ready(lanes) == ["s4", "s5"]
