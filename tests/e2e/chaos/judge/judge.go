// Package judge says whether a history is one that etcd's promises allow.
//
// Every change has a revision, and the members tell at the end all changes there have been. That
// log is compared with what clients and watches saw on the way; and porcupine, which knows nothing
// of revisions given by the end, looks whether the requests can be put in an order at all.
package judge

import (
	"fmt"

	"pintle/tests/e2e/chaos/history"
)

// Check names a promise.
type Check string

// The promises, in the order in which they are looked at.
const (
	// Complete: all members tell the same log, without a gap, and it follows from itself.
	Complete Check = "complete"
	// Hash: all members have the same hash of all keys.
	Hash Check = "hash"
	// Acknowledged: what was acknowledged is in the log at its revision, and only there; reads
	// tell what the log makes of their revision.
	Acknowledged Check = "acknowledged"
	// Explained: nothing is in the log that nobody asked for, or twice.
	Explained Check = "explained"
	// RealTime: what began after another thing was known comes after it.
	RealTime Check = "real-time"
	// Linearizable: porcupine finds an order.
	Linearizable Check = "linearizable"
	// WatchOrder: events come by revision, each once, and those of a revision together.
	WatchOrder Check = "watch-order"
	// WatchGap: a watch tells all of the log that it was asked for, and nothing else.
	WatchGap Check = "watch-gap"
	// WatchProgress: after a notice of progress nothing older comes.
	WatchProgress Check = "watch-progress"
	// WatchPrev: the pair before a change is the one that was there.
	WatchPrev Check = "watch-prev"
	// WatchStuck: a watch learns of changes in the end.
	WatchStuck Check = "watch-stuck"
	// LeaseEarly: a lease that was renewed does not end before its time.
	LeaseEarly Check = "lease-early"
	// LeaseKeys: keys go with their lease, all at once, and not without.
	LeaseKeys Check = "lease-keys"
	// Refused: no request may fail, and one did.
	Refused Check = "refused"
)

// Checks are all of them.
var Checks = []Check{
	Complete, Hash, Acknowledged, Explained, RealTime, Linearizable,
	WatchOrder, WatchGap, WatchProgress, WatchPrev, WatchStuck, LeaseEarly, LeaseKeys, Refused,
}

// Violation is a promise that was not kept.
type Violation struct {
	Check Check
	Text  string
}

// perCheck is how many violations of one check are worth telling.
const perCheck = 10

// Report collects violations, and the figures that show that something was looked at.
type Report struct {
	Violations []Violation
	count      map[Check]int
	// Figures holds one line for each check that was made.
	Figures map[Check]string
}

func (r *Report) violated(check Check, format string, args ...any) {
	r.count[check]++
	if r.count[check] <= perCheck {
		r.Violations = append(r.Violations, Violation{check, fmt.Sprintf(format, args...)})
	}
}

func (r *Report) figure(check Check, format string, args ...any) {
	r.Figures[check] = fmt.Sprintf(format, args...)
}

// Count is how often a check was violated.
func (r *Report) Count(check Check) int { return r.count[check] }

// Judge looks at everything. The log is only of use when it is complete: without that the checks
// that compare with it are left out.
func Judge(h *history.History) *Report {
	r := &Report{count: map[Check]int{}, Figures: map[Check]string{}}
	for _, failed := range h.Errors {
		r.violated(Refused, "at %s: %s", at(failed.At), failed.Text)
	}
	r.figure(Refused, "%d requests failed that must not", len(h.Errors))
	log := newLog(h, r)
	if log == nil {
		return r
	}
	checkHashes(h, r)
	known := newKnown(h)
	checkAcknowledged(h, log, r)
	checkExplained(h, log, known, r)
	checkRealTime(h, known, r)
	checkLinearizable(h, log, known, r)
	checkWatches(h, log, r)
	checkLeases(h, log, known, r)
	return r
}

// at writes a time of the run.
func at(nanoseconds int64) string {
	return fmt.Sprintf("%.3fs", float64(nanoseconds)/1e9)
}
