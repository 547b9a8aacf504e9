package judge

import (
	"math"
	"sort"

	"pintle/tests/e2e/chaos/history"
)

// known is what anybody knew, and when: that the store had come to a revision.
type known struct {
	at []int64 // in order
	// revision[i] is the newest that was known at at[i].
	revision []int64
}

func newKnown(h *history.History) *known {
	type seen struct{ at, revision int64 }
	var all []seen
	for _, op := range h.Ops {
		if !op.Unknown {
			all = append(all, seen{op.End, op.Revision})
		}
	}
	for _, op := range h.Leases {
		if !op.Unknown {
			all = append(all, seen{op.End, op.Revision})
		}
	}
	for _, watch := range h.Watches {
		for _, response := range watch.Got {
			revision := response.Revision
			if len(response.Events) > 0 {
				revision = max(revision, response.Events[len(response.Events)-1].KV.Mod)
			}
			all = append(all, seen{response.At, revision})
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].at < all[j].at })
	k := &known{}
	newest := int64(0)
	for _, s := range all {
		newest = max(newest, s.revision)
		k.at = append(k.at, s.at)
		k.revision = append(k.revision, newest)
	}
	return k
}

// before is the newest revision that was known before a time.
func (k *known) before(at int64) int64 {
	i := sort.Search(len(k.at), func(i int) bool { return k.at[i] >= at })
	if i == 0 {
		return 0
	}
	return k.revision[i-1]
}

// since is when a revision was known first.
func (k *known) since(revision int64) int64 {
	i := sort.Search(len(k.at), func(i int) bool { return k.revision[i] >= revision })
	if i == len(k.at) {
		return math.MaxInt64
	}
	return k.at[i]
}

// checkRealTime compares each request with all that was known before it began.
func checkRealTime(h *history.History, known *known, r *Report) {
	count := 0
	for _, op := range h.Ops {
		if op.Unknown || op.Kind == history.Stale {
			continue
		}
		count++
		before := known.before(op.Start)
		if op.Revision < before || changed(op) && op.Revision == before {
			r.violated(RealTime, "%s is at revision %d, but %d was known before it began", request(op), op.Revision, before)
		}
	}
	for _, op := range h.Leases {
		if op.Unknown || op.Gone || op.Kind != history.Attach {
			continue
		}
		count++
		if before := known.before(op.Start); op.Revision <= before {
			r.violated(RealTime, "%s attached to lease %x from %s to %s is at revision %d, but %d was known before it began",
				op.Key, op.Lease, at(op.Start), at(op.End), op.Revision, before)
		}
	}
	r.figure(RealTime, "%d requests", count)
}
