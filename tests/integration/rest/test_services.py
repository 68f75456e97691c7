from __future__ import annotations

import asyncio

import pytest

from .rig import HOST, Rest

FRESH = {
    "read_status_enabled": True,
    "reachability_enabled": False,
    "typing_indicator_timeout": 5,
    "consumption_report_interval": 10,
    "limits": {"channel_members": 100, "user_channels": 250},
    "pre_webhook_url": None,
    "post_webhook_url": None,
    "webhook_method": None,
    "webhook_filters": None,
    "pre_webhook_retry_count": 0,
    "post_webhook_retry_count": 0,
    "notifications": {
        "log_enabled": False,
        "new_message": {"enabled": False},
        "added_to_channel": {"enabled": False},
        "invited_to_channel": {"enabled": False},
        "removed_from_channel": {"enabled": False},
    },
    "media": {"size_limit_mb": 150, "compatibility_message": "Media messages are not supported by your client"},
}


async def test_a_fresh_service_has_every_property_and_four_roles(rest: Rest) -> None:
    service = await rest.create("/v2/Services", FriendlyName="Shop 🛒")
    url = f"{HOST}/v2/Services/{service['sid']}"
    roles = {role["friendly_name"]: role for role in (await rest.get(f"{url}/Roles"))["roles"]}
    assert service == FRESH | {
        "sid": service["sid"],
        "account_sid": rest.account.sid,
        "friendly_name": "Shop 🛒",
        "date_created": service["date_created"],
        "date_updated": service["date_created"],
        "default_service_role_sid": roles["service user"]["sid"],
        "default_channel_role_sid": roles["channel user"]["sid"],
        "default_channel_creator_role_sid": roles["channel admin"]["sid"],
        "url": url,
        "links": {name.lower(): f"{url}/{name}" for name in ("Channels", "Users", "Roles", "Bindings")},
    }
    assert await rest.get(url) == service
    assert set(roles) == {"service admin", "service user", "channel admin", "channel user"}


async def test_create_reads_only_the_name(rest: Rest) -> None:
    service = await rest.create("/v2/Services", {"FriendlyName": "S", "ReachabilityEnabled": "true"})
    assert service["reachability_enabled"] is False


async def test_update_changes_what_is_given(rest: Rest) -> None:
    roles = {r["friendly_name"]: r["sid"] for r in (await rest.get("Roles"))["roles"]}
    service = await rest.update(
        "",
        {
            "FriendlyName": "renamed",
            "DefaultServiceRoleSid": roles["service admin"],
            "DefaultChannelRoleSid": roles["channel admin"],
            "DefaultChannelCreatorRoleSid": roles["channel user"],
            "ReadStatusEnabled": "False",
            "ReachabilityEnabled": "TRUE",
            "TypingIndicatorTimeout": "9",
            "ConsumptionReportInterval": "0",
            "Notifications.NewMessage.Enabled": "true",
            "Notifications.NewMessage.Template": "${USER}: ${MESSAGE}",
            "Notifications.NewMessage.Sound": "ping",
            "Notifications.NewMessage.BadgeCountEnabled": "true",
            "Notifications.InvitedToChannel.Template": "t",
            "Notifications.LogEnabled": "true",
            "PreWebhookUrl": "https://example.com/pre?a=b",
            "PostWebhookUrl": "http://user:secret@example.com:8080/post",
            "WebhookMethod": "GET",
            "WebhookFilters": ["onMessageSend", "onUserUpdated", "onMessageSend"],
            "Limits.ChannelMembers": "1000",
            "Limits.UserChannels": "1",
            "Media.CompatibilityMessage": "no media",
            "PreWebhookRetryCount": "3",
            "PostWebhookRetryCount": "1",
        },
    )
    expected = {
        "friendly_name": "renamed",
        "default_service_role_sid": roles["service admin"],
        "default_channel_role_sid": roles["channel admin"],
        "default_channel_creator_role_sid": roles["channel user"],
        "read_status_enabled": False,
        "reachability_enabled": True,
        "typing_indicator_timeout": 9,
        "consumption_report_interval": 0,
        "notifications": {
            "log_enabled": True,
            "new_message": {
                "enabled": True,
                "template": "${USER}: ${MESSAGE}",
                "sound": "ping",
                "badge_count_enabled": True,
            },
            "added_to_channel": {"enabled": False},
            "invited_to_channel": {"enabled": False, "template": "t"},
            "removed_from_channel": {"enabled": False},
        },
        "pre_webhook_url": "https://example.com/pre?a=b",
        "post_webhook_url": "http://user:secret@example.com:8080/post",
        "webhook_method": "GET",
        "webhook_filters": ["onMessageSend", "onUserUpdated"],
        "limits": {"channel_members": 1000, "user_channels": 1},
        "media": {"size_limit_mb": 150, "compatibility_message": "no media"},
        "pre_webhook_retry_count": 3,
        "post_webhook_retry_count": 1,
    }
    assert {name: service[name] for name in expected} == expected
    assert await rest.get("") == service
    cleared = {
        "PreWebhookUrl": "",
        "PostWebhookUrl": "",
        "WebhookMethod": "",
        "WebhookFilters": "",
        "Notifications.NewMessage.Template": "",
        "Notifications.NewMessage.Sound": "",
    }
    service = await rest.update("", cleared)
    assert service["pre_webhook_url"] is service["post_webhook_url"] is None
    assert service["webhook_method"] is service["webhook_filters"] is None
    assert service["notifications"]["new_message"] == {"enabled": True, "badge_count_enabled": True}


async def test_an_update_without_parameters_changes_nothing(rest: Rest) -> None:
    before = await rest.get("")
    assert await rest.update("") == before


@pytest.mark.parametrize(
    ("name", "value", "status", "code"),
    [
        ("FriendlyName", "", 400, 50000),
        ("FriendlyName", "x" * 257, 400, 50003),
        ("DefaultServiceRoleSid", "RL" + "0" * 32, 404, 50102),
        ("DefaultServiceRoleSid", "", 400, 50103),
        ("DefaultChannelRoleSid", "nonsense", 404, 50101),
        ("DefaultChannelCreatorRoleSid", "RL" + "f" * 32, 404, 50106),
        ("ReadStatusEnabled", "yes", 400, 20001),
        ("ReachabilityEnabled", "", 400, 20001),
        ("TypingIndicatorTimeout", "0", 400, 50053),
        ("TypingIndicatorTimeout", "99999999999999999999", 400, 50053),
        ("ConsumptionReportInterval", "-1", 400, 50052),
        ("ConsumptionReportInterval", "4294967296", 400, 50052),
        ("Notifications.AddedToChannel.Enabled", "1", 400, 20001),
        ("Notifications.AddedToChannel.Template", "x" * 2049, 400, 50058),
        ("Notifications.RemovedFromChannel.Sound", "x" * 257, 400, 50059),
        ("PreWebhookUrl", "example.com/hook", 400, 50077),
        ("PreWebhookUrl", "https://", 400, 50077),
        ("PostWebhookUrl", "ftp://example.com", 400, 50078),
        ("PostWebhookUrl", "http://exa mple.com", 400, 50078),
        ("PostWebhookUrl", "http://[::1", 400, 50078),
        ("PostWebhookUrl", "http://example.com:99999", 400, 50078),
        ("WebhookMethod", "PUT", 400, 50055),
        ("WebhookFilters", "onMessageAdded", 400, 50054),
        ("Limits.ChannelMembers", "0", 400, 50061),
        ("Limits.ChannelMembers", "1001", 400, 50061),
        ("Limits.UserChannels", "1001", 400, 50060),
        ("Limits.UserChannels", "many", 400, 50060),
        ("PreWebhookRetryCount", "4", 400, 50065),
        ("PostWebhookRetryCount", "-1", 400, 50065),
    ],
)
async def test_bad_settings_are_refused_by_code(rest: Rest, name: str, value: str, status: int, code: int) -> None:
    before = await rest.get("")
    assert await rest.refused("POST", "", {"FriendlyName": "changed", name: value}) == (status, code)
    assert await rest.get("") == before


async def test_defaults_must_be_roles_of_the_right_type_and_service(rest: Rest, stranger: Rest) -> None:
    roles = {r["friendly_name"]: r["sid"] for r in (await rest.get("Roles"))["roles"]}
    foreign = (await stranger.get("Roles"))["roles"][0]["sid"]
    assert await rest.refused("POST", "", DefaultServiceRoleSid=roles["channel user"]) == (404, 50102)
    assert await rest.refused("POST", "", DefaultChannelRoleSid=roles["service user"]) == (404, 50101)
    assert await rest.refused("POST", "", DefaultChannelCreatorRoleSid=roles["service user"]) == (404, 50106)
    assert await rest.refused("POST", "", DefaultServiceRoleSid=foreign) == (404, 50102)


async def test_create_needs_a_name(rest: Rest) -> None:
    assert await rest.refused("POST", "/v2/Services") == (400, 20001)
    assert await rest.refused("POST", "/v2/Services", FriendlyName="") == (400, 50000)
    assert await rest.refused("POST", "/v2/Services", FriendlyName="x" * 257) == (400, 50003)
    await rest.create("/v2/Services", FriendlyName="\U0001f600" * 256)


async def test_a_deleted_service_and_everything_in_it_is_absent_at_once(rest: Rest) -> None:
    channel = await rest.create("Channels", UniqueName="general")
    await rest.delete("")
    for path in ("", "Channels", f"Channels/{channel['sid']}", "Users", "Roles"):
        assert await rest.refused("GET", path) == (404, 20404)
    assert await rest.refused("POST", f"Channels/{channel['sid']}/Messages", Body="x") == (404, 20404)
    assert await rest.refused("DELETE", "") == (404, 20404)
    assert (await rest.get("/v2/Services"))["services"] == []


async def test_accounts_see_only_their_own_services(rest: Rest, stranger: Rest) -> None:
    for caller in (rest, stranger):
        assert [s["sid"] for s in (await caller.get("/v2/Services"))["services"]] == [caller.service_sid]
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", ""), ("GET", "Channels"), ("POST", "Users")):
        assert await stranger.refused(method, rest.path(path)) == (404, 20404)


async def test_concurrent_updates_keep_each_others_fields(rest: Rest) -> None:
    fields = [{"FriendlyName": "new"}, {"TypingIndicatorTimeout": "9"}, {"ReachabilityEnabled": "true"}]
    await asyncio.gather(*(rest.update("", field) for field in fields))
    service = await rest.get("")
    found = (service["friendly_name"], service["typing_indicator_timeout"], service["reachability_enabled"])
    assert found == ("new", 9, True)
