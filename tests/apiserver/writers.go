package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

const workers = 50

var (
	definitions = schema.GroupVersionResource{
		Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	widgets = schema.GroupVersionResource{Group: "interop.example", Version: "v1", Resource: "widgets"}

	// padding makes an object's JSON about 0.8 kB long.
	padding = strings.Repeat("x", 500)
)

// defineResource creates the definition of the resource that the load uses, and waits until it is
// served.
func (r *run) defineResource() error {
	definition := &unstructured.Unstructured{}
	err := json.Unmarshal([]byte(`{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": {"name": "widgets.interop.example"},
		"spec": {
			"group": "interop.example", "scope": "Namespaced",
			"names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
			"versions": [{
				"name": "v1", "served": true, "storage": true,
				"schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {
					"type": "object", "properties": {
						"number": {"type": "integer"}, "token": {"type": "string"}, "padding": {"type": "string"}
					}
				}}}}
			}]
		}
	}`), definition)
	if err != nil {
		return err
	}
	if _, err := r.api.Resource(definitions).Create(r.ctx, definition, metav1.CreateOptions{}); err != nil {
		return err
	}
	r.widgets = r.api.Resource(widgets).Namespace("default")
	for {
		_, err := r.widgets.List(r.ctx, metav1.ListOptions{})
		if err == nil {
			return nil
		}
		if !apierrors.IsNotFound(err) && !apierrors.IsTooManyRequests(err) && !apierrors.IsServiceUnavailable(err) {
			return err
		}
		if err := pause(r.ctx); err != nil {
			return fmt.Errorf("the resource is never served: %w", err)
		}
	}
}

func widget(name string, number int64, token string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "interop.example/v1", "kind": "Widget",
		"metadata": map[string]any{
			"name": name, "namespace": "default",
			"labels": map[string]any{"shard": fmt.Sprint(number % 10)},
		},
		"spec": map[string]any{"number": number, "token": token, "padding": padding},
	}}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(50 * time.Millisecond):
		return nil
	}
}

// parallel runs work for 0..n on all workers and gives the first error.
func parallel(n int, work func(i int) error) error {
	var next atomic.Int64
	var first error
	var once sync.Once
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := work(i); err != nil {
					once.Do(func() { first = err })
					next.Store(int64(n))
					return
				}
			}
		})
	}
	wait.Wait()
	return first
}

func (r *run) create() error {
	return r.load("object", r.objects, func(int) error { return nil })
}

// load creates n objects in parallel; progress is called with the number done so far.
func (r *run) load(prefix string, n int, progress func(done int) error) error {
	var done atomic.Int64
	return parallel(n, func(i int) error {
		if err := r.createOne(fmt.Sprintf("%s-%05d", prefix, i), int64(i)); err != nil {
			return err
		}
		return progress(int(done.Add(1)))
	})
}

// createOne creates an object, trying again while the store is away. A try whose reply was lost
// may have succeeded: then the object is there, with this writer's token.
func (r *run) createOne(name string, number int64) error {
	token := "created-" + name
	unclear := false
	for {
		created, err := r.widgets.Create(r.ctx, widget(name, number, token), metav1.CreateOptions{})
		if unclear && apierrors.IsAlreadyExists(err) {
			created, err = r.widgets.Get(r.ctx, name, metav1.GetOptions{})
			if err == nil && tokenOf(created) != token {
				return fmt.Errorf("%s belongs to another writer", name)
			}
		}
		if err == nil {
			return r.ledger.wrote(name, versionOf(created))
		}
		if !mayHaveHappened(err) {
			return fmt.Errorf("create %s: %w", name, err)
		}
		unclear = true
		if err := pause(r.ctx); err != nil {
			return err
		}
	}
}

// patchOne changes an object in place by a merge patch.
func (r *run) patchOne(name, token string) error {
	patch := fmt.Appendf(nil, `{"spec":{"token":%q}}`, token)
	patched, err := r.widgets.Patch(r.ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("patch %s: %w", name, err)
	}
	return r.ledger.wrote(name, versionOf(patched))
}

// mayHaveHappened is true for errors after which a write is neither done nor surely not done.
func mayHaveHappened(err error) bool {
	return apierrors.IsInternalError(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsTooManyRequests(err) ||
		apierrors.IsUnexpectedServerError(err) ||
		errors.Is(err, context.DeadlineExceeded)
}

// compareAndSwap has some writers count in one object: every success must be one more.
func (r *run) compareAndSwap() error {
	const name, writers, each = "counter", 8, 25
	if err := r.createOne(name, 0); err != nil {
		return err
	}
	var conflicts atomic.Int64
	err := parallel(writers, func(int) error {
		for range each {
			for {
				object, err := r.widgets.Get(r.ctx, name, metav1.GetOptions{})
				if err != nil {
					return err
				}
				count, _, _ := unstructured.NestedInt64(object.Object, "spec", "number")
				if err := unstructured.SetNestedField(object.Object, count+1, "spec", "number"); err != nil {
					return err
				}
				_, err = r.widgets.Update(r.ctx, object, metav1.UpdateOptions{})
				if err == nil {
					break
				}
				if !apierrors.IsConflict(err) {
					return err
				}
				conflicts.Add(1)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	object, err := r.widgets.Get(r.ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if count, _, _ := unstructured.NestedInt64(object.Object, "spec", "number"); count != writers*each {
		return fmt.Errorf("%d increments were acknowledged, the counter is at %d", writers*each, count)
	}
	if conflicts.Load() == 0 {
		return errors.New("no write of all was in conflict: the step proves nothing")
	}
	// The writes of the step have no entry of their own: their versions were not kept.
	return r.ledger.wrote(name, versionOf(object))
}

func (r *run) updateAndDelete() error {
	half := r.objects / 2
	err := parallel(half, func(i int) error {
		name := fmt.Sprintf("object-%05d", i)
		if i%5 == 0 {
			if err := r.widgets.Delete(r.ctx, name, metav1.DeleteOptions{}); err != nil {
				return fmt.Errorf("delete %s: %w", name, err)
			}
			r.ledger.removed(name)
			return nil
		}
		return r.patchOne(name, "patched")
	})
	if err != nil {
		return err
	}
	_, err = r.widgets.Get(r.ctx, "object-00000", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		return fmt.Errorf("get of a deleted object: %v", err)
	}
	return nil
}
