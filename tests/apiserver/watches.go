package main

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

// watcher follows the objects through the API server as an informer does: from a revision on, and
// after an interruption from the last one it saw. It never lists again, so it must see each event.
type watcher struct {
	name     string
	selector string

	mu      sync.Mutex
	version uint64            // of the last event or bookmark
	state   map[string]uint64 // what it believes to be there
	events  map[uint64]string // every event by its revision
	starts  int
	err     error
}

func (r *run) startWatches() error {
	list, err := r.widgets.List(r.ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	version := parseVersion(list.GetResourceVersion())
	for _, selector := range []string{"", "", "", "shard=3", "shard=7"} {
		r.watch(fmt.Sprintf("watch-%d(%s)", len(r.watches), selector), selector, version)
	}
	r.raw, err = startRaw(r.ctx, r.store)
	return err
}

// lateWatch starts watches when many objects are there: one gets them as events first, one begins
// at an old revision that the server has in memory.
func (r *run) lateWatch() error {
	options := metav1.ListOptions{
		SendInitialEvents: new(true), AllowWatchBookmarks: true,
		ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
	}
	stream, err := r.widgets.Watch(r.ctx, options)
	if err != nil {
		return err
	}
	defer stream.Stop()
	found := map[string]uint64{}
	for event := range stream.ResultChan() {
		object, ok := event.Object.(*unstructured.Unstructured)
		if !ok {
			return fmt.Errorf("initial events: %v", event.Object)
		}
		if event.Type == watch.Bookmark {
			if object.GetAnnotations()[metav1.InitialEventsAnnotationKey] != "true" {
				continue
			}
			if err := same(found, r.ledger.versions); err != nil {
				return fmt.Errorf("initial events: %w", err)
			}
			return nil
		}
		if event.Type != watch.Added {
			return fmt.Errorf("initial events: %s %s", event.Type, object.GetName())
		}
		found[object.GetName()] = versionOf(object)
	}
	return fmt.Errorf("the watch ended after %d initial events", len(found))
}

func (r *run) watch(name, selector string, version uint64) {
	w := &watcher{name: name, selector: selector, version: version,
		state: map[string]uint64{}, events: map[uint64]string{}}
	r.watches = append(r.watches, w)
	go func() {
		for r.ctx.Err() == nil {
			if err := w.follow(r); err != nil {
				w.mu.Lock()
				w.err = err
				w.mu.Unlock()
				return
			}
			_ = pause(r.ctx)
		}
	}()
}

// follow watches until the stream ends; only an error that a new stream cannot cure is returned.
func (w *watcher) follow(r *run) error {
	w.mu.Lock()
	w.starts++
	options := metav1.ListOptions{
		ResourceVersion: fmt.Sprint(w.version), AllowWatchBookmarks: true, LabelSelector: w.selector}
	w.mu.Unlock()
	stream, err := r.widgets.Watch(r.ctx, options)
	if err != nil {
		if mayHaveHappened(err) {
			return nil
		}
		return err
	}
	defer stream.Stop()
	for event := range stream.ResultChan() {
		if event.Type == watch.Error {
			return fmt.Errorf("error event: %v", event.Object)
		}
		if err := w.take(event.Type, event.Object.(*unstructured.Unstructured)); err != nil {
			return err
		}
	}
	return nil
}

func (w *watcher) take(kind watch.EventType, object *unstructured.Unstructured) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, version := object.GetName(), versionOf(object)
	if kind == watch.Bookmark {
		if version < w.version {
			return fmt.Errorf("bookmark at %d after %d", version, w.version)
		}
		w.version = version
		return nil
	}
	if version <= w.version {
		return fmt.Errorf("%s %s at %d after %d", kind, name, version, w.version)
	}
	w.version = version
	w.events[version] = fmt.Sprintf("%s %s", kind, name)
	_, known := w.state[name]
	if known != (kind != watch.Added) {
		return fmt.Errorf("%s %s at %d, known before: %v", kind, name, version, known)
	}
	if kind == watch.Deleted {
		delete(w.state, name)
	} else {
		w.state[name] = version
	}
	return nil
}

// watchesSawEverything waits until all watches are up to date and compares what each has seen
// with what was acknowledged, and with what the others have seen.
func (r *run) watchesSawEverything() error {
	var last uint64
	for shard := range 10 {
		name := fmt.Sprintf("last-%d", shard)
		if err := r.createOne(name, int64(shard)); err != nil {
			return err
		}
		last = r.ledger.versions[name]
	}
	for _, w := range r.watches {
		if err := w.reach(r.ctx, r.ledger.versions["last-3"]); err != nil {
			return err
		}
	}
	for _, w := range r.watches {
		if w.selector == "" {
			if err := w.reach(r.ctx, last); err != nil {
				return err
			}
			if err := same(w.state, r.ledger.versions); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			for version, name := range r.ledger.writes {
				if w.events[version] != "ADDED "+name && w.events[version] != "MODIFIED "+name {
					return fmt.Errorf("%s: the write of %s at %d came as %q", w.name, name, version, w.events[version])
				}
			}
			if !maps.Equal(w.events, r.watches[0].events) {
				return fmt.Errorf("%s and %s saw different events", w.name, r.watches[0].name)
			}
		}
	}
	if err := r.filtered(); err != nil {
		return err
	}
	if err := r.raw.check(r); err != nil {
		return err
	}
	fmt.Printf("events %d per watch, %d watches, stream starts %d, store revisions %d\n",
		len(r.watches[0].events), len(r.watches), r.starts(), len(r.raw.revisions))
	return nil
}

// filtered compares the watches with a selector with those without. Objects keep their labels, so
// a filtered watch sees exactly the events of its objects.
func (r *run) filtered() error {
	for _, w := range r.watches {
		if w.selector == "" {
			continue
		}
		w.mu.Lock()
		for version, event := range w.events {
			if r.watches[0].events[version] != event {
				return fmt.Errorf("%s: %s at %d is %q elsewhere", w.name, event, version, r.watches[0].events[version])
			}
		}
		matching := map[string]uint64{}
		list, err := r.widgets.List(r.ctx, metav1.ListOptions{LabelSelector: w.selector})
		if err != nil {
			return err
		}
		for _, object := range list.Items {
			matching[object.GetName()] = versionOf(&object)
		}
		err = same(w.state, matching)
		w.mu.Unlock()
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	return nil
}

func (r *run) starts() int {
	starts := 0
	for _, w := range r.watches {
		starts += w.starts
	}
	return starts
}

// reach waits until the watch has seen a revision.
func (w *watcher) reach(ctx context.Context, version uint64) error {
	for {
		w.mu.Lock()
		at, err := w.version, w.err
		w.mu.Unlock()
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		if at >= version {
			return nil
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("%s is at %d of %d: %w", w.name, at, version, err)
		}
	}
}

// rawWatcher watches the whole key space past the API server. Every revision of the store changes
// a key, so it must see each number once.
type rawWatcher struct {
	mu        sync.Mutex
	first     int64
	revisions map[int64]int // events of each revision
	last      int64
	err       error
}

func startRaw(ctx context.Context, store *clientv3.Client) (*rawWatcher, error) {
	now, err := store.Get(ctx, "none")
	if err != nil {
		return nil, err
	}
	raw := &rawWatcher{first: now.Header.Revision + 1, last: now.Header.Revision, revisions: map[int64]int{}}
	channel := store.Watch(clientv3.WithRequireLeader(ctx), "\x00", clientv3.WithFromKey(),
		clientv3.WithRev(raw.first), clientv3.WithPrevKV(), clientv3.WithProgressNotify())
	go func() {
		for response := range channel {
			raw.take(response)
		}
	}()
	return raw, nil
}

func (raw *rawWatcher) take(response clientv3.WatchResponse) {
	raw.mu.Lock()
	defer raw.mu.Unlock()
	if raw.err != nil {
		return
	}
	if raw.err = response.Err(); raw.err != nil {
		return
	}
	for _, event := range response.Events {
		revision := event.Kv.ModRevision
		if revision != raw.last && revision != raw.last+1 {
			raw.err = fmt.Errorf("revision %d follows %d", revision, raw.last)
			return
		}
		if event.PrevKv == nil && event.IsModify() {
			raw.err = fmt.Errorf("no previous value of %s at %d", event.Kv.Key, revision)
			return
		}
		raw.last = revision
		raw.revisions[revision]++
	}
}

// check waits until the watch has caught up with the store.
func (raw *rawWatcher) check(r *run) error {
	now, err := r.store.Get(r.ctx, "none")
	if err != nil {
		return err
	}
	for {
		raw.mu.Lock()
		last, err := raw.last, raw.err
		raw.mu.Unlock()
		if err != nil {
			return fmt.Errorf("the store's watch: %w", err)
		}
		if last >= now.Header.Revision {
			return nil
		}
		select {
		case <-r.ctx.Done():
			return fmt.Errorf("the store's watch is at %d of %d", last, now.Header.Revision)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
