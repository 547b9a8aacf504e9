package main

import (
	"context"
	"fmt"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// leader has two candidates; when the one that leads gives up, the other does.
func leader(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	leads := make(chan string, 2)
	stops := map[string]context.CancelFunc{}
	for _, name := range []string{"a", "b"} {
		own, stop := context.WithCancel(ctx)
		defer stop()
		stops[name] = stop
		elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock: &resourcelock.LeaseLock{
				LeaseMeta:  meta.ObjectMeta{Namespace: "default", Name: "election"},
				Client:     client.CoordinationV1(),
				LockConfig: resourcelock.ResourceLockConfig{Identity: name},
			},
			LeaseDuration:   3 * time.Second,
			RenewDeadline:   2 * time.Second,
			RetryPeriod:     200 * time.Millisecond,
			ReleaseOnCancel: true,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { leads <- name },
				OnStoppedLeading: func() {},
			},
		})
		if err != nil {
			return err
		}
		go elector.Run(own)
	}
	first := <-leads
	lease, err := client.CoordinationV1().Leases("default").Get(ctx, "election", meta.GetOptions{})
	if err != nil || lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity != first {
		return fmt.Errorf("%s leads, but the lease says %v (%v)", first, lease.Spec, err)
	}
	stops[first]()
	select {
	case second := <-leads:
		if second == first {
			return fmt.Errorf("%s leads again although it has given up", first)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("nobody leads after %s: %w", first, ctx.Err())
	}
}
