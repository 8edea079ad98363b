"""A company's mail server, real and small: Postfix takes mail, hands it to Dovecot, which keeps it.

Debian's Postfix and Dovecot, configured here from nothing, on free ports, in a directory of their
own. Both need root to start, and do their work as their own users.
"""

from __future__ import annotations

import imaplib
import os
import shutil
import smtplib
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

from imap_tools import MailBoxUnencrypted, MailMessageFlags

from tests.bench.journey import free_ports
from tests.installation import until
from tests.needs import missing, program

DOMAIN = "example.com"
PASSWORD = "a secret with ünicode"
GONE = f"gone@{DOMAIN}"
"""Postfix takes mail for it, and then Dovecot does not know it: so it comes back."""

_PACKAGES = {
    "dovecot": "dovecot-imapd dovecot-lmtpd dovecot-sieve",
    "postfix": "postfix",
    "openssl": "openssl",
}
_MASTER = Path("/usr/share/postfix/master.cf.dist")


class MailServer:
    """Users are addresses at example.com, each with a mailbox and the password PASSWORD."""

    def __init__(
        self,
        directory: Path,
        users: Sequence[str],
        *,
        relayed: Mapping[str, str] | None = None,
        aliases: Mapping[str, str] | None = None,
        introspection: str | None = None,
        imap: Mapping[str, str] | None = None,
        prefix: str = "",
        rights: str = "",
        with_postfix: bool = True,
    ) -> None:
        """`relayed`: addresses that Postfix hands to somebody else, as `smtp:[127.0.0.1]:25`.

        `introspection`: a URL that knows OAuth2 tokens (RFC 7662). `imap`: settings of Dovecot's
        IMAP alone. `prefix`: of the names of all folders but the inbox. `rights`: lines of who may
        do what in which folder (RFC 4314).
        """
        self._directory = directory
        self._users = list(users)
        self._relayed = dict(relayed or {})
        self._aliases = dict(aliases or {})
        self._introspection = introspection
        self._imap = dict(imap or {})
        self._prefix = prefix
        self._rights = rights
        self._with_postfix = with_postfix
        self.smtp, self.lmtp, self.imap, self.imaps = free_ports(4)
        self.ca_file = directory / "ca.pem"
        self._dovecot = directory / "dovecot.conf"
        self._postfix = directory / "postfix" / "etc"
        self._process: subprocess.Popen[bytes] | None = None

    # --- running

    def start(self) -> MailServer:
        """Returns once both answer."""
        certify(self._directory)
        self._configure_dovecot()
        self.start_dovecot()
        if self._with_postfix:
            self._configure_postfix()
            self.start_postfix()
        return self

    def stop(self) -> None:
        if self._with_postfix:
            self.stop_postfix()
        self.stop_dovecot()

    def start_dovecot(self) -> None:
        with (self._directory / "dovecot.out").open("ab") as output:
            self._process = subprocess.Popen(
                ["dovecot", "-F", "-c", str(self._dovecot)], stdout=output, stderr=output
            )
        until(self._imap_answers, "Dovecot answers")

    def stop_dovecot(self) -> None:
        """Every connection ends, as when a server is restarted."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def start_postfix(self) -> None:
        self._run(["postfix", "-c", str(self._postfix), "start"])
        until(self._smtp_answers, "Postfix answers")

    def stop_postfix(self) -> None:
        self._run(["postfix", "-c", str(self._postfix), "stop"], check=False)

    def flush(self) -> None:
        """Has Postfix try again now whatever it keeps."""
        self._run(["postqueue", "-c", str(self._postfix), "-f"])

    @property
    def queue(self) -> int:
        """How many mails Postfix keeps for later."""
        said = self._run(["postqueue", "-c", str(self._postfix), "-j"])
        return len(said.splitlines())

    @property
    def log(self) -> str:
        names = ("dovecot.out", "dovecot.log", "postfix.log")
        files = [self._directory / name for name in names]
        return "\n".join(file.read_text() for file in files if file.exists())

    # --- people

    def send(self, sender: str, to: str, subject: str, text: str = "Look.", size: int = 0) -> None:
        """A mail of a person, from their mail program."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, subject
        message["Message-ID"] = f"<{os.urandom(12).hex()}@{DOMAIN}>"
        message.set_content(text)
        if size:
            content = os.urandom(size * 3 // 4)
            message.add_attachment(content, "application", "pdf", filename="plan.pdf")
        self.send_raw(sender, [to], message.as_bytes())

    def send_raw(self, sender: str, to: Sequence[str], raw: bytes) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=30) as server:
            server.sendmail(sender, to, raw)

    def deliver(self, user: str, raw: bytes) -> None:
        """Puts a mail into a mailbox, without Postfix."""
        with smtplib.LMTP("127.0.0.1", self.lmtp) as server:
            server.sendmail(f"someone@{DOMAIN}", [f"{user}@{DOMAIN}"], raw)

    def answer_as_away(self, user: str, text: str) -> None:
        """Has the server answer in somebody's name (RFC 5230)."""
        home = self._home(user)
        home.mkdir(parents=True, exist_ok=True)
        script = home / "active.sieve"
        script.write_text(f'require ["vacation"];\nvacation :days 1 "{text}";\n')
        for path in (home, script):
            shutil.chown(path, "mail", "mail")

    @contextmanager
    def look(self, user: str, folder: str = "INBOX") -> Iterator[MailBoxUnencrypted]:
        """A person's mail program, on the server itself."""
        with MailBoxUnencrypted("127.0.0.1", self.imap, timeout=30) as box:
            box.login_utf8(f"{user}@{DOMAIN}", PASSWORD, initial_folder=folder)
            yield box

    def subjects(self, user: str, folder: str = "INBOX") -> list[str]:
        """What lies in a folder; an asterisk stands before what has been read."""
        with self.look(user, "INBOX") as box:
            if not box.folder.exists(folder):
                return []
            box.folder.set(folder)
            return [
                ("*" if MailMessageFlags.SEEN in mail.flags else "") + mail.subject
                for mail in box.fetch(mark_seen=False, headers_only=True)
            ]

    def mark_deleted(self, user: str) -> None:
        """Somebody has deleted what is in the inbox, and it is not gone yet."""
        with self.look(user) as box:
            box.client.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")

    def empty(self) -> None:
        """Takes away every mail and folder, in every mailbox."""
        for user in self._users:
            shutil.rmtree(self._home(user) / "Maildir", ignore_errors=True)

    def forget_uids(self, user: str) -> None:
        """Has the server number the mails anew, as after a restored backup."""
        for file in (self._home(user) / "Maildir").glob("dovecot*"):
            file.unlink()

    # --- configuration

    def _home(self, user: str) -> Path:
        return self._directory / "home" / f"{user}@{DOMAIN}"

    def _configure_dovecot(self) -> None:
        here = self._directory
        home = here / "home"
        home.mkdir()
        shutil.chown(home, "mail", "mail")
        lines = [f"{user}@{DOMAIN}:{{PLAIN}}{PASSWORD}" for user in self._users]
        (here / "users").write_text("\n".join(lines) + "\n")
        oauth2 = ""
        if self._introspection is not None:
            (here / "oauth2.conf").write_text(
                f"introspection_url = {self._introspection}\n"
                "introspection_mode = post\n"
                "username_attribute = username\n"
                "active_attribute = active\n"
                "active_value = true\n"
            )
            oauth2 = (
                "passdb {\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n"
                f"  args = {here}/oauth2.conf\n}}\n"
            )
        imap = "".join(f"  {name} = {value}\n" for name, value in self._imap.items())
        acl = ""
        if self._rights:
            (here / "rights").write_text(self._rights)
            imap += "  mail_plugins = acl imap_acl\n"
            acl = f"  acl = vfile:{here}/rights\n"
        self._dovecot.write_text(
            f"""
base_dir = {here}/dovecot
state_dir = {here}/dovecot-state
log_path = {here}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{here}/server.pem
ssl_key = <{here}/server.key
disable_plaintext_auth = no
auth_mechanisms = plain login {"xoauth2 oauthbearer" if oauth2 else ""}
auth_failure_delay = 0
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
mail_location = maildir:~/Maildir
submission_host = 127.0.0.1:{self.smtp}
recipient_delimiter = +
{oauth2}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {here}/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={home}/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {self.imap}
  }}
  inet_listener imaps {{
    port = {self.imaps}
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {self.lmtp}
  }}
}}
protocol lmtp {{
  mail_plugins = sieve
  postmaster_address = postmaster@{DOMAIN}
}}
protocol imap {{
{imap}}}
plugin {{
  sieve = file:~/sieve;active=~/active.sieve
{acl}}}
namespace inbox {{
  inbox = yes
  separator = .
  prefix = {self._prefix}
}}
"""
        )

    def _configure_postfix(self) -> None:
        here, etc = self._directory / "postfix", self._postfix
        for path in (etc, here / "spool", here / "data"):
            path.mkdir(parents=True)
        shutil.chown(here / "data", "postfix")
        for name in ("dynamicmaps.cf", "postfix-files"):
            shutil.copy(Path("/etc/postfix") / name, etc)
            if (Path("/etc/postfix") / f"{name}.d").exists():
                shutil.copytree(Path("/etc/postfix") / f"{name}.d", etc / f"{name}.d")
        (etc / "master.cf").write_text(_master(_MASTER.read_text(), self.smtp))
        addresses = [*(f"{user}@{DOMAIN}" for user in self._users), *self._relayed, GONE]
        for name, pairs in (
            ("mailboxes", dict.fromkeys(addresses, "ok")),
            ("transports", self._relayed),
            ("aliases", self._aliases),
        ):
            (etc / name).write_text("".join(f"{one} {other}\n" for one, other in pairs.items()))
        (etc / "main.cf").write_text(
            f"""
compatibility_level = 3.6
queue_directory = {here}/spool
data_directory = {here}/data
mail_owner = postfix
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.{DOMAIN}
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_maps = texthash:{etc}/mailboxes
virtual_alias_maps = texthash:{etc}/aliases
virtual_transport = lmtp:inet:127.0.0.1:{self.lmtp}
transport_maps = texthash:{etc}/transports
recipient_delimiter = +
default_transport = error:5.1.2 no mail leaves this machine
smtpd_recipient_restrictions = permit_mynetworks, reject
disable_dns_lookups = yes
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
transport_retry_time = 1s
maillog_file = {self._directory}/postfix.log
maillog_file_prefixes = {self._directory}
message_size_limit = 52428800
virtual_mailbox_limit = 0
"""
        )

    # --- the machine

    def _imap_answers(self) -> bool:
        try:
            imaplib.IMAP4("127.0.0.1", self.imap, 5).logout()
        except OSError:
            return False
        return True

    def _smtp_answers(self) -> bool:
        try:
            smtplib.SMTP("127.0.0.1", self.smtp, timeout=5).quit()
        except OSError:
            return False
        return True

    def _run(self, command: list[str], *, check: bool = True) -> str:
        with tempfile.TemporaryFile("w+") as output:  # a pipe would wait for the servers' end
            done = subprocess.run(command, stdout=output, stderr=output, check=False, timeout=60)
            output.seek(0)
            said = output.read()
        assert not check or done.returncode == 0, f"{command}: {said}\n{self.log}"
        return said


@contextmanager
def mail_server(*users: str, **options: object) -> Iterator[MailServer]:
    """A running one; where it can't run, the test says what is missing."""
    for name, package in _PACKAGES.items():
        program(name, package)
    if os.geteuid() != 0:
        missing("Postfix and Dovecot need root to start")
    directory = Path(tempfile.mkdtemp(prefix="banso-mail-"))
    directory.chmod(0o755)  # their users must get through
    server = MailServer(directory, users, **options)  # type: ignore[arg-type]
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(directory)


def _master(text: str, port: int) -> str:
    """Debian's services of Postfix, without chroot, and with SMTP on this port."""
    lines = []
    for line in text.splitlines():
        words = line.split()
        if line[:1].isalpha() and len(words) >= 8:
            if words[:2] == ["smtp", "inet"]:
                words[0] = f"127.0.0.1:{port}"
            words[4] = "n"
            line = " ".join(words)
        lines.append(line)
    if not any(line.startswith("postlog") for line in lines):
        lines.append("postlog unix-dgram n - n - 1 postlogd")
    return "\n".join(lines) + "\n"


def certify(directory: Path) -> None:
    """A certification authority for a day, and a certificate of localhost by it."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=directory, capture_output=True, check=True)

    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(
        *new, "-x509", "-days", "1", "-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem"
    )
    openssl(*new, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    (directory / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl(
        *("x509", "-req", "-days", "1", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
        *("-CAcreateserial", "-extfile", "names", "-out", "server.pem"),
    )
