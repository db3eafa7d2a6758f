"""How a call to the fake Bot API can go wrong, beyond what its rules refuse."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from tests.fakes.telegram_rules import Answer, refusal


class Trouble(StrEnum):
    """How a call can go wrong."""

    REFUSE = "refuse"  # not done, answered with `status` and `description`
    HANG_UP = "hang_up"  # cut before anything is done
    DROP = "drop"  # done, then cut without an answer
    STALL = "stall"  # done, then silent for `delay_s`, then cut
    SLOW = "slow"  # done, answered after `delay_s`
    GARBLE = "garble"  # done, answered 200 with what is no JSON
    DENY = "deny"  # 200 with `ok: false`


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """Trouble for the next call of a method, to one chat or to any."""

    trouble: Trouble
    method: str = "sendmessage"
    chat: int | None = None
    status: int = 400
    description: str = "Bad Request"
    parameters: dict[str, int] | None = None
    delay_s: float = 0.05


def take(planned: list[Misbehaviour], method: str, chat: int) -> Misbehaviour | None:
    """Take the first plan that fits a call."""
    for plan in planned:
        if plan.method == method and plan.chat in {None, chat}:
            planned.remove(plan)
            return plan
    return None


async def spoil(
    plan: Misbehaviour, request: web.Request, doing: Coroutine[None, None, Answer]
) -> web.Response:
    """Carry out a plan: `doing` does what was asked, where the plan lets it."""
    answer = _instead(plan)
    if answer is not None or plan.trouble is Trouble.HANG_UP:
        doing.close()
        return answer.as_response() if answer else _cut(request)

    done = await doing
    if plan.trouble is Trouble.GARBLE:
        return Answer(200, b"<html>oops").as_response()
    if plan.trouble in {Trouble.SLOW, Trouble.STALL}:
        await asyncio.sleep(plan.delay_s)
    return done.as_response() if plan.trouble is Trouble.SLOW else _cut(request)


def _instead(plan: Misbehaviour) -> Answer | None:
    if plan.trouble is Trouble.REFUSE:
        return refusal(plan.status, plan.description, plan.parameters)
    if plan.trouble is Trouble.DENY:
        return Answer(200, refusal(200, plan.description).body)
    return None


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
