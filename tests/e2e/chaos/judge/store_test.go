package judge

import (
	"slices"
	"sort"
	"strings"

	"pintle/tests/e2e/chaos/history"
)

// store is an honest store in memory whose every request is written down. Tests spoil what it says.
type store struct {
	now      int64
	revision int64
	kvs      map[string]history.KV
	events   []history.Event
	history  history.History
}

const group0 = history.GroupPrefix + "00000/0/"

func newStore() *store { return &store{revision: 1, kvs: map[string]history.KV{}} }

// tick is a moment of its own.
func (s *store) tick() int64 {
	s.now += 1e6
	return s.now
}

func (s *store) get(key string) *history.KV {
	kv, there := s.kvs[key]
	if !there {
		return nil
	}
	return &kv
}

func (s *store) put(key, value string, lease int64) {
	kv := history.KV{Key: key, Value: value, Create: s.revision, Mod: s.revision, Version: 1, Lease: lease}
	if before := s.get(key); before != nil {
		kv.Create, kv.Version = before.Create, before.Version+1
	}
	s.events = append(s.events, history.Event{KV: kv, Prev: s.get(key)})
	s.kvs[key] = kv
}

func (s *store) remove(key string) {
	s.events = append(s.events, history.Event{KV: history.KV{Key: key, Mod: s.revision}, Delete: true, Prev: s.get(key)})
	delete(s.kvs, key)
}

func (s *store) begin(kind history.Kind, key string) history.Op {
	op := history.Op{Kind: kind, Group: group0, Key: group0 + key, Start: s.tick(), PrevAsked: true}
	if key == "" {
		op.Key = ""
	}
	return op
}

// carryOut does what a request asks for, and fills in the reply.
func (s *store) carryOut(op *history.Op) {
	before := s.get(op.Key)
	switch op.Kind {
	case history.Put, history.Both:
		s.revision++
		s.put(op.Key, op.Value, 0)
		if op.Kind == history.Both {
			s.put(op.Key2, op.Value, 0)
		}
		op.Prev = before
	case history.Delete:
		if before != nil {
			s.revision++
			s.remove(op.Key)
			op.Deleted, op.Prev = 1, before
		}
	case history.Swap, history.Remove:
		op.PrevAsked = false
		op.Succeeded = modOf(before) == op.Compare
		switch {
		case !op.Succeeded && before != nil:
			op.KVs = []history.KV{*before}
		case !op.Succeeded:
		case op.Kind == history.Swap:
			s.revision++
			s.put(op.Key, op.Value, 0)
		default:
			s.revision++
			s.remove(op.Key)
		}
	default:
		op.KVs = s.list(op.Key, op.Group)
	}
	op.Revision = s.revision
}

func (s *store) list(key, prefix string) []history.KV {
	var kvs []history.KV
	for _, kv := range s.kvs {
		if kv.Key == key || key == "" && strings.HasPrefix(kv.Key, prefix) {
			kvs = append(kvs, kv)
		}
	}
	sort.Slice(kvs, func(i, j int) bool { return kvs[i].Key < kvs[j].Key })
	return kvs
}

// end is the reply.
func (s *store) end(op history.Op) history.Op {
	op.End = s.tick()
	s.history.Ops = append(s.history.Ops, op)
	return op
}

// doubt is the reply that did not come.
func (s *store) doubt(op history.Op) {
	s.end(history.Op{
		Kind: op.Kind, Group: op.Group, Key: op.Key, Value: op.Value, Compare: op.Compare,
		Start: op.Start, Unknown: true,
	})
}

// do is a whole request.
func (s *store) do(kind history.Kind, key, value string, compare int64) history.Op {
	op := s.begin(kind, key)
	op.Value, op.Compare = value, compare
	if kind == history.Both {
		op.Key2 = group0 + "3"
	}
	s.carryOut(&op)
	return s.end(op)
}

func (s *store) lease(kind history.LeaseKind, key string) {
	op := history.LeaseOp{Kind: kind, Lease: 7, Start: s.tick(), TTL: 2}
	switch kind {
	case history.Attach:
		op.Key, op.Value = history.LeasePrefix+key, "7"
		s.revision++
		s.put(op.Key, op.Value, 7)
	case history.Revoke:
		s.expire()
	}
	op.Revision, op.End = s.revision, s.tick()
	s.history.Leases = append(s.history.Leases, op)
}

// expire ends the lease and its keys.
func (s *store) expire() {
	s.revision++
	for _, kv := range s.list("", history.LeasePrefix) {
		s.remove(kv.Key)
	}
}

// watched adds a watch that was told everything, and gives it to be spoiled.
func (s *store) watched(start int64) *history.Watch {
	watch := history.Watch{Name: "w", Prefix: history.GroupPrefix, Start: start, Prev: true}
	for i := 0; i < len(s.events); {
		mod := s.events[i].KV.Mod
		response := history.Response{At: s.tick(), Revision: mod}
		for ; i < len(s.events) && s.events[i].KV.Mod == mod; i++ {
			if mod >= start && strings.HasPrefix(s.events[i].KV.Key, watch.Prefix) {
				response.Events = append(response.Events, s.events[i])
			}
		}
		if len(response.Events) > 0 {
			watch.Got = append(watch.Got, response)
		}
	}
	watch.Got = append(watch.Got, history.Response{At: s.tick(), Revision: s.revision, Progress: true})
	s.history.Watches = append(s.history.Watches, watch)
	return &s.history.Watches[len(s.history.Watches)-1]
}

// finish asks three members, which are one.
func (s *store) finish() *history.History {
	for _, endpoint := range []string{"a", "b", "c"} {
		s.history.Finals = append(s.history.Finals, history.Final{
			Endpoint: endpoint, Revision: s.revision, Events: slices.Clone(s.events), Hash: 1, Compacted: -1,
		})
	}
	return &s.history
}
