package main

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

var (
	configMaps  = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	deployments = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
)

// dynamics reads and writes objects without knowing their kinds.
func dynamics(ctx context.Context, config *rest.Config) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	web := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1",
		"kind":       "Deployment",
		"metadata":   map[string]any{"generateName": "web-"},
		"spec": map[string]any{
			"selector": map[string]any{"matchLabels": map[string]any{"app": "web"}},
			"template": map[string]any{
				"metadata": map[string]any{"labels": map[string]any{"app": "web"}},
				"spec":     map[string]any{"containers": []any{map[string]any{"name": "web", "image": "web:1"}}},
			},
		},
	}}
	api := client.Resource(deployments).Namespace("default")
	made, err := api.Create(ctx, web, meta.CreateOptions{FieldManager: "test"})
	if err != nil {
		return err
	}
	if len(made.GetName()) != len("web-")+5 || made.GetUID() == "" || made.GetGeneration() != 1 {
		return fmt.Errorf("made %v", made.Object["metadata"])
	}
	patch := []byte(`{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web:2"}]}}}}`)
	patched, err := api.Patch(ctx, made.GetName(), types.StrategicMergePatchType, patch, meta.PatchOptions{})
	if err != nil {
		return err
	}
	containers, _, err := unstructured.NestedSlice(patched.Object, "spec", "template", "spec", "containers")
	if err != nil || len(containers) != 1 || containers[0].(map[string]any)["image"] != "web:2" || patched.GetGeneration() != 2 {
		return fmt.Errorf("patched: %v %v", err, patched.Object)
	}
	// Written with an old version it is refused.
	made.SetLabels(map[string]string{"a": "b"})
	if _, err := api.Update(ctx, made, meta.UpdateOptions{}); !errors.IsConflict(err) {
		return fmt.Errorf("an old version was not refused: %v", err)
	}
	patched.SetLabels(map[string]string{"a": "b"})
	if _, err := api.Update(ctx, patched, meta.UpdateOptions{}); err != nil {
		return err
	}
	list, err := api.List(ctx, meta.ListOptions{LabelSelector: "a=b"})
	if err != nil || len(list.Items) != 1 || list.GetResourceVersion() == "" {
		return fmt.Errorf("listed: %v %v", err, list)
	}
	if err := api.DeleteCollection(ctx, meta.DeleteOptions{}, meta.ListOptions{LabelSelector: "a=b"}); err != nil {
		return err
	}
	if _, err := api.Get(ctx, made.GetName(), meta.GetOptions{}); !errors.IsNotFound(err) {
		return fmt.Errorf("it is there still: %v", err)
	}
	return nil
}

// metadatas follows metadata alone, as garbage collectors do.
func metadatas(ctx context.Context, config *rest.Config) error {
	client, err := metadata.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := metadatainformer.NewSharedInformerFactory(client, 0)
	informer := factory.ForResource(configMaps).Informer()
	seen := make(chan string, 100)
	_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { seen <- object.(*meta.PartialObjectMetadata).Name },
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("the informer does not come to know what is there")
	}
	dynamic, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "seen-by-metadata"},
	}}
	if _, err := dynamic.Resource(configMaps).Namespace("default").Create(ctx, object, meta.CreateOptions{}); err != nil {
		return err
	}
	for {
		select {
		case name := <-seen:
			if name == "seen-by-metadata" {
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("an object was not seen: %w", ctx.Err())
		}
	}
}
