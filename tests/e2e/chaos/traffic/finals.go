package traffic

import (
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"pintle/tests/e2e/chaos/history"
)

// finals waits until no lease has a key any more, writes once more so that every watch has something
// to learn, and asks each member for all it has.
func (r *Run) finals(ctx context.Context) ([]history.Final, error) {
	any, err := r.connect(r.options.Endpoints)
	if err != nil {
		return nil, err
	}
	defer any.Close()
	err = eventually(ctx, "leases to end", func() (bool, error) {
		reply, err := any.Get(ctx, history.LeasePrefix, clientv3.WithPrefix(), clientv3.WithCountOnly())
		return err == nil && reply.Count == 0, err
	})
	if err != nil {
		return nil, err
	}
	op := history.Op{Kind: history.Put, Group: history.GroupPrefix + "end/", Client: r.options.Clients}
	var revision int64
	err = eventually(ctx, "the last write", func() (bool, error) {
		op.Key, op.Value = op.Group+"0", fmt.Sprintf("%d-%d", op.Client, r.now())
		op.Start = r.now()
		err := do(ctx, any, &op)
		op.End = r.now()
		op.Unknown = err != nil
		r.record(func(h *history.History) { h.Ops = append(h.Ops, op) })
		revision = op.Revision
		return err == nil, err
	})
	if err != nil {
		return nil, err
	}
	var finals []history.Final
	for _, endpoint := range r.options.Endpoints {
		final, err := r.final(ctx, endpoint, revision)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", endpoint, err)
		}
		finals = append(finals, final)
	}
	return finals, nil
}

// final asks one member for all events up to a revision, and for the hash there.
func (r *Run) final(ctx context.Context, endpoint string, revision int64) (history.Final, error) {
	final := history.Final{Endpoint: endpoint, Revision: revision}
	conn, err := r.connect([]string{endpoint})
	if err != nil {
		return final, err
	}
	defer conn.Close()
	err = eventually(ctx, "the hash", func() (bool, error) {
		reply, err := conn.HashKV(ctx, endpoint, revision)
		if err == nil {
			final.Hash, final.Compacted = reply.Hash, reply.CompactRevision
		}
		return err == nil, err
	})
	if err != nil {
		return final, err
	}
	// The member must hear of the newest revision from the others before it can tell of it.
	if _, err := conn.Get(ctx, history.GroupPrefix); err != nil {
		return final, err
	}
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	for got := range conn.Watch(watching, "\x00", clientv3.WithFromKey(), clientv3.WithRev(1)) {
		if err := got.Err(); err != nil {
			return final, err
		}
		for _, event := range got.Events {
			final.Events = append(final.Events, history.Event{KV: *pair(event.Kv), Delete: event.Type == clientv3.EventTypeDelete})
		}
		if len(final.Events) > 0 && final.Events[len(final.Events)-1].KV.Mod >= revision {
			return final, nil
		}
	}
	return final, fmt.Errorf("only %d events came", len(final.Events))
}

// eventually tries until a condition holds.
func eventually(ctx context.Context, what string, try func() (bool, error)) error {
	for {
		done, err := try()
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w (last error: %v)", what, ctx.Err(), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
