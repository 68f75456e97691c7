from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatcore.broker.topics import ChannelNames, ShardChannelNames, node_topic
from chatcore.domain.events import Topic
from chatcore.resp.slots import partition_of


@given(st.text(max_size=20), st.integers(0, 15))
def test_a_topic_survives_the_way_there_and_back(text: str, db: int) -> None:
    names = ChannelNames("chat:", db)
    assert names.topic(names.channel(Topic(text))) == text


def test_prefix_and_database_are_part_of_the_name() -> None:
    assert ChannelNames("a:", 0).channel(Topic("chat:CH1")) == b"a:chat:CH1"
    assert ChannelNames("a:", 3).channel(Topic("chat:CH1")) == b"a:3:chat:CH1"


def test_a_channel_of_somebody_else_is_no_topic() -> None:
    assert ChannelNames("a:", 0).topic(b"b:chat:CH1") is None


def test_nodes_have_topics_of_their_own() -> None:
    assert node_topic("n1") == "node:n1"


@given(st.text(max_size=20))
def test_in_a_cluster_the_name_says_in_which_partition_a_topic_is(text: str) -> None:
    number, channel = ShardChannelNames("a:").place(Topic(text))
    assert channel.startswith(b"a:{")
    assert channel.endswith(b"}:" + text.encode())
    assert partition_of(channel) == number
