package traffic

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"pintle/tests/e2e/chaos/history"
)

const (
	// leaseClients live through one lease after the other.
	leaseClients = 4
	// leaseTTL is asked for; the store may grant more.
	leaseTTL = 3
	// renewEvery leaves room for one renewal to fail.
	renewEvery = time.Second
)

// leases lives through one lease after the other: keys are attached to it, it is renewed for a while,
// and then revoked or left alone.
func (r *Run) leases(client int, conn *clientv3.Client) {
	random := rand.New(rand.NewPCG(r.options.Seed, uint64(1000+client)))
	for count := 0; r.wait(time.Duration(random.IntN(500)) * time.Millisecond); count++ {
		grant := r.lease(conn, history.LeaseOp{Client: client, Kind: history.Grant})
		if grant.Unknown {
			continue // nobody knows its id, so it stays without keys
		}
		id := grant.Lease
		keys := random.IntN(3) + 1
		for key := range keys {
			r.lease(conn, history.LeaseOp{
				Client: client, Kind: history.Attach, Lease: id,
				Key: fmt.Sprintf("%s%d/%d/%d", history.LeasePrefix, client, count, key), Value: fmt.Sprint(id),
			})
		}
		for range random.IntN(8) {
			if !r.wait(renewEvery) || r.lease(conn, history.LeaseOp{Client: client, Kind: history.Renew, Lease: id}).Gone {
				break
			}
		}
		if random.IntN(3) > 0 {
			r.lease(conn, history.LeaseOp{Client: client, Kind: history.Revoke, Lease: id})
		}
	}
}

// lease makes a request, and keeps it with what came of it.
func (r *Run) lease(conn *clientv3.Client, op history.LeaseOp) history.LeaseOp {
	ctx, cancel := context.WithTimeout(context.Background(), r.options.Timeout)
	defer cancel()
	op.Start = r.now()
	err := doLease(ctx, conn, &op)
	op.End = r.now()
	if errors.Is(err, rpctypes.ErrLeaseNotFound) {
		op.Gone = true
	} else if err != nil {
		r.failed(string(op.Kind)+" of a lease", err)
		op.Unknown = true
	}
	r.record(func(h *history.History) { h.Leases = append(h.Leases, op) })
	return op
}

func doLease(ctx context.Context, conn *clientv3.Client, op *history.LeaseOp) error {
	switch op.Kind {
	case history.Grant:
		reply, err := conn.Grant(ctx, leaseTTL)
		if err != nil {
			return err
		}
		op.Lease, op.TTL, op.Revision = int64(reply.ID), reply.TTL, reply.Revision
	case history.Attach:
		reply, err := conn.Put(ctx, op.Key, op.Value, clientv3.WithLease(clientv3.LeaseID(op.Lease)))
		if err != nil {
			return err
		}
		op.Revision = reply.Header.Revision
	case history.Renew:
		reply, err := conn.KeepAliveOnce(ctx, clientv3.LeaseID(op.Lease))
		if err != nil {
			return err
		}
		op.TTL, op.Revision = reply.TTL, reply.Revision
	case history.Revoke:
		reply, err := conn.Revoke(ctx, clientv3.LeaseID(op.Lease))
		if err != nil {
			return err
		}
		op.Revision = reply.Header.Revision
	}
	return nil
}
