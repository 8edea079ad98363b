"""Learns from what became of issues, again and again, in a process of its own.

What was learned lies beside the database, so that a restart has it at once. A file that can't be
read is learned anew.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

from services.router.store import Desk, Lesson, count_lessons, last_published, read_lessons
from services.router.suggestion.memory import FILE, Memory, label_of, lines_of
from shared import clock, logs
from shared.contracts.organisation import Organisation
from shared.database import open_engine
from shared.journal import Journal

if TYPE_CHECKING:
    from services.router.suggestion.model import Model

log = logs.get(__name__)

LOOK_EVERY = timedelta(minutes=1)
LEARN_EVERY = timedelta(hours=1)
NEW_LESSONS = 20
"""Fewer would change little."""
MOST_LESSONS = 100_000
LEAST_PER_CATEGORY = 5
"""With fewer lessons a category is not told apart from others of its team."""
POLITENESS = 10
LEARN_WITHIN_S = 3600.0


class Learner:
    """Keeps the memory up to date."""

    def __init__(self, database_url: str, file: Path, memory: Memory) -> None:
        self._database_url = database_url
        self._file = file
        self._memory = memory
        self._looked_at: datetime | None = None
        self._learned_at: datetime | None = None

    async def look(self, journal: Journal[Desk], organisation: Organisation) -> int:
        """Learns if there is enough that is new, and tells whether it did. What is known from
        before is in force from the first look on."""
        now = clock.now()
        if self._looked_at is None:
            await self._begin(organisation)
        elif now - self._looked_at < LOOK_EVERY:
            return 0
        self._looked_at = now
        if self._learned_at is not None and now - self._learned_at < LEARN_EVERY:
            return 0
        known = self._memory.model
        since = datetime.fromisoformat(known.learned_until) if known else None
        count = await journal.read(lambda connection: count_lessons(connection, since, NEW_LESSONS))
        if count < NEW_LESSONS:
            return 0
        self._learned_at = now
        await self._learn()
        return 1

    async def _begin(self, organisation: Organisation) -> None:
        if self._file.exists():
            await self._load()
        if organisation.triage is not None or self._memory.model is not None:
            await asyncio.to_thread(self._memory.warm, organisation)

    async def _load(self) -> None:
        from services.router.suggestion.model import ModelUnusable

        try:
            await asyncio.to_thread(self._memory.recall, self._file)
        except ModelUnusable as error:
            log.error("suggestion.unusable", file=self._file.name, error=str(error))
            return
        if (model := self._memory.model) is not None:
            log.info("suggestion.in_force", lessons=model.lessons, labels=len(model.labels))

    async def _learn(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.router.learning",
            str(self._file),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "BANSO_DATABASE_URL": self._database_url},
        )
        try:
            async with asyncio.timeout(LEARN_WITHIN_S):
                _, said = await process.communicate()
        except (TimeoutError, asyncio.CancelledError):
            process.kill()
            await process.wait()
            raise
        if process.returncode:
            last = said.decode(errors="replace").strip().rpartition("\n")[2]
            log.error("suggestion.not_learned", exit=process.returncode, error=last)
            return
        await self._load()


@contextmanager
def file_of(told: Path | None, database_url: str) -> Iterator[Path]:
    """Where what was learned is kept: as told, or beside the database. Where neither is a file it
    is kept only as long as this process runs, and learned anew by the next."""
    if kept := told or file_beside(database_url):
        yield kept
        return
    log.warning("suggestion.not_kept", because="BANSO_LEARNED names no file; it is learned anew")
    with TemporaryDirectory(prefix="banso-") as directory:
        yield Path(directory) / FILE


def file_beside(database_url: str) -> Path | None:
    """Where what was learned is kept; None where the database is no file."""
    url = make_url(database_url)
    is_file = url.get_backend_name() == "sqlite" and url.database
    return Path(str(url.database)).with_name(FILE) if is_file else None


def learn(lessons: Sequence[Lesson], organisation: Organisation) -> Model:
    """From lessons, the oldest first, after what the teams say of themselves."""
    from services.router.suggestion.training import train

    lines = lines_of(organisation)
    known = [lesson for lesson in lessons if lesson.team_id in organisation.team]
    counts = Counter((lesson.team_id, lesson.category) for lesson in known)
    learned = [lesson.learned_at for lesson in lessons if lesson.learned_at]
    return train(
        [*lines.values(), *(lesson.text for lesson in known)],
        [*lines, *(_label(lesson, counts) for lesson in known)],
        learned_until=max(learned, default=datetime.min.replace(tzinfo=UTC)).isoformat(),
    ).model


def _label(lesson: Lesson, counts: Counter[tuple[str | None, str | None]]) -> str:
    is_common = counts[lesson.team_id, lesson.category] >= LEAST_PER_CATEGORY
    return label_of(str(lesson.team_id), lesson.category if is_common else None)


def main(file: Path, database_url: str) -> None:
    """Learns from the database, which it only reads, into the file."""
    os.nice(POLITENESS)
    engine = open_engine(database_url, read_only=True)
    try:
        with engine.connect() as connection:
            _, organisation, _ = last_published(connection)
            lessons = read_lessons(connection, MOST_LESSONS)
    finally:
        engine.dispose()
    if organisation is not None and lessons:
        learn(lessons, organisation).save(file)


if __name__ == "__main__":
    main(Path(sys.argv[1]), os.environ["BANSO_DATABASE_URL"])
