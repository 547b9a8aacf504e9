package traffic

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"pintle/tests/e2e/chaos/history"
)

const (
	// askEvery is how often long watches are asked how far they have come.
	askEvery = 700 * time.Millisecond
	// shortEvery is how often a short watch begins: in the past, or in the future.
	shortEvery = 300 * time.Millisecond
	// shortFor is how long it goes on at most.
	shortFor = 2 * time.Second
)

// watches are those of the whole run, and short ones in between.
type watches struct {
	run    *Run
	ctx    context.Context // ends the watches, which is later than the requests
	cancel context.CancelFunc
	going  sync.WaitGroup
	// told is how far each long watch has come.
	mutex sync.Mutex
	told  map[string]int64
	all   []*history.Watch
}

func newWatches(run *Run) *watches {
	ctx, cancel := context.WithCancel(context.Background())
	return &watches{run: run, ctx: ctx, cancel: cancel, told: map[string]int64{}}
}

// start opens one long watch to each member, and two to whoever answers, of which one wants a leader.
func (w *watches) start() error {
	all := w.run.options.Endpoints
	begin := func(name, prefix string, endpoints []string, leader bool) error {
		conn, err := w.run.connect(endpoints)
		if err != nil {
			return err
		}
		w.going.Go(func() {
			defer conn.Close()
			w.long(conn, name, prefix, leader)
		})
		return nil
	}
	var failed error
	for i, endpoint := range all {
		if err := begin(fmt.Sprintf("member-%d", i), history.GroupPrefix, []string{endpoint}, false); err != nil {
			failed = err
		}
	}
	for _, err := range []error{
		begin("any", history.GroupPrefix, all, false),
		begin("leader", history.GroupPrefix, all, true),
		begin("leases", history.LeasePrefix, all, false),
	} {
		if err != nil {
			failed = err
		}
	}
	conn, err := w.run.connect(all)
	if err != nil {
		return err
	}
	w.going.Go(func() {
		defer conn.Close()
		w.short(conn)
	})
	return failed
}

// end waits until every long watch has come to a revision, and closes all.
func (w *watches) end(ctx context.Context, revision int64) {
	for {
		stuck := w.behind(revision)
		if len(stuck) == 0 {
			break
		}
		select {
		case <-time.After(20 * time.Millisecond):
			continue
		case <-ctx.Done():
		}
		for _, name := range stuck {
			w.run.record(func(h *history.History) {
				h.Watches = append(h.Watches, history.Watch{Name: name, Stuck: true, Want: revision})
			})
		}
		break
	}
	w.cancel()
	w.going.Wait()
	for _, watch := range w.all {
		w.run.history.Watches = append(w.run.history.Watches, *watch)
	}
}

// behind are the long watches which have not been told all up to a revision.
func (w *watches) behind(revision int64) []string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	var names []string
	for name, told := range w.told {
		if told < revision {
			names = append(names, name)
		}
	}
	return names
}

// long watches from revision 1 on to the end of the run. A watch that ends is taken up where it was.
func (w *watches) long(conn *clientv3.Client, name, prefix string, leader bool) {
	next := int64(1)
	w.tell(name, 0)
	for attempt := 0; w.ctx.Err() == nil; attempt++ {
		ctx, cancel := context.WithCancel(w.ctx)
		if leader {
			ctx = clientv3.WithRequireLeader(ctx)
		}
		watch := w.add(history.Watch{
			Name: fmt.Sprintf("%s-%d", name, attempt), Prefix: prefix, Start: next, Prev: true,
		})
		channel := conn.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithPrevKV(), clientv3.WithRev(next), clientv3.WithProgressNotify())
		w.follow(ctx, conn, watch, channel, func(told int64) {
			next = max(next, told+1)
			w.tell(name, told)
		})
		cancel()
		select {
		case <-w.ctx.Done():
		case <-time.After(100 * time.Millisecond): // a member that is down refuses at once
		}
	}
}

// follow writes down what comes until the watch ends, and asks for progress from time to time.
func (w *watches) follow(ctx context.Context, conn *clientv3.Client, watch *history.Watch, channel clientv3.WatchChan, told func(int64)) {
	ask := time.NewTicker(askEvery)
	defer ask.Stop()
	for {
		select {
		case <-ask.C:
			asking, cancel := context.WithTimeout(ctx, askEvery)
			// It fails while there is no connection; the next may not.
			_ = conn.RequestProgress(asking)
			cancel()
		case got, open := <-channel:
			if !open {
				return
			}
			at := w.run.now()
			if got.CompactRevision != 0 {
				watch.Compacted = got.CompactRevision
			}
			if got.Err() != nil {
				return
			}
			response := history.Response{At: at, Revision: got.Header.Revision, Progress: got.IsProgressNotify()}
			for _, event := range got.Events {
				response.Events = append(response.Events, history.Event{
					KV: *pair(event.Kv), Delete: event.Type == clientv3.EventTypeDelete, Prev: pair(event.PrevKv),
				})
				told(event.Kv.ModRevision)
			}
			if response.Progress {
				told(response.Revision)
			}
			watch.Got = append(watch.Got, response)
		}
	}
}

// short opens watches one after the other that begin in the past or in the future, with filters or
// without, and closes them soon.
func (w *watches) short(conn *clientv3.Client) {
	random := rand.New(rand.NewPCG(w.run.options.Seed, 2000))
	for count := 0; ; count++ {
		select {
		case <-w.run.ctx.Done():
			return
		case <-time.After(shortEvery):
		}
		start := max(1, w.newest()-random.Int64N(300)+random.Int64N(150))
		watch := w.add(history.Watch{
			Name: fmt.Sprintf("short-%d", count), Prefix: history.GroupPrefix, Start: start,
			Prev: random.IntN(2) == 0, NoPut: random.IntN(4) == 0, NoDelete: random.IntN(4) == 0,
		})
		options := []clientv3.OpOption{clientv3.WithPrefix(), clientv3.WithRev(start)}
		if watch.Prev {
			options = append(options, clientv3.WithPrevKV())
		}
		if watch.NoPut {
			options = append(options, clientv3.WithFilterPut())
		}
		if watch.NoDelete {
			options = append(options, clientv3.WithFilterDelete())
		}
		ctx, cancel := context.WithTimeout(w.ctx, shortFor)
		enough := start + 200 + random.Int64N(100)
		w.follow(ctx, conn, watch, conn.Watch(ctx, history.GroupPrefix, options...), func(told int64) {
			if told >= enough {
				cancel()
			}
		})
		cancel()
	}
}

func (w *watches) add(watch history.Watch) *history.Watch {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.all = append(w.all, &watch)
	return &watch
}

func (w *watches) tell(name string, told int64) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.told[name] = max(w.told[name], told)
}

// newest is how far the watch furthest ahead has come.
func (w *watches) newest() int64 {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	newest := int64(1)
	for _, told := range w.told {
		newest = max(newest, told)
	}
	return newest
}
