"""Stand-ins for the ports of the auth room."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chatcore.auth.keys import KeyRecord, SealedSecret
from chatcore.domain.ids import AccountSid, KeySid, ServiceSid

ACCOUNT = AccountSid("AC" + "0" * 31 + "1")
KEY = KeySid("SK" + "0" * 31 + "1")
SERVICE = ServiceSid("IS" + "0" * 31 + "1")
SECRET = "s3cr3t-s3cr3t-s3cr3t-s3cr3t-1234"


EPOCH = datetime.fromtimestamp(1_600_000_000, UTC)


class FixedClock:
    """Stands still until moved."""

    def __init__(self, now: datetime = EPOCH) -> None:
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds


class Keys:
    """Knows the keys it is given."""

    def __init__(self, **records: KeyRecord) -> None:
        self.records: dict[str, KeyRecord] = records or {KEY: key_record()}

    async def key(self, sid: KeySid) -> KeyRecord | None:
        return self.records.get(sid)


class Services:
    """Knows the services it is given."""

    def __init__(self, **accounts: AccountSid) -> None:
        self.accounts: dict[str, AccountSid] = accounts or {SERVICE: ACCOUNT}

    async def service_account(self, service_sid: ServiceSid) -> AccountSid | None:
        return self.accounts.get(service_sid)


class Secrets:
    """A key store that counts what it is asked."""

    def __init__(self, **rows: SealedSecret) -> None:
        self.rows: dict[str, SealedSecret] = rows
        self.asked: list[str] = []

    async def account_secret(self, sid: AccountSid) -> SealedSecret | None:
        self.asked.append(sid)
        return self.rows.get(sid)

    async def key_secret(self, sid: KeySid) -> SealedSecret | None:
        self.asked.append(sid)
        return self.rows.get(sid)


def key_record(*, account_sid: AccountSid = ACCOUNT, revoked: bool = False, suspended: bool = False) -> KeyRecord:
    return KeyRecord(account_sid=account_sid, secret=SECRET, revoked=revoked, account_suspended=suspended)
