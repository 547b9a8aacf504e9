package main

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// Managed fields on their way to a scale and back.
type scale struct {
	Parent []metav1.ManagedFieldsEntry `json:"parent"`
	// Upstream's scale of it.
	Scale []metav1.ManagedFieldsEntry `json:"scale"`
	// The scale after a write.
	Written []metav1.ManagedFieldsEntry `json:"written"`
	// Upstream's parent after it.
	After []metav1.ManagedFieldsEntry `json:"after"`
}

func (g *generator) entries(most int, versions ...string) []metav1.ManagedFieldsEntry {
	entries := []metav1.ManagedFieldsEntry{}
	seen := map[string]bool{}
	for range g.Intn(most) {
		at := metav1.NewTime(time.Date(2001, 1, 1, 0, 0, g.Intn(9), 0, time.UTC))
		fields := pick(g, `{"f:spec":{"f:replicas":{}}}`, `{"f:spec":{"f:replicas":{},"f:paused":{}}}`, `{"f:spec":{"f:paused":{}}}`)
		entry := metav1.ManagedFieldsEntry{
			Manager:     pick(g, "a", "b", "c"),
			Operation:   pick(g, metav1.ManagedFieldsOperationApply, metav1.ManagedFieldsOperationUpdate),
			APIVersion:  pick(g, versions...),
			Time:        &at,
			FieldsType:  "FieldsV1",
			FieldsV1:    metav1.NewFieldsV1(fields),
			Subresource: pick(g, "", "", "scale"),
		}
		if id := entry.Manager + string(entry.Operation) + entry.Subresource; !seen[id] {
			seen[id] = true
			entries = append(entries, entry)
		}
	}
	return entries
}

func scaleCase(g *generator) scale {
	group := schema.GroupVersion{Group: "apps", Version: "v1"}
	mappings := managedfields.ResourcePathMappings{
		"apps/v1": fieldpath.MakePathOrDie("spec", "replicas"),
		"apps/v0": nil,
	}
	made := scale{Parent: g.entries(5, "apps/v1", "apps/v1", "apps/v1", "apps/v0", "apps/gone")}
	handler := managedfields.NewScaleHandler(made.Parent, group, mappings)
	var err error
	if made.Scale, err = handler.ToSubresource(); err != nil {
		fail(err)
	}
	made.Written = g.entries(2, "autoscaling/v1")
	for _, entry := range made.Scale {
		if !g.once(3) {
			made.Written = append(made.Written, entry)
		}
	}
	if made.After, err = handler.ToParent(made.Written); err != nil {
		fail(err)
	}
	return made
}
