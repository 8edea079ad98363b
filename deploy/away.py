"""Says by API who is away, and who is here again."""

from __future__ import annotations

from typing import Any

import httpx

from shared.language import Words


class NotSaid(Exception):
    """Banso refused it; the message says why and what to do."""


def say_away(
    client: httpx.Client, person: str, first: str, last: str, substitute: str | None, _: Words
) -> str:
    """What is planned from now on, in a sentence. Raises NotSaid."""
    wish = {"person": person, "starts_at": first, "ends_at": last}
    if substitute is not None:
        wish["substitute"] = substitute
    said = _answer(client.post("/absences", json=wish))
    return _(
        "%(name)s is away from %(first)s to %(last)s; %(whom)s stands in. (%(id)s)",
        name=said["person"],
        first=first,
        last=last,
        whom=said["substitute"] or _("whoever has time"),
        id=said["id"],
    )


def say_back(client: httpx.Client, person: str, _: Words) -> str:
    """The next absence of this person is over, or will not be. Raises NotSaid."""
    absences = _answer(client.get("/absences"))["absences"]
    theirs = [one for one in absences if one["person"] == person]
    if not theirs:
        raise NotSaid(_("%(name)s is not away, and nothing is planned.", name=person))
    over = _answer(client.delete(f"/absences/{theirs[0]['id']}"))
    day = over["starts_at"][:10]
    return _("%(name)s is here: the absence from %(day)s on is over.", name=person, day=day)


def _answer(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json()
    problem = answer.json()
    faults = "".join(f"\n  {one['field']}: {one['problem']}" for one in problem.get("errors") or ())
    raise NotSaid(f"{problem['title']}: {problem['detail']}{faults}")
