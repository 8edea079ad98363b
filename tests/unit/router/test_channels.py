"""What an organisation file says about channels is held against those that are set up."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.local.up import SAMPLE
from services.router.organisation import read
from services.router.organisation.channels import remarks
from shared.contracts.organisation import Channel, Organisation


def organised(*channels: Channel, chat: dict[Channel, str]) -> Organisation:
    sample = read(SAMPLE)
    first, *others = sample.people
    people = (first.model_copy(update={"chat": chat}), *others)
    return sample.model_copy(update={"channels": channels, "people": people})


def test_all_that_is_set_up_may_be_named() -> None:
    organisation = organised(
        Channel.SLACK, Channel.EMAIL, chat={Channel.SLACK: "U1", Channel.TEAMS: "sales"}
    )

    found = remarks(
        organisation, {Channel.SLACK: None, Channel.EMAIL: None, Channel.TEAMS: {"sales"}}
    )

    assert list(found) == []


def test_a_channel_that_nobody_has_set_up_is_named_where_it_stands() -> None:
    organisation = organised(Channel.SLACK, Channel.EMAIL, chat={Channel.MATRIX: "@a:b.example"})

    found = list(remarks(organisation, {Channel.EMAIL: None}))

    assert [remark.place for remark in found] == [("channels", 0), ("people", 0, "chat", "matrix")]
    assert all("BANSO_CHANNELS" in remark.remedy for remark in found)


def test_an_unknown_place_is_named_with_those_that_are_known() -> None:
    organisation = organised(Channel.EMAIL, chat={Channel.TEAMS: "slaes"})

    (found,) = remarks(organisation, {Channel.EMAIL: None, Channel.TEAMS: {"sales", "product"}})

    assert found.problem == "teams has no place 'slaes'"
    assert "product, sales" in found.remedy


def test_banso_check_holds_the_organisation_against_the_file_of_the_channels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BANSO_CHANNELS", raising=False)
    file, channels = tmp_path / "organisation.yaml", tmp_path / "channels.yaml"
    file.write_text(SAMPLE.read_text() + "\nchannels: [slack, email]\n")
    channels.write_text("slack: {bot_token: do-not-tell}\n")
    check = ["check", str(file)]

    without = CliRunner().invoke(app, check)
    fitting = CliRunner().invoke(app, [*check, "--channels", str(channels)])
    missing = CliRunner().invoke(app, [*check, "--channels", '{"apprise": {"places": {"a": "b"}}}'])
    unusable = CliRunner().invoke(app, [*check, "--channels", '{"slack": "do-not-tell"}'])

    assert "slack" not in without.output
    assert "slack" not in fitting.output
    assert "warning: channels > 1: slack is not set up." in missing.output
    assert missing.exit_code == 0
    assert unusable.exit_code == 2
    assert "BANSO_CHANNELS > slack: " in unusable.output
    assert "do-not-tell" not in unusable.output
