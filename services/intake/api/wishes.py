"""How somebody wants to be told, of what no more, and who was told what."""

from __future__ import annotations

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath

from services.intake import store, wishes
from services.intake.api.body import read
from services.intake.api.guard import Caller, caller_of, find_issue, speaker
from services.intake.api.models import (
    MuteOut,
    NotificationOut,
    NotificationsOut,
    PreferencesIn,
    PreferencesOut,
)
from services.intake.api.problems import AnyRequest, Problem, language_of_request, no_such_issue
from services.intake.door import Door
from services.intake.tellings import may_look
from services.intake.web.mute import muting
from services.intake.web.preferences import somebody
from shared import clock
from shared.contracts.intake import Preferences, PreferenceSet
from shared.contracts.issue import Snapshot
from shared.contracts.organisation import Channel
from shared.language import Words
from shared.links import LinkInvalid

MOST_SHOWN = 1000
