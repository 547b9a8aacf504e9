package main

import (
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	kube "go.etcd.io/etcd/client/v3/kubernetes"
	"go.uber.org/zap"

	"pintle/tests/interop/go/scenarios"
)

// The narrow interface through which Kubernetes writes: compare and swap by mod revision.
var kubernetes = []scenarios.Scenario{
	{Name: "kubernetes-interface", Run: kubernetesInterface},
	{Name: "kubernetes-paging", Run: kubernetesPaging},
}

func newKube(t *scenarios.T) kube.Interface {
	client, err := kube.New(clientv3.Config{Endpoints: []string{t.Endpoint}, Context: t, Logger: zap.NewNop()})
	t.OK(err, "client")
	return client.Kubernetes
}

func kubernetesInterface(t *scenarios.T) {
	k := newKube(t)
	created, err := k.OptimisticPut(t, "/registry/a", []byte("1"), 0, kube.PutOptions{GetOnFailure: true})
	t.OK(err, "create")
	t.Equal(created.Succeeded, true, "created")
	again, err := k.OptimisticPut(t, "/registry/a", []byte("x"), 0, kube.PutOptions{GetOnFailure: true})
	t.OK(err, "second create")
	t.Equal(again.Succeeded, false, "a second create succeeds")
	t.Equal(again.KV.Value, "1", "the pair in the way")
	t.Equal(again.KV.ModRevision, created.Revision, "its mod revision")
	updated, err := k.OptimisticPut(t, "/registry/a", []byte("2"), created.Revision, kube.PutOptions{})
	t.OK(err, "update")
	t.Equal(updated.Succeeded, true, "updated")
	t.Equal(updated.Revision, created.Revision+1, "revision of the update")
	stale, err := k.OptimisticDelete(t, "/registry/a", created.Revision, kube.DeleteOptions{GetOnFailure: true})
	t.OK(err, "stale delete")
	t.Equal(stale.Succeeded, false, "a stale delete succeeds")
	t.Equal(stale.KV.Value, "2", "the pair in the way of the delete")
	gone, err := k.OptimisticDelete(t, "/registry/a", updated.Revision, kube.DeleteOptions{})
	t.OK(err, "delete")
	t.Equal(gone.Succeeded, true, "deleted")
	got, err := k.Get(t, "/registry/a", kube.GetOptions{})
	t.OK(err, "get")
	t.True(got.KV == nil, "a deleted key is there: %v", got.KV)
	old, err := k.Get(t, "/registry/a", kube.GetOptions{Revision: created.Revision})
	t.OK(err, "get in the past")
	t.Equal(old.KV.Value, "1", "value in the past")
}

func kubernetesPaging(t *scenarios.T) {
	k := newKube(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		t.Put("/pages/"+name, "1")
	}
	first, err := k.List(t, "/pages/", kube.ListOptions{Limit: 2})
	t.OK(err, "first page")
	t.Equal(len(first.Kvs), 2, "pairs of the first page")
	t.Equal(first.Count, 5, "count of the first page")
	t.Put("/pages/bb", "late")
	after := func(page kube.ListResponse) (kube.ListResponse, error) {
		next := string(page.Kvs[len(page.Kvs)-1].Key) + "\x00"
		return k.List(t, "/pages/", kube.ListOptions{Limit: 2, Revision: first.Revision, Continue: next})
	}
	second, err := after(first)
	t.OK(err, "second page")
	t.Equal(string(second.Kvs[0].Key)+string(second.Kvs[1].Key), "/pages/c/pages/d", "the second page is as old as the first")
	t.Equal(second.Count, 3, "count of what remains")
	_, err = t.Client.Compact(t, t.Revision())
	t.OK(err, "compact")
	_, err = after(second)
	t.ErrorIs(err, rpctypes.ErrCompacted, "a page of a compacted revision")
	count, err := k.Count(t, "/pages/", kube.CountOptions{})
	t.OK(err, "count")
	t.Equal(count, 6, "count")
}
