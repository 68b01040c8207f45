"""The counting reader of WebSocket frames, against frames that another library writes."""

import pytest
from websockets.frames import Frame, Opcode

from ringfence.bench.fan_out import masked_text, split_frames


def written(opcode: Opcode, data: bytes) -> bytes:
    return Frame(opcode, data).serialize(mask=False)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536])
def test_split_frames_counts_texts_of_every_length_form(length):
    frame = written(Opcode.TEXT, b"x" * length)
    assert split_frames(frame * 3) == (3, False, b"")


def test_split_frames_keeps_what_is_not_complete():
    frame = written(Opcode.TEXT, b"x" * 300)
    for cut in range(len(frame)):
        assert split_frames(frame + frame[:cut]) == (1, False, frame[:cut])


def test_split_frames_counts_no_pings_and_notices_a_close():
    data = written(Opcode.PING, b"") + written(Opcode.TEXT, b"x") + written(Opcode.CLOSE, b"\x03\xe8")
    assert split_frames(data) == (1, True, b"")


def test_masked_text_is_what_a_server_reads():
    def read(length: int):
        taken, rest[0] = rest[0][:length], rest[0][length:]
        return taken
        yield

    rest = [masked_text("hello")]
    parser = Frame.parse(read, mask=True)
    with pytest.raises(StopIteration) as stop:
        next(parser)
    assert stop.value.value.data == b"hello"
