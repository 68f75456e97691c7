"""Push credentials: what is kept of them, and what goes with them."""

from __future__ import annotations

from dataclasses import replace

from chatcore.commands.credentials import CredentialDraft, Credentials
from chatcore.commands.devices import DeviceDraft
from chatcore.domain.devices import PushType
from chatcore.domain.errors import Code
from chatcore.domain.ids import AccountSid
from chatcore.ports.devices import SecretParts
from chatcore.store.admin import Admin

from .push_keys import SAFE, credentials, new_credential
from .world import ALL, World, refused, unknown


async def stored(world: World, sid: str) -> bytes:
    sealed: bytes = await world.pool.fetchval("SELECT secret FROM credentials WHERE sid = $1", sid)
    return sealed


async def test_what_was_made_is_found_and_its_secret_is_sealed(world: World) -> None:
    account = world.rest.account_sid
    parts = SecretParts(secret="plain-secret")
    made = await credentials(world).create(
        account, CredentialDraft(type=PushType.FCM, friendly_name="x", secrets=parts)
    )
    assert (made.friendly_name, made.type, made.sandbox) == ("x", PushType.FCM, None)
    assert await credentials(world).get(account, made.sid) == made
    assert list((await credentials(world).list(account, ALL)).items) == [made]
    sealed = await stored(world, made.sid)
    assert b"plain-secret" not in sealed
    assert SAFE.open(sealed).secret == "plain-secret"


async def test_only_apple_has_a_sandbox(world: World) -> None:
    account, commands = world.rest.account_sid, credentials(world)
    apple = await commands.create(account, CredentialDraft(type=PushType.APN))
    assert apple.sandbox is False
    assert (await commands.update(account, apple.sid, CredentialDraft(sandbox=True))).sandbox is True
    google = await commands.create(account, CredentialDraft(type=PushType.GCM, sandbox=True))
    assert google.sandbox is None


async def test_an_update_changes_what_is_given(world: World) -> None:
    account, commands = world.rest.account_sid, credentials(world)
    made = await new_credential(world)
    sealed = await stored(world, made.sid)
    assert await commands.update(account, made.sid, CredentialDraft()) == made
    named = await commands.update(account, made.sid, CredentialDraft(friendly_name="y"))
    assert named == replace(made, friendly_name="y", date_updated=named.date_updated)
    assert named.date_updated > made.date_updated
    assert await stored(world, made.sid) == sealed
    again = await commands.update(account, made.sid, CredentialDraft(secrets=SecretParts(secret="another")))
    assert again.date_updated > named.date_updated
    assert SAFE.open(await stored(world, made.sid)).secret == "another"


async def test_refusals_change_nothing(world: World) -> None:
    account, commands = world.rest.account_sid, credentials(world)
    made = await new_credential(world)
    with refused(Code.INVALID_PARAMETER):
        await commands.update(account, made.sid, CredentialDraft(friendly_name="y", secrets=SecretParts(secret="{")))
    with refused(Code.FRIENDLY_NAME_TOO_LONG):
        await commands.update(account, made.sid, CredentialDraft(friendly_name="y" * 257))
    with refused(Code.INVALID_PARAMETER):
        await commands.create(account, CredentialDraft())
    assert list((await commands.list(account, ALL)).items) == [made]


async def test_another_type_of_the_same_provider_keeps_everything(world: World) -> None:
    account, commands = world.rest.account_sid, credentials(world)
    made = await new_credential(world, PushType.GCM)
    moved = await commands.update(account, made.sid, CredentialDraft(type=PushType.FCM))
    assert moved.type is PushType.FCM
    assert SAFE.open(await stored(world, made.sid)).secret == "a-legacy-key"


async def test_another_provider_takes_secrets_and_devices_away(world: World) -> None:
    account, commands = world.rest.account_sid, credentials(world)
    made = await new_credential(world)
    alice = await world.user("alice")
    await world.chat.devices.register(alice, DeviceDraft(type="fcm", address="a" * 20, credential_sid=made.sid))
    await commands.update(account, made.sid, CredentialDraft(type=PushType.APN))
    assert SAFE.open(await stored(world, made.sid)).secret is None
    assert not (await world.chat.devices.list(world.rest, ALL)).items


async def test_deleting_drops_its_devices(world: World) -> None:
    account, commands = world.rest.account_sid, credentials(world)
    made = await new_credential(world)
    alice = await world.user("alice")
    device = await world.chat.devices.register(
        alice, DeviceDraft(type="fcm", address="a" * 20, credential_sid=made.sid)
    )
    await commands.delete(account, made.sid)
    with refused(Code.NOT_FOUND):
        await world.chat.devices.get(world.rest, device.sid)
    with refused(Code.NOT_FOUND):
        await commands.get(account, made.sid)


async def test_other_accounts_do_not_see_it(world: World) -> None:
    made, commands = await new_credential(world), credentials(world)
    stranger = AccountSid((await Admin(world.pool, SAFE._box).create_account("Other")).sid)
    for account, sid in ((stranger, made.sid), (world.rest.account_sid, unknown("CR")), (world.rest.account_sid, "x")):
        for call in (commands.get, commands.delete):
            with refused(Code.NOT_FOUND):
                await call(account, sid)
        with refused(Code.NOT_FOUND):
            await commands.update(account, sid, CredentialDraft(friendly_name="mine"))
    assert not (await commands.list(stranger, ALL)).items


async def test_without_a_safe_no_secret_is_taken(world: World) -> None:
    with refused(Code.UNAVAILABLE):
        await Credentials(world.store, world.clock, None).create(
            world.rest.account_sid, CredentialDraft(type=PushType.APN)
        )
