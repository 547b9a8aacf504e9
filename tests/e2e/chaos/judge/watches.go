package judge

import (
	"strings"

	"pintle/tests/e2e/chaos/history"
)

func checkWatches(h *history.History, log *eventLog, r *Report) {
	events, notices := 0, 0
	for i := range h.Watches {
		watch := &h.Watches[i]
		for _, response := range watch.Got {
			events += len(response.Events)
			if response.Progress {
				notices++
			}
		}
		if watch.Stuck {
			r.violated(WatchStuck, "watch %s did not come to revision %d", watch.Name, watch.Want)
		}
		if watch.Compacted != 0 {
			r.violated(WatchGap, "watch %s from %d was told that all before %d is compacted", watch.Name, watch.Start, watch.Compacted)
		}
		// The later checks make sense of what comes in order only.
		if !checkOrder(watch, r) {
			continue
		}
		checkGaps(watch, log, r)
		checkPrev(watch, log, r)
	}
	r.figure(WatchOrder, "%d watches, %d events", len(h.Watches), events)
	r.figure(WatchProgress, "%d notices", notices)
}

// checkOrder: by revision, each change once, a revision's changes together.
func checkOrder(watch *history.Watch, r *Report) bool {
	type change struct {
		key      string
		revision int64
	}
	sound := true
	seen := map[change]bool{}
	last := int64(0)
	for _, response := range watch.Got {
		for i, event := range response.Events {
			mod := event.KV.Mod
			switch {
			case seen[change{event.KV.Key, mod}]:
				r.violated(WatchOrder, "watch %s tells %s twice", watch.Name, describe(event))
				sound = false
			case mod < last:
				r.violated(WatchOrder, "watch %s tells %s after revision %d", watch.Name, describe(event), last)
				sound = false
			case mod == last && i == 0:
				r.violated(WatchOrder, "watch %s tells %s in another response than the rest of its revision", watch.Name, describe(event))
				sound = false
			}
			seen[change{event.KV.Key, mod}] = true
			last = max(last, mod)
		}
	}
	return sound
}

// checkGaps compares with the log: all that was wanted has been told, at the latest when the watch
// said that there is nothing else up to a revision.
func checkGaps(watch *history.Watch, log *eventLog, r *Report) {
	var want []history.Event
	for _, event := range log.since(watch.Start) {
		wanted := strings.HasPrefix(event.KV.Key, watch.Prefix) &&
			!(watch.NoDelete && event.Delete) && !(watch.NoPut && !event.Delete)
		if wanted {
			want = append(want, event)
		}
	}
	told := int64(0)
	for _, response := range watch.Got {
		for _, event := range response.Events {
			if len(want) == 0 || !same(want[0], event) {
				r.violated(WatchGap, "watch %s from %d tells %s, but next is %s", watch.Name, watch.Start, describe(event), next(want))
				return
			}
			if event.KV.Mod <= told {
				r.violated(WatchProgress, "watch %s tells %s after it had told that it is at %d", watch.Name, describe(event), told)
			}
			want = want[1:]
		}
		if !response.Progress {
			continue
		}
		told = max(told, response.Revision)
		if len(want) > 0 && want[0].KV.Mod <= response.Revision {
			r.violated(WatchProgress, "watch %s tells that it is at %d, but has not told %s", watch.Name, response.Revision, next(want))
		}
	}
}

func next(want []history.Event) string {
	if len(want) == 0 {
		return "nothing"
	}
	return describe(want[0])
}

func checkPrev(watch *history.Watch, log *eventLog, r *Report) {
	for _, response := range watch.Got {
		for _, event := range response.Events {
			var want *history.KV
			if watch.Prev {
				want = log.get(event.KV.Key, event.KV.Mod-1)
			}
			if !samePair(event.Prev, want) {
				r.violated(WatchPrev, "watch %s tells %s with %s before, which was %s", watch.Name, describe(event), pair(event.Prev), pair(want))
			}
		}
	}
}
