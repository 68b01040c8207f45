from hypothesis import given
from hypothesis import strategies as st

from ringfence.journal import Frame
from ringfence.node import replay
from ringfence.schema.layout import COMMAND_HEADER

from . import scene


def frames_of(counts):
    records = scene.orders(sum(counts))
    records.view(COMMAND_HEADER)["sequence"] = range(1, 1 + records.size)
    frames, at = [], 0
    for index, count in enumerate(counts):
        payload = memoryview(records[at : at + count].tobytes())
        frames.append(Frame(at + 1, count, payload, bytes([index]) * 32))
        at += count
    return records, frames


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(1, 50), st.data())
def test_batches_hold_exactly_what_was_asked_for_and_every_frame_end(counts, batch_records, data):
    records, frames = frames_of(counts)
    begin = data.draw(st.integers(1, counts[0]))
    end = data.draw(
        st.integers(records.size - counts[-1] + 1, records.size) if len(counts) > 1 else st.just(records.size)
    )
    original, replay.BATCH_RECORDS = replay.BATCH_RECORDS, batch_records
    try:
        batches = list(replay.batches(frames, begin, end))
    finally:
        replay.BATCH_RECORDS = original
    assert b"".join(batch.records.tobytes() for batch in batches) == records[begin - 1 : end].tobytes()
    assert all(0 < batch.records.size <= batch_records for batch in batches)
    chains = {sequence: chain for batch in batches for sequence, chain in batch.chains.items()}
    assert chains == {frame.last_sequence: frame.chain for frame in frames if frame.last_sequence <= end}


def test_batches_of_nothing_are_none():
    assert list(replay.batches([], 1)) == []
