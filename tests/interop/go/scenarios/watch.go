package scenarios

import (
	"context"
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

var watch = []Scenario{
	{"watch-live", watchLive},
	{"watch-history", watchHistory},
	{"watch-future", watchFuture},
	{"watch-prev-kv", watchPrevKV},
	{"watch-filters", watchFilters},
	{"watch-txn-atomic", watchTxn},
	{"watch-range-bounds", watchBounds},
	{"watch-many-on-one-stream", watchMany},
	{"watch-cancel", watchCancel},
	{"watch-progress-request", watchProgress},
	{"watch-fragments", watchFragments},
	{"watch-compacted-then-resume", watchCompacted},
	{"watch-long-catch-up", watchCatchUp},
}

// next returns the next response of a watch, or ends the scenario.
func (t *T) next(ch clientv3.WatchChan) clientv3.WatchResponse {
	select {
	case resp, open := <-ch:
		if !open {
			t.Fatalf("the watch channel closed")
		}
		return resp
	case <-t.Done():
		t.Fatalf("no watch response")
	}
	panic("not reached")
}

// created starts a watch and waits until the server has confirmed it.
func (t *T) created(ctx context.Context, key string, opts ...clientv3.OpOption) clientv3.WatchChan {
	ch := t.Client.Watch(ctx, key, append(opts, clientv3.WithCreatedNotify())...)
	resp := t.next(ch)
	t.Equal(resp.Created, true, "the first response says created")
	t.Equal(len(resp.Events), 0, "events with created")
	return ch
}

// events collects n events, which may come in any number of responses.
func (t *T) events(ch clientv3.WatchChan, n int) []*clientv3.Event {
	var all []*clientv3.Event
	for len(all) < n {
		resp := t.next(ch)
		t.OK(resp.Err(), "watch")
		for _, event := range resp.Events {
			t.True(event.Kv.ModRevision <= resp.Header.Revision, "an event is newer than its header: %v", event)
		}
		all = append(all, resp.Events...)
	}
	t.Equal(len(all), n, "events")
	return all
}

// describe prints events as "PUT key=value@mod create/version", revisions relative to base.
func describe(events []*clientv3.Event, base int64) string {
	var all []string
	for _, event := range events {
		kv := event.Kv
		line := fmt.Sprintf("%s %s", event.Type, kv.Key)
		if event.Type == clientv3.EventTypePut {
			line += fmt.Sprintf("=%s@%d %d/%d", kv.Value, kv.ModRevision-base, kv.CreateRevision-base, kv.Version)
		} else {
			line += fmt.Sprintf("@%d", kv.ModRevision-base)
			if kv.CreateRevision != 0 || kv.Version != 0 || kv.Lease != 0 || len(kv.Value) != 0 {
				line += " with more than key and mod revision"
			}
		}
		all = append(all, line)
	}
	return strings.Join(all, ", ")
}

func watchLive(t *T) {
	base := t.Revision()
	ch := t.created(t, "w/live/", clientv3.WithPrefix())
	t.Put("w/live/a", "1")
	t.Put("w/live/a", "2")
	t.Put("w/other", "x")
	_, err := t.Client.Delete(t, "w/live/a")
	t.OK(err, "delete")
	t.Put("w/live/a", "3")
	t.Equal(describe(t.events(ch, 4), base),
		"PUT w/live/a=1@1 1/1, PUT w/live/a=2@2 1/2, DELETE w/live/a@4, PUT w/live/a=3@5 5/1", "events")
}

func watchHistory(t *T) {
	base := t.Put("w/hist/a", "0")
	t.Put("w/hist/a", "1")
	t.Put("w/hist/b", "1")
	_, err := t.Client.Delete(t, "w/hist/", clientv3.WithPrefix())
	t.OK(err, "delete")
	ch := t.Client.Watch(t, "w/hist/", clientv3.WithPrefix(), clientv3.WithRev(base+1))
	t.Equal(describe(t.events(ch, 4), base),
		"PUT w/hist/a=1@1 0/2, PUT w/hist/b=1@2 2/1, DELETE w/hist/a@3, DELETE w/hist/b@3", "history")
	t.Put("w/hist/c", "1")
	t.Equal(describe(t.events(ch, 1), base), "PUT w/hist/c=1@4 4/1", "live after history")
}

func watchFuture(t *T) {
	base := t.Revision()
	ch := t.created(t, "w/fut", clientv3.WithRev(base+3))
	t.Put("w/fut", "1")
	t.Put("w/fut", "2")
	t.Put("w/fut", "3")
	t.Put("w/fut", "4")
	t.Equal(describe(t.events(ch, 2), base), "PUT w/fut=3@3 1/3, PUT w/fut=4@4 1/4", "events from the future revision")
}

func watchPrevKV(t *T) {
	ch := t.created(t, "w/prev", clientv3.WithPrevKV())
	first := t.Put("w/prev", "1")
	t.Put("w/prev", "2")
	_, err := t.Client.Delete(t, "w/prev")
	t.OK(err, "delete")
	events := t.events(ch, 3)
	t.True(events[0].PrevKv == nil, "a create has a previous pair: %v", events[0].PrevKv)
	t.Equal(events[0].IsCreate(), true, "create")
	t.Equal(events[1].PrevKv.Value, "1", "previous value of the put")
	t.Equal(events[1].PrevKv.ModRevision, first, "previous mod revision of the put")
	t.Equal(events[1].IsModify(), true, "modify")
	t.Equal(events[2].PrevKv.Value, "2", "previous value of the delete")
	t.Equal(events[2].PrevKv.Version, 2, "previous version of the delete")
}

func watchFilters(t *T) {
	base := t.Revision()
	puts := t.created(t, "w/filter", clientv3.WithFilterDelete())
	deletes := t.created(t, "w/filter", clientv3.WithFilterPut())
	t.Put("w/filter", "1")
	_, err := t.Client.Delete(t, "w/filter")
	t.OK(err, "delete")
	t.Put("w/filter", "2")
	_, err = t.Client.Delete(t, "w/filter")
	t.OK(err, "delete")
	t.Equal(describe(t.events(puts, 2), base), "PUT w/filter=1@1 1/1, PUT w/filter=2@3 3/1", "puts only")
	t.Equal(describe(t.events(deletes, 2), base), "DELETE w/filter@2, DELETE w/filter@4", "deletes only")
}

func watchTxn(t *T) {
	base := t.Revision()
	ch := t.created(t, "w/txn/", clientv3.WithPrefix())
	_, err := t.Client.Txn(t).Then(
		clientv3.OpPut("w/txn/b", "1"), clientv3.OpPut("w/txn/a", "1"), clientv3.OpPut("w/txn/c", "1"),
	).Commit()
	t.OK(err, "txn")
	resp := t.next(ch)
	t.Equal(describe(resp.Events, base),
		"PUT w/txn/b=1@1 1/1, PUT w/txn/a=1@1 1/1, PUT w/txn/c=1@1 1/1", "one response, in the txn's order")
}

func watchBounds(t *T) {
	base := t.Revision()
	ch := t.created(t, "w/bound/b", clientv3.WithRange("w/bound/d"))
	from := t.created(t, "w/bound/c", clientv3.WithFromKey())
	for _, name := range []string{"a", "b", "c", "d"} {
		t.Put("w/bound/"+name, "1")
	}
	t.Equal(describe(t.events(ch, 2), base), "PUT w/bound/b=1@2 2/1, PUT w/bound/c=1@3 3/1", "half-open range")
	t.Equal(describe(t.events(from, 2), base), "PUT w/bound/c=1@3 3/1, PUT w/bound/d=1@4 4/1", "from key")
}

func watchMany(t *T) {
	const n = 200
	base := t.Revision()
	var channels []clientv3.WatchChan
	for i := 0; i < n; i++ {
		channels = append(channels, t.created(t, fmt.Sprintf("w/many/%03d", i)))
	}
	for i := n - 1; i >= 0; i-- {
		t.Put(fmt.Sprintf("w/many/%03d", i), "1")
	}
	for i, ch := range channels {
		want := fmt.Sprintf("PUT w/many/%03d=1@%d %d/1", i, n-i, n-i)
		t.Equal(describe(t.events(ch, 1), base), want, "event of one of many watches")
	}
}

func watchCancel(t *T) {
	ctx, cancel := context.WithCancel(t)
	defer cancel()
	gone := t.created(ctx, "w/cancel")
	stays := t.created(t, "w/cancel")
	cancel()
	for open := true; open; {
		select {
		case _, open = <-gone:
		case <-t.Done():
			t.Fatalf("a cancelled watch stays open")
		}
	}
	base := t.Put("w/cancel", "1")
	t.Equal(describe(t.events(stays, 1), base), "PUT w/cancel=1@0 0/1", "the other watch of the stream")
}

func watchProgress(t *T) {
	ch := t.created(t, "w/progress")
	want := t.Put("w/elsewhere", "1")
	// A request is answered only when all watches of the stream have caught up, so it is made again.
	t.Eventually(func() bool {
		t.OK(t.Client.RequestProgress(t), "request progress")
		select {
		case resp := <-ch:
			t.True(resp.IsProgressNotify(), "not a progress response: %v", resp)
			return resp.Header.Revision >= want
		default:
			return false
		}
	}, "a progress response at the current revision")
}

func watchFragments(t *T) {
	ch := t.created(t, "w/fragment/", clientv3.WithPrefix(), clientv3.WithFragment())
	value := strings.Repeat("x", 100_000)
	var ops []clientv3.Op
	for i := 0; i < 10; i++ {
		ops = append(ops, clientv3.OpPut(fmt.Sprintf("w/fragment/%d", i), value))
	}
	for i := 0; i < 3; i++ {
		_, err := t.Client.Txn(t).Then(ops...).Commit()
		t.OK(err, "txn of 1 MB")
	}
	// The client joins the fragments again: a txn's events must still come in one response.
	for seen := 0; seen < 30; {
		resp := t.next(ch)
		t.Equal(len(resp.Events)%10, 0, "events of whole txns")
		seen += len(resp.Events)
	}
	_, err := t.Client.Delete(t, "w/fragment/", clientv3.WithPrefix())
	t.OK(err, "delete")
}

func watchCompacted(t *T) {
	first := t.Put("w/compact", "1")
	t.Put("w/compact", "2")
	t.Put("w/compact", "3")
	_, err := t.Client.Compact(t, first+2)
	t.OK(err, "compact")

	ch := t.Client.Watch(t, "w/compact", clientv3.WithRev(first))
	resp := t.next(ch)
	t.ErrorIs(resp.Err(), rpctypes.ErrCompacted, "watch from a compacted revision")
	t.Equal(resp.Canceled, true, "canceled")
	t.Equal(resp.CompactRevision, first+2, "compact revision")
	if _, open := <-ch; open {
		t.Fatalf("the channel of a compacted watch stays open")
	}

	ch = t.Client.Watch(t, "w/compact", clientv3.WithRev(resp.CompactRevision))
	t.Put("w/compact", "4")
	t.Equal(describe(t.events(ch, 2), first), "PUT w/compact=3@2 0/3, PUT w/compact=4@3 0/4", "resumed at the compact revision")
}

func watchCatchUp(t *T) {
	const n = 3000
	base := t.Revision()
	for i := 0; i < n; i += 100 {
		// One revision each, quickly: the catch-up must not join or drop any.
		done := make(chan error, 100)
		for j := 0; j < 100; j++ {
			go func() {
				_, err := t.Client.Put(t, "w/long", "v")
				done <- err
			}()
		}
		for j := 0; j < 100; j++ {
			t.OK(<-done, "put")
		}
	}
	ch := t.Client.Watch(t, "w/long", clientv3.WithRev(base+1))
	for i, event := range t.events(ch, n) {
		t.Equal(event.Kv.ModRevision, base+1+int64(i), "mod revision in a long catch-up")
		t.Equal(event.Kv.Version, i+1, "version in a long catch-up")
	}
}
