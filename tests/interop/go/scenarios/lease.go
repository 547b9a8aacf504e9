package scenarios

import (
	"context"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

var lease = []Scenario{
	{"lease-grant-ttl-revoke", leaseLife},
	{"lease-minimum-ttl", leaseMinimum},
	{"lease-list", leaseList},
	{"lease-keepalive-once", leaseKeepAliveOnce},
	{"lease-keepalive-stream", leaseKeepAlive},
	{"lease-expiry-deletes-keys", leaseExpiry},
	{"lease-moves-with-put", leaseMoves},
}

func leaseLife(t *T) {
	before := t.Revision()
	grant, err := t.Client.Grant(t, 100)
	t.OK(err, "grant")
	t.True(grant.ID > 0, "lease id %d is not positive", grant.ID)
	t.Equal(grant.TTL, 100, "granted ttl")
	t.Equal(t.Revision(), before, "a grant keeps the revision")
	t.Put("l/b", "1", clientv3.WithLease(grant.ID))
	t.Put("l/a", "1", clientv3.WithLease(grant.ID))

	ttl, err := t.Client.TimeToLive(t, grant.ID, clientv3.WithAttachedKeys())
	t.OK(err, "time to live")
	t.Equal(ttl.GrantedTTL, 100, "granted ttl of time-to-live")
	t.True(ttl.TTL > 90 && ttl.TTL <= 100, "remaining ttl %d", ttl.TTL)
	found := map[string]bool{}
	for _, key := range ttl.Keys {
		found[string(key)] = true
	}
	t.True(len(ttl.Keys) == 2 && found["l/a"] && found["l/b"], "attached keys %q", ttl.Keys)
	ttl, err = t.Client.TimeToLive(t, grant.ID)
	t.OK(err, "time to live without keys")
	t.Equal(len(ttl.Keys), 0, "keys that were not asked for")

	ch := t.created(t, "l/", clientv3.WithPrefix())
	revoke, err := t.Client.Revoke(t, grant.ID)
	t.OK(err, "revoke")
	t.Equal(revoke.Header.Revision, before+3, "revision of the revoke")
	t.Equal(describe(t.events(ch, 2), before), "DELETE l/a@3, DELETE l/b@3", "one revision, keys in order")
	_, err = t.Client.Revoke(t, grant.ID)
	t.ErrorIs(err, rpctypes.ErrLeaseNotFound, "second revoke")
	ttl, err = t.Client.TimeToLive(t, grant.ID)
	t.OK(err, "time to live of a revoked lease")
	t.Equal(ttl.TTL, -1, "ttl of a revoked lease")
	t.Equal(ttl.GrantedTTL, 0, "granted ttl of a revoked lease")
}

func leaseMinimum(t *T) {
	grant, err := t.Client.Grant(t, 1)
	t.OK(err, "grant")
	t.Equal(grant.TTL, 2, "1 s is raised to one and a half election timeouts")
	_, err = t.Client.Revoke(t, grant.ID)
	t.OK(err, "revoke")
}

func leaseList(t *T) {
	before := t.leases()
	var ids []clientv3.LeaseID
	for i := 0; i < 3; i++ {
		grant, err := t.Client.Grant(t, 60)
		t.OK(err, "grant")
		ids = append(ids, grant.ID)
	}
	now := t.leases()
	t.Equal(len(now), len(before)+3, "leases")
	for _, id := range ids {
		t.True(now[id], "lease %x is not listed", id)
		_, err := t.Client.Revoke(t, id)
		t.OK(err, "revoke")
	}
	t.Equal(len(t.leases()), len(before), "leases after the revokes")
}

func (t *T) leases() map[clientv3.LeaseID]bool {
	resp, err := t.Client.Leases(t)
	t.OK(err, "leases")
	all := map[clientv3.LeaseID]bool{}
	for _, lease := range resp.Leases {
		all[lease.ID] = true
	}
	return all
}

func leaseKeepAliveOnce(t *T) {
	grant, err := t.Client.Grant(t, 5)
	t.OK(err, "grant")
	// Some seconds less, so that the renewal shows.
	t.Eventually(func() bool {
		ttl, err := t.Client.TimeToLive(t, grant.ID)
		t.OK(err, "time to live")
		return ttl.TTL < 4
	}, "the remaining ttl falls")
	alive, err := t.Client.KeepAliveOnce(t, grant.ID)
	t.OK(err, "keep alive")
	t.Equal(alive.TTL, 5, "ttl of the renewal")
	ttl, err := t.Client.TimeToLive(t, grant.ID)
	t.OK(err, "time to live")
	t.True(ttl.TTL >= 4, "the renewal did not restore the ttl: %d", ttl.TTL)
	_, err = t.Client.Revoke(t, grant.ID)
	t.OK(err, "revoke")
	_, err = t.Client.KeepAliveOnce(t, grant.ID)
	t.ErrorIs(err, rpctypes.ErrLeaseNotFound, "keep alive of a revoked lease")
}

func leaseKeepAlive(t *T) {
	grant, err := t.Client.Grant(t, 2)
	t.OK(err, "grant")
	t.Put("lk/a", "1", clientv3.WithLease(grant.ID))
	ctx, cancel := context.WithCancel(t)
	defer cancel()
	alive, err := t.Client.KeepAlive(ctx, grant.ID)
	t.OK(err, "keep alive")
	// The lease outlives its ttl twice while it is renewed, ...
	for start := time.Now(); time.Since(start) < 4*time.Second; {
		select {
		case resp, open := <-alive:
			t.True(open, "the keep-alive channel closed")
			t.Equal(resp.TTL, 2, "ttl of a renewal")
		case <-t.Done():
			t.Fatalf("no renewal")
		}
	}
	resp, err := t.Client.Get(t, "lk/a")
	t.OK(err, "get")
	t.Equal(resp.Count, 1, "the key of a renewed lease")
	// ... and ends soon after the renewals end.
	cancel()
	t.Eventually(func() bool {
		resp, err := t.Client.Get(t, "lk/a")
		t.OK(err, "get")
		return resp.Count == 0
	}, "the key goes when renewals stop")
}

func leaseExpiry(t *T) {
	grant, err := t.Client.Grant(t, 2)
	t.OK(err, "grant")
	start := time.Now()
	base := t.Put("le/a", "1", clientv3.WithLease(grant.ID))
	t.Put("le/b", "1", clientv3.WithLease(grant.ID))
	t.Put("le/c", "1")
	ch := t.Client.Watch(t, "le/", clientv3.WithPrefix(), clientv3.WithRev(base+3))
	t.Equal(describe(t.events(ch, 2), base), "DELETE le/a@3, DELETE le/b@3", "events of the expiry")
	took := time.Since(start)
	t.True(took >= 1900*time.Millisecond && took < 10*time.Second, "a lease of 2 s ended after %v", took)
	resp, err := t.Client.Get(t, "le/", clientv3.WithPrefix())
	t.OK(err, "get")
	t.Equal(keys(resp), "le/c", "keys after the expiry")
	t.True(!t.leases()[grant.ID], "an expired lease is listed")
}

func leaseMoves(t *T) {
	first, err := t.Client.Grant(t, 60)
	t.OK(err, "grant")
	second, err := t.Client.Grant(t, 60)
	t.OK(err, "grant")
	t.Put("lm/a", "1", clientv3.WithLease(first.ID))
	t.Put("lm/a", "2", clientv3.WithLease(second.ID))
	_, err = t.Client.Revoke(t, first.ID)
	t.OK(err, "revoke")
	resp, err := t.Client.Get(t, "lm/a")
	t.OK(err, "get")
	t.Equal(resp.Count, 1, "the key has moved to the second lease")
	t.Equal(resp.Kvs[0].Lease, int64(second.ID), "lease")
	_, err = t.Client.Revoke(t, second.ID)
	t.OK(err, "revoke")
	resp, err = t.Client.Get(t, "lm/a")
	t.OK(err, "get")
	t.Equal(resp.Count, 0, "the key goes with the second lease")
}
