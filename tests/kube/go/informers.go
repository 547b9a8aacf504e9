package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	clients "k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// informers writes objects from several goroutines while an informer looks on, in protobuf both ways. It
// ends with what a fresh list has, and never sees an object go back.
func informers(ctx context.Context, config *rest.Config) error {
	config = rest.CopyConfig(config)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	const namespace = "default"
	for i := range 10 {
		if err := write(ctx, client, namespace, "before", i); err != nil {
			return err
		}
	}
	factory := clients.NewSharedInformerFactory(client, 0)
	informer := factory.Core().V1().ConfigMaps().Informer()
	var lock sync.Mutex
	last := map[string]int64{}
	var back error
	look := func(object any) {
		if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = gone.Obj
		}
		found := object.(*core.ConfigMap)
		revision, err := strconv.ParseInt(found.ResourceVersion, 10, 64)
		lock.Lock()
		defer lock.Unlock()
		if err != nil || revision < last[found.Name] {
			back = fmt.Errorf("%s went from revision %d to %s", found.Name, last[found.Name], found.ResourceVersion)
		}
		last[found.Name] = revision
	}
	_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    look,
		UpdateFunc: func(_, object any) { look(object) },
		DeleteFunc: look,
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("the informer does not come to know what is there")
	}
	if found := len(informer.GetStore().List()); found < 10 {
		return fmt.Errorf("the informer knows %d objects, not 10", found)
	}
	var writers sync.WaitGroup
	failed := make(chan error, 8)
	for writer := range 8 {
		writers.Go(func() {
			for i := range 25 {
				if err := write(ctx, client, namespace, fmt.Sprintf("w%d", writer), i%10); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	writers.Wait()
	select {
	case err := <-failed:
		return err
	default:
	}
	same := func(ctx context.Context) (bool, error) {
		list, err := client.CoreV1().ConfigMaps(namespace).List(ctx, meta.ListOptions{})
		if err != nil {
			return false, err
		}
		known := informer.GetStore().List()
		if len(known) != len(list.Items) {
			return false, nil
		}
		for i := range list.Items {
			found, exists, err := informer.GetStore().GetByKey(namespace + "/" + list.Items[i].Name)
			if err != nil || !exists || !equality.Semantic.DeepEqual(found, &list.Items[i]) {
				return false, err
			}
		}
		return true, nil
	}
	if err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 30*time.Second, true, same); err != nil {
		return fmt.Errorf("the informer does not get to what a list has: %w", err)
	}
	lock.Lock()
	defer lock.Unlock()
	return back
}

// write makes an object, changes it, or deletes it, whichever comes next.
func write(ctx context.Context, client kubernetes.Interface, namespace, prefix string, i int) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	name := fmt.Sprintf("%s-%d", prefix, i)
	found, err := maps.Get(ctx, name, meta.GetOptions{})
	if errors.IsNotFound(err) {
		object := &core.ConfigMap{
			ObjectMeta: meta.ObjectMeta{Name: name, Labels: map[string]string{"made-by": prefix}},
			Data:       map[string]string{"n": "0"},
			BinaryData: map[string][]byte{"b": {0, 1, 255}},
		}
		_, err = maps.Create(ctx, object, meta.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	if found.Data["n"] == "1" {
		return maps.Delete(ctx, name, meta.DeleteOptions{Preconditions: meta.NewUIDPreconditions(string(found.UID))})
	}
	found.Data["n"] = "1"
	_, err = maps.Update(ctx, found, meta.UpdateOptions{})
	return err
}
