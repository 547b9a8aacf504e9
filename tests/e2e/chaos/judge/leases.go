package judge

import (
	"sort"
	"strings"

	"pintle/tests/e2e/chaos/history"
)

// leaseStory is all about one lease.
type leaseStory struct {
	ops []history.LeaseOp
	// ended is the revision at which its keys went; 0: it had none, or they are there.
	ended int64
}

// checkLeases compares what leases did with what was asked of them. A lease's keys are its own.
func checkLeases(h *history.History, log *eventLog, known *known, r *Report) {
	stories := map[int64]*leaseStory{}
	for _, op := range h.Leases {
		if stories[op.Lease] == nil {
			stories[op.Lease] = &leaseStory{}
		}
		stories[op.Lease].ops = append(stories[op.Lease].ops, op)
	}
	checkAttached(log, stories, r)
	renewals, ended := 0, 0
	for lease, story := range stories {
		if story.ended != 0 {
			ended++
		}
		renewals += checkTime(lease, story, known, r)
	}
	r.figure(LeaseEarly, "%d leases, %d renewals, %d ended with keys", len(stories), renewals, ended)
}

// checkAttached sees that keys are attached as asked, and go with their lease, all in one revision.
func checkAttached(log *eventLog, stories map[int64]*leaseStory, r *Report) {
	wanted := map[string]history.LeaseOp{}
	for _, story := range stories {
		for _, op := range story.ops {
			// What was refused because the lease was gone must not have happened.
			if op.Kind == history.Attach && !op.Gone {
				wanted[op.Key] = op
				if !op.Unknown && log.get(op.Key, op.Revision) == nil {
					r.violated(Acknowledged, "%s, attached to lease %x at %d, is not in the log", op.Key, op.Lease, op.Revision)
				}
			}
		}
	}
	owner := map[string]int64{}
	attached := map[int64]int{}
	for _, event := range log.events {
		kv := event.KV
		if !strings.HasPrefix(kv.Key, history.LeasePrefix) {
			continue
		}
		if !event.Delete {
			op, asked := wanted[kv.Key]
			if !asked || op.Value != kv.Value || op.Lease != kv.Lease || !op.Unknown && op.Revision != kv.Mod || kv.Version != 1 {
				r.violated(LeaseKeys, "nobody asked for %s", describe(event))
				continue
			}
			owner[kv.Key] = kv.Lease
			attached[kv.Lease]++
			continue
		}
		story := stories[owner[kv.Key]]
		if story == nil {
			r.violated(LeaseKeys, "%s: it was on no lease", describe(event))
			continue
		}
		if story.ended != 0 && story.ended != kv.Mod {
			r.violated(LeaseKeys, "%s, but its lease %x took other keys along at %d", describe(event), owner[kv.Key], story.ended)
		}
		story.ended = kv.Mod
		attached[owner[kv.Key]]--
	}
	for lease, left := range attached {
		if left != 0 {
			r.violated(LeaseKeys, "lease %x left %d keys behind", lease, left)
		}
	}
}

// checkTime sees that a lease whose keys are gone was revoked, or had its time after each renewal.
func checkTime(lease int64, story *leaseStory, known *known, r *Report) int {
	sort.Slice(story.ops, func(i, j int) bool { return story.ops[i].Start < story.ops[j].Start })
	renewals := 0
	for _, op := range story.ops {
		if op.Kind == history.Renew && !op.Unknown && !op.Gone {
			renewals++
		}
	}
	end := known.since(story.ended)
	for _, op := range story.ops {
		if op.Kind == history.Revoke && (story.ended == 0 || op.Start < end) {
			return renewals
		}
	}
	// A reply that the lease is gone tells as much as its keys being gone.
	for _, op := range story.ops {
		if op.Gone && op.Kind != history.Revoke && (story.ended == 0 || op.End < end) {
			end = op.End
			story.ended = max(story.ended, 1)
		}
	}
	if story.ended == 0 {
		return renewals
	}
	for _, op := range story.ops {
		lasts := op.Kind == history.Grant || op.Kind == history.Renew
		if op.Unknown || op.Gone || !lasts {
			continue
		}
		if earliest := op.Start + op.TTL*1e9; end < earliest {
			r.violated(LeaseEarly, "lease %x had ended by %s (revision %d), but the %s that began at %s and was answered at %s gave it %d s",
				lease, at(end), story.ended, op.Kind, at(op.Start), at(op.End), op.TTL)
		}
	}
	return renewals
}
