package main

import (
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"pintle/tests/interop/go/scenarios"
)

// The lock service, which other languages' clients use; Go's own builds locks from transactions.
var lockService = []scenarios.Scenario{
	{Name: "lock-service", Run: lockAndUnlock},
	{Name: "lock-service-errors", Run: lockErrors},
}

func grant(t *scenarios.T) int64 {
	lease, err := t.Client.Grant(t, 60)
	t.OK(err, "grant")
	return int64(lease.ID)
}

func lockAndUnlock(t *scenarios.T) {
	locks := v3lockpb.NewLockClient(t.Client.ActiveConnection())
	one, two, three := grant(t), grant(t), grant(t)
	first, err := locks.Lock(t, &v3lockpb.LockRequest{Name: []byte("ls"), Lease: one})
	t.OK(err, "lock")
	t.Equal(first.Key, fmt.Sprintf("ls/%x", one), "the lock's key")
	t.Equal(first.Header.Revision, t.Revision(), "header revision")
	again, err := locks.Lock(t, &v3lockpb.LockRequest{Name: []byte("ls"), Lease: one})
	t.OK(err, "lock by the holder's lease")
	t.Equal(again.Key, first.Key, "a lock is held by a lease")

	brief, cancel := context.WithTimeout(t, 300*time.Millisecond)
	defer cancel()
	// A lease of its own: the server removes the key of a wait that was given up some time later.
	_, err = locks.Lock(brief, &v3lockpb.LockRequest{Name: []byte("ls"), Lease: three})
	t.Equal(status.Code(err), codes.DeadlineExceeded, "code of a lock that waits too long")

	got := make(chan error, 1)
	var second *v3lockpb.LockResponse
	go func() {
		var err error
		second, err = locks.Lock(t, &v3lockpb.LockRequest{Name: []byte("ls"), Lease: two})
		got <- err
	}()
	select {
	case err := <-got:
		t.Fatalf("two holders of one lock (%v)", err)
	case <-time.After(300 * time.Millisecond):
	}
	_, err = locks.Unlock(t, &v3lockpb.UnlockRequest{Key: first.Key})
	t.OK(err, "unlock")
	t.OK(<-got, "second lock")
	t.Equal(second.Key, fmt.Sprintf("ls/%x", two), "the second key")
	_, err = t.Client.Revoke(t, clientv3.LeaseID(two))
	t.OK(err, "revoke")
	resp, err := t.Client.Get(t, string(second.Key))
	t.OK(err, "get")
	t.Equal(resp.Count, 0, "the lock goes with its lease")

	// Without a lease the server makes one.
	own, err := locks.Lock(t, &v3lockpb.LockRequest{Name: []byte("ls-own")})
	t.OK(err, "lock without a lease")
	resp, err = t.Client.Get(t, string(own.Key))
	t.OK(err, "get")
	ttl, err := t.Client.TimeToLive(t, clientv3.LeaseID(resp.Kvs[0].Lease))
	t.OK(err, "time to live")
	t.Equal(ttl.GrantedTTL, 60, "ttl of the server's lease")
	_, err = locks.Unlock(t, &v3lockpb.UnlockRequest{Key: own.Key})
	t.OK(err, "unlock")
}

func lockErrors(t *scenarios.T) {
	locks := v3lockpb.NewLockClient(t.Client.ActiveConnection())
	_, err := locks.Lock(t, &v3lockpb.LockRequest{Name: []byte("ls"), Lease: 0x7654321})
	t.Equal(status.Convert(err).Message(), "etcdserver: requested lease not found", "unknown lease")
	_, err = locks.Unlock(t, &v3lockpb.UnlockRequest{Key: []byte("ls/none")})
	t.OK(err, "unlock of no lock")
	_, err = locks.Unlock(t, &v3lockpb.UnlockRequest{})
	t.Equal(status.Convert(err).Message(), "etcdserver: key is not provided", "unlock of an empty key")
}
