package main

import (
	"fmt"
	"strconv"

	clientv3 "go.etcd.io/etcd/client/v3"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apiserver/pkg/storage/etcd3"
)

// prefix is where the API server keeps the objects of the load in the store.
const prefix = "/registry/interop.example/widgets/"

func versionOf(object *unstructured.Unstructured) uint64 {
	return parseVersion(object.GetResourceVersion())
}

func parseVersion(text string) uint64 {
	version, _ := strconv.ParseUint(text, 10, 64)
	return version
}

func tokenOf(object *unstructured.Unstructured) string {
	token, _, _ := unstructured.NestedString(object.Object, "spec", "token")
	return token
}

// pages lists everything page by page while others write: all pages must be of one revision,
// complete and in order.
func (r *run) pages() error {
	const size = 500
	version, last, seen := "", "", 0
	options := metav1.ListOptions{Limit: size}
	for page := 0; ; page++ {
		list, err := r.widgets.List(r.ctx, options)
		if err != nil {
			return fmt.Errorf("page %d: %w", page, err)
		}
		if version == "" {
			version = list.GetResourceVersion()
		}
		if list.GetResourceVersion() != version {
			return fmt.Errorf("page %d is of revision %s, the first of %s", page, list.GetResourceVersion(), version)
		}
		for _, object := range list.Items {
			if object.GetName() <= last {
				return fmt.Errorf("%s follows %s", object.GetName(), last)
			}
			last = object.GetName()
			seen++
		}
		if remaining := list.GetRemainingItemCount(); remaining != nil && int(*remaining) != r.objects-seen {
			return fmt.Errorf("page %d: %d remain of %d after %d", page, *remaining, r.objects, seen)
		}
		if list.GetContinue() == "" {
			break
		}
		// Written after the first page: must not show in the next ones.
		if err := r.createOne(fmt.Sprintf("paged-%05d", page), int64(page)); err != nil {
			return err
		}
		if err := r.patchOne(fmt.Sprintf("object-%05d", r.objects-1-page), "paged"); err != nil {
			return err
		}
		options.Continue = list.GetContinue()
	}
	if seen != r.objects {
		return fmt.Errorf("%d objects in all pages, want %d", seen, r.objects)
	}
	return nil
}

// compaction compacts the store as another API server would, and checks what lists and watches of
// older revisions get.
func (r *run) compaction() error {
	first, err := r.widgets.List(r.ctx, metav1.ListOptions{Limit: 100})
	if err != nil {
		return err
	}
	if err := r.patchOne("object-00001", "before the compaction"); err != nil {
		return err
	}
	if err := r.compact(); err != nil {
		return err
	}
	// The server learns of the compaction by its watch on the key; until then it may answer from
	// what it keeps in memory.
	next := metav1.ListOptions{Limit: 100, Continue: first.GetContinue()}
	for {
		_, err = r.widgets.List(r.ctx, next)
		if apierrors.IsResourceExpired(err) {
			break
		}
		if err != nil {
			return fmt.Errorf("page of a compacted revision: %w", err)
		}
		if pauseErr := pause(r.ctx); pauseErr != nil {
			return fmt.Errorf("a page of a compacted revision is served for ever")
		}
	}
	// The refusal carries a token that goes on from the same place at a newer revision.
	status, ok := err.(apierrors.APIStatus)
	if !ok || status.Status().ListMeta.Continue == "" {
		return fmt.Errorf("no token to go on with: %v", err)
	}
	second, err := r.widgets.List(r.ctx, metav1.ListOptions{Limit: 100, Continue: status.Status().ListMeta.Continue})
	if err != nil {
		return fmt.Errorf("page after the refusal: %w", err)
	}
	if second.Items[0].GetName() <= first.Items[len(first.Items)-1].GetName() {
		return fmt.Errorf("page after the refusal begins at %s", second.Items[0].GetName())
	}
	exact := metav1.ListOptions{
		ResourceVersion: first.GetResourceVersion(), ResourceVersionMatch: metav1.ResourceVersionMatchExact}
	if _, err := r.widgets.List(r.ctx, exact); !apierrors.IsResourceExpired(err) {
		return fmt.Errorf("list of a compacted revision: %v", err)
	}
	// Straight from the store: the same revision is gone there.
	_, err = r.store.Get(r.ctx, prefix, clientv3.WithPrefix(), clientv3.WithRev(int64(parseVersion(first.GetResourceVersion()))))
	if err == nil {
		return fmt.Errorf("the store still reads revision %s", first.GetResourceVersion())
	}
	return nil
}

// compact runs the API server's own compaction, twice: the first round only notes the revision.
func (r *run) compact() error {
	version, revision, _, err := etcd3.Compact(r.ctx, r.store, 0, 0)
	if err != nil {
		return err
	}
	if err := r.patchOne("object-00002", "between the rounds"); err != nil {
		return err
	}
	_, _, compacted, err := etcd3.Compact(r.ctx, r.store, version, revision)
	if err != nil {
		return err
	}
	if compacted != revision {
		return fmt.Errorf("compacted to %d, want %d", compacted, revision)
	}
	return nil
}

// nothingLost compares what was acknowledged with what is there, as the API server tells it in
// each of its ways, and as the store does.
func (r *run) nothingLost() error {
	for _, options := range []metav1.ListOptions{
		{},                     // consistent
		{ResourceVersion: "0"}, // from the server's memory
		{Limit: 1_000_000_000}, // from the store
	} {
		list, err := r.widgets.List(r.ctx, options)
		if err != nil {
			return err
		}
		found := map[string]uint64{}
		for _, object := range list.Items {
			found[object.GetName()] = versionOf(&object)
		}
		if err := same(found, r.ledger.versions); err != nil {
			return fmt.Errorf("list with %+v: %w", options, err)
		}
	}
	reply, err := r.store.Get(r.ctx, prefix, clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		return err
	}
	found := map[string]uint64{}
	for _, pair := range reply.Kvs {
		found[string(pair.Key[len(prefix+"default/"):])] = uint64(pair.ModRevision)
	}
	if err := same(found, r.ledger.versions); err != nil {
		return fmt.Errorf("the store's keys: %w", err)
	}
	fmt.Printf("objects %d, acknowledged writes %d\n", len(found), r.ledger.size())
	return nil
}

func same(got, want map[string]uint64) error {
	for name, version := range want {
		if got[name] != version {
			return fmt.Errorf("%s is at %d, acknowledged at %d", name, got[name], version)
		}
	}
	for name := range got {
		if _, found := want[name]; !found {
			return fmt.Errorf("%s is there, but was deleted or never written", name)
		}
	}
	return nil
}
