package scenarios

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// The client recognises errors by their text, so each must arrive as its own error value.
var errs = []Scenario{
	{"error-keys", errorKeys},
	{"error-revisions", errorRevisions},
	{"error-leases", errorLeases},
	{"error-txns", errorTxns},
	{"error-sizes", errorSizes},
	{"error-auth-disabled", errorAuth},
	{"error-deadline", errorDeadline},
}

func errorKeys(t *T) {
	_, err := t.Client.Put(t, "", "1")
	t.ErrorIs(err, rpctypes.ErrEmptyKey, "put of an empty key")
	_, err = t.Client.Get(t, "")
	t.ErrorIs(err, rpctypes.ErrEmptyKey, "get of an empty key")
	_, err = t.Client.Delete(t, "")
	t.ErrorIs(err, rpctypes.ErrEmptyKey, "delete of an empty key")
	_, err = t.Client.Put(t, "e/none", "", clientv3.WithIgnoreValue())
	t.ErrorIs(err, rpctypes.ErrKeyNotFound, "ignore_value of an absent key")
	_, err = t.Client.Put(t, "e/none", "1", clientv3.WithIgnoreLease())
	t.ErrorIs(err, rpctypes.ErrKeyNotFound, "ignore_lease of an absent key")
	_, err = t.Client.Put(t, "e/none", "1", clientv3.WithIgnoreValue())
	t.ErrorIs(err, rpctypes.ErrValueProvided, "ignore_value with a value")
	_, err = t.Client.Put(t, "e/none", "1", clientv3.WithIgnoreLease(), clientv3.WithLease(7))
	t.ErrorIs(err, rpctypes.ErrLeaseProvided, "ignore_lease with a lease")
	t.Equal(rpctypes.ErrorDesc(err), "etcdserver: lease is provided", "the error's text")
}

func errorRevisions(t *T) {
	now := t.Put("e/rev", "1")
	_, err := t.Client.Get(t, "e/rev", clientv3.WithRev(now+1))
	t.ErrorIs(err, rpctypes.ErrFutureRev, "get of a future revision")
	_, err = t.Client.Compact(t, now+1)
	t.ErrorIs(err, rpctypes.ErrFutureRev, "compaction of a future revision")
	t.Put("e/rev", "2")
	_, err = t.Client.Compact(t, now+1)
	t.OK(err, "compact")
	_, err = t.Client.Get(t, "e/rev", clientv3.WithRev(now))
	t.ErrorIs(err, rpctypes.ErrCompacted, "get of a compacted revision")
	_, err = t.Client.Compact(t, now+1)
	t.ErrorIs(err, rpctypes.ErrCompacted, "second compaction of a revision")
	_, err = t.Client.Compact(t, now)
	t.ErrorIs(err, rpctypes.ErrCompacted, "compaction of a compacted revision")
	_, err = t.Client.Txn(t).Then(clientv3.OpPut("e/aborted", "1"), clientv3.OpGet("e/rev", clientv3.WithRev(now))).Commit()
	t.ErrorIs(err, rpctypes.ErrCompacted, "txn with a get of a compacted revision")
	resp, err := t.Client.Get(t, "e/aborted")
	t.OK(err, "get")
	t.Equal(resp.Count, 0, "a failed txn has no effect")
	t.Equal(resp.Header.Revision, now+1, "a failed txn keeps the revision")
}

func errorLeases(t *T) {
	_, err := t.Client.Put(t, "e/lease", "1", clientv3.WithLease(0x1234567))
	t.ErrorIs(err, rpctypes.ErrLeaseNotFound, "put with an unknown lease")
	_, err = t.Client.Revoke(t, 0x1234567)
	t.ErrorIs(err, rpctypes.ErrLeaseNotFound, "revoke of an unknown lease")
	_, err = t.Client.KeepAliveOnce(t, 0x1234567)
	t.ErrorIs(err, rpctypes.ErrLeaseNotFound, "keep-alive of an unknown lease")
	_, err = t.Client.Grant(t, 9_000_000_001)
	t.ErrorIs(err, rpctypes.ErrLeaseTTLTooLarge, "a lease of 285 years")
	alive, err := t.Client.KeepAlive(t, 0x1234567)
	t.OK(err, "keep-alive stream")
	select {
	case resp, open := <-alive:
		t.True(!open, "renewal of an unknown lease: %v", resp)
	case <-t.Done():
		t.Fatalf("the keep-alive channel of an unknown lease stays open")
	}
}

func errorTxns(t *T) {
	var ops []clientv3.Op
	for i := 0; i < 129; i++ {
		ops = append(ops, clientv3.OpPut(fmt.Sprintf("e/ops/%d", i), "1"))
	}
	_, err := t.Client.Txn(t).Then(ops...).Commit()
	t.ErrorIs(err, rpctypes.ErrTooManyOps, "129 operations")
	_, err = t.Client.Txn(t).Then(ops[:128]...).Commit()
	t.OK(err, "128 operations")
	_, err = t.Client.Txn(t).Then(ops[0], ops[0]).Commit()
	t.ErrorIs(err, rpctypes.ErrDuplicateKey, "one key put twice")
	_, err = t.Client.Txn(t).Then(ops[0], clientv3.OpDelete("e/ops/", clientv3.WithPrefix())).Commit()
	t.ErrorIs(err, rpctypes.ErrDuplicateKey, "a key both put and deleted")
	_, err = t.Client.Txn(t).Then(clientv3.OpPut("", "1")).Commit()
	t.ErrorIs(err, rpctypes.ErrEmptyKey, "an empty key in a txn")
	_, err = t.Client.Txn(t).If(clientv3.Compare(clientv3.Version(""), "=", 0)).Commit()
	t.ErrorIs(err, rpctypes.ErrEmptyKey, "an empty key in a compare")
}

func errorSizes(t *T) {
	before := t.Revision()
	// Between the request limit of 1.5 MiB and the transport's, which is half a MiB more.
	_, err := t.Client.Put(t, "e/size", strings.Repeat("x", 1_600_000))
	t.ErrorIs(err, rpctypes.ErrRequestTooLarge, "a value of 1.6 MB")
	t.Equal(t.Revision(), before, "revision after a refused put")
	t.Put("e/size", strings.Repeat("x", 1_500_000))
	_, err = t.Client.Delete(t, "e/size")
	t.OK(err, "delete")
}

func errorAuth(t *T) {
	_, err := t.Client.Authenticate(t, "root", "root")
	t.ErrorIs(err, rpctypes.ErrAuthNotEnabled, "authenticate without authentication")
}

func errorDeadline(t *T) {
	ctx, cancel := context.WithTimeout(t, time.Nanosecond)
	defer cancel()
	_, err := t.Client.Put(ctx, "e/deadline", "1")
	t.ErrorIs(err, context.DeadlineExceeded, "put with a deadline in the past")
}
