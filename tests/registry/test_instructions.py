"""What a transfer agent is asked for: what it moves, what is turned down and why, and who has to agree."""

import pytest

from ringfence.approvals import ApprovalError, State
from ringfence.registry import holders, instructions, restrictions, securities
from ringfence.registry.instructions import Asked, Status
from ringfence.registry.kinds import RULES, Kind
from ringfence.registry.ledger import MAX_UNITS
from ringfence.registry.reasons import Reason, RegistryError
from ringfence.registry.register import ControlBook
from ringfence.registry.restrictions import RestrictionKind

from .agent import PERSON, SHARE, VENUE, Agent

WALLET = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"


@pytest.fixture
def alice(agent: Agent) -> int:
    account = agent.account(agent.holder("Alice"))
    agent.issued(100, account)
    return account


@pytest.fixture
def bob(agent: Agent) -> int:
    return agent.account(agent.holder("Bob"))


def test_shares_are_issued_out_of_what_is_authorised(agent: Agent, alice: int) -> None:
    agent.do(Kind.AUTHORISE, 50 * SHARE)
    assert agent.register.control_book(1) == ControlBook(150 * SHARE, 100 * SHARE, 50 * SHARE, 0, 0)
    refused = agent.do(Kind.ISSUE, 51 * SHARE, to_account=alice)
    assert (refused.state, refused.reason) == (Status.REJECTED, Reason.BEYOND_AUTHORISED)
    assert refused.sentence == "51000000 units are more than the 50000000 that are authorised and not issued"
    agent.do(Kind.REDUCE, 50 * SHARE)
    agent.do(Kind.CANCEL, 10 * SHARE, from_account=alice)
    assert agent.register.control_book(1) == ControlBook(100 * SHARE, 90 * SHARE, 0, 10 * SHARE, 0)


def test_transfer_moves_units_between_holders(agent: Agent, alice: int, bob: int) -> None:
    item = agent.do(Kind.TRANSFER, 40 * SHARE + 1, from_account=alice, to_account=bob)
    assert (item.state, item.decided_by, item.routine) == (Status.POSTED, "anna", True)
    assert (agent.units(alice), agent.units(bob)) == (60 * SHARE - 1, 40 * SHARE + 1)


@pytest.mark.parametrize("kind", [kind for kind in Kind if RULES[kind].four_eyes])
def test_what_needs_two_people_waits_for_the_second(agent: Agent, alice: int, bob: int, kind: Kind) -> None:
    agent.do(Kind.AUTHORISE, 10 * SHARE)
    ends = {"from_account": alice} if RULES[kind].source == "HOLDER" else {}
    ends |= {"to_account": bob} if RULES[kind].target == "HOLDER" else {}
    if kind == Kind.LOST_KEY:
        ends["to_account"] = agent.account(1, "token:solana", WALLET)
    amount = {"ratio_new": 3, "ratio_old": 1} if kind == Kind.SPLIT else {"units": SHARE}
    without = agent.ask(kind, **amount, **ends, document="")
    assert (without.state, without.reason) == (Status.REJECTED, Reason.NO_DOCUMENT)
    item = agent.ask(kind, **amount, **ends)
    before = agent.units(alice), agent.units(bob), agent.register.control_book(1)
    waiting = agent.register.accept(item.instruction, "anna", agent.now_us)
    (proposal,) = agent.register.proposals(State.PROPOSED)
    assert waiting.state == Status.IN_REVIEW and kind.value in proposal.sentence
    assert (agent.units(alice), agent.units(bob), agent.register.control_book(1)) == before
    with pytest.raises(ApprovalError, match="anna's own"):
        agent.register.approve(proposal.proposal, proposal.digest, "anna", agent.now_us)
    with pytest.raises(RegistryError, match="is in review already"):
        agent.register.accept(item.instruction, "bert", agent.now_us)
    done = agent.register.approve(proposal.proposal, proposal.digest, "bert", agent.now_us)
    assert (done.state, done.decided_by) == (Status.POSTED, "bert")
    with pytest.raises(ApprovalError, match="carried out already"):
        agent.register.approve(proposal.proposal, proposal.digest, "bert", agent.now_us)


def test_what_is_refused_or_expires_moves_nothing(agent: Agent, alice: int) -> None:
    for end in ("refuse", "expire"):
        item = agent.ask(Kind.CANCEL, SHARE, from_account=alice)
        agent.register.accept(item.instruction, "anna", agent.now_us)
        (proposal,) = agent.register.proposals(State.PROPOSED)
        if end == "refuse":
            done = agent.register.refuse(proposal.proposal, "bert", agent.now_us)
            assert done.reason == Reason.REFUSED
        else:
            agent.waits(2.9)
            assert agent.register.expire(agent.now_us) == []
            agent.waits(0.2)
            (done,) = agent.register.expire(agent.now_us)
            assert done.reason == Reason.EXPIRED
        assert done.state == Status.REJECTED
    assert agent.units(alice) == 100 * SHARE


def test_what_two_agreed_on_is_looked_at_again_when_it_is_done(agent: Agent, alice: int, bob: int) -> None:
    item = agent.ask(Kind.CANCEL, 80 * SHARE, from_account=alice)
    agent.register.accept(item.instruction, "anna", agent.now_us)
    agent.do(Kind.TRANSFER, 30 * SHARE, from_account=alice, to_account=bob)
    (proposal,) = agent.register.proposals(State.PROPOSED)
    done = agent.register.approve(proposal.proposal, proposal.digest, "bert", agent.now_us)
    assert (done.state, done.reason) == (Status.REJECTED, Reason.NOT_ENOUGH)
    assert agent.units(alice) == 70 * SHARE


def test_item_can_be_declined_in_ones_own_words(agent: Agent, alice: int, bob: int) -> None:
    item = agent.ask(Kind.TRANSFER, SHARE, from_account=alice, to_account=bob)
    done = agent.register.decline(item.instruction, "the signature is not guaranteed", "anna", agent.now_us)
    assert (done.reason, done.sentence) == (Reason.DECLINED, "the signature is not guaranteed")
    with pytest.raises(RegistryError, match="instruction 3 is rejected already"):
        agent.register.accept(item.instruction, "anna", agent.now_us)


def test_items_that_cannot_be_done_are_turned_down_with_the_first_reason(agent: Agent, alice: int, bob: int) -> None:
    again = agent.account(1, holders.OMNIBUS)
    ends = {"from_account": alice, "to_account": bob}
    cases = [
        (Kind.TRANSFER, 1, {"from_account": alice, "to_account": 99}, Reason.UNKNOWN_ACCOUNT),
        (Kind.TRANSFER, 1, {"from_account": alice}, Reason.UNKNOWN_ACCOUNT),
        (Kind.TRANSFER, 1, {"from_account": alice, "to_account": 1}, Reason.NOT_THIS_KIND),
        (Kind.ISSUE, 1, ends, Reason.NOT_THIS_KIND),
        (Kind.TRANSFER, 1, {"from_account": alice, "to_account": alice}, Reason.SAME_ACCOUNT),
        (Kind.TRANSFER, 1, {"from_account": alice, "to_account": again}, Reason.SAME_HOLDER),
        (Kind.CONVERT, 1, ends, Reason.OTHER_HOLDER),
        (Kind.TRANSFER, 0, ends, Reason.NOT_ABOVE_ZERO),
        (Kind.TRANSFER, -5, ends, Reason.NOT_ABOVE_ZERO),
        (Kind.TRANSFER, 100 * SHARE + 1, ends, Reason.NOT_ENOUGH),
        (Kind.SPLIT, 0, {"ratio_new": 0, "ratio_old": 1}, Reason.BAD_RATIO),
        (Kind.SPLIT, 0, {"ratio_new": 10**6 + 1, "ratio_old": 1}, Reason.BAD_RATIO),
    ]
    for kind, units, more, reason in cases:
        item = agent.ask(kind, units, **more)
        assert (item.state, item.reason) == (Status.REJECTED, reason), (kind, more)
        assert item.decided_us == item.received_us and item.sentence
    with agent.register.writing() as connection:
        holders.close_holder(connection, 2, agent.now_us)
    assert agent.ask(Kind.TRANSFER, 1, **ends).reason == Reason.HOLDER_CLOSED


def test_what_is_no_item_is_refused_and_not_kept(agent: Agent, alice: int) -> None:
    for asked, reason in (
        (Asked(kind="GIFT", number=1, reference="a"), Reason.UNKNOWN_KIND),
        (Asked(kind="ISSUE", number=9, reference="a"), Reason.UNKNOWN_CLASS),
        (Asked(kind="ISSUE", number=1, reference=" "), Reason.BAD_TEXT),
        (Asked(kind="ISSUE", number=1, reference="a\nb"), Reason.BAD_TEXT),
        (Asked(kind="ISSUE", number=1, reference="item 1"), Reason.REFERENCE_TAKEN),
        (Asked(kind="ISSUE", number=1, reference="a", units=MAX_UNITS + 1), Reason.TOO_MANY),
    ):
        with pytest.raises(RegistryError) as error:
            agent.register.receive(asked, "clerk", agent.now_us)
        assert error.value.reason == reason
    with agent.register.reading() as connection, pytest.raises(RegistryError, match="there is no instruction 3"):
        instructions.find(connection, 3)


def test_split_changes_what_is_shown_and_moves_nothing(agent: Agent, alice: int) -> None:
    assert agent.do(Kind.SPLIT, ratio_new=1, ratio_old=3).state == Status.POSTED
    assert agent.do(Kind.SPLIT, ratio_new=2, ratio_old=5).state == Status.POSTED
    with agent.register.reading() as connection:
        one = securities.find_class(connection, 1)
    assert (one.factor_new, one.factor_old) == (2, 15)
    assert agent.units(alice) == 100 * SHARE and one.shares(100 * SHARE) * 15 == 200


# Restrictions


def test_restricted_units_stay(agent: Agent, alice: int, bob: int) -> None:
    ends = {"from_account": alice, "to_account": bob}
    with agent.register.writing() as connection:
        legend = restrictions.place(
            connection, alice, RestrictionKind.LEGEND, 30 * SHARE, None, "Rule 144", "anna", agent.now_us
        )
        lock = agent.now_us + 10 * 86_400 * 10**6
        restrictions.place(connection, alice, RestrictionKind.LOCK_UP, 20 * SHARE, lock, "offer", "anna", agent.now_us)
    refused = agent.do(Kind.TRANSFER, 50 * SHARE + 1, **ends)
    assert (refused.reason, refused.sentence) == (
        Reason.RESTRICTED, f"of account {alice} only 50000000 units are free of restrictions, not 50000001"
    )  # fmt: skip
    assert agent.do(Kind.TRANSFER, 50 * SHARE, **ends).state == Status.POSTED
    agent.waits(10)
    assert agent.do(Kind.TRANSFER, 20 * SHARE, **ends).state == Status.POSTED
    assert agent.do(Kind.TRANSFER, 1, **ends).reason == Reason.RESTRICTED
    with agent.register.writing() as connection:
        restrictions.lift(connection, legend.restriction, "anna", agent.now_us)
        with pytest.raises(RegistryError, match="lifted already"):
            restrictions.lift(connection, legend.restriction, "anna", agent.now_us)
    assert agent.do(Kind.TRANSFER, 30 * SHARE, **ends).state == Status.POSTED


def test_court_moves_what_is_held_and_nobody_else(agent: Agent, alice: int, bob: int) -> None:
    with agent.register.writing() as connection:
        restrictions.place(connection, alice, RestrictionKind.HOLD, 0, None, "subpoena", "anna", agent.now_us)
    ends = {"from_account": alice, "to_account": bob}
    assert agent.do(Kind.TRANSFER, 1, **ends).reason == Reason.RESTRICTED
    assert agent.do(Kind.COURT_TRANSFER, SHARE, **ends).state == Status.POSTED


def test_lost_key_takes_all_along_with_its_restrictions(agent: Agent) -> None:
    carol = agent.holder("Carol")
    lost, new = agent.account(carol, "token:solana", WALLET), agent.account(carol, "token:solana", WALLET[::-1])
    agent.issued(10, lost)
    with agent.register.writing() as connection:
        restrictions.place(connection, lost, RestrictionKind.LEGEND, SHARE, None, "Rule 144", "anna", agent.now_us)
    done = agent.do(Kind.LOST_KEY, from_account=lost, to_account=new)
    assert (done.state, done.units) == (Status.POSTED, 10 * SHARE)
    assert (agent.units(lost), agent.units(new)) == (0, 10 * SHARE)
    with agent.register.reading() as connection:
        assert restrictions.free_units(connection, new, agent.now_us) == 9 * SHARE


# Forms


def test_token_is_between_the_forms_until_the_chain_has_it(agent: Agent, alice: int) -> None:
    wallet = agent.account(1, "token:solana", WALLET)
    item = agent.do(Kind.CONVERT, 10 * SHARE, from_account=alice, to_account=wallet)
    assert item.state == Status.AWAITING_MINT
    assert agent.register.control_book(1).in_transit == 10 * SHARE and agent.units(wallet) == 0
    assert agent.register.confirm(item.instruction, done=True, now_us=agent.now_us).state == Status.POSTED
    assert (agent.units(alice), agent.units(wallet)) == (90 * SHARE, 10 * SHARE)
    with pytest.raises(RegistryError, match="has nothing in transit"):
        agent.register.confirm(item.instruction, done=True, now_us=agent.now_us)


def test_mint_that_fails_lands_in_book_entry(agent: Agent) -> None:
    venue = agent.holder("Ringfence", VENUE)
    omnibus, wallet = agent.account(venue, holders.OMNIBUS), agent.account(venue, "token:solana", WALLET)
    agent.issued(10, omnibus)
    item = agent.do(Kind.CONVERT, 4 * SHARE, from_account=omnibus, to_account=wallet)
    agent.register.confirm(item.instruction, done=False, now_us=agent.now_us)
    book = agent.account(venue, holders.BOOK)
    assert (agent.units(omnibus), agent.units(wallet), agent.units(book)) == (6 * SHARE, 0, 4 * SHARE)


@pytest.mark.parametrize(("burned", "minted"), [(False, None), (True, True), (True, False)])
def test_bridge_burns_before_it_mints(agent: Agent, burned: bool, minted: bool | None) -> None:
    carol = agent.holder("Carol", PERSON)
    here, there = agent.account(carol, "token:solana", WALLET), agent.account(carol, "token:ethereum", "0x1")
    agent.issued(10, here)
    item = agent.do(Kind.CONVERT, 3 * SHARE, from_account=here, to_account=there)
    assert item.state == Status.AWAITING_BURN
    after = agent.register.confirm(item.instruction, done=burned, now_us=agent.now_us)
    if minted is None:
        assert after.state == Status.POSTED and agent.units(here) == 10 * SHARE
        return
    assert after.state == Status.AWAITING_MINT
    agent.register.confirm(item.instruction, done=minted, now_us=agent.now_us)
    book = agent.account(carol)
    assert (agent.units(there), agent.units(book)) == ((3 * SHARE, 0) if minted else (0, 3 * SHARE))


def test_omnibus_and_book_entry_convert_at_once(agent: Agent) -> None:
    venue = agent.holder("Ringfence", VENUE)
    omnibus, book = agent.account(venue, holders.OMNIBUS), agent.account(venue)
    agent.issued(10, book)
    assert agent.do(Kind.CONVERT, SHARE, from_account=book, to_account=omnibus).state == Status.POSTED
    assert agent.units(omnibus) == SHARE
