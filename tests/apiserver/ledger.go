package main

import (
	"fmt"
	"sync"
)

// ledger holds what the store has acknowledged. Each object has one writer at a time.
type ledger struct {
	mu sync.Mutex
	// versions is the last acknowledged resource version of each object that should be there.
	versions map[string]uint64
	// writes is every acknowledged resource version: each must come in a watch exactly once.
	writes map[uint64]string
	// deleted is every object whose deletion was acknowledged.
	deleted map[string]bool
}

func newLedger() *ledger {
	return &ledger{versions: map[string]uint64{}, writes: map[uint64]string{}, deleted: map[string]bool{}}
}

// wrote notes an acknowledged write. Two writes with one version would mean that the store gave a
// revision twice.
func (l *ledger) wrote(name string, version uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if other, found := l.writes[version]; found {
		return fmt.Errorf("revision %d was given to both %s and %s", version, other, name)
	}
	if last := l.versions[name]; version <= last {
		return fmt.Errorf("revision of %s went from %d to %d", name, last, version)
	}
	l.writes[version] = name
	l.versions[name] = version
	return nil
}

func (l *ledger) removed(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.versions, name)
	l.deleted[name] = true
}

func (l *ledger) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.writes) + len(l.deleted)
}
