"""What clients were promised, and what they were told: the books that must balance at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

Json = Mapping[str, Any]  # whatever the server sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    room: str
    sid: str
    index: int
    body: str


@dataclass(slots=True)
class Ledger:
    """Bodies are unique: one per message, or per attempt where the protocol has no `client_ref`."""

    tried: dict[str, bool] = field(default_factory=dict)
    """Whether a send of this body must have happened once it is over (else: may have)."""
    acknowledged: dict[str, Acknowledged] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """What must never happen, in words."""
    repeated: int = 0
    """Answers that said "this was sent before"."""
    epochs: dict[str, str] = field(default_factory=dict)
    """Of rooms, since an operator renewed them and cut every connection: positions of older ones are worth nothing."""

    def accuse(self, text: str) -> None:
        if len(self.faults) < 200:  # one mistake may repeat itself for ever
            self.faults.append(text)

    def acknowledge(self, room: str, body: str, *, sid: str, index: int, duplicate: bool = False) -> None:
        self.repeated += duplicate
        known = self.acknowledged.get(body)
        new = Acknowledged(room=room, sid=sid, index=index, body=body)
        if known is not None and known != new:
            self.accuse(f"{body!r} was acknowledged as {known.index} {known.sid}, then as {index} {sid}")
        self.acknowledged[body] = new

    def tops(self) -> dict[str, int]:
        """Highest acknowledged index of each room."""
        found: dict[str, int] = {}
        for each in self.acknowledged.values():
            found[each.room] = max(each.index, found.get(each.room, -1))
        return found


class Stream:
    """One room as one reader was told it. It applies events as an application should, and trusts nothing."""

    def __init__(self, reader: str, room: str, ledger: Ledger) -> None:
        self.room = room
        self.bodies: list[str] = []
        """By index."""
        self.sids: list[str] = []
        self.doubled = 0
        self.disordered = 0
        self.offset = -1
        self.epoch = ""
        self._reader = reader
        self._ledger = ledger
        self._loaded = 0  # so many messages were read in one piece: their events may still come

    def begin(self, offset: int, epoch: str) -> None:
        self.offset, self.epoch = offset, epoch

    def event(self, offset: int, event: Json) -> None:
        if offset <= self.offset:
            self._twice(f"event {offset} came after {self.offset}")
            return
        if offset != self.offset + 1:
            self._late(f"event {offset} came after {self.offset}")
        self.offset = offset
        if event["type"] == "message.added":
            message = event["message"]
            self.message(message["index"], message["sid"], message["body"])

    def message(self, index: int, sid: str, body: str) -> None:
        expected = len(self.bodies)
        if index < min(self._loaded, expected) and self.sids[index] == sid:
            return
        if index < expected:
            self._twice(f"message {index} came after {expected - 1}")
            return
        if index > expected:
            self._late(f"message {index} came after {expected - 1}")
            self.bodies += [""] * (index - expected)
            self.sids += [""] * (index - expected)
        self.bodies.append(body)
        self.sids.append(sid)

    def load(self, messages: Sequence[Json]) -> None:
        """A page of the room, in order, that goes on where this stream ends: a new first load."""
        self._loaded = 1 << 60  # all of them: `index < expected` decides
        for message in messages:
            self.message(message["index"], message["sid"], message["body"])

    def loaded(self, offset: int, epoch: str) -> None:
        self._loaded = len(self.bodies)
        self.offset, self.epoch = offset, epoch

    def _twice(self, what: str) -> None:
        self.doubled += 1
        self._ledger.accuse(f"{self._reader} in {self.room}: {what} (doubled)")

    def _late(self, what: str) -> None:
        self.disordered += 1
        self._ledger.accuse(f"{self._reader} in {self.room}: {what} (out of order, or lost)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    acknowledged: int
    stored: int
    delivered: int
    """Messages times readers."""
    lost: int
    doubled: int
    disordered: int
    faults: Sequence[str]

    @property
    def even(self) -> bool:
        return not (self.lost or self.doubled or self.disordered or self.faults)

    def __str__(self) -> str:
        return (
            f"acknowledged {self.acknowledged}, stored {self.stored}, delivered {self.delivered}, lost {self.lost}, "
            f"doubled {self.doubled}, out of order {self.disordered}"
        )


async def balance(ledger: Ledger, streams: Sequence[Stream], dsn: str, rooms: Sequence[str], *, final: bool) -> Balance:
    """Compares promises, database and readers. Before the end messages may still be on their way."""
    due = dict(ledger.acknowledged)  # before the database is read
    told = [(stream, len(stream.bodies)) for stream in streams]
    connection = await asyncpg.connect(dsn)
    try:
        found = await connection.fetch(
            'SELECT channel_sid, "index", sid, body FROM messages WHERE channel_sid = ANY ($1::text[]) '
            'ORDER BY channel_sid, "index"',
            list(rooms),
        )
        logs = await connection.fetch(
            "SELECT c.sid, c.last_seq, c.first_seq, count(e.seq) AS held, min(e.seq) AS oldest, max(e.seq) AS newest "
            "FROM channels c LEFT JOIN channel_events e ON e.channel_sid = c.sid AND e.seq <= c.last_seq "
            "WHERE c.sid = ANY ($1::text[]) GROUP BY c.sid",
            list(rooms),
        )
    finally:
        await connection.close()
    stored: dict[str, list[tuple[str, str]]] = {room: [] for room in rooms}
    faults = list(ledger.faults)
    lost = doubled = disordered = 0
    where: dict[str, tuple[str, int]] = {}
    for row in found:
        room = stored[row["channel_sid"]]
        if row["index"] != len(room):
            disordered += 1
            faults.append(f"{row['channel_sid']} has index {row['index']} after {len(room) - 1}")
        room.append((row["sid"], row["body"]))
        if row["body"] in where:
            doubled += 1
            faults.append(f"{row['body']!r} is stored twice: {where[row['body']]} and {row['index']}")
        elif row["body"] not in ledger.tried:
            faults.append(f"{row['body']!r} was never sent")
        where[row["body"]] = (row["channel_sid"], row["index"])
    for log in logs:
        if (log["held"], log["newest"] or 0) != (log["last_seq"] - (log["oldest"] or 1) + 1, log["last_seq"]):
            disordered += 1
            faults.append(f"the log of {log['sid']} has a hole: {dict(log)}")
    for body, promise in due.items():
        if where.get(body) != (promise.room, promise.index) or stored[promise.room][promise.index][0] != promise.sid:
            lost += 1
            faults.append(f"{promise} is not stored")
    if final:
        for body, certain in ledger.tried.items():
            if certain and body not in where:
                lost += 1
                faults.append(f"{body!r} was tried to the end and is not stored")
    delivered = 0
    for stream, count in told:
        truth = stored[stream.room]
        delivered += count
        for index, (sid, body) in enumerate(zip(stream.sids[:count], stream.bodies[:count], strict=True)):
            if index < len(truth) and truth[index] != (sid, body):
                lost += 1
                faults.append(f"a reader of {stream.room} has {body!r} at {index}, stored is {truth[index]}")
        if final and count != len(truth):
            lost += abs(len(truth) - count)
            faults.append(f"a reader of {stream.room} has {count} of {len(truth)} messages")
    return Balance(
        acknowledged=len(due),
        stored=len(found),
        delivered=delivered,
        lost=lost,
        doubled=doubled + sum(stream.doubled for stream in streams),
        disordered=disordered + sum(stream.disordered for stream in streams),
        faults=faults,
    )
