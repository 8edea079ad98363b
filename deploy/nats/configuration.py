"""The configuration of nats-server, made from the table of who says and hears what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from shared.contracts.event import MAX_MESSAGE_BYTES, Speaker
from shared.contracts.traffic import AUDITOR, permissions, permissions_of_auditor

ADMINISTRATOR = "admin"
USERS = (ADMINISTRATOR, *Speaker, AUDITOR)


def server_configuration(*, port: int, store: Path, public_keys: Mapping[str, str]) -> str:
    """One node with JetStream on loopback, one user per service with just its permissions.

    `sync_interval: always`: with the default a power cut takes messages that were acknowledged.
    """
    users = [
        {"nkey": public_keys[ADMINISTRATOR], "permissions": {"publish": ">", "subscribe": ">"}}
    ]
    allowed = {str(speaker): permissions(speaker) for speaker in Speaker}
    for user, (publish, subscribe) in (allowed | {AUDITOR: permissions_of_auditor()}).items():
        users.append(
            {
                "nkey": public_keys[user],
                "permissions": {"publish": {"allow": publish}, "subscribe": {"allow": subscribe}},
            }
        )
    configuration = {
        "server_name": "banso",
        "listen": f"127.0.0.1:{port}",
        "max_payload": MAX_MESSAGE_BYTES,
        "jetstream": {"store_dir": str(store), "sync_interval": "always"},
        "authorization": {"users": users},
    }
    return json.dumps(configuration, indent=2)
