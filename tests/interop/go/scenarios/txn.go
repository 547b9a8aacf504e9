package scenarios

import (
	clientv3 "go.etcd.io/etcd/client/v3"
)

var txn = []Scenario{
	{"txn-success-failure", txnBranches},
	{"txn-compares", txnCompares},
	{"txn-range-compare", txnRangeCompare},
	{"txn-sees-own-writes", txnOwnWrites},
	{"txn-nested", txnNested},
	{"txn-read-only", txnReadOnly},
}

func txnBranches(t *T) {
	base := t.Put("txn/a", "1")
	commit := func(want string) *clientv3.TxnResponse {
		resp, err := t.Client.Txn(t).
			If(clientv3.Compare(clientv3.Value("txn/a"), "=", want)).
			Then(clientv3.OpPut("txn/a", "2", clientv3.WithPrevKV()), clientv3.OpPut("txn/b", "2"),
				clientv3.OpDelete("txn/none")).
			Else(clientv3.OpGet("txn/a")).
			Commit()
		t.OK(err, "txn")
		return resp
	}
	resp := commit("1")
	t.Equal(resp.Succeeded, true, "succeeded")
	t.Equal(resp.Header.Revision, base+1, "two puts in one txn are one revision")
	t.Equal(len(resp.Responses), 3, "responses")
	t.Equal(resp.Responses[0].GetResponsePut().PrevKv.Value, "1", "previous value in a txn")
	t.Equal(resp.Responses[1].GetResponsePut().Header.Revision, base+1, "inner header revision")
	t.Equal(resp.Responses[2].GetResponseDeleteRange().Deleted, 0, "deleted in a txn")

	resp = commit("1")
	t.Equal(resp.Succeeded, false, "succeeded of the failing compare")
	t.Equal(resp.Header.Revision, base+1, "a txn that only reads keeps the revision")
	t.Equal(resp.Responses[0].GetResponseRange().Kvs[0].Value, "2", "value read by the failure branch")
	t.Equal(resp.Responses[0].GetResponseRange().Kvs[0].ModRevision, base+1, "mod revision")

	both, err := t.Client.Get(t, "txn/", clientv3.WithPrefix())
	t.OK(err, "get")
	t.Equal(both.Kvs[0].ModRevision, both.Kvs[1].ModRevision, "both keys have one revision")
}

func txnCompares(t *T) {
	lease, err := t.Client.Grant(t, 60)
	t.OK(err, "grant")
	create := t.Put("txnc/a", "m")
	mod := t.Put("txnc/a", "m", clientv3.WithLease(lease.ID))
	cases := []struct {
		name string
		cmp  clientv3.Cmp
		want bool
	}{
		{"version =", clientv3.Compare(clientv3.Version("txnc/a"), "=", 2), true},
		{"version !=", clientv3.Compare(clientv3.Version("txnc/a"), "!=", 2), false},
		{"create =", clientv3.Compare(clientv3.CreateRevision("txnc/a"), "=", create), true},
		{"create >", clientv3.Compare(clientv3.CreateRevision("txnc/a"), ">", create), false},
		{"mod >", clientv3.Compare(clientv3.ModRevision("txnc/a"), ">", create), true},
		{"mod <", clientv3.Compare(clientv3.ModRevision("txnc/a"), "<", mod), false},
		{"value =", clientv3.Compare(clientv3.Value("txnc/a"), "=", "m"), true},
		{"value <", clientv3.Compare(clientv3.Value("txnc/a"), "<", "n"), true},
		{"value >", clientv3.Compare(clientv3.Value("txnc/a"), ">", "n"), false},
		{"lease =", clientv3.Compare(clientv3.LeaseValue("txnc/a"), "=", lease.ID), true},
		{"absent create", clientv3.Compare(clientv3.CreateRevision("txnc/x"), "=", 0), true},
		{"absent version", clientv3.Compare(clientv3.Version("txnc/x"), "<", 1), true},
		{"absent value =", clientv3.Compare(clientv3.Value("txnc/x"), "=", ""), false},
		{"absent value !=", clientv3.Compare(clientv3.Value("txnc/x"), "!=", "q"), false},
	}
	for _, c := range cases {
		resp, err := t.Client.Txn(t).If(c.cmp).Commit()
		t.OK(err, c.name)
		t.Equal(resp.Succeeded, c.want, c.name)
	}
	resp, err := t.Client.Txn(t).If(cases[0].cmp, cases[1].cmp).Commit()
	t.OK(err, "two compares")
	t.Equal(resp.Succeeded, false, "all compares must hold")
	resp, err = t.Client.Txn(t).Commit()
	t.OK(err, "empty txn")
	t.Equal(resp.Succeeded, true, "a txn without compares succeeds")
	_, err = t.Client.Revoke(t, lease.ID)
	t.OK(err, "revoke")
}

func txnRangeCompare(t *T) {
	t.Put("txnr/a", "1")
	t.Put("txnr/b", "1")
	check := func(want bool, what string) {
		resp, err := t.Client.Txn(t).
			If(clientv3.Compare(clientv3.Value("txnr/").WithPrefix(), "=", "1")).Commit()
		t.OK(err, what)
		t.Equal(resp.Succeeded, want, what)
	}
	check(true, "every key of the range matches")
	t.Put("txnr/b", "2")
	check(false, "one key of the range does not match")
}

func txnOwnWrites(t *T) {
	before := t.Revision()
	resp, err := t.Client.Txn(t).Then(
		clientv3.OpPut("txno/a", "1"),
		clientv3.OpGet("txno/", clientv3.WithPrefix()),
		clientv3.OpDelete("txno/b", clientv3.WithFromKey(), clientv3.WithRange("txno/c")),
		clientv3.OpPut("txno/d", "1"),
		clientv3.OpGet("txno/", clientv3.WithPrefix(), clientv3.WithCountOnly()),
	).Commit()
	t.OK(err, "txn")
	t.Equal(resp.Header.Revision, before+1, "revision")
	read := resp.Responses[1].GetResponseRange()
	t.Equal(read.Count, 1, "a range sees the put before it, not the one after it")
	t.Equal(read.Kvs[0].ModRevision, before+1, "mod revision of a pair of the same txn")
	t.Equal(read.Header.Revision, before+1, "inner header revision")
	t.Equal(resp.Responses[4].GetResponseRange().Count, 2, "count after both puts")
}

func txnNested(t *T) {
	before := t.Revision()
	inner := clientv3.OpTxn(
		[]clientv3.Cmp{clientv3.Compare(clientv3.Value("txnn/a"), "=", "1")},
		[]clientv3.Op{clientv3.OpPut("txnn/b", "then"), clientv3.OpGet("txnn/b")},
		[]clientv3.Op{clientv3.OpPut("txnn/b", "else")})
	resp, err := t.Client.Txn(t).
		If(clientv3.Compare(clientv3.CreateRevision("txnn/a"), "=", 0)).
		Then(clientv3.OpPut("txnn/a", "1"), inner).
		Else(clientv3.OpGet("txnn/a")).
		Commit()
	t.OK(err, "nested txn")
	t.Equal(resp.Succeeded, true, "outer")
	t.Equal(resp.Header.Revision, before+1, "a nested txn is one revision")
	nested := resp.Responses[1].GetResponseTxn()
	// The compares of an inner txn look at the store as its outer txn found it.
	t.Equal(nested.Succeeded, false, "inner compare does not see the outer put")
	t.Equal(len(nested.Responses), 1, "inner responses")
	got, err := t.Client.Get(t, "txnn/b")
	t.OK(err, "get")
	t.Equal(got.Kvs[0].Value, "else", "value of the inner branch")
	t.Equal(got.Kvs[0].ModRevision, before+1, "mod revision of the inner put")
}

func txnReadOnly(t *T) {
	base := t.Put("txnq/a", "1")
	t.Put("txnq/a", "2")
	resp, err := t.Client.Txn(t).Then(
		clientv3.OpGet("txnq/a"),
		clientv3.OpGet("txnq/a", clientv3.WithRev(base)),
	).Commit()
	t.OK(err, "read-only txn")
	t.Equal(resp.Header.Revision, base+1, "revision")
	t.Equal(resp.Responses[0].GetResponseRange().Kvs[0].Value, "2", "now")
	t.Equal(resp.Responses[1].GetResponseRange().Kvs[0].Value, "1", "in the past")
}
