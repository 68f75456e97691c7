"""What a new service looks like."""

from __future__ import annotations

from chatcore.domain.blueprint import new_service
from chatcore.domain.ids import AccountSid, ServiceSid
from chatcore.domain.permissions import RoleType
from chatcore.ports.clock import SystemClock
from chatcore.store.admin import AccountSecrets, KeySecrets


def test_default_roles_fit_their_use() -> None:
    service, roles = new_service(AccountSid("AC1"), "Chat", ServiceSid("IS1"), SystemClock().now())
    named = {role.sid: role for role in roles}
    assert named[service.default_service_role_sid].type is RoleType.DEPLOYMENT
    assert named[service.default_channel_role_sid].type is RoleType.CHANNEL
    assert named[service.default_channel_creator_role_sid].friendly_name == "channel admin"


def test_logs_do_not_show_secrets() -> None:
    assert "s3cret" not in repr(AccountSecrets(sid=AccountSid("AC1"), auth_token="s3cret"))
    assert "s3cret" not in repr(KeySecrets(sid="SK1", secret="s3cret"))  # type: ignore[arg-type]  # any SID will do
