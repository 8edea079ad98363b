"""Which refusals of a mail server are final."""

from __future__ import annotations

import pytest
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from services.notifier.channels.email import PermanentFailure, TemporaryFailure, _failure


@pytest.mark.parametrize(
    "error",
    [
        SMTPRecipientsRefused([SMTPRecipientRefused(550, "5.1.1 no such user", "a@example.com")]),
        SMTPDataError(554, "5.7.1 refused"),
    ],
)
def test_a_recipient_or_a_mail_that_is_refused_has_failed_for_good(error: Exception) -> None:
    assert isinstance(_failure(error), PermanentFailure)


@pytest.mark.parametrize(
    "error",
    [
        SMTPAuthenticationError(535, "5.7.8 wrong password"),
        SMTPSenderRefused(550, "5.7.1 not yours", "banso@example.com"),
        SMTPRecipientsRefused([SMTPRecipientRefused(451, "4.3.0 later", "a@example.com")]),
        SMTPDataError(451, "4.3.0 later"),
        SMTPServerDisconnected("gone"),
        ConnectionRefusedError(),
        TimeoutError(),
    ],
)
def test_what_somebody_can_mend_makes_the_mail_wait(error: Exception) -> None:
    assert isinstance(_failure(error), TemporaryFailure)


def test_the_words_of_a_failure_hold_no_address() -> None:
    error = SMTPRecipientsRefused([SMTPRecipientRefused(550, "5.1.1", "tanaka@customer.example")])

    assert str(_failure(error)) == "550 5.1.1"
