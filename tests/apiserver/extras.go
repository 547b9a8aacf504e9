package main

import (
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/apiserver/pkg/storage"
	etcdfeature "k8s.io/apiserver/pkg/storage/feature"
	"k8s.io/component-base/metrics/legacyregistry"
)

// leases writes as the API server writes events: created only if absent, many objects on one
// lease. All must go when the lease ends, each with one event.
func (r *run) leases() error {
	const n = 200
	lease, err := r.store.Grant(r.ctx, 3)
	if err != nil {
		return err
	}
	watch := r.store.Watch(r.ctx, "/registry/events/", clientv3.WithPrefix(), clientv3.WithPrevKV())
	err = parallel(n, func(i int) error {
		key := fmt.Sprintf("/registry/events/default/event-%03d", i)
		reply, err := r.store.Txn(r.ctx).
			If(clientv3.Compare(clientv3.ModRevision(key), "=", 0)).
			Then(clientv3.OpPut(key, "event", clientv3.WithLease(lease.ID))).
			Else(clientv3.OpGet(key)).
			Commit()
		if err == nil && !reply.Succeeded {
			err = fmt.Errorf("%s is there already", key)
		}
		return err
	})
	if err != nil {
		return err
	}
	puts, gone := 0, map[string]bool{}
	for len(gone) < n {
		response, open := <-watch
		if !open || response.Err() != nil {
			return fmt.Errorf("the watch ended after %d of %d expiries: %v", len(gone), n, response.Err())
		}
		for _, event := range response.Events {
			key := string(event.Kv.Key)
			switch {
			case event.Type == mvccpb.Event_PUT:
				puts++
			case gone[key]:
				return fmt.Errorf("%s went twice", key)
			case event.PrevKv == nil || event.PrevKv.Lease != int64(lease.ID):
				return fmt.Errorf("%s went without its lease: %v", key, event.PrevKv)
			default:
				gone[key] = true
			}
		}
	}
	if puts != n {
		return fmt.Errorf("%d puts were seen, want %d", puts, n)
	}
	return nil
}

// featuresUsed makes sure that the API server took the paths that it takes on a current etcd:
// otherwise the run proves less than it seems to.
func (r *run) featuresUsed() error {
	checker := etcdfeature.DefaultFeatureSupportChecker
	for _, feature := range []storage.Feature{storage.RequestWatchProgress, storage.RangeStream} {
		if !checker.Supports(feature) {
			return fmt.Errorf("the API server found that the store lacks %s", feature)
		}
	}
	families, err := legacyregistry.DefaultGatherer.Gather()
	if err != nil {
		return err
	}
	operations := map[string]uint64{}
	for _, family := range families {
		if family.GetName() != "etcd_request_duration_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "operation" {
					operations[label.GetValue()] += metric.GetHistogram().GetSampleCount()
				}
			}
		}
	}
	for _, operation := range []string{"create", "update", "delete", "get", "listStream"} {
		if operations[operation] == 0 {
			return fmt.Errorf("the API server made no %s request: %v", operation, operations)
		}
	}
	fmt.Println("store requests", strings.TrimPrefix(fmt.Sprint(operations), "map"))
	return nil
}
