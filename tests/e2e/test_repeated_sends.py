"""A send whose answer was lost is repeated at the other node and happens once."""

from __future__ import annotations

from .people import People, code_of


async def test_answer_lost_and_send_repeated_at_the_other_node(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    room = f"chat:{sid}"
    alice.proxy.mute()
    lost = code_of(alice.call("message.send", channel=sid, body="once", client_ref="ref"))
    arrived = bob.feed.event(room, "message.added")
    from .people import gather

    async def cut() -> dict[str, object]:
        heard = await arrived
        alice.feed.forget()
        alice.proxy.use(people.node(1))
        alice.proxy.cut()
        alice.proxy.unmute()
        return heard

    code, heard = await gather(lost, cut())
    assert code < 100, "an error of the library itself"
    await alice.feed.take("connected")
    again = await alice.call("message.send", channel=sid, body="once", client_ref="ref")
    assert again == {"message": heard["message"], "duplicate": True}
    await alice.say(sid, "twice")
    for person in (alice, bob):
        await person.feed.until(
            lambda feed=person.feed: feed.types(room).count("message.added") == 2  # type: ignore[misc]
        )
    own = [h.data["message"]["client_ref"] for h in alice.feed.publications(room) if h.type == "message.added"]
    assert own == ["ref", None]
    assert (await bob.call("channel.get", channel=sid))["channel"]["messages_count"] == 2
