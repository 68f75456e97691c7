"""Push credentials for tests, made with secrets that look real."""

from __future__ import annotations

from chatcore.auth.credentials import PushSecretSafe
from chatcore.auth.secrets import SecretBox
from chatcore.commands.credentials import CredentialDraft, Credentials
from chatcore.domain.devices import Credential, PushType
from chatcore.ports.devices import SecretParts

from .world import World

SAFE = PushSecretSafe(SecretBox(["a key for tests, long enough"]))


def credentials(world: World) -> Credentials:
    return Credentials(world.store, world.clock, SAFE)


async def new_credential(world: World, kind: PushType = PushType.FCM) -> Credential:
    parts = SecretParts() if kind is PushType.APN else SecretParts(secret="a-legacy-key")
    return await credentials(world).create(world.rest.account_sid, CredentialDraft(type=kind, secrets=parts))
