"""What a node makes of the messages that reach it, from whichever server."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable

from chatcore.broker.asking import Asking
from chatcore.broker.topics import node_topic
from chatcore.broker.wire import Answer, Question, Said, decode
from chatcore.domain.events import Announcement, Topic

logger = logging.getLogger(__name__)


class Hearing:
    """The topics that a node listens to, and who is told. `say` publishes this node's answers."""

    def __init__(self, node: str, say: Callable[[Iterable[tuple[Topic, Said]]], None]) -> None:
        # Two nodes of one name, as in cloned containers, must not hear each other's answers.
        self.answers_topic = node_topic(f"{node}-{secrets.token_hex(4)}")
        self.held: dict[bytes, Topic] = {}  # by channel: subscribed, or to be subscribed once connected
        self.asking = Asking()
        self.on_announcement: Callable[[Announcement], None] = lambda _: None
        self.on_restored: Callable[[], None] = lambda: None
        self.responder: Callable[[Topic, bytes], bytes | None] = lambda _topic, _question: None
        self._say = say
        self._misunderstood = False

    def receive(self, channel: bytes, data: bytes) -> None:
        topic = self.held.get(channel)
        said = decode(topic or self.answers_topic, data)
        if isinstance(said, Answer):
            self.asking.hear(said)
        elif topic is None:
            return  # just unsubscribed
        elif isinstance(said, Question):
            text: bytes | None = None
            try:
                text = self.responder(topic, said.text)
            finally:
                self._say([(said.answer_to, Answer(id=said.id, text=text))])
        elif said is not None:
            self.on_announcement(said)
        elif not self._misunderstood:
            self._misunderstood = True
            logger.warning(
                "Messages on %s are not understood: of a newer version, or of a stranger who uses the same names?",
                topic,
                extra={"action": "broker_misunderstood"},
            )

    def restored(self) -> None:
        """Tells that everything is subscribed again. Never raises."""
        try:
            self.on_restored()
        except Exception:
            logger.exception("The return of the broker could not be handled", extra={"action": "restore_failed"})

    def own_answer(self, channel: bytes, topic: Topic, question: bytes) -> list[bytes]:
        """Of this node alone, where no other can be asked."""
        own = self.responder(topic, question) if channel in self.held else None
        return [] if own is None else [own]
