"""Makes a running service fail at a chosen step, from outside: nothing of this is in the product.

Services are forked from a Python that has read their code (deploy/local/nursery.py), so a
`sitecustomize` on its path may change them before they begin.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_FRAME = """
import sys
from pathlib import Path

def service():
    return Path("/proc/self/comm").read_text().strip().removeprefix("banso ")

if any("forkserver" in word for word in sys.orig_argv):
"""

KILLER = """
    import os, signal
    from shared.bus import Bus
    from shared.journal import Journal

    armed = Path(os.environ["SABOTEUR"])

    def step(name):
        file = armed / f"{service()}.{name}"
        if file.exists():
            file.rename(armed / "done" / f"{service()}.{name}")
            os.kill(os.getpid(), signal.SIGKILL)

    record, say, answer = Journal._record, Bus.say, Bus._answer

    def record_and_die(self, causes):
        step("before-decision")
        outcomes = record(self, causes)
        step("after-commit")
        return outcomes

    async def say_and_die(self, said, headers=None):
        if said and (armed / f"{service()}.half-said").exists():
            await say(self, said[: (len(said) + 1) // 2], headers)
            step("half-said")
        results = await say(self, said, headers)
        step("said")
        return results

    async def answer_and_die(self, message, outcome):
        step("before-acknowledgement")
        await answer(self, message, outcome)
        step("after-acknowledgement")

    Journal._record, Bus.say, Bus._answer = record_and_die, say_and_die, answer_and_die

    from services.intake.mail.mailbox import Connection

    put_away = Connection.put_away

    async def put_away_and_die(self, uid, **how):
        step("before-move")
        await put_away(self, uid, **how)
        step("after-move")

    Connection.put_away = put_away_and_die

    from services.notifier.channels.smtp import SmtpServer

    send = SmtpServer.send

    async def send_and_die(self, mail):
        step("before-send")
        await send(self, mail)
        step("after-send")

    SmtpServer.send = send_and_die
"""
"""Dies by SIGKILL at a step for which a file lies in the directory `SABOTEUR`, once for each."""

HEARING = ("before-decision", "after-commit", "before-acknowledgement", "after-acknowledgement")
SAYING = ("half-said", "said")
STEPS = {
    "intake": (*HEARING, *SAYING),
    "router": (*HEARING, *SAYING),
    "notifier": (*HEARING, *SAYING, "before-send", "after-send"),
    "metrics": HEARING,
}
"""Every step of the journey at which a service may die."""

RULE_THAT_RAISES = """
    from services.router import rules

    def fires(when, facts):
        raise RuntimeError("this rule has a mistake")

    rules.fires = fires
"""


def sabotage(directory: Path, code: str) -> Mapping[str, str]:
    """The environment in which services behave as `code` says."""
    directory.mkdir()
    (directory / "done").mkdir()
    (directory / "sitecustomize.py").write_text(_FRAME + code)
    return {"PYTHONPATH": str(directory), "SABOTEUR": str(directory)}
