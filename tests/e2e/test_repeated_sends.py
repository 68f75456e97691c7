"""A send whose answer was lost is repeated at the other node and happens once."""

from __future__ import annotations

from .people import Json, People, code_of, gather


async def test_answer_lost_and_send_repeated_at_the_other_node(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    room = f"chat:{sid}"
    alice.proxy.mute()

    async def cut_once_it_arrived() -> Json:
        heard = await bob.feed.event(room, "message.added")
        alice.feed.forget()
        alice.proxy.use(people.node(1))
        alice.proxy.cut()
        alice.proxy.unmute()
        return heard["message"]

    sending = alice.call("message.send", channel=sid, body="once", client_ref="ref")
    code, message = await gather(code_of(sending), cut_once_it_arrived())
    assert code < 100, "an error of the library itself"
    await alice.feed.take("connected")
    again = await alice.call("message.send", channel=sid, body="once", client_ref="ref")
    assert again == {"message": message, "duplicate": True}
    await alice.say(sid, "twice")
    refs = [(await alice.feed.event(room, "message.added"))["message"]["client_ref"] for _ in range(2)]
    assert refs == ["ref", None]
    assert (await bob.feed.event(room, "message.added"))["message"]["body"] == "twice"
    assert (await bob.call("channel.get", channel=sid))["channel"]["messages_count"] == 2
