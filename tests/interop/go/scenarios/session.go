package scenarios

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/client/v3/concurrency"
)

// What the client builds from leases, transactions and watches: locks, elections, transactional
// memory.
var session = []Scenario{
	{"session-mutex", sessionMutex},
	{"session-mutex-ends-with-lease", sessionMutexLease},
	{"session-election", sessionElection},
	{"session-stm", sessionSTM},
}

func (t *T) session() *concurrency.Session {
	s, err := concurrency.NewSession(t.Client, concurrency.WithTTL(5), concurrency.WithContext(t))
	t.OK(err, "session")
	return s
}

func sessionMutex(t *T) {
	one, two := t.session(), t.session()
	defer one.Close()
	defer two.Close()
	first, second := concurrency.NewMutex(one, "s/lock"), concurrency.NewMutex(two, "s/lock")
	t.OK(first.Lock(t), "first lock")
	held, err := t.Client.Get(t, first.Key())
	t.OK(err, "get the lock's key")
	t.Equal(held.Kvs[0].Lease, int64(one.Lease()), "lease of the lock's key")

	if err := second.TryLock(t); !errors.Is(err, concurrency.ErrLocked) {
		t.Fatalf("try-lock of a held lock: %v", err)
	}
	brief, cancel := context.WithTimeout(t, 300*time.Millisecond)
	defer cancel()
	if err := second.Lock(brief); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("lock of a held lock: %v", err)
	}

	got := make(chan error, 1)
	go func() { got <- second.Lock(t) }()
	select {
	case err := <-got:
		t.Fatalf("two holders of one lock (%v)", err)
	case <-time.After(300 * time.Millisecond):
	}
	t.OK(first.Unlock(t), "unlock")
	t.OK(<-got, "second lock")
	t.OK(second.Unlock(t), "second unlock")
}

func sessionMutexLease(t *T) {
	one, two := t.session(), t.session()
	defer two.Close()
	t.OK(concurrency.NewMutex(one, "s/orphan").Lock(t), "first lock")
	got := make(chan error, 1)
	second := concurrency.NewMutex(two, "s/orphan")
	go func() { got <- second.Lock(t) }()
	t.OK(one.Close(), "close the first session")
	t.OK(<-got, "the lock goes over when its lease is revoked")
	t.OK(second.Unlock(t), "unlock")
}

func sessionElection(t *T) {
	one, two := t.session(), t.session()
	defer one.Close()
	defer two.Close()
	first, second := concurrency.NewElection(one, "s/elect"), concurrency.NewElection(two, "s/elect")
	if _, err := first.Leader(t); !errors.Is(err, concurrency.ErrElectionNoLeader) {
		t.Fatalf("leader before the election: %v", err)
	}
	t.OK(first.Campaign(t, "first"), "campaign")
	won := make(chan error, 1)
	go func() { won <- second.Campaign(t, "second") }()

	watching, cancel := context.WithCancel(t)
	defer cancel()
	observed := second.Observe(watching)
	observe := func(want string) {
		select {
		case resp := <-observed:
			t.Equal(resp.Kvs[0].Value, want, "observed leader")
		case <-t.Done():
			t.Fatalf("leader %q is not observed", want)
		}
	}
	observe("first")
	t.OK(first.Proclaim(t, "first again"), "proclaim")
	observe("first again")
	leader, err := second.Leader(t)
	t.OK(err, "leader")
	t.Equal(leader.Kvs[0].Value, "first again", "leader")
	select {
	case err := <-won:
		t.Fatalf("two leaders (%v)", err)
	default:
	}
	t.OK(first.Resign(t), "resign")
	t.OK(<-won, "the second wins")
	observe("second")
	t.OK(second.Resign(t), "second resigns")
}

func sessionSTM(t *T) {
	t.Put("s/stm/a", "0")
	before := t.Revision()
	done := make(chan error)
	for i := 0; i < 8; i++ {
		go func() {
			var err error
			for j := 0; j < 5 && err == nil; j++ {
				_, err = concurrency.NewSTM(t.Client, func(s concurrency.STM) error {
					s.Put("s/stm/a", s.Get("s/stm/a")+"x")
					return nil
				})
			}
			done <- err
		}()
	}
	for i := 0; i < 8; i++ {
		t.OK(<-done, "transactional memory")
	}
	resp, err := t.Client.Get(t, "s/stm/a")
	t.OK(err, "get")
	t.Equal(len(resp.Kvs[0].Value), 41, "every one of 40 appends is there")
	t.Equal(resp.Header.Revision, before+40, "one revision for each")
}
