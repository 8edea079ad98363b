"""Says by API who is away, and who is here again."""

from __future__ import annotations

from typing import Any

import httpx


class NotSaid(Exception):
    """Banso refused it; the message says why and what to do."""


def say_away(
    client: httpx.Client, person: str, first: str, last: str, substitute: str | None
) -> str:
    """What is planned from now on, in a sentence. Raises NotSaid."""
    wish = {"person": person, "starts_at": first, "ends_at": last}
    if substitute is not None:
        wish["substitute"] = substitute
    said = _answer(client.post("/absences", json=wish))
    whom = said["substitute"] or "whoever has time"
    return f"{said['person']} is away from {first} to {last}; {whom} stands in. ({said['id']})"


def say_back(client: httpx.Client, person: str) -> str:
    """The next absence of this person is over, or will not be. Raises NotSaid."""
    absences = _answer(client.get("/absences"))["absences"]
    theirs = [one for one in absences if one["person"] == person]
    if not theirs:
        raise NotSaid(f"{person} is not away, and nothing is planned.")
    over = _answer(client.delete(f"/absences/{theirs[0]['id']}"))
    return f"{person} is here: the absence from {over['starts_at'][:10]} on is over."


def _answer(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json()
    problem = answer.json()
    faults = "".join(f"\n  {one['field']}: {one['problem']}" for one in problem.get("errors") or ())
    raise NotSaid(f"{problem['title']}: {problem['detail']}{faults}")
