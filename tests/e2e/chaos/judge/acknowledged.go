package judge

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"pintle/tests/e2e/chaos/history"
)

// changed tells whether an acknowledged request changed the store.
func changed(op history.Op) bool {
	switch op.Kind {
	case history.Put, history.Both:
		return true
	case history.Delete:
		return op.Deleted > 0
	case history.Swap, history.Remove:
		return op.Succeeded
	}
	return false
}

// request describes a request for a violation.
func request(op history.Op) string {
	text := fmt.Sprintf("%s %s", op.Kind, op.Key)
	if op.Key == "" {
		text = fmt.Sprintf("%s %s", op.Kind, op.Group)
	}
	if op.Key2 != "" {
		text += "+" + op.Key2
	}
	if op.Value != "" {
		text += fmt.Sprintf("=%q", op.Value)
	}
	if op.Kind == history.Swap || op.Kind == history.Remove {
		text += fmt.Sprintf(" if at %d", op.Compare)
	}
	if op.Kind == history.Past {
		text += fmt.Sprintf(" at %d", op.At)
	}
	return fmt.Sprintf("%s by client %d from %s to %s", text, op.Client, at(op.Start), at(op.End))
}

func checkAcknowledged(h *history.History, log *eventLog, r *Report) {
	writes, reads := 0, 0
	for _, op := range h.Ops {
		switch {
		case op.Unknown:
		case changed(op):
			writes++
			acknowledgedWrite(op, log, r)
		default:
			reads++
			acknowledgedRead(op, log, r)
		}
	}
	r.figure(Acknowledged, "%d changes and %d reads", writes, reads)
}

// acknowledgedWrite sees that the log has the change, at its revision, and nothing else there.
func acknowledgedWrite(op history.Op, log *eventLog, r *Report) {
	var want []history.Event
	add := func(key string, isDelete bool) {
		event := history.Event{KV: history.KV{Key: key, Value: op.Value}, Delete: isDelete}
		if isDelete {
			event.KV.Value = ""
		}
		want = append(want, event)
	}
	switch op.Kind {
	case history.Put, history.Swap:
		add(op.Key, false)
	case history.Both:
		add(op.Key, false)
		add(op.Key2, false)
	case history.Delete, history.Remove:
		add(op.Key, true)
	}
	got := log.at(op.Revision)
	if len(got) != len(want) {
		r.violated(Acknowledged, "%s was acknowledged at %d, where the log has %d changes, not %d", request(op), op.Revision, len(got), len(want))
		return
	}
	for i := range want {
		if got[i].KV.Key != want[i].KV.Key || got[i].KV.Value != want[i].KV.Value || got[i].Delete != want[i].Delete {
			r.violated(Acknowledged, "%s was acknowledged at %d, where the log has %s", request(op), op.Revision, describe(got[i]))
			return
		}
	}
	before := log.get(op.Key, op.Revision-1)
	if op.PrevAsked && !samePair(op.Prev, before) {
		r.violated(Acknowledged, "%s at %d tells %s as the pair before, which was %s", request(op), op.Revision, pair(op.Prev), pair(before))
	}
	if op.Kind == history.Swap || op.Kind == history.Remove {
		if mod := modOf(before); mod != op.Compare {
			r.violated(Acknowledged, "%s at %d succeeded, but the key was at %d", request(op), op.Revision, mod)
		}
	}
}

// acknowledgedRead sees that the log makes the answer of the revision that the reply names.
func acknowledgedRead(op history.Op, log *eventLog, r *Report) {
	if op.Revision > log.revision {
		r.violated(Acknowledged, "%s is at revision %d, the log ends at %d", request(op), op.Revision, log.revision)
		return
	}
	var want []history.KV
	revision := op.Revision
	switch op.Kind {
	case history.List, history.Stale:
		want = log.list(op.Group, revision)
	case history.Past:
		want = log.list(op.Group, op.At)
	case history.Delete:
		if kv := log.get(op.Key, revision); kv != nil {
			r.violated(Acknowledged, "%s deleted nothing at %d, where there is %s", request(op), revision, pair(kv))
		}
		return
	default:
		if kv := log.get(op.Key, revision); kv != nil {
			want = append(want, *kv)
		}
		if (op.Kind == history.Swap || op.Kind == history.Remove) && modOf(log.get(op.Key, revision)) == op.Compare {
			r.violated(Acknowledged, "%s did not succeed at %d, but the key is at %d", request(op), revision, op.Compare)
		}
	}
	if !slices.Equal(op.KVs, want) {
		r.violated(Acknowledged, "%s at %d got %s, the log has %s", request(op), revision, pairs(op.KVs), pairs(want))
	}
}

// checkExplained finds the request behind every event. Unknown deletions can explain one event each.
func checkExplained(h *history.History, log *eventLog, known *known, r *Report) {
	type change struct{ key, value string }
	puts := map[change]history.Op{}
	deleted := map[int64]bool{}
	unknown := map[string][]history.Op{}
	for _, op := range h.Ops {
		switch op.Kind {
		case history.Put, history.Swap:
			puts[change{op.Key, op.Value}] = op
		case history.Both:
			puts[change{op.Key, op.Value}] = op
			puts[change{op.Key2, op.Value}] = op
		case history.Delete, history.Remove:
			if op.Unknown {
				unknown[op.Key] = append(unknown[op.Key], op)
			} else if changed(op) {
				deleted[op.Revision] = true
			}
		}
	}
	for _, ops := range unknown {
		sort.Slice(ops, func(i, j int) bool { return ops[i].Start < ops[j].Start })
	}
	resolved := 0
	seen := map[change]int64{}
	for _, event := range log.events {
		kv := event.KV
		if strings.HasPrefix(kv.Key, history.LeasePrefix) {
			continue
		}
		if event.Delete {
			// Events come by revision, so a request that began in time for one did for all after it.
			if candidates := unknown[kv.Key]; !deleted[kv.Mod] {
				if len(candidates) == 0 || candidates[0].Start > known.since(kv.Mod) {
					r.violated(Explained, "nobody asked for %s", describe(event))
					continue
				}
				resolved++
				unknown[kv.Key] = candidates[1:]
			}
			continue
		}
		key := change{kv.Key, kv.Value}
		op, asked := puts[key]
		first, again := seen[key]
		seen[key] = kv.Mod
		switch {
		case !asked:
			r.violated(Explained, "nobody asked for %s", describe(event))
		case again:
			r.violated(Explained, "%s was carried out at %d and again at %d", request(op), first, kv.Mod)
		case !op.Unknown && (!changed(op) || op.Revision != kv.Mod):
			r.violated(Explained, "%s was acknowledged at %d, but is in the log as %s", request(op), op.Revision, describe(event))
		case op.Start > known.since(kv.Mod):
			r.violated(Explained, "%s began at %s, but %d was known at %s", request(op), at(op.Start), kv.Mod, at(known.since(kv.Mod)))
		case op.Unknown:
			resolved++
		}
	}
	open := 0
	for _, op := range h.Ops {
		if op.Unknown {
			open++
		}
	}
	r.figure(Explained, "%d events; %d of %d requests in doubt were carried out", len(log.events), resolved, open)
}

func samePair(a, b *history.KV) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func modOf(kv *history.KV) int64 {
	if kv == nil {
		return 0
	}
	return kv.Mod
}

func pair(kv *history.KV) string {
	if kv == nil {
		return "nothing"
	}
	return fmt.Sprintf("%s=%q at %d (create %d, version %d, lease %x)", kv.Key, kv.Value, kv.Mod, kv.Create, kv.Version, kv.Lease)
}

func pairs(kvs []history.KV) string {
	texts := make([]string, len(kvs))
	for i := range kvs {
		texts[i] = pair(&kvs[i])
	}
	return "[" + strings.Join(texts, ", ") + "]"
}
