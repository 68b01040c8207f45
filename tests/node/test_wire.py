import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.node.errors import NodeRefused
from ringfence.node.wire import (
    HELLO_BYTES,
    WELCOME_BYTES,
    Message,
    MessageKind,
    MessageReader,
    Role,
    decode_hello,
    decode_welcome,
    encode_hello,
    encode_message_header,
    encode_refusal,
    encode_welcome,
)


@pytest.mark.parametrize("role", list(Role))
def test_hello_of_each_role_is_read_back(role):
    assert len(encode_hello(role)) == HELLO_BYTES
    assert decode_hello(encode_hello(role)) is role


@pytest.mark.parametrize(
    ("at", "byte", "sentence"),
    [
        (0, 0x7F, "BAD_HELLO: magic"),
        (8, 0x7F, "SCHEMA_MISMATCH: client"),
        (40, 0x7F, "BAD_HELLO: role 127"),
        (42, 0x7F, "BAD_HELLO: flags 0x007f"),
    ],
)
def test_hello_with_a_wrong_field_is_refused_with_its_name(at, byte, sentence):
    hello = bytearray(encode_hello(Role.CONTROL))
    hello[at] ^= byte if at < 40 else hello[at] ^ byte
    refused = decode_hello(hello)
    assert isinstance(refused, str)
    assert refused.startswith(sentence)


def test_welcome_is_read_back():
    data = encode_welcome(1234, 5_000_000_000)
    assert len(data) == WELCOME_BYTES
    assert decode_welcome(data)[:2] == (1234, 5_000_000_000)


def test_refusal_raises_its_sentence():
    with pytest.raises(NodeRefused, match=r"^TOO_MANY_CLIENTS: no room$"):
        decode_welcome(encode_refusal("TOO_MANY_CLIENTS: no room"))


def test_refusal_with_a_long_sentence_is_cut():
    with pytest.raises(NodeRefused, match=r"^x{184}$"):
        decode_welcome(encode_refusal("x" * 1000))


def test_welcome_of_something_else_is_refused():
    with pytest.raises(NodeRefused, match="BAD_WELCOME"):
        decode_welcome(bytes(WELCOME_BYTES))


@given(
    st.lists(st.tuples(st.sampled_from(MessageKind), st.integers(1, 2**40), st.integers(0, 3)), max_size=6),
    st.lists(st.integers(1, 200), min_size=1, max_size=20),
)
def test_messages_cut_anywhere_come_out_whole(messages, cuts):
    expected = [Message(kind, first, n, bytes([n]) * 128 * n) for kind, first, n in messages]
    stream = b"".join(encode_message_header(m.kind, len(m.payload), m[1], m.commands) + m.payload for m in expected)
    reader, found, at = MessageReader(), [], 0
    while at < len(stream):
        cut = cuts[len(found) % len(cuts)]
        found += reader.feed(stream[at : at + cut])
        at += cut
    assert found == expected
    assert reader.waiting_bytes == 0
