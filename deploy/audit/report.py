"""What an audit has found, for people in their language and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import assert_never

from deploy.audit.auditor import Audit
from deploy.audit.promises import Finding, Promise
from shared.language import Words

MOST_NAMED = 10
"""Things that are named for each broken promise; a program gets all of them."""


def to_json(audit: Audit) -> str:
    said = {
        "at": audit.at.isoformat(timespec="seconds"),
        "took_seconds": round(audit.took_s, 3),
        "full": audit.full,
        "violations": {str(promise): count for promise, count in audit.violations.items()},
        "findings": [_as_document(one) for one in audit.findings],
        "repairs": {str(promise): count for promise, count in audit.repaired.items()},
        "unowned_seconds": audit.unowned.total_seconds(),
        "stepless_seconds": audit.stepless.total_seconds(),
    }
    return json.dumps(said, ensure_ascii=False, indent=2)


def _as_document(finding: Finding) -> dict[str, str | bool | None]:
    since = finding.since.isoformat(timespec="seconds") if finding.since else None
    return {
        "promise": finding.promise,
        "about": finding.about,
        "since": since,
        "repairable": finding.repair is not None,
    }


def to_text(audit: Audit, _: Words) -> str:
    """A line for each promise; under a broken one what it is about, and what to do."""
    return "\n".join(_lines(audit, _))


def _lines(audit: Audit, _: Words) -> Iterator[str]:
    for promise, count in audit.violations.items():
        yield f"{'✗' if count else '✓'} {claim(promise, _)}"
        if not count:
            continue
        about = [_named(one) for one in audit.findings if one.promise is promise]
        for named in about[:MOST_NAMED]:
            yield f"    {named}"
        if count > MOST_NAMED:
            more = _.many("and one more", "and %(count)s more", count - MOST_NAMED)
            yield f"    {more}"
        if asked := audit.repaired.get(promise):
            words = _.many("One repair is asked for.", "%(count)s repairs are asked for.", asked)
            yield f"  → {words}"
        yield f"  → {remedy(promise, _)}"
    yield ""
    broken = len(audit.broken)
    if broken:
        yield _.many("One promise is broken.", "%(count)s promises are broken.", broken)
    else:
        yield _("All promises hold.")
    if not audit.full:
        yield _("Journals and streams were read on from the last time; --full reads all of them.")


def _named(finding: Finding) -> str:
    since = f"  ({finding.since.isoformat(sep=' ', timespec='minutes')})" if finding.since else ""
    return f"{finding.about}{since}"


def claim(promise: Promise, _: Words) -> str:
    """What is promised."""
    match promise:
        case Promise.ACCEPTED:
            return _("Every issue that was accepted has reached the router.")
        case Promise.OWNER:
            return _(
                "Every open issue has an owner who is in the organisation and not left alone"
                " with an issue of their own."
            )
        case Promise.NEXT_STEP:
            return _("Every open issue has a next step and a time for it.")
        case Promise.STEP_TAKEN:
            return _("Every step is taken when it is due.")
        case Promise.SHOWN:
            return _("The pages show every issue as it is.")
        case Promise.WORK:
            return _("What everybody has in hand is the sum of their open issues.")
        case Promise.ABSENCE:
            return _("Absences begin and end on time.")
        case Promise.PAUSE:
            return _("Pauses of chasing begin and end on time.")
        case Promise.ALONGSIDE:
            return _(
                "Whoever is left alone is asked whether somebody shall run alongside, and all that"
                " follows is done in time."
            )
        case Promise.SAID:
            return _("Everything that was decided has been said.")
        case Promise.KEPT:
            return _("Everything that was said is kept on its stream.")
        case Promise.RECORDED:
            return _("Everything on a stream is in its speaker's journal.")
        case Promise.TOLD:
            return _("Every notification is sent, or has failed; none is tried for ever.")
        case Promise.LOOKED_AT:
            return _("Somebody has looked at every message that a service gave up on.")
        case Promise.GIVEN_UP:
            return _("No message was given up without being buried.")
        case _ as never:
            assert_never(never)


def remedy(promise: Promise, _: Words) -> str:
    """What to do where it is broken."""
    match promise:
        case Promise.ACCEPTED:
            return _(
                "See whether the router runs (/readyz, logs/router.log). If it does and the issue"
                " does not come, run `banso replay intake`."
            )
        case Promise.OWNER:
            return _(
                "Open the issue and hand it over to somebody; then report this, because it must"
                " not happen."
            )
        case Promise.NEXT_STEP:
            return _(
                "Tell the owner of the issue. The database forbids this, so look for what else has"
                " written to it, and compare it with your last backup."
            )
        case Promise.STEP_TAKEN:
            return _(
                "See whether the router runs (/readyz, logs/router.log). What got lost is woken by"
                " a repair."
            )
        case Promise.SHOWN:
            return _(
                "See whether intake runs (/readyz, logs/intake.log). If it does and nothing"
                " changes, run `banso replay router`."
            )
        case Promise.WORK:
            return _("The router adds wrongly. Restart it and report this with the log.")
        case Promise.ABSENCE | Promise.PAUSE | Promise.ALONGSIDE:
            return _("See whether the router runs (/readyz, logs/router.log).")
        case Promise.SAID:
            return _(
                "See whether NATS and the service that decided it run. It says so by itself once"
                " both do; a repair has it said at once."
            )
        case Promise.KEPT:
            return _(
                "A repair has the speaker say it again. If very many are missing, run"
                " `banso replay` for that stream, and look at the disk of NATS."
            )
        case Promise.RECORDED:
            return _(
                "Somebody else has written to the stream, or a database was restored from a backup"
                " that is older than the stream. Nothing is repaired here."
            )
        case Promise.TOLD:
            return _(
                "See whether the notifier runs and reaches the mail server (logs/notifier.log)."
            )
        case Promise.LOOKED_AT:
            return _(
                "`banso dead list` shows them. Say each again (`banso dead again`), or note that"
                " it needs nothing more (`banso dead done`)."
            )
        case Promise.GIVEN_UP:
            return _(
                "Somebody has changed a consumer. Run `banso provision`, then `banso replay` for"
                " that stream."
            )
        case _ as never:
            assert_never(never)
