// Program apiserver runs a real Kubernetes API server (k8s.io/apiextensions-apiserver, as a
// library, in this process) on a store, loads it as a cluster would, and checks that nothing is
// lost: no acknowledged write, no watch event, no page of a list.
//
// Usage: apiserver HOST:PORT [OBJECTS]. It prints "ok <step>" for each step and ends with 1 at the
// first that fails. In the middle of the load it prints "outage" and waits for a line on its
// input: whoever started it kills the store and starts it again in that time.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"k8s.io/client-go/dynamic"
)

// limit is the longest that the whole run may take.
const limit = 8 * time.Minute

// run is what the steps share.
type run struct {
	ctx     context.Context
	store   *clientv3.Client  // straight to the store, past the API server
	api     dynamic.Interface // through the API server
	widgets dynamic.ResourceInterface
	objects int // objects of the load
	ledger  *ledger
	watches []*watcher
	raw     *rawWatcher
	input   *bufio.Scanner
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintf(os.Stderr, "usage: %s HOST:PORT [OBJECTS]\n", os.Args[0])
		os.Exit(2)
	}
	objects := 10_000
	if len(os.Args) > 2 {
		objects, _ = strconv.Atoi(os.Args[2])
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	r := &run{ctx: ctx, objects: objects, ledger: newLedger(), input: bufio.NewScanner(os.Stdin)}
	steps := []struct {
		name string
		run  func() error
	}{
		{"start", func() error { return r.start(os.Args[1]) }},
		{"define-resource", r.defineResource},
		{"start-watches", r.startWatches},
		{"create", r.create},
		{"pages", r.pages},
		{"compare-and-swap", r.compareAndSwap},
		{"outage", r.outage},
		{"update-and-delete", r.updateAndDelete},
		{"late-watch", r.lateWatch},
		{"compaction", r.compaction},
		{"leases", r.leases},
		{"watches-saw-everything", r.watchesSawEverything},
		{"nothing-lost", r.nothingLost},
		{"features-used", r.featuresUsed},
	}
	for _, step := range steps {
		begun := time.Now()
		if err := step.run(); err != nil {
			fmt.Fprintf(os.Stderr, "FAILED %s: %v\n", step.name, err)
			os.Exit(1)
		}
		fmt.Printf("ok %s %dms\n", step.name, time.Since(begun).Milliseconds())
	}
	// The server's own end is not what is tested here, and it waits for its watches.
	os.Exit(0)
}

func (r *run) start(endpoint string) error {
	store, err := clientv3.New(clientv3.Config{
		Endpoints:   []string{endpoint},
		DialTimeout: 5 * time.Second,
		Context:     r.ctx,
		Logger:      zap.NewNop(),
	})
	if err != nil {
		return err
	}
	r.store = store
	config, err := startServer(r.ctx, endpoint)
	if err != nil {
		return err
	}
	r.api, err = dynamic.NewForConfig(config)
	return err
}

// outage has the store killed and started again while writers work.
func (r *run) outage() error {
	before := r.ledger.size()
	return r.load("outage", r.objects/4, func(done int) error {
		if done != r.objects/16 {
			return nil
		}
		fmt.Println("outage")
		if !r.input.Scan() {
			return fmt.Errorf("no answer to the request for an outage: %v", r.input.Err())
		}
		fmt.Printf("writers had %d acknowledgements at the restart\n", r.ledger.size()-before)
		return nil
	})
}
