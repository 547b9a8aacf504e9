// Package scenarios holds what every release of etcd's official Go client must be able to do
// against a server. It compiles with client/v3 from 3.5.0 to 3.7, so each program beside it
// (v350, v35, v37) pins one release and runs the same code.
//
// A scenario works under key prefixes of its own and never counts on the store's revision being a
// given number, only on how far its own writes move it. The store must have no other writer.
package scenarios

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// limit is the longest that any one scenario may take; the slowest waits for a lease of 2 s.
const limit = 30 * time.Second

// Scenario is one named check.
type Scenario struct {
	Name string
	Run  func(*T)
}

// T is what a scenario gets: a client, a context with a deadline, and checks which end the
// scenario at the first that fails.
type T struct {
	context.Context
	Client   *clientv3.Client
	Endpoint string
}

// failure is what a failed check panics with; main prints it.
type failure string

// Fatalf ends the scenario as failed.
func (t *T) Fatalf(format string, args ...any) {
	panic(failure(fmt.Sprintf(format, args...)))
}

// OK fails the scenario on an error.
func (t *T) OK(err error, what string) {
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// Equal fails the scenario unless both print alike, which also compares revisions of different
// integer types and byte slices with strings.
func (t *T) Equal(got, want any, what string) {
	if g, w := text(got), text(want); g != w {
		t.Fatalf("%s: got %s, want %s", what, g, w)
	}
}

// True fails the scenario unless the condition holds.
func (t *T) True(condition bool, format string, args ...any) {
	if !condition {
		t.Fatalf(format, args...)
	}
}

// ErrorIs fails the scenario unless err is the client's own error value.
func (t *T) ErrorIs(err, want error, what string) {
	if !errors.Is(err, want) {
		t.Fatalf("%s: got error %v, want %v", what, err, want)
	}
}

// Put writes a key and returns the store's revision after it.
func (t *T) Put(key, value string, opts ...clientv3.OpOption) int64 {
	resp, err := t.Client.Put(t, key, value, opts...)
	t.OK(err, "put "+key)
	return resp.Header.Revision
}

// Revision returns the store's current revision.
func (t *T) Revision() int64 {
	resp, err := t.Client.Get(t, "no-such-key")
	t.OK(err, "get the revision")
	return resp.Header.Revision
}

// Eventually waits until the condition holds.
func (t *T) Eventually(condition func() bool, what string) {
	for !condition() {
		select {
		case <-t.Done():
			t.Fatalf("never happened: %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func text(value any) string {
	if bytes, ok := value.([]byte); ok {
		return fmt.Sprintf("%q", string(bytes))
	}
	if s, ok := value.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(value)
}

// Common is what every release of the client can do.
func Common() []Scenario {
	var all []Scenario
	for _, group := range [][]Scenario{kv, txn, watch, lease, session, maintenance, errs} {
		all = append(all, group...)
	}
	return all
}

// Main runs all scenarios against the endpoint in the first argument, prints a line for each, and
// ends the process with 1 at the first that fails.
func Main(all []Scenario) {
	if len(os.Args) != 2 {
		fmt.Fprintf(os.Stderr, "usage: %s HOST:PORT\n", os.Args[0])
		os.Exit(2)
	}
	endpoint := os.Args[1]
	for _, scenario := range all {
		if err := run(scenario, endpoint); err != nil {
			fmt.Fprintf(os.Stderr, "FAILED %s: %v\n", scenario.Name, err)
			os.Exit(1)
		}
		fmt.Printf("ok %s\n", scenario.Name)
	}
}

func run(scenario Scenario, endpoint string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	client, err := clientv3.New(clientv3.Config{
		Endpoints:   []string{endpoint},
		DialTimeout: 5 * time.Second,
		// The client logs each error it returns; here most errors are wanted.
		Logger: zap.NewNop(),
	})
	if err != nil {
		return err
	}
	defer client.Close()
	defer func() {
		if caught := recover(); caught != nil {
			failed, ok := caught.(failure)
			if !ok {
				panic(caught)
			}
			err = errors.New(string(failed))
		}
	}()
	scenario.Run(&T{Context: ctx, Client: client, Endpoint: endpoint})
	return nil
}
