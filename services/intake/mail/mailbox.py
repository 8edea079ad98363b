"""One connection to one mailbox, by IMAP (RFC 3501, 2177, 2342, 4315, 6851, 7628).

imaplib blocks, so each connection has a thread of its own: servers that have gone silent must
not use up the threads of everybody else. Waiting for new mail needs no thread.
"""

from __future__ import annotations

import asyncio
import imaplib
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BufferedReader
from typing import Any, TypeVar, cast

from imap_tools.errors import ImapToolsError, UnexpectedCommandStatusError
from imap_tools.mailbox import BaseMailBox
from imap_tools.utils import encode_folder

from services.intake.settings import MailboxSettings

LOOK_AGAIN_S = 30.0
"""How often we look where the server can't tell us that mail has come."""
_SIZES_AT_ONCE = 500

imaplib.Commands.setdefault("IDLE", ("SELECTED",))

_NAMESPACE = re.compile(rb'^\(\("((?:[^"\\]|\\.)*)" (?:"(\\?.)"|NIL)')
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_SHORT_BODY = re.compile(rb'\bBODY\[\] (?:"((?:[^"\\]|\\.)*)"|NIL)')
_ESCAPED = re.compile(rb"\\(.)")

Found = TypeVar("Found")


class Broken(Exception):
    """The line is dead, or what the server says makes no sense."""


class Unusable(Exception):
    """The mailbox does not let us do what we must, until somebody changes something."""


class Unreadable(Exception):
    """The server does not give us this mail."""


class Connection:
    """A connected mailbox with its folder open. Any error means: cut it and connect again."""

    def __init__(self, settings: MailboxSettings, line: socket.socket) -> None:
        self._settings = settings
        self._given = line
        self._line = line.dup()  # stays ours when TLS takes the other one over
        self._session: _Session | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"imap-{settings.name}")

    @classmethod
    async def open(cls, settings: MailboxSettings, timeout_s: float) -> Connection:
        """Connects, logs in, makes missing folders, and opens the one to be watched.

        Raises Broken, and Unusable where somebody must change something first.
        """
        secret = await _secret(settings, timeout_s)
        port = settings.port or (993 if settings.tls == "implicit" else 143)
        line = await _dial(settings.host, port, timeout_s)
        connection = cls(settings, line)
        try:
            await connection._call(connection._begin, secret, timeout_s)
        except BaseException:
            connection.cut()
            raise
        return connection

    @property
    def validity(self) -> str:
        """As long as it is the same, a uid means the same mail (UIDVALIDITY)."""
        return self._there.validity

    async def uids(self) -> list[int]:
        """Every mail in the folder, the oldest first."""
        return await self._call(self._there.uids)

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """In bytes, as far as these mails are still there."""
        found: dict[int, int] = {}
        for start in range(0, len(uids), _SIZES_AT_ONCE):
            part = uids[start : start + _SIZES_AT_ONCE]
            found |= await self._call(lambda part=part: self._there.sizes(part))
        return found

    async def fetch(self, uid: int) -> bytes | None:
        """The mail as it is, left unread; None where it is gone. Raises Unreadable."""
        return await self._call(lambda: self._there.fetch(uid))

    async def put_away(self, uid: int, *, refused: bool = False) -> None:
        """Moves a mail that is done with; raises Unusable where the server says no."""
        settings = self._settings
        folder = settings.refused if refused else settings.processed
        await self._call(lambda: self._there.move(uid, folder))

    async def wait(self, at_most_s: float) -> None:
        """Returns when something may have come, or the time is over; raises if the line is dead."""
        there = self._there
        if there.has_grown():
            return
        if not there.can_idle:
            await asyncio.sleep(min(at_most_s, LOOK_AGAIN_S))
            await self._call(there.ask)
            return
        something_said = await self._call(there.begin_idle)
        if not something_said:
            await self._until_readable(at_most_s)
        await self._call(there.end_idle)

    def cut(self) -> None:
        """Ends the connection at once, whatever it is doing."""
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()
        self._thread.submit(self._end)
        self._thread.shutdown(wait=False)

    @property
    def _there(self) -> _Session:
        assert self._session is not None
        return self._session

    def _begin(self, secret: str, timeout_s: float) -> None:
        self._given.settimeout(timeout_s)
        self._session = _Session(self._settings, self._given)
        self._session.begin(secret)

    def _end(self) -> None:
        """On the thread: nobody reads from it any more, so its number may be used again."""
        if self._session is not None:
            self._session.end()
        self._given.close()

    async def _call(self, work: Callable[..., Found], *values: Any) -> Found:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *values)
        except (OSError, imaplib.IMAP4.error, ImapToolsError) as error:
            raise Broken(_said(error)) from error

    async def _until_readable(self, at_most_s: float) -> None:
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._line, readable.set)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(at_most_s):
                    await readable.wait()
        finally:
            loop.remove_reader(self._line)


class _Client(imaplib.IMAP4):
    """IMAP over a line that is connected already."""

    def __init__(self, line: socket.socket, host: str, tls: ssl.SSLContext | None) -> None:
        self._given = line
        self._tls = tls
        self._idle = b""
        super().__init__(host)

    def _create_socket(self, _timeout: float | None) -> socket.socket:
        if self._tls is None:
            return self._given
        return self._tls.wrap_socket(self._given, server_hostname=self.host)

    def begin_idle(self) -> bool:
        """Whether the server has said something already; then the line may stay silent."""
        self._idle = self._command("IDLE")
        before = self._get_response()
        while before is not None and not self.tagged_commands[self._idle]:
            before = self._get_response()
        if before is not None:
            raise self.abort(f"IDLE refused: {self.tagged_commands.pop(self._idle)}")
        timeout = self.sock.gettimeout()
        self.sock.settimeout(0)
        try:
            return bool(cast("BufferedReader", self.file).peek())
        except OSError:  # nothing to be read: TLS says it in this way
            return False
        finally:
            self.sock.settimeout(timeout)

    def end_idle(self) -> None:
        """Raises where the line is dead."""
        self.send(b"DONE\r\n")
        while not self.tagged_commands[self._idle]:
            self._get_response()
        typ, words = cast("tuple[str, list[bytes]]", self.tagged_commands.pop(self._idle))
        if typ != "OK":
            raise self.abort(f"IDLE ended with {typ} {words!r}")


class _Box(BaseMailBox):
    """imap-tools on a client of ours: names of folders, and errors for what is not OK."""

    def __init__(self, client: _Client) -> None:
        self._given = client
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._given


class _Session:
    """What is said on the connection; runs on its thread."""

    def __init__(self, settings: MailboxSettings, line: socket.socket) -> None:
        self._settings = settings
        tls = None
        if settings.tls != "none":
            try:
                tls = ssl.create_default_context(cafile=settings.ca_file)
            except OSError as error:
                raise Unusable(f"the ca_file can't be used: {error.strerror}") from error
        implicit = settings.tls == "implicit"
        self._client = _Client(line, settings.host, tls if implicit else None)
        try:
            if settings.tls == "starttls":
                self._client.starttls(tls)
        except BaseException:
            self.end()
            raise
        self._box = _Box(self._client)
        self._abilities: frozenset[str] = frozenset()
        self._prefix, self._delimiter = "", "/"
        self.validity = ""

    @property
    def can_idle(self) -> bool:
        return "IDLE" in self._abilities

    def begin(self, secret: str) -> None:
        self._log_in(secret)
        told = self._client.capability()[1]  # more than before the login
        self._abilities = frozenset(b" ".join(told).decode("ascii", "replace").upper().split())
        if "NAMESPACE" in self._abilities:
            self._prefix, self._delimiter = namespace_of(self._client.namespace()[1])
        for folder in (self._settings.processed, self._settings.refused):
            self._make(self._name(folder))
        try:
            self._box.folder.set(self._name(self._settings.folder))
        except UnexpectedCommandStatusError as error:
            raise Unusable(f"{self._settings.folder} can't be opened: {_said(error)}") from error
        except imaplib.IMAP4.readonly as error:
            raise Unusable(f"{self._settings.folder} is read-only") from error
        self.validity = str(self._client.response("UIDVALIDITY")[1])

    def end(self) -> None:
        with suppress(OSError):
            self._client.shutdown()

    def has_grown(self) -> bool:
        """Whether we were told of new mail since we searched; we are not told again by IDLE."""
        return "EXISTS" in self._client.untagged_responses

    def uids(self) -> list[int]:
        for told in ("EXISTS", "EXPUNGE", "RECENT"):  # imaplib would keep them all for ever
            self._client.untagged_responses.pop(told, None)
        return sorted(int(uid) for uid in self._box.uids("UNDELETED", charset=None))

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        names = ",".join(map(str, uids))
        typ, said = self._client.uid("FETCH", names, "(RFC822.SIZE)")
        if typ != "OK":
            raise Unusable(f"the server does not tell the sizes of mails: {said}")
        return sizes_in(said)

    def fetch(self, uid: int) -> bytes | None:
        try:
            typ, said = self._client.uid("FETCH", str(uid), "(BODY.PEEK[])")
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise Unreadable(str(error)[:200]) from error
        if typ != "OK":
            raise Unreadable(str(said)[:200])
        return body_in(said)

    def move(self, uid: int, folder: str) -> None:
        name = self._name(folder)
        try:
            self._move(str(uid), encode_folder(name))
        except imaplib.IMAP4.abort:
            raise
        except (UnexpectedCommandStatusError, imaplib.IMAP4.error) as error:
            raise Unusable(f"mail can't be moved to {folder}: {_said(error)}") from error

    def ask(self) -> None:
        self._client.noop()

    def begin_idle(self) -> bool:
        return self._client.begin_idle()

    def end_idle(self) -> None:
        self._client.end_idle()

    def _log_in(self, secret: str) -> None:
        user, client = self._settings.user, self._client
        if client.state == "AUTH":  # PREAUTH
            return
        try:
            if self._settings.token_command is not None:
                self._log_in_by_token(user, secret)
            elif "LOGINDISABLED" in client.capabilities:
                raise Unusable("the server takes no password without TLS")
            elif "AUTH=PLAIN" in client.capabilities:
                self._box.login_utf8(user, secret, initial_folder=None)
            elif f"{user}{secret}".isascii():
                self._box.login(user, secret, initial_folder=None)
            else:
                raise Unusable("the server takes user and password in ASCII only")
        except imaplib.IMAP4.abort:
            raise
        except (UnexpectedCommandStatusError, imaplib.IMAP4.error) as error:
            raise Unusable(f"the login was refused: {_said(error)}") from error

    def _log_in_by_token(self, user: str, token: str) -> None:
        """XOAUTH2, which everybody has, or else OAUTHBEARER."""
        if "AUTH=XOAUTH2" in self._client.capabilities:
            mechanism, words, nothing = "XOAUTH2", f"user={user}\1auth=Bearer {token}\1\1", b""
        else:
            bearer = f"n,a={user},\1auth=Bearer {token}\1\1"
            mechanism, words, nothing = "OAUTHBEARER", bearer, b"\1"
        # a second question is the reason of the refusal, to be answered with nothing
        self._client.authenticate(mechanism, lambda asked: nothing if asked else words.encode())

    def _name(self, folder: str) -> str:
        return name_of(folder, self._prefix, self._delimiter)

    def _make(self, name: str) -> None:
        if self._box.folder.exists(name):
            return
        try:
            self._box.folder.create(name)
        except UnexpectedCommandStatusError as error:
            if "ALREADYEXISTS" in str(error):
                return
            raise Unusable(
                f"there is no folder {name}, and none can be made: {_said(error)}"
            ) from error
        self._box.folder.subscribe(name, True)

    def _move(self, uid: str, folder: bytes) -> None:
        if "MOVE" in self._abilities:
            self._do("MOVE", uid, folder)
            return
        self._do("COPY", uid, folder)
        self._do("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        if "UIDPLUS" in self._abilities:
            self._do("EXPUNGE", uid)
        # else it stays and is not looked at again: EXPUNGE would take others' mails along

    def _do(self, command: str, *values: Any) -> None:
        result = self._client.uid(command, *values)
        if result[0] != "OK":
            raise UnexpectedCommandStatusError(result, "OK")


def namespace_of(said: Iterable[Any]) -> tuple[str, str]:
    """The prefix of our own folders, and what stands between the levels (RFC 2342)."""
    for line in said:
        if isinstance(line, bytes) and (found := _NAMESPACE.match(line)):
            prefix, delimiter = (_plain(part or b"") for part in found.groups())
            return prefix.decode("ascii", "replace"), delimiter.decode("ascii", "replace") or "/"
    return "", "/"


def name_of(folder: str, prefix: str, delimiter: str) -> str:
    """A folder as the server calls it; we write `/` between levels, and need no prefix."""
    if folder.upper() == "INBOX":
        return folder
    name = folder.replace("/", delimiter)
    return name if name.startswith(prefix) else f"{prefix}{name}"


def sizes_in(said: Iterable[Any]) -> dict[int, int]:
    """By uid, from the answers to a FETCH."""
    found: dict[int, int] = {}
    for line in said:
        if isinstance(line, bytes) and (uid := _UID.search(line)) and (size := _SIZE.search(line)):
            found[int(uid[1])] = int(size[1])
    return found


def body_in(said: Iterable[Any]) -> bytes | None:
    """The mail from the answers to a FETCH; None where there is none."""
    for part in said:
        if isinstance(part, tuple) and b"BODY[]" in part[0]:
            return bytes(part[1])
        if isinstance(part, bytes) and (short := _SHORT_BODY.search(part)):
            return _plain(short[1] or b"")
    return None


def _plain(quoted: bytes) -> bytes:
    return _ESCAPED.sub(rb"\1", quoted)


def _said(error: Exception) -> str:
    """What the server said, for the log."""
    if isinstance(error, UnexpectedCommandStatusError):
        words = error.command_result[1]
        line = words[-1] if isinstance(words, list) and words else words
        return line.decode("utf-8", "replace")[:200] if isinstance(line, bytes) else str(line)[:200]
    return str(error)[:200] or type(error).__name__


async def _secret(settings: MailboxSettings, timeout_s: float) -> str:
    """Password or token, asked for anew each time, so that either may change."""
    if settings.password is not None:
        return settings.password.get_secret_value()
    if settings.password_file is not None:
        try:
            text = await asyncio.to_thread(settings.password_file.read_text, "utf-8")
        except OSError as error:
            raise Unusable(f"the password file can't be read: {error.strerror}") from error
        return text.strip("\r\n")
    return await _token(settings.token_command or [], timeout_s)


async def _token(command: Sequence[str], timeout_s: float) -> str:
    """What the command prints. Its complaints go to our log."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
    except OSError as error:
        raise Unusable(f"the token command can't be run: {error.strerror}") from error
    try:
        async with asyncio.timeout(timeout_s):
            said, _ = await process.communicate()
    except TimeoutError:
        raise Unusable(f"the token command took more than {timeout_s:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    token = said.decode("utf-8", "replace").strip()
    if process.returncode != 0 or not token:
        code = process.returncode
        raise Unusable(f"the token command gave no token; its exit code is {code}")
    return token


async def _dial(host: str, port: int, timeout_s: float) -> socket.socket:
    """A connected socket, to the first of the host's addresses that answers."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Broken(f"{host} is not found: {error}") from error
    failure: OSError | None = None
    for family, kind, protocol, _, address in found:
        line = socket.socket(family, kind, protocol)
        line.setblocking(False)
        try:
            async with asyncio.timeout(timeout_s):
                await loop.sock_connect(line, address)
        except OSError as error:  # the time-out is one, too
            line.close()
            failure = error
        except BaseException:
            line.close()
            raise
        else:
            return line
    raise Broken(_said(failure or OSError(f"{host} has no address"))) from failure
