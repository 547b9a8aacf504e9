package judge

import (
	"slices"
	"testing"

	"pintle/tests/e2e/chaos/history"
)

// day is an honest history in which everything happens once.
func day() *store {
	s := newStore()
	s.do(history.Put, "0", "a", 0)
	s.do(history.Both, "1", "b", 0)
	s.do(history.Swap, "0", "c", 2)
	s.do(history.Swap, "0", "d", 2)
	s.do(history.Get, "0", "", 0)
	s.do(history.List, "", "", 0)
	s.do(history.Delete, "1", "", 0)
	s.do(history.Delete, "1", "", 0)
	s.do(history.Remove, "3", "", 3)
	s.do(history.Stale, "", "", 0)
	s.lease(history.Grant, "")
	s.lease(history.Attach, "x")
	s.lease(history.Attach, "y")
	s.now += 3e9
	s.expire()
	s.do(history.Put, "0", "e", 0)
	return s
}

// expect judges a history: just these promises were broken, and nothing else.
func expect(t *testing.T, h *history.History, broken ...Check) {
	t.Helper()
	report := Judge(h)
	for _, check := range Checks {
		if want, got := slices.Contains(broken, check), report.Count(check) > 0; want != got {
			t.Errorf("%s: violated is %v, want %v", check, got, want)
		}
	}
	if t.Failed() {
		for _, violation := range report.Violations {
			t.Logf("%s: %s", violation.Check, violation.Text)
		}
	}
}

func TestAnHonestHistoryIsAccepted(t *testing.T) {
	s := day()
	s.watched(1)
	s.watched(5)
	expect(t, s.finish())
}

func TestARequestInDoubtMayBeCarriedOutOrNot(t *testing.T) {
	s := day()
	late := s.begin(history.Put, "2")
	late.Value = "late"
	s.doubt(late)
	never := s.begin(history.Put, "2")
	never.Value = "never"
	s.doubt(never)
	s.do(history.Get, "2", "", 0)
	s.carryOut(&late)
	s.do(history.Get, "2", "", 0)
	removal := s.begin(history.Delete, "2")
	s.doubt(removal)
	s.do(history.Get, "2", "", 0)
	s.carryOut(&removal)
	s.do(history.Get, "2", "", 0)
	s.doubt(s.begin(history.Delete, "2"))
	s.watched(1)
	expect(t, s.finish())
}

func TestALostWriteIsRefused(t *testing.T) {
	s := day()
	before, revision, events := s.get(group0+"2"), s.revision, len(s.events)
	s.do(history.Put, "2", "lost", 0)
	// The store forgets it and goes on.
	if before != nil {
		t.Fatal("the key is not new")
	}
	delete(s.kvs, group0+"2")
	s.revision, s.events = revision, s.events[:events]
	s.do(history.Get, "2", "", 0)
	s.do(history.Put, "1", "on", 0)
	expect(t, s.finish(), Acknowledged, Explained, RealTime, Linearizable)
}

func TestALostLastWriteIsRefused(t *testing.T) {
	s := day()
	revision, events := s.revision, len(s.events)
	s.do(history.Put, "2", "lost", 0)
	delete(s.kvs, group0+"2")
	s.revision, s.events = revision, s.events[:events]
	expect(t, s.finish(), Acknowledged)
}

func TestAStaleReadIsRefused(t *testing.T) {
	s := day()
	stale := s.begin(history.Get, "0")
	s.carryOut(&stale)
	s.do(history.Put, "0", "new", 0)
	stale.Start = s.tick()
	s.end(stale)
	expect(t, s.finish(), RealTime, Linearizable)
}

func TestAReadOfAnotherGroupThatIsStaleIsRefused(t *testing.T) {
	s := day()
	stale := history.Op{Kind: history.Get, Group: "kv/00000/1/", Key: "kv/00000/1/0"}
	s.carryOut(&stale)
	s.do(history.Put, "0", "new", 0)
	stale.Start = s.tick()
	s.end(stale)
	expect(t, s.finish(), RealTime)
}

func TestAWrongReadIsRefused(t *testing.T) {
	s := day()
	op := s.begin(history.Get, "0")
	s.carryOut(&op)
	op.KVs[0].Value = "a"
	s.end(op)
	expect(t, s.finish(), Acknowledged, Linearizable)
}

func TestAWrongVersionInAReadIsRefused(t *testing.T) {
	s := day()
	op := s.begin(history.Stale, "")
	s.carryOut(&op)
	op.KVs[0].Version++
	s.end(op)
	expect(t, s.finish(), Acknowledged)
}

func TestHalfATransactionIsRefused(t *testing.T) {
	s := day()
	list := s.begin(history.List, "")
	both := s.begin(history.Both, "1")
	both.Value, both.Key2 = "half", group0+"2"
	s.carryOut(&both)
	s.carryOut(&list)
	list.KVs = slices.DeleteFunc(list.KVs, func(kv history.KV) bool { return kv.Key == group0+"2" })
	s.end(both)
	s.end(list)
	expect(t, s.finish(), Acknowledged, Linearizable)
}

func TestTwoSwapsOfOneRevisionAreRefused(t *testing.T) {
	s := day()
	mod := s.get(group0 + "0").Mod
	s.do(history.Swap, "0", "first", mod)
	second := s.begin(history.Swap, "0")
	second.Value, second.Compare = "second", s.get(group0+"0").Mod
	s.carryOut(&second)
	second.Compare = mod
	s.end(second)
	expect(t, s.finish(), Acknowledged, Linearizable)
}

func TestASwapThatMustSucceedIsRefused(t *testing.T) {
	s := day()
	op := s.begin(history.Swap, "0")
	op.Value, op.Compare = "never", 1
	s.carryOut(&op)
	op.Compare = s.get(group0 + "0").Mod
	s.end(op)
	expect(t, s.finish(), Acknowledged, Linearizable)
}

func TestAWrongPairBeforeIsRefused(t *testing.T) {
	s := day()
	op := s.begin(history.Put, "0")
	op.Value = "new"
	s.carryOut(&op)
	op.Prev = nil
	s.end(op)
	expect(t, s.finish(), Acknowledged, Linearizable)
}

func TestAWriteCarriedOutTwiceIsRefused(t *testing.T) {
	s := day()
	op := s.begin(history.Put, "2")
	op.Value = "twice"
	s.doubt(op)
	s.carryOut(&op)
	s.do(history.Put, "2", "between", 0)
	s.carryOut(&op)
	expect(t, s.finish(), Explained)
}

func TestAnAcknowledgedWriteCarriedOutAgainIsRefused(t *testing.T) {
	s := day()
	op := s.do(history.Put, "2", "twice", 0)
	s.carryOut(&op)
	expect(t, s.finish(), Explained)
}

func TestADeletionThatNobodyWantedIsRefused(t *testing.T) {
	s := day()
	s.revision++
	s.remove(group0 + "0")
	expect(t, s.finish(), Explained)
}

func TestAnEffectBeforeItsRequestIsRefused(t *testing.T) {
	s := day()
	op := s.begin(history.Put, "2")
	op.Value = "early"
	s.carryOut(&op)
	s.do(history.Get, "2", "", 0)
	op.Start = s.tick()
	s.doubt(op)
	// It is told by a read, so porcupine sees it as well.
	expect(t, s.finish(), Explained, Linearizable)
}

func TestARevisionThatGoesBackIsRefused(t *testing.T) {
	s := day()
	op := s.begin(history.Put, "2")
	op.Value = "back"
	s.carryOut(&op)
	s.end(op)
	s.history.Ops[len(s.history.Ops)-1].Revision = 2
	expect(t, s.finish(), Acknowledged, Explained, RealTime, Linearizable)
}

func TestALogWithAHoleIsRefused(t *testing.T) {
	s := day()
	h := s.finish()
	for i := range h.Finals {
		h.Finals[i].Events = slices.Delete(h.Finals[i].Events, 3, 4)
	}
	expect(t, h, Complete)
}

func TestMembersThatDifferAreRefused(t *testing.T) {
	h := day().finish()
	h.Finals[1].Events[2].KV.Value = "other"
	expect(t, h, Complete)
	h = day().finish()
	h.Finals[2].Hash++
	expect(t, h, Hash)
}

func TestARequestThatMayNotFailIsRefused(t *testing.T) {
	h := day().finish()
	h.Errors = []history.Mark{{Text: "put: no"}}
	expect(t, h, Refused)
}

func TestAWatchWithAGapIsRefused(t *testing.T) {
	s := day()
	watch := s.watched(1)
	watch.Got = slices.Delete(watch.Got, 2, 3)
	expect(t, s.finish(), WatchGap)
}

func TestAWatchThatIsNotToldTheBeginningIsRefused(t *testing.T) {
	s := day()
	watch := s.watched(1)
	watch.Got = slices.Delete(watch.Got, 0, 1)
	expect(t, s.finish(), WatchGap)
}

func TestAWatchThatMissesTheNewestBeforeANoticeIsRefused(t *testing.T) {
	s := day()
	watch := s.watched(1)
	last := len(watch.Got) - 2
	watch.Got = slices.Delete(watch.Got, last, last+1)
	expect(t, s.finish(), WatchProgress)
}

func TestAWatchThatTellsTwiceIsRefused(t *testing.T) {
	s := day()
	watch := s.watched(1)
	watch.Got = slices.Insert(watch.Got, 3, watch.Got[2])
	expect(t, s.finish(), WatchOrder)
}

func TestAWatchOutOfOrderIsRefused(t *testing.T) {
	s := day()
	watch := s.watched(1)
	watch.Got[2], watch.Got[3] = watch.Got[3], watch.Got[2]
	expect(t, s.finish(), WatchOrder)
}

func TestAWatchThatSplitsARevisionIsRefused(t *testing.T) {
	s := day()
	watch := s.watched(1)
	both := watch.Got[1]
	rest := both
	watch.Got[1].Events, rest.Events = both.Events[:1], both.Events[1:]
	watch.Got = slices.Insert(watch.Got, 2, rest)
	expect(t, s.finish(), WatchOrder)
}

func TestAWatchThatBeginsTooEarlyIsRefused(t *testing.T) {
	s := day()
	watch := s.watched(1)
	watch.Start = 4
	expect(t, s.finish(), WatchGap)
}

func TestAWatchThatTellsWhatIsFilteredIsRefused(t *testing.T) {
	s := day()
	s.watched(1).NoDelete = true
	expect(t, s.finish(), WatchGap)
}

func TestAWatchWithAWrongPairBeforeIsRefused(t *testing.T) {
	for _, wrong := range []*history.KV{nil, {Key: group0 + "0", Value: "z", Create: 2, Mod: 2, Version: 1}} {
		s := day()
		watch := s.watched(1)
		watch.Got[2].Events = slices.Clone(watch.Got[2].Events)
		watch.Got[2].Events[0].Prev = wrong
		expect(t, s.finish(), WatchPrev)
	}
}

func TestAnEventAfterItsNoticeIsRefused(t *testing.T) {
	s := day()
	watch := s.watched(1)
	notice := history.Response{At: watch.Got[2].At, Revision: watch.Got[3].Revision, Progress: true}
	watch.Got = slices.Insert(watch.Got, 3, notice)
	expect(t, s.finish(), WatchProgress)
}

func TestAWatchThatLearnsNothingIsRefused(t *testing.T) {
	s := day()
	watch := s.watched(1)
	watch.Got, watch.Stuck = nil, true
	expect(t, s.finish(), WatchStuck)
}

func TestAnOldWatchThatIsToldOfACompactionIsRefused(t *testing.T) {
	s := day()
	s.watched(1).Compacted = 3
	expect(t, s.finish(), WatchGap)
}

// leased is a history of one lease; spoil is what happens after its keys are there.
func leased(spoil func(*store)) *history.History {
	s := newStore()
	s.lease(history.Grant, "")
	s.lease(history.Attach, "x")
	s.lease(history.Attach, "y")
	spoil(s)
	s.do(history.Put, "0", "a", 0)
	return s.finish()
}

func TestALeaseThatIsRevokedMayEndAtOnce(t *testing.T) {
	expect(t, leased(func(s *store) { s.lease(history.Revoke, "") }))
}

func TestALeaseThatEndsEarlyIsRefused(t *testing.T) {
	expect(t, leased(func(s *store) { s.expire() }), LeaseEarly)
	expect(t, leased(func(s *store) {
		s.now += 19e8
		s.lease(history.Renew, "")
		s.now += 19e8
		s.expire()
	}), LeaseEarly)
	expect(t, leased(func(s *store) {
		s.now += 19e8
		s.lease(history.Renew, "")
		s.now += 21e8
		s.expire()
	}))
}

func TestALeaseThatIsDeniedEarlyIsRefused(t *testing.T) {
	expect(t, leased(func(s *store) {
		s.lease(history.Renew, "")
		s.lease(history.Renew, "")
		s.history.Leases[len(s.history.Leases)-1].Gone = true
		s.now += 3e9
		s.expire()
	}), LeaseEarly)
}

// refused makes the newest request one that was told that there is no such lease.
func refused(s *store) {
	op := &s.history.Leases[len(s.history.Leases)-1]
	op.Gone, op.Revision = true, 0
}

func TestAKeyMayBeRefusedByALeaseThatIsGone(t *testing.T) {
	attach := func(s *store) {
		s.history.Leases = append(s.history.Leases, history.LeaseOp{
			Kind: history.Attach, Lease: s.history.Leases[0].Lease, Key: history.LeasePrefix + "z",
			Value: "z", Start: s.tick(), End: s.tick(),
		})
		refused(s)
	}
	expect(t, leased(func(s *store) {
		s.now += 3e9
		s.expire()
		attach(s)
	}))
	expect(t, leased(func(s *store) {
		attach(s)
		s.now += 3e9
		s.expire()
	}), LeaseEarly)
	expect(t, leased(func(s *store) {
		s.now += 3e9
		s.lease(history.Attach, "z")
		refused(s)
		s.expire()
	}), LeaseKeys)
}

func TestKeysThatStayBehindTheirLeaseAreRefused(t *testing.T) {
	expect(t, leased(func(s *store) {
		s.now += 3e9
		s.revision++
		s.remove(history.LeasePrefix + "x")
	}), LeaseKeys)
}

func TestKeysThatGoOneByOneAreRefused(t *testing.T) {
	expect(t, leased(func(s *store) {
		s.now += 3e9
		for _, key := range []string{"x", "y"} {
			s.revision++
			s.remove(history.LeasePrefix + key)
		}
	}), LeaseKeys)
}
