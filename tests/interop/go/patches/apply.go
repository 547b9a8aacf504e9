package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// One request, with all it depends on.
type step struct {
	// builtin, thing (see thing.go), or none.
	Schema      string `json:"schema"`
	APIVersion  string `json:"apiVersion"`
	Kind        string `json:"kind"`
	Verb        string `json:"verb"`
	Manager     string `json:"manager"`
	Subresource string `json:"subresource"`
	Force       bool   `json:"force"`
	Now         string `json:"now"`
	// Fields that the request may not own.
	Reset []string `json:"reset"`
	// The object before; none for one that is created.
	Live map[string]any `json:"live"`
	// The new object, or what is applied.
	Given map[string]any `json:"given"`

	Object map[string]any `json:"object,omitempty"`
	// The managed fields as upstream writes them.
	Fields []string `json:"fields,omitempty"`
	Error  string   `json:"error,omitempty"`
	Status int32    `json:"status,omitempty"`
	Causes []cause  `json:"causes,omitempty"`
}

type cause struct {
	Type    string `json:"type"`
	Message string `json:"message"`
	Field   string `json:"field"`
}

// What objects of a sort are made of and typed by.
type variety struct {
	schema    string
	gvk       schema.GroupVersionKind
	kind      *kind
	converter managedfields.TypeConverter
	generate  func() map[string]any
}

func applyCases(g *generator, count int, folder string, print func(any)) {
	builtin := applyconfigurations.NewTypeConverter(scheme.Scheme)
	if folder != "" {
		builtin = documents(folder)
	}
	definition := thingSchema()
	things, err := managedfields.NewTypeConverter(map[string]*spec.Schema{"test.pintle.v1.Thing": definition}, false)
	if err != nil {
		fail(err)
	}
	group := schema.GroupVersion{Group: "pintle.test", Version: "v1"}
	for printed := 0; printed < count; {
		var s variety
		switch g.Intn(8) {
		case 0:
			s = variety{schema: "none", gvk: group.WithKind("Loose"), converter: managedfields.NewDeducedTypeConverter()}
			s.generate = func() map[string]any {
				return g.named(s.gvk, map[string]any{"spec": g.fields(4), "status": g.fields(2)})
			}
		case 1, 2:
			s = variety{schema: "thing", gvk: group.WithKind("Thing"), converter: things}
			s.generate = func() map[string]any { return g.named(s.gvk, g.byschema(definition).(map[string]any)) }
		default:
			k := kinds[g.Intn(len(kinds))]
			s = variety{schema: "builtin", gvk: k.gvk, kind: &k, converter: builtin}
			s.generate = func() map[string]any { return tree(g.object(k)) }
		}
		for _, step := range g.sequence(s) {
			if printed < count {
				print(step)
			}
			printed++
		}
	}
}

// The types of OpenAPI v3 documents, which the API server itself uses.
func documents(folder string) managedfields.TypeConverter {
	all := map[string]*spec.Schema{}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		fail(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			fail(err)
		}
		document := struct {
			Components struct {
				Schemas map[string]*spec.Schema `json:"schemas"`
			} `json:"components"`
		}{}
		if err := json.Unmarshal(content, &document); err != nil {
			fail(err)
		}
		for name, schema := range document.Components.Schemas {
			all[name] = schema
		}
	}
	converter, err := managedfields.NewTypeConverter(all, false)
	if err != nil {
		fail(err)
	}
	return converter
}

func (g *generator) named(gvk schema.GroupVersionKind, object map[string]any) map[string]any {
	object["apiVersion"], object["kind"] = gvk.GroupVersion().String(), gvk.Kind
	meta, ok := object["metadata"].(map[string]any)
	if !ok {
		meta = map[string]any{}
		object["metadata"] = meta
	}
	meta["name"], meta["namespace"] = "x", "default"
	delete(meta, "uid")
	delete(meta, "managedFields")
	return object
}

// What stands for a server's conversions: nothing changes but that a version may be gone.
type conversions struct {
	s variety
}

func (c conversions) Convert(in, out, context any) error { return errors.New("not used") }

func (c conversions) ConvertFieldLabel(schema.GroupVersionKind, string, string) (string, string, error) {
	return "", "", errors.New("not used")
}

func (c conversions) ConvertToVersion(in runtime.Object, to runtime.GroupVersioner) (runtime.Object, error) {
	if version, ok := to.(schema.GroupVersion); ok && version.Version == "gone" {
		return nil, runtime.NewNotRegisteredErrForKind("test", version.WithKind("Gone"))
	}
	return in, nil
}

func (c conversions) Default(runtime.Object) {}

func (c conversions) New(gvk schema.GroupVersionKind) (runtime.Object, error) {
	return c.s.empty(), nil
}

// The object a create starts from.
func (s variety) empty() runtime.Object {
	if s.kind != nil {
		return s.kind.object()
	}
	made := &unstructured.Unstructured{Object: map[string]any{}}
	made.SetGroupVersionKind(s.gvk)
	return made
}

func (s variety) object(tree map[string]any) runtime.Object {
	if s.kind != nil {
		if object := s.kind.parse(tree); object != nil {
			return object
		}
		return nil
	}
	return &unstructured.Unstructured{Object: runtime.DeepCopyJSON(tree)}
}

func treeOf(object runtime.Object) map[string]any {
	if object, ok := object.(*unstructured.Unstructured); ok {
		return object.Object
	}
	return tree(object)
}

func (g *generator) sequence(s variety) []step {
	steps := []step{}
	var live map[string]any
	managers := []string{"kubectl", "kubectl", "a", "b", "kubectl-client-side-apply", ""}
	length := 3 + g.Intn(6)
	if g.once(12) {
		// So many that the oldest are merged.
		length = 22
		for i := range 16 {
			managers = append(managers, fmt.Sprintf("m%d", i))
		}
	}
	var config map[string]any
	for at := range length {
		made := step{
			Schema:     s.schema,
			APIVersion: s.gvk.GroupVersion().String(),
			Kind:       s.gvk.Kind,
			Manager:    pick(g, managers...),
			Force:      g.once(3),
			Now:        time.Date(2001, 1, 1, 0, 0, at, 0, time.UTC).Format(time.RFC3339),
			Reset:      []string{},
		}
		switch {
		case g.once(5) && live != nil:
			made.Subresource = "status"
			made.Reset = pick(g, []string{"spec"}, []string{"spec", "metadata.labels"}, []string{})
		case g.once(4):
			made.Reset = []string{"status"}
		}
		if live != nil {
			made.Live = live
		}
		if length > 20 && !g.once(4) || g.once(2) {
			made.Verb = "update"
			made.Given = g.update(s, live)
			if length > 20 && live != nil && !g.once(8) {
				// Each manager gets a label of its own.
				made.Manager = fmt.Sprintf("m%d", g.Intn(20))
				made.Subresource, made.Reset = pick(g, "", "", "status"), []string{}
				made.Given = runtime.DeepCopyJSON(live)
				meta := made.Given["metadata"].(map[string]any)
				labels, ok := meta["labels"].(map[string]any)
				if !ok {
					labels = map[string]any{}
					meta["labels"] = labels
				}
				labels[fmt.Sprintf("l%d", at)] = "x"
				if entries, ok := meta["managedFields"].([]any); ok && g.once(4) {
					entry := entries[g.Intn(len(entries))].(map[string]any)
					version := schema.GroupVersion{Group: s.gvk.Group, Version: "v9"}
					entry["apiVersion"] = version.String()
				}
			}
		} else {
			made.Verb = "apply"
			if config == nil || g.once(2) {
				config = g.config(s, live)
			} else {
				config = g.config(s, config)
			}
			made.Given = runtime.DeepCopyJSON(config)
			g.spoil(made.Given)
		}
		if made.Given == nil {
			continue
		}
		next := s.run(&made)
		steps = append(steps, made)
		if next == nil {
			continue
		}
		next["metadata"].(map[string]any)["uid"] = "u"
		if object := s.object(next); object != nil {
			live = treeOf(object)
		}
	}
	return steps
}

// A new state of the object.
func (g *generator) update(s variety, live map[string]any) map[string]any {
	made := s.generate()
	if live != nil {
		made = g.mix(live, made).(map[string]any)
		if g.once(5) {
			made = runtime.DeepCopyJSON(live)
		}
	}
	made = g.named(s.gvk, runtime.DeepCopyJSON(made))
	if s.kind != nil {
		object := s.object(made)
		if object == nil {
			return nil
		}
		made = treeOf(object)
	}
	meta := made["metadata"].(map[string]any)
	if g.once(4) {
		config := g.config(s, made)
		encoded, _ := json.Marshal(config)
		annotations, ok := meta["annotations"].(map[string]any)
		if !ok {
			annotations = map[string]any{}
			meta["annotations"] = annotations
		}
		annotations[lastApplied] = string(encoded)
	}
	if live == nil {
		return made
	}
	meta["uid"] = "u"
	old, _ := live["metadata"].(map[string]any)["managedFields"].([]any)
	old = runtime.DeepCopyJSONValue(append([]any{}, old...)).([]any)
	switch g.Intn(16) {
	case 0:
		return made
	case 1:
		meta["managedFields"] = []any{}
		return made
	case 2:
		if g.once(2) {
			meta["managedFields"] = []any{map[string]any{}}
			return made
		}
	case 3:
		if len(old) > 0 {
			old = old[1:]
		}
	case 4, 5:
		if len(old) > 0 {
			entry := old[g.Intn(len(old))].(map[string]any)
			switch g.Intn(6) {
			case 0:
				entry["operation"] = "x"
			case 1:
				entry["apiVersion"] = "gone"
				if s.gvk.Group != "" {
					entry["apiVersion"] = s.gvk.Group + "/gone"
				}
			case 2:
				entry["apiVersion"] = "a/b/c"
			default:
				entry["apiVersion"] = "v9"
				if s.gvk.Group != "" {
					entry["apiVersion"] = s.gvk.Group + "/v9"
				}
			}
		}
	}
	if len(old) > 0 {
		meta["managedFields"] = old
	}
	return made
}

// A part of an object to be applied.
func (g *generator) config(s variety, from map[string]any) map[string]any {
	made := s.generate()
	if from != nil {
		made = g.mix(from, made).(map[string]any)
	}
	made = g.part(made, 0).(map[string]any)
	if meta, ok := made["metadata"].(map[string]any); ok {
		for _, name := range []string{"managedFields", "uid", "creationTimestamp", "generation"} {
			delete(meta, name)
		}
		if annotations, ok := meta["annotations"].(map[string]any); ok && !g.once(4) {
			delete(annotations, lastApplied)
		}
	}
	if s.kind != nil && !g.once(4) {
		delete(made, "status")
	}
	return g.named(s.gvk, made)
}

func (g *generator) part(of any, depth int) any {
	switch of := of.(type) {
	case map[string]any:
		made := map[string]any{}
		for _, key := range keys(of) {
			known := false
			for _, candidate := range mergeKeys {
				known = known || key == candidate
			}
			if value := of[key]; depth == 0 || known || !g.once(4) {
				if value == nil && !g.once(10) {
					continue
				}
				made[key] = g.part(value, depth+1)
			}
		}
		return made
	case []any:
		made := []any{}
		for _, item := range of {
			if !g.once(5) {
				made = append(made, g.part(item, depth+1))
			}
		}
		// What is there twice cannot be applied.
		if !g.once(6) {
			made = once(made)
		}
		if g.once(4) {
			g.Shuffle(len(made), func(i, j int) { made[i], made[j] = made[j], made[i] })
		}
		return made
	default:
		return of
	}
}

// The items of a list, each once by all that it may be known by.
func once(list []any) []any {
	made := []any{}
	seen := map[string]bool{}
	for _, item := range list {
		id, _ := json.Marshal(item)
		if fields, ok := item.(map[string]any); ok {
			known := map[string]any{}
			for _, key := range []string{"name", "type", "containerPort", "port", "protocol", "uid", "ip", "mountPath", "devicePath", "topologyKey", "conditionType", "id", "key", "whenUnsatisfiable"} {
				if value, ok := fields[key]; ok {
					known[key] = value
				}
			}
			if _, ok := known["name"]; ok {
				known = map[string]any{"name": known["name"]}
			}
			id, _ = json.Marshal(known)
		}
		if !seen[string(id)] {
			seen[string(id)] = true
			made = append(made, item)
		}
	}
	return made
}

// At times one mistake.
func (g *generator) spoil(config map[string]any) {
	meta := config["metadata"].(map[string]any)
	switch g.Intn(60) {
	case 0:
		config["kind"] = "Other"
	case 1:
		config["apiVersion"] = pick(g, "x/v1", "a/b/c", "v7")
	case 2:
		meta["managedFields"] = []any{map[string]any{"manager": "x"}}
	case 3:
		meta["name"] = pick[any](g, int64(1), true)
	case 4:
		meta["labels"] = pick[any](g, []any{"x", int64(1)}, map[string]any{"x": 1.5})
	case 5:
		meta["unknown"] = "x"
	case 6:
		meta["finalizers"] = pick[any](g, []any{"a", "b", "a"}, map[string]any{"a": "b"}, []any{nil}, []any{[]any{}})
	case 7:
		meta["generation"] = pick[any](g, "x", []any{}, map[string]any{"a": int64(1)})
	}
}

// Runs a step; the object after it, or none if it failed.
func (s variety) run(made *step) map[string]any {
	reset := map[fieldpath.APIVersion]fieldpath.Filter{}
	if len(made.Reset) > 0 {
		set := fieldpath.NewSet()
		for _, path := range made.Reset {
			parts := []any{}
			for _, part := range strings.Split(path, ".") {
				parts = append(parts, part)
			}
			set.Insert(fieldpath.MakePathOrDie(parts...))
		}
		group := s.gvk.GroupVersion()
		for _, version := range []string{group.Version, "v9"} {
			name := schema.GroupVersion{Group: group.Group, Version: version}.String()
			reset[fieldpath.APIVersion(name)] = fieldpath.NewExcludeSetFilter(set)
		}
	}
	convert := conversions{s}
	build := managedfields.NewDefaultFieldManager
	if s.kind == nil {
		build = managedfields.NewDefaultCRDFieldManager
	}
	manager, err := build(s.converter, convert, convert, convert, s.gvk, s.gvk.GroupVersion(), made.Subresource, reset)
	if err != nil {
		fail(err)
	}
	live := s.empty()
	if made.Live != nil {
		live = s.object(made.Live)
	}
	var result runtime.Object
	if made.Verb == "update" {
		given := s.object(made.Given)
		result = manager.UpdateNoErrors(live, given, made.Manager)
	} else {
		given := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(made.Given)}
		result, err = manager.Apply(live, given, made.Manager, made.Force)
	}
	if err != nil {
		made.Error = err.Error()
		made.Status = 500
		if status, ok := err.(*apierrors.StatusError); ok {
			made.Status = status.ErrStatus.Code
			if status.ErrStatus.Details != nil {
				for _, one := range status.ErrStatus.Details.Causes {
					made.Causes = append(made.Causes, cause{string(one.Type), one.Message, one.Field})
				}
			}
		}
		return nil
	}
	object := runtime.DeepCopyJSON(treeOf(result))
	entries, _ := object["metadata"].(map[string]any)["managedFields"].([]any)
	for _, entry := range entries {
		entry := entry.(map[string]any)
		// Upstream's clock is not ours.
		if at, ok := entry["time"].(string); ok && !strings.HasPrefix(at, "2001-") {
			entry["time"] = made.Now
		}
	}
	made.Object = object
	made.Fields = rawFields(result)
	return runtime.DeepCopyJSON(object)
}

// The sets of managed fields as the library writes them; trees have their own order.
func rawFields(object runtime.Object) []string {
	raw := []string{}
	accessor, ok := object.(metav1.Object)
	if !ok {
		return raw
	}
	for _, entry := range accessor.GetManagedFields() {
		set := fieldpath.Set{}
		if err := set.FromJSON(strings.NewReader(entry.FieldsV1.GetRawString())); err != nil {
			fail(err)
		}
		encoded, err := set.ToJSON()
		if err != nil {
			fail(err)
		}
		raw = append(raw, string(encoded))
	}
	return raw
}
