package judge

import (
	"fmt"
	"sort"
	"strings"

	"pintle/tests/e2e/chaos/history"
)

// eventLog is all that ever changed, as the members told it at the end.
type eventLog struct {
	events   []history.Event
	revision int64
	// from[r] is where the events of revision r begin; from[revision+1] is the end.
	from []int
	// versions has, for each key, what became of it at each revision that changed it; nil: deleted.
	versions map[string][]version
	// keys are all that ever were, in order.
	keys []string
}

type version struct {
	revision int64
	kv       *history.KV
}

// newLog takes the log from the members' word and checks it; none if it is of no use.
func newLog(h *history.History, r *Report) *eventLog {
	if len(h.Finals) == 0 {
		r.violated(Complete, "no member told its log")
		return nil
	}
	base := h.Finals[0]
	whole := true
	for _, other := range h.Finals[1:] {
		if difference := differ(base, other); difference != "" {
			r.violated(Complete, "%s and %s tell different logs: %s", base.Endpoint, other.Endpoint, difference)
			whole = false
		}
	}
	if !whole {
		return nil
	}
	log := &eventLog{events: base.Events, revision: base.Revision, versions: map[string][]version{}}
	if !log.index(r) {
		return nil
	}
	r.figure(Complete, "%d revisions, %d events, told alike by %d members", log.revision, len(log.events), len(h.Finals))
	return log
}

func differ(a, b history.Final) string {
	for i := range min(len(a.Events), len(b.Events)) {
		if !same(a.Events[i], b.Events[i]) {
			return fmt.Sprintf("event %d is %s and %s", i, describe(a.Events[i]), describe(b.Events[i]))
		}
	}
	if len(a.Events) != len(b.Events) || a.Revision != b.Revision {
		return fmt.Sprintf("%d events up to revision %d, and %d up to %d", len(a.Events), a.Revision, len(b.Events), b.Revision)
	}
	return ""
}

// index replays the log: revisions follow on each other, and so does what they make of the keys.
func (l *eventLog) index(r *Report) bool {
	sound := true
	bad := func(event history.Event, format string, args ...any) {
		r.violated(Complete, "%s: %s", describe(event), fmt.Sprintf(format, args...))
		sound = false
	}
	l.from = make([]int, l.revision+2)
	last := int64(1)
	for i, event := range l.events {
		kv := event.KV
		switch {
		case kv.Mod == last && i > 0:
		case kv.Mod == last+1 && kv.Mod <= l.revision:
			last = kv.Mod
			l.from[last] = i
		default:
			bad(event, "its revision follows on %d, of %d", last, l.revision)
			return false
		}
		before := l.latest(kv.Key)
		versions := l.versions[kv.Key]
		if len(versions) > 0 && versions[len(versions)-1].revision == kv.Mod {
			bad(event, "its revision changes this key before")
		}
		if event.Delete {
			if before == nil {
				bad(event, "there was no such key")
			}
			l.versions[kv.Key] = append(versions, version{kv.Mod, nil})
			continue
		}
		create, count := kv.Mod, int64(1)
		if before != nil {
			create, count = before.Create, before.Version+1
		}
		if kv.Create != create || kv.Version != count {
			bad(event, "it must be created at %d and be version %d", create, count)
		}
		l.versions[kv.Key] = append(versions, version{kv.Mod, &l.events[i].KV})
	}
	if last != l.revision && l.revision > 1 {
		r.violated(Complete, "the last event is of revision %d, the store is at %d", last, l.revision)
		return false
	}
	l.from[l.revision+1] = len(l.events)
	for key := range l.versions {
		l.keys = append(l.keys, key)
	}
	sort.Strings(l.keys)
	return sound
}

func (l *eventLog) latest(key string) *history.KV {
	versions := l.versions[key]
	if len(versions) == 0 {
		return nil
	}
	return versions[len(versions)-1].kv
}

// at are the events of one revision.
func (l *eventLog) at(revision int64) []history.Event {
	if revision < 2 || revision > l.revision {
		return nil
	}
	return l.events[l.from[revision]:l.from[revision+1]]
}

// since are the events from a revision on.
func (l *eventLog) since(revision int64) []history.Event {
	if revision > l.revision {
		return nil
	}
	return l.events[l.from[max(revision, 2)]:]
}

// get is a key as it was at a revision; nil: it was not there.
func (l *eventLog) get(key string, revision int64) *history.KV {
	versions := l.versions[key]
	after := sort.Search(len(versions), func(i int) bool { return versions[i].revision > revision })
	if after == 0 {
		return nil
	}
	return versions[after-1].kv
}

// list are the keys with a prefix as they were at a revision.
func (l *eventLog) list(prefix string, revision int64) []history.KV {
	var found []history.KV
	for i := sort.SearchStrings(l.keys, prefix); i < len(l.keys) && strings.HasPrefix(l.keys[i], prefix); i++ {
		if kv := l.get(l.keys[i], revision); kv != nil {
			found = append(found, *kv)
		}
	}
	return found
}

func same(a, b history.Event) bool { return a.KV == b.KV && a.Delete == b.Delete }

func describe(event history.Event) string {
	if event.Delete {
		return fmt.Sprintf("%d: delete %s", event.KV.Mod, event.KV.Key)
	}
	return fmt.Sprintf("%d: put %s=%q (create %d, version %d, lease %x)",
		event.KV.Mod, event.KV.Key, event.KV.Value, event.KV.Create, event.KV.Version, event.KV.Lease)
}

func checkHashes(h *history.History, r *Report) {
	base := h.Finals[0]
	for _, other := range h.Finals[1:] {
		if base.Hash != other.Hash || base.Compacted != other.Compacted {
			r.violated(Hash, "at revision %d %s has hash %d (compacted %d), %s has %d (%d)", base.Revision,
				base.Endpoint, base.Hash, base.Compacted, other.Endpoint, other.Hash, other.Compacted)
		}
	}
	r.figure(Hash, "%d members have hash %d at revision %d", len(h.Finals), base.Hash, base.Revision)
}
