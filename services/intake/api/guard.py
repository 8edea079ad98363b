"""Who calls, what their token allows, and whether they ask for too much at once."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from litestar import Response

from services.intake.api.document import methods_at
from services.intake.api.problems import (
    AnyRequest,
    Problem,
    language_of_request,
    no_such_issue,
    unacceptable,
)
from services.intake.api.tokens import KnownTokens, Scope, Token
from services.intake.door import Door
from services.intake.history import Eyes
from services.intake.store import View, stranger_of_address, strangers
from services.intake.submission import read_reference
from shared.language import Words

_JSON = ("application/json", "application/problem+json", "application/*", "*/*")


class NotLetIn(Exception):
    """No token, or not a valid one."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever shows a token."""

    token: Token

    @property
    def person_id(self) -> str | None:
        """Whom the token belongs to, if to anybody."""
        return self.token.person

    @property
    def key(self) -> str:
        """What tells one caller's idempotency keys from another's."""
        return self.token.sha256[:16]


def caller_of(request: AnyRequest) -> Caller:
    found: Caller = request.state.caller
    return found


def needs(scope: Scope, *, json: bool = True) -> dict[str, Any]:
    """What a route needs: a scope, and a caller who takes JSON where it answers with that."""
    return {"scope": scope, "json": json}


def guard(
    tokens: KnownTokens, most_per_minute: int, door: Door
) -> Callable[[AnyRequest], Awaitable[Response[None] | None]]:
    """Lets in whoever shows a token with the scope that the route needs."""
    rate = RateLimitItemPerMinute(most_per_minute)
    limiter = MovingWindowRateLimiter(MemoryStorage())

    async def check(request: AnyRequest) -> Response[None] | None:
        _ = language_of_request(request)
        scope: Scope | None = request.route_handler.opt.get("scope")
        if scope is None:  # OPTIONS, which says no more than the documentation
            allowed = {"Allow": methods_at(request.url.path)}
            return Response(None, status_code=204, headers=allowed)
        token = tokens.find(_shown(request, basic=scope is Scope.HOOK))
        if token is None:
            raise NotLetIn
        if not limiter.hit(rate, token.id):
            raise _too_often(_)
        if scope not in token.scopes:
            raise _lacks(scope, _)
        if token.person and token.person not in door.organisation.person:
            raise _has_left(_)
        if request.route_handler.opt["json"] and not _takes_json(request):
            raise unacceptable(_)
        request.state.caller = Caller(token)
        return None

    return check


async def find_issue(reference: str, caller: Caller, door: Door, _: Words) -> tuple[View, Eyes]:
    """The issue as this caller may see it. What they may not see isn't there."""
    view = await door.find(read_reference(reference[:40]))
    if view is None:
        raise no_such_issue(_)
    eyes = Eyes.INSIDE
    if caller.person_id:
        eyes = door.eyes(caller.person_id, view)
    elif view.confidential:
        eyes = Eyes.NOBODY
    if eyes is Eyes.NOBODY:
        raise no_such_issue(_)
    return view, eyes


async def speaker(said: str | None, caller: Caller, door: Door, _: Words) -> str:
    """The id of the person in whose name this is said. A token of a person speaks as nobody else.

    The caller answers for it: whoever runs Banso gave them a token that may.
    """
    if said is None:
        if caller.person_id is None:
            raise Problem(
                422,
                _("It is not said who speaks"),
                _("Name the person, or use a token that belongs to one."),
                errors=[{"field": "person", "problem": "Field required"}],
            )
        return caller.person_id
    person_id = await _person(said.strip(), door)
    if person_id is None:
        raise Problem(
            403,
            _("Nobody here is called so"),
            _("Name a person by the id or the address in the organisation."),
        )
    if caller.person_id not in (None, person_id):
        raise speaks_for_another(_)
    return person_id


def speaks_for_another(_: Words) -> Problem:
    return Problem(
        403,
        _("This token speaks for somebody else"),
        _("A token that belongs to a person speaks as that person only."),
    )


async def _person(said: str, door: Door) -> str | None:
    organisation = door.organisation
    member = organisation.by_address.get(said.lower()) or organisation.person.get(said)
    if member is not None:
        return member.id
    if "@" in said:
        stranger = await door.read(lambda connection: stranger_of_address(connection, said))
        return stranger.person_id if stranger else None
    known = await door.read(lambda connection: strangers(connection, [said]))
    return said if said in known else None


def _shown(request: AnyRequest, *, basic: bool) -> str:
    """The token; for systems that can do no better, also as the password of Basic (RFC 7617)."""
    scheme, _sep, rest = request.headers.get("authorization", "").partition(" ")
    shown = rest.strip()
    if scheme.lower() == "bearer" and shown:
        return shown
    if basic and scheme.lower() == "basic":
        try:
            _user, _colon, password = b64decode(shown, validate=True).decode().partition(":")
        except (binascii.Error, ValueError) as error:
            raise NotLetIn from error
        return password
    raise NotLetIn


def _takes_json(request: AnyRequest) -> bool:
    """Whether the caller takes JSON (RFC 9110, section 12.5.1)."""
    accept = request.headers.get("accept", "").lower()
    if not accept.strip():
        return True
    for one in accept.split(","):
        kind, *parameters = (part.strip() for part in one.split(";"))
        refused = any(part.replace(" ", "") in ("q=0", "q=0.0", "q=0.00") for part in parameters)
        if kind in _JSON and not refused:
            return True
    return False


def _too_often(_: Words) -> Problem:
    return Problem(
        429,
        _("Too many requests"),
        _("Wait a minute and go on more slowly."),
        headers={"Retry-After": "60"},
    )


def _lacks(scope: Scope, _: Words) -> Problem:
    return Problem(
        403,
        _("This token does not allow that"),
        _(
            "It needs the scope `%(scope)s`. Ask whoever runs Banso for a token that has it.",
            scope=scope,
        ),
        scope=scope,
    )


def _has_left(_: Words) -> Problem:
    return Problem(
        403,
        _("This token belongs to nobody who is here"),
        _("Its person is not in the organisation. Ask whoever runs Banso for another token."),
    )
