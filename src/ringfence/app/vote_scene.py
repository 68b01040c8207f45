"""The scene of the vote: whoever holds a lent share votes it, and all votes together are the shares there are."""

from __future__ import annotations

from ringfence.desk.votes import Ballot, BallotError, Choice, Held, Item, Meeting, Receipt, Why, allocate, tabulate
from ringfence.desk.votes.tabulation import counted
from ringfence.journal.merkle import root_by_path
from ringfence.schema import commands as c
from ringfence.schema import events as e
from ringfence.schema.enums import ActionKind, RecordKind, Side
from ringfence.schema.rejects import Reject

from .share_stage import GLXY, SHARE, ShareStage, whole
from .stage import SECOND_US, Say, SceneResult, all_of, only, played, was_refused

HOUR_US = 3_600 * SECOND_US
AGENDA = (
    Item(1, "Elect the directors", (Choice.FOR, Choice.WITHHOLD)),
    Item(2, "Approve the plan of 2026"),
)


def run_scene(*, json: bool, say: Say) -> SceneResult:
    """Play the scene."""
    return played(ShareStage, play, json=json, say=say)


def play(stage: ShareStage) -> None:
    """Play all of it."""
    _before(stage)
    recorded = _record(stage)
    meeting = _allocated(stage, recorded)
    receipts = _voted(stage, meeting)
    _counted(stage, meeting, receipts)
    stage.show_evidence()


def _before(stage: ShareStage) -> None:
    stage.say("Alice holds 100 shares. Bob holds 100 and lends them; erin borrows 25 of those and sells them to frank.")
    stage.trade("frank", "erin", 25, 30, borrows=True)
    refused = stage.give(stage.order("carol", Side.BID, 1, 30))
    stage.expect("carol, a US person, cannot buy", was_refused(refused, Reject.NOT_ELIGIBLE_TO_BUY))
    stage.at(30)
    meeting = {"version": 1, "action_kind": ActionKind.MEETING, "asset": GLXY}
    stage.must(c.SetAction(action=1, record_us=stage.time_us + HOUR_US, **meeting))
    stage.say("A meeting is called, with a record in an hour.")


def _record(stage: ShareStage) -> list[e.Event]:
    told = [event for _ in range(61) for event in stage.at(30, 60)]
    stage.say("The record is taken. A minute later frank sells his 25 shares to alice.")
    stage.trade("alice", "frank", 25, 30)
    taken = only(e.RecordTaken, told)
    stage.expect("it is of all shares that there are", taken.total_atoms == 200 * SHARE)
    return told


def _allocated(stage: ShareStage, recorded: list[e.Event]) -> Meeting:
    total = only(e.RecordTaken, recorded).total_atoms
    held = [Held.of(event) for event in all_of(e.HolderRecorded, recorded) if event.record_kind == RecordKind.RECORD]
    votable = allocate(1, total, held)
    names = {account: name for name, account in stage.accounts.items()}
    stage.say("What each may vote:       held and lent         lent       may vote")
    for row in held:
        name = names.get(row.account, "the venue")
        votes = whole(votable.get(row.account, 0))
        stage.say(f"    {name:10}{whole(row.net_atoms):>25}{whole(row.lent_atoms):>13}{votes:>15}")
    stage.expect("all votes together are the shares that there are", sum(votable.values()) == total)
    bob, frank = votable[stage.accounts["bob"]], votable[stage.accounts["frank"]]
    stage.expect("frank votes what he held at the record, and alice not a second time", frank == 25 * SHARE)
    stage.expect("bob votes of what he lent what was not sold on", abs(bob - 75 * SHARE) < SHARE // 1_000)
    stage.expect("erin, who is short, votes nothing", stage.accounts["erin"] not in votable)
    return Meeting(1, AGENDA, votable, stage.time_us + 24 * HOUR_US)


def _voted(stage: ShareStage, meeting: Meeting) -> dict[str, Receipt]:
    stage.say(
        "Alice votes for everything, then thinks again; bob splits his votes; frank says nothing to the second item."
    )
    alice, bob, frank = (stage.accounts[name] for name in ("alice", "bob", "frank"))
    everything = meeting.votable
    meeting.cast(Ballot(account=alice, votes={item: {Choice.FOR: everything[alice]} for item in (1, 2)}), stage.time_us)
    split = {1: {Choice.FOR: 50 * SHARE}, 2: {Choice.FOR: 30 * SHARE, Choice.AGAINST: 40 * SHARE}}
    try:
        meeting.cast(Ballot(account=bob, votes={1: {Choice.FOR: 100 * SHARE}}), stage.time_us)
        refused = False
    except BallotError as error:
        refused = error.why is Why.MORE_THAN_VOTABLE
        stage.say(f"    {error.why}: {error}")
    stage.expect("bob cannot vote the shares that frank votes", refused)
    ballots = {
        "alice": {1: {Choice.FOR: everything[alice]}, 2: {Choice.AGAINST: everything[alice]}},
        "bob": split,
        "frank": {1: {Choice.WITHHOLD: everything[frank]}},
    }
    return {
        name: meeting.cast(Ballot(account=stage.accounts[name], votes=votes), stage.time_us)
        for name, votes in ballots.items()
    }


def _counted(stage: ShareStage, meeting: Meeting, receipts: dict[str, Receipt]) -> None:
    found = tabulate(meeting)
    stage.say("The tabulation that goes to the transfer agent, split as it was voted:")
    for item in found.items:
        said = ", ".join(f"{choice.value} {whole(atoms)}" for choice, atoms in item.votes.items())
        stage.say(f"    {item.number}. {item.text}: {said}; unvoted {whole(item.unvoted_atoms)}")
    first, second = found.items
    stage.expect("the last word counts", second.votes[Choice.AGAINST] == 140 * SHARE)
    sums = [sum(item.votes.values()) + item.unvoted_atoms for item in (first, second)]
    stage.expect("nothing is voted for those who said nothing", sums == [200 * SHARE] * 2)
    stage.say(f"    root {found.root[:16]}...")
    casts = counted(meeting)
    proofs = {name: casts.path(stage.accounts[name]) for name in receipts}
    held = [
        root_by_path(receipts[name].leaf, place, len(casts.leaves), path) == bytes.fromhex(found.root)
        for name, (place, path) in proofs.items()
    ]
    stage.expect("each finds his receipt under the root", all(held))
