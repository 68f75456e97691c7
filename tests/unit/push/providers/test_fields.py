from __future__ import annotations

import pytest
from hpack import Decoder, Encoder, NeverIndexedHeaderTuple
from hypothesis import given, settings
from hypothesis import strategies as st

from push.providers.field_reader import FieldReader
from push.providers.fields import FieldWriter, literal, number, text
from push.providers.frames import PeerError

SHARED = ((b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"a.example:443"), (b"apns-topic", b"t"))
TOKEN = (b"authorization", b"bearer " + b"x" * 300)


def read(decoder: Decoder, block: bytes) -> list[tuple[bytes, bytes]]:
    return [(bytes(name), bytes(value)) for name, value in decoder.decode(block, raw=True)]


def test_any_decoder_reads_what_is_written() -> None:
    writer, decoder = FieldWriter(), Decoder()
    own = ((b"apns-id", b"1"), (b"apns-expiration", b"9" * 200))
    for _ in range(3):
        assert read(decoder, writer.block(b"/3", (*SHARED, TOKEN), own)) == [(b":path", b"/3"), *SHARED, TOKEN, *own]


def test_what_is_shared_costs_a_byte_each_after_the_first_time() -> None:
    writer = FieldWriter()
    writer.block(b"/", (*SHARED, TOKEN), ())
    assert len(writer.block(b"/", (*SHARED, TOKEN), ())) == 3 + 5


def test_the_table_never_grows_over_its_limit() -> None:
    writer, decoder = FieldWriter(), Decoder()
    for count in range(60):
        shared = (*SHARED, (b"authorization", b"%03d" % (count % 30) * 120))
        assert read(decoder, writer.block(b"/", shared, ()))[1:] == list(shared)


@pytest.mark.parametrize("limits", [[0], [300], [0, 4096], [100, 5000], [4096], [300, 200, 400]], ids=str)
def test_a_peer_may_change_the_size_of_its_table(limits: list[int]) -> None:
    writer, decoder = FieldWriter(), Decoder()
    read(decoder, writer.block(b"/", (*SHARED, TOKEN), ()))
    for limit in limits:
        writer.resize(limit)
    decoder.max_allowed_table_size = min(4096, limits[-1])
    for _ in range(3):
        assert read(decoder, writer.block(b"/", (*SHARED, TOKEN), ()))[1:] == [*SHARED, TOKEN]


def test_what_is_larger_than_the_table_stays_out_of_it() -> None:
    writer, decoder = FieldWriter(), Decoder()
    huge = (b"authorization", b"y" * 5000)
    for _ in range(2):
        assert read(decoder, writer.block(b"/", (huge,), ())) == [(b":path", b"/"), huge]


NAMES = st.text("abcdefghij-", min_size=1, max_size=20).map(str.encode)
VALUES = st.binary(max_size=300)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.tuples(NAMES, VALUES), max_size=8), max_size=8), st.booleans())
def test_the_reader_understands_any_encoder(blocks: list[list[tuple[bytes, bytes]]], huffman: bool) -> None:
    encoder, reader = Encoder(), FieldReader()
    for fields in blocks:
        assert reader.read(encoder.encode([(":status", "200"), *fields], huffman=huffman)) == {
            b":status": b"200",
            **dict(fields),
        }


def test_the_reader_follows_changes_of_the_table() -> None:
    encoder, reader = Encoder(), FieldReader()
    for size in (4096, 64, 0, 4096):
        encoder.header_table_size = size
        for _ in range(2):
            assert reader.read(encoder.encode([("x-a", "1" * 20), ("x-b", "2" * 20)]))[b"x-b"] == b"2" * 20


@pytest.mark.parametrize("huffman", [False, True])
def test_what_nobody_reads_is_passed_over_where_no_table_remembers_it(huffman: bool) -> None:
    encoder, reader = Encoder(), FieldReader(unread={b"x-a"})
    once = encoder.encode([NeverIndexedHeaderTuple("x-a", "1" * 200), ("x-b", "2")], huffman=huffman)
    assert reader.read(once) == {b"x-b": b"2"}
    for _ in range(2):
        assert reader.read(encoder.encode([("x-a", "3"), ("x-b", "2")], huffman=huffman))[b"x-b"] == b"2"
    with pytest.raises(PeerError):
        reader.read(literal(b"x-a", b"1" * 200)[:-1])


@pytest.mark.parametrize(
    "block",
    [
        b"\x80",
        b"\xff\xff\xff\xff\xff\xff\x0f",
        b"\xbe",
        b"\x00",
        b"\x40\x05ab",
        b"\x40\x01a\x85\xff\xff\xff\xff\xff",
        b"\x88\x20",
        b"\x3f\xff\xff\x7f",
        b"\xff",
        b"".join(literal(b"x", b"y" * 60000) for _ in range(2)),
    ],
    ids=lambda block: str(block[:8]),
)
def test_unreadable_blocks_are_the_peers_fault(block: bytes) -> None:
    with pytest.raises(PeerError):
        FieldReader().read(block)


def test_integers_are_those_of_the_rfc() -> None:
    assert number(10, 5) == b"\x0a"
    assert number(1337, 5) == b"\x1f\x9a\x0a"
    assert number(127, 7) == b"\x7f\x00"
    assert text(b"x" * 127)[:2] == b"\x7f\x00"
