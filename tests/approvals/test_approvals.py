"""Four eyes: nothing is done by one person, nothing twice, and nothing but what was seen."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from ringfence.approvals import ApprovalError, Approvals, Proposal, State, Why, digest_of, proposals_table
from ringfence.approvals.approvals import OPEN_FOR_US

METADATA = sa.MetaData()
APPROVALS = Approvals(proposals_table(METADATA))
NOW = 1_763_900_000_000_000


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.connect() as opened:
        yield opened


def proposed(connection: sa.Connection, payload: bytes = b"a") -> Proposal:
    return APPROVALS.propose(connection, "issue", payload, "ISSUE of 5 units", "anna", NOW)


def test_another_person_approves_and_it_is_carried_out_once(connection: sa.Connection) -> None:
    one = proposed(connection)
    approved = APPROVALS.approve(connection, 1, one.digest, "bert", NOW + 5)
    assert (approved.state, approved.decided_by, approved.decided_us) == (State.APPROVED, "bert", NOW + 5)
    done = APPROVALS.carried_out(connection, 1, NOW + 9)
    assert (done.state, done.decided_us, done.carried_us) == (State.CARRIED_OUT, NOW + 5, NOW + 9)
    assert APPROVALS.find(connection, 1) == done
    with pytest.raises(ApprovalError, match="is not approved, or was carried out already"):
        APPROVALS.carried_out(connection, 1, NOW + 10)


def test_nobody_approves_his_own(connection: sa.Connection) -> None:
    one = proposed(connection)
    with pytest.raises(ApprovalError, match="is anna's own") as refused:
        APPROVALS.approve(connection, 1, one.digest, "anna", NOW)
    assert refused.value.why == Why.SAME_PERSON
    assert APPROVALS.find(connection, 1) == one


def test_only_what_was_seen_is_approved(connection: sa.Connection) -> None:
    one, other = proposed(connection, b"a"), proposed(connection, b"b")
    assert (one.proposal, other.proposal) == (1, 2) and one.digest != other.digest
    assert digest_of("iss", b"uea") != digest_of("issue", b"a") != digest_of("issue", b"")
    with pytest.raises(ApprovalError) as refused:
        APPROVALS.approve(connection, 2, one.digest, "bert", NOW)
    assert refused.value.why == Why.OTHER_CONTENT


@pytest.mark.parametrize(("at_us", "why"), [(OPEN_FOR_US - 1, None), (OPEN_FOR_US, Why.EXPIRED)])
def test_time_to_approve_ends(connection: sa.Connection, at_us: int, why: Why | None) -> None:
    one = proposed(connection)
    if why is None:
        assert APPROVALS.approve(connection, 1, one.digest, "bert", NOW + at_us).state == State.APPROVED
        return
    with pytest.raises(ApprovalError) as refused:
        APPROVALS.approve(connection, 1, one.digest, "bert", NOW + at_us)
    assert refused.value.why == why
    assert [gone.proposal for gone in APPROVALS.expire(connection, NOW + at_us)] == [1]
    assert [gone.state for gone in APPROVALS.all(connection, State.EXPIRED)] == [State.EXPIRED]
    assert APPROVALS.expire(connection, NOW + at_us) == []


def test_what_was_approved_and_not_done_expires_too(connection: sa.Connection) -> None:
    one = proposed(connection)
    APPROVALS.approve(connection, 1, one.digest, "bert", NOW)
    assert [gone.decided_by for gone in APPROVALS.expire(connection, NOW + OPEN_FOR_US)] == ["bert"]
    with pytest.raises(ApprovalError):
        APPROVALS.carried_out(connection, 1, NOW + OPEN_FOR_US)


def test_who_proposed_may_withdraw_and_it_is_over(connection: sa.Connection) -> None:
    one = proposed(connection)
    assert APPROVALS.refuse(connection, 1, "anna", NOW).state == State.REFUSED
    for decide in (
        lambda: APPROVALS.approve(connection, 1, one.digest, "bert", NOW),
        lambda: APPROVALS.refuse(connection, 1, "bert", NOW),
    ):
        with pytest.raises(ApprovalError, match="proposal 1 is refused already") as refused:
            decide()
        assert refused.value.why == Why.NOT_OPEN
    with pytest.raises(ApprovalError, match="there is no proposal 9"):
        APPROVALS.refuse(connection, 9, "bert", NOW)
