package judge

import (
	"fmt"
	"math"
	"sort"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"pintle/tests/e2e/chaos/history"
)

// porcupineLimit is how long porcupine may look; it takes seconds.
const porcupineLimit = 5 * time.Minute

// slot is one key of a group, as porcupine's model knows it.
type slot struct {
	value string
	mod   int64 // 0: not there
}

// group is the state of the keys that are used together: no request names keys of two groups, so
// each group is judged alone. Keys of a group end in 0, 1, 2, 3.
type group struct {
	slots [history.GroupKeys]slot
	// revision is the newest that a request of this group was answered with.
	revision int64
}

// model is etcd's key space, as far as one group sees it. Outcomes that nobody knows are no obstacle:
// a request in doubt returns never, and what it does is a matter of the state alone.
var model = porcupine.Model{
	Init: func() any { return group{} },
	Step: func(state, input, output any) (bool, any) {
		return state.(group).step(input.(*history.Op))
	},
	DescribeOperation: func(input, output any) string {
		op := input.(*history.Op)
		if op.Unknown {
			return request(*op) + ": ?"
		}
		return fmt.Sprintf("%s: at %d %v %d %s", request(*op), op.Revision, op.Succeeded, op.Deleted, pairs(op.KVs))
	},
	DescribeState: func(state any) string { return fmt.Sprint(state) },
}

func (g group) step(op *history.Op) (bool, group) {
	first, second := slotOf(op.Key), slotOf(op.Key2)
	if op.Unknown {
		return g.stepUnknown(op, first, second)
	}
	if op.Revision < g.revision || changed(*op) && op.Revision == g.revision {
		return false, g
	}
	before := g.slots
	g.revision = op.Revision
	switch op.Kind {
	case history.Put, history.Both:
		g.slots[first] = slot{op.Value, op.Revision}
		if op.Kind == history.Both {
			g.slots[second] = slot{op.Value, op.Revision}
		}
		return !op.PrevAsked || fits(before[first], op.Prev), g
	case history.Delete:
		g.slots[first] = slot{}
		return op.Deleted == min(before[first].mod, 1) && fits(before[first], op.Prev), g
	case history.Swap, history.Remove:
		if op.Succeeded != (before[first].mod == op.Compare) {
			return false, g
		}
		if !op.Succeeded {
			return g.read(op, first), g
		}
		g.slots[first] = slot{}
		if op.Kind == history.Swap {
			g.slots[first] = slot{op.Value, op.Revision}
		}
		return true, g
	}
	return g.read(op, first), g
}

// stepUnknown does what a request in doubt does when it is carried out. For a write op.Revision was
// taken from the log, by its value; those that the log does not have are not asked here.
func (g group) stepUnknown(op *history.Op, first, second int) (bool, group) {
	if op.Kind == history.Swap || op.Kind == history.Remove {
		if g.slots[first].mod != op.Compare {
			return op.Kind == history.Remove, g
		}
	}
	if op.Kind == history.Delete || op.Kind == history.Remove {
		g.slots[first] = slot{}
		return true, g
	}
	if op.Revision <= g.revision {
		return false, g
	}
	g.revision = op.Revision
	g.slots[first] = slot{op.Value, op.Revision}
	if op.Kind == history.Both {
		g.slots[second] = slot{op.Value, op.Revision}
	}
	return true, g
}

// read tells whether an answer is what the state has.
func (g group) read(op *history.Op, key int) bool {
	asked := g.slots[:]
	if op.Kind != history.List {
		asked = asked[key : key+1]
	}
	found := op.KVs
	for _, s := range asked {
		if s.mod == 0 {
			continue
		}
		if len(found) == 0 || !fits(s, &found[0]) {
			return false
		}
		found = found[1:]
	}
	return len(found) == 0
}

func fits(s slot, kv *history.KV) bool {
	if kv == nil {
		return s.mod == 0
	}
	return s == slot{kv.Value, kv.Mod}
}

// slotOf is the number at the end of a key.
func slotOf(key string) int {
	if key == "" {
		return 0
	}
	return int(key[len(key)-1]-'0') % history.GroupKeys
}

func checkLinearizable(h *history.History, log *eventLog, known *known, r *Report) {
	groups := operations(h, log, known)
	names := make([]string, 0, len(groups))
	for name := range groups {
		names = append(names, name)
	}
	sort.Strings(names)
	deadline := time.Now().Add(porcupineLimit)
	count, longest := 0, 0
	for _, name := range names {
		count += len(groups[name])
		longest = max(longest, len(groups[name]))
		left := max(time.Until(deadline), time.Second)
		switch porcupine.CheckOperationsTimeout(model, groups[name], left) {
		case porcupine.Illegal:
			r.violated(Linearizable, "the requests to %s have no order%s", name, around(groups[name]))
		case porcupine.Unknown:
			r.violated(Linearizable, "no verdict on the %d requests to %s in time", len(groups[name]), name)
		}
	}
	r.figure(Linearizable, "%d requests to %d groups, %d to one at most", count, len(groups), longest)
}

// operations are the requests of each group that porcupine is asked about.
func operations(h *history.History, log *eventLog, known *known) map[string][]porcupine.Operation {
	carriedOut := map[string]int64{}
	for _, event := range log.events {
		if _, before := carriedOut[event.KV.Value]; !event.Delete && !before {
			carriedOut[event.KV.Value] = event.KV.Mod
		}
	}
	groups := map[string][]porcupine.Operation{}
	for i := range h.Ops {
		op := h.Ops[i]
		end := op.End
		switch {
		case op.Kind == history.Stale || op.Kind == history.Past:
			continue // these are not asked for what is new
		case op.Unknown && op.Value != "":
			revision, done := carriedOut[op.Value]
			if !done {
				continue
			}
			op.Revision = revision
			end = max(known.since(revision), op.Start)
		case op.Unknown:
			end = math.MaxInt64
		}
		groups[op.Group] = append(groups[op.Group], porcupine.Operation{
			ClientId: op.Client, Input: &op, Call: op.Start, Return: end,
		})
	}
	return groups
}

// around tells the shortest beginning of a history that has no order, which ends with the request
// that does not fit.
func around(all []porcupine.Operation) string {
	byEnd := append([]porcupine.Operation{}, all...)
	sort.Slice(byEnd, func(i, j int) bool { return byEnd[i].Return < byEnd[j].Return })
	// What had not returned by then may still be in it, but has told nothing yet.
	illegal := func(n int) bool {
		var seen []porcupine.Operation
		for i, operation := range byEnd {
			op := *operation.Input.(*history.Op)
			if i >= n {
				if operation.Call > byEnd[n-1].Return || !op.Kind.Writes() {
					continue
				}
				operation.Return = math.MaxInt64
				if !op.Unknown && !changed(op) {
					continue
				}
			}
			seen = append(seen, operation)
		}
		return porcupine.CheckOperationsTimeout(model, seen, 10*time.Second) == porcupine.Illegal
	}
	n := sort.Search(len(byEnd), func(n int) bool { return n > 0 && illegal(n) })
	var text strings.Builder
	for i := max(0, n-5); i < min(n, len(byEnd)); i++ {
		text.WriteString("\n    " + model.DescribeOperation(byEnd[i].Input, nil))
	}
	return text.String()
}
