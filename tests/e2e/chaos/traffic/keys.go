package traffic

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"pintle/tests/e2e/chaos/history"
)

const (
	// epoch is how long a set of groups is in use. A group's requests are judged together, which
	// must not be too many.
	epoch = 4 * time.Second
	// groups are in use at the same time.
	groups = 4
)

// keys makes requests to the groups of the day, one after the other.
func (r *Run) keys(client int, conn *clientv3.Client) {
	random := rand.New(rand.NewPCG(r.options.Seed, uint64(client)))
	pause := time.Second * time.Duration(r.options.Clients) / time.Duration(r.options.Rate)
	known := map[string]int64{} // mod revisions of keys that this client has seen
	last := int64(1)
	for count := 0; r.wait(time.Duration(random.Int64N(int64(2 * pause)))); count++ {
		op := draw(random, r.now(), known, last)
		op.Client = client
		if op.Value != "" {
			op.Value = fmt.Sprintf("%d-%d", client, count)
		}
		// The end of the run cuts no request off: its outcome would be in doubt for nothing.
		ctx, cancel := context.WithTimeout(context.Background(), r.options.Timeout)
		op.Start = r.now()
		err := do(ctx, conn, &op)
		op.End = r.now()
		cancel()
		if err != nil {
			r.failed(string(op.Kind), err)
			op.Unknown = true
			if !op.Kind.Writes() {
				continue
			}
		} else {
			last = max(last, op.Revision)
			learn(known, op)
			if op.Kind.Writes() {
				r.firstOnce.Do(func() { close(r.first) })
			}
		}
		r.record(func(h *history.History) { h.Ops = append(h.Ops, op) })
	}
}

// draw chooses a request.
func draw(random *rand.Rand, now int64, known map[string]int64, last int64) history.Op {
	op := history.Op{
		Group: fmt.Sprintf("%s%05d/%d/", history.GroupPrefix, now/int64(epoch), random.IntN(groups)),
	}
	first := random.IntN(history.GroupKeys)
	key := fmt.Sprintf("%s%d", op.Group, first)
	switch n := random.IntN(100); {
	case n < 25:
		op.Kind, op.Key, op.Value, op.PrevAsked = history.Put, key, "?", random.IntN(2) == 0
	case n < 32:
		op.Kind, op.Key, op.Value = history.Both, key, "?"
		op.Key2 = fmt.Sprintf("%s%d", op.Group, (first+1+random.IntN(history.GroupKeys-1))%history.GroupKeys)
	case n < 40:
		op.Kind, op.Key, op.PrevAsked = history.Delete, key, true
	case n < 60:
		op.Kind, op.Key, op.Value, op.Compare = history.Swap, key, "?", known[key]
	case n < 65 && known[key] > 0:
		op.Kind, op.Key, op.Compare = history.Remove, key, known[key]
	case n < 82:
		op.Kind, op.Key = history.Get, key
	case n < 92:
		op.Kind = history.List
	case n < 96:
		op.Kind = history.Stale
	default:
		op.Kind = history.Past
		op.At = max(1, last-random.Int64N(100))
	}
	return op
}

// do carries a request out and writes down the reply.
func do(ctx context.Context, conn *clientv3.Client, op *history.Op) error {
	switch op.Kind {
	case history.Put:
		var options []clientv3.OpOption
		if op.PrevAsked {
			options = append(options, clientv3.WithPrevKV())
		}
		reply, err := conn.Put(ctx, op.Key, op.Value, options...)
		if err != nil {
			return err
		}
		op.Revision, op.Prev = reply.Header.Revision, pair(reply.PrevKv)
	case history.Delete:
		reply, err := conn.Delete(ctx, op.Key, clientv3.WithPrevKV())
		if err != nil {
			return err
		}
		op.Revision, op.Deleted = reply.Header.Revision, reply.Deleted
		if len(reply.PrevKvs) > 0 {
			op.Prev = pair(reply.PrevKvs[0])
		}
	case history.Both:
		reply, err := conn.Txn(ctx).Then(clientv3.OpPut(op.Key, op.Value), clientv3.OpPut(op.Key2, op.Value)).Commit()
		if err != nil {
			return err
		}
		op.Revision = reply.Header.Revision
	case history.Swap, history.Remove:
		then := clientv3.OpDelete(op.Key)
		if op.Kind == history.Swap {
			then = clientv3.OpPut(op.Key, op.Value)
		}
		reply, err := conn.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(op.Key), "=", op.Compare)).
			Then(then).Else(clientv3.OpGet(op.Key)).Commit()
		if err != nil {
			return err
		}
		op.Revision, op.Succeeded = reply.Header.Revision, reply.Succeeded
		if !op.Succeeded {
			op.KVs = pairs(reply.Responses[0].GetResponseRange().Kvs)
		}
	case history.Get:
		return read(ctx, conn, op, op.Key)
	case history.List:
		return read(ctx, conn, op, op.Group, clientv3.WithPrefix())
	case history.Stale:
		return read(ctx, conn, op, op.Group, clientv3.WithPrefix(), clientv3.WithSerializable())
	case history.Past:
		return read(ctx, conn, op, op.Group, clientv3.WithPrefix(), clientv3.WithRev(op.At))
	}
	return nil
}

func read(ctx context.Context, conn *clientv3.Client, op *history.Op, key string, options ...clientv3.OpOption) error {
	reply, err := conn.Get(ctx, key, options...)
	if err != nil {
		return err
	}
	op.Revision, op.KVs = reply.Header.Revision, pairs(reply.Kvs)
	return nil
}

// learn keeps the mod revisions that a reply told, for comparisons. It is of use for one epoch only.
func learn(known map[string]int64, op history.Op) {
	if len(known) > 1000 {
		clear(known)
	}
	switch {
	case op.Kind == history.Put, op.Kind == history.Both, op.Kind == history.Swap && op.Succeeded:
		known[op.Key] = op.Revision
	case op.Kind == history.Delete, op.Kind == history.Remove && op.Succeeded:
		delete(known, op.Key)
	case op.Kind == history.Past, op.Kind == history.Stale:
	default:
		for _, kv := range op.KVs {
			known[kv.Key] = kv.Mod
		}
	}
}

func pair(kv *mvccpb.KeyValue) *history.KV {
	if kv == nil {
		return nil
	}
	return &history.KV{
		Key: string(kv.Key), Value: string(kv.Value), Create: kv.CreateRevision,
		Mod: kv.ModRevision, Version: kv.Version, Lease: kv.Lease,
	}
}

func pairs(kvs []*mvccpb.KeyValue) []history.KV {
	var all []history.KV
	for _, kv := range kvs {
		all = append(all, *pair(kv))
	}
	return all
}
