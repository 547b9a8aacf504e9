// Package traffic loads a cluster as clients do, through etcd's official client, and writes down
// what it saw.
package traffic

import (
	"context"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"pintle/tests/e2e/chaos/history"
)

// Options say what to load, and how.
type Options struct {
	// Endpoints are one address for each member.
	Endpoints []string
	Seed      uint64
	// Clients that read and write keys of groups.
	Clients int
	// Rate is how many requests they make together in a second, at most.
	Rate int
	// Timeout of one request.
	Timeout time.Duration
	// Strict: no request may fail. Every client knows all members and is as the client's makers
	// set it, and retries only what it retries by itself.
	Strict bool
}

// Run is traffic under way.
type Run struct {
	options Options
	begun   time.Time
	ctx     context.Context // ends the requests
	stop    context.CancelFunc
	workers sync.WaitGroup

	mutex   sync.Mutex
	history history.History
	// first is closed when the first write was acknowledged.
	first     chan struct{}
	firstOnce sync.Once

	watches *watches
}

// Start makes the clients and sets them going.
func Start(options Options) (*Run, error) {
	ctx, stop := context.WithCancel(context.Background())
	run := &Run{options: options, begun: time.Now(), ctx: ctx, stop: stop, first: make(chan struct{})}
	for client := range options.Clients {
		conn, err := run.connect(run.endpointsOf(client))
		if err != nil {
			return nil, err
		}
		run.work(conn, func() { run.keys(client, conn) })
	}
	for client := range leaseClients {
		conn, err := run.connect(options.Endpoints)
		if err != nil {
			return nil, err
		}
		run.work(conn, func() { run.leases(client, conn) })
	}
	run.watches = newWatches(run)
	return run, run.watches.start()
}

// Begun waits for the first acknowledged write.
func (r *Run) Begun(limit time.Duration) error {
	select {
	case <-r.first:
		return nil
	case <-time.After(limit):
		return fmt.Errorf("no write was acknowledged within %s", limit)
	}
}

// Mark writes a note in the margin of the history.
func (r *Run) Mark(text string) {
	r.record(func(h *history.History) {
		h.Marks = append(h.Marks, history.Mark{At: r.now(), Text: text})
	})
}

// End stops all requests, waits until leases are gone and watches have caught up, and asks every
// member what it has.
func (r *Run) End(limit time.Duration) (*history.History, error) {
	r.stop()
	r.workers.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	finals, err := r.finals(ctx)
	if err != nil {
		return nil, err
	}
	r.watches.end(ctx, finals[0].Revision)
	r.history.Finals = finals
	return &r.history, nil
}

func (r *Run) work(conn *clientv3.Client, work func()) {
	r.workers.Go(func() {
		defer conn.Close()
		work()
	})
}

// endpointsOf: every other client knows one member only, so that each member is asked by somebody
// even when the others would do.
func (r *Run) endpointsOf(client int) []string {
	all := r.options.Endpoints
	if r.options.Strict || client%2 == 0 {
		return all
	}
	one := client / 2 % len(all)
	return all[one : one+1]
}

func (r *Run) connect(endpoints []string) (*clientv3.Client, error) {
	config := clientv3.Config{
		Endpoints: endpoints,
		// The client logs each error it returns; here most are wanted.
		Logger: zap.NewNop(),
	}
	if !r.options.Strict {
		// A member that was away for long is asked again soon.
		config.DialOptions = []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.5, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: time.Second,
		})}
	}
	return clientv3.New(config)
}

// now is the time of the run.
func (r *Run) now() int64 { return int64(time.Since(r.begun)) }

func (r *Run) record(add func(*history.History)) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	add(&r.history)
}

// failed notes a request that may not fail. One that the end of the run cut off has not failed.
func (r *Run) failed(what string, err error) {
	if !r.options.Strict || r.ctx.Err() != nil {
		return
	}
	r.record(func(h *history.History) {
		h.Errors = append(h.Errors, history.Mark{At: r.now(), Text: what + ": " + err.Error()})
	})
}

// over tells whether to make no more requests.
func (r *Run) over() bool { return r.ctx.Err() != nil }

// wait pauses between requests; false when the run is over.
func (r *Run) wait(pause time.Duration) bool {
	select {
	case <-r.ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}
