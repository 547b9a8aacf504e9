package main

import (
	"math/rand"
	"reflect"
	"sort"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Makes random objects. Few different names and numbers, so that things meet again.
type generator struct {
	*rand.Rand
	// A value of this patch is both to be merged and to be deleted.
	overlap bool
}

func newGenerator(seed int64) *generator {
	return &generator{Rand: rand.New(rand.NewSource(seed))}
}

// True once in so many times.
func (g *generator) once(in int) bool { return g.Intn(in) == 0 }

func pick[T any](g *generator, from ...T) T { return from[g.Intn(len(from))] }

func (g *generator) word() string {
	if g.once(30) {
		return pick(g, "", "a/b~1", "<&>", "ü\u2028", "a\"b\\c", "true", "1")
	}
	return pick(g, "a", "b", "c", "d", "e", "TCP", "UDP")
}

// An object of the kind with about so many hundredths of its fields.
func (g *generator) object(k kind) runtime.Object {
	object := k.object()
	value := reflect.ValueOf(object).Elem()
	density := pick(g, 10, 25, 45)
	for i := range value.NumField() {
		switch name := value.Type().Field(i).Name; name {
		case "TypeMeta":
		case "ObjectMeta":
			g.meta(value.Field(i).Addr().Interface().(*metav1.ObjectMeta))
		default:
			// Status and other big parts are not always there.
			if !g.once(4) {
				g.fill(value.Field(i), density, 0)
			}
		}
	}
	return object
}

func (g *generator) meta(meta *metav1.ObjectMeta) {
	meta.Name = "x"
	meta.Namespace = "default"
	if !g.once(3) {
		meta.Labels = map[string]string{}
		for range g.Intn(3) {
			meta.Labels[g.word()] = g.word()
		}
	}
	if g.once(2) {
		meta.Annotations = map[string]string{}
		for range g.Intn(3) {
			meta.Annotations[g.word()] = g.word()
		}
	}
	if g.once(3) {
		for range g.Intn(4) {
			meta.Finalizers = append(meta.Finalizers, g.word())
		}
	}
	if g.once(3) {
		for range g.Intn(3) {
			owner := metav1.OwnerReference{APIVersion: "v1", Kind: "Pod", Name: g.word()}
			owner.UID = pick[types.UID](g, "1", "2", "3")
			meta.OwnerReferences = append(meta.OwnerReferences, owner)
		}
	}
	if g.once(4) {
		meta.Generation = g.Int63n(3)
	}
}

func (g *generator) fill(value reflect.Value, density, depth int) {
	switch value.Addr().Interface().(type) {
	case *resource.Quantity:
		value.Set(reflect.ValueOf(resource.MustParse(pick(g, "1", "2", "100m", "1Gi"))))
		return
	case *metav1.Time:
		value.Set(reflect.ValueOf(metav1.NewTime(time.Unix(pick[int64](g, 1, 2, 3), 0).UTC())))
		return
	case *metav1.MicroTime:
		value.Set(reflect.ValueOf(metav1.NewMicroTime(time.Unix(pick[int64](g, 1, 2, 3), 0).UTC())))
		return
	case *intstr.IntOrString:
		value.Set(reflect.ValueOf(pick(g, intstr.FromInt32(80), intstr.FromInt32(443), intstr.FromString("http"))))
		return
	case *apiextensionsv1.JSON:
		raw := pick(g, `1`, `"a"`, `{"a":{"b":"c"}}`, `["a"]`)
		value.Set(reflect.ValueOf(apiextensionsv1.JSON{Raw: []byte(raw)}))
		return
	case *runtime.RawExtension, *metav1.FieldsV1, *[]metav1.ManagedFieldsEntry:
		return
	}
	if depth > 9 {
		return
	}
	switch value.Kind() {
	case reflect.Struct:
		for i := range value.NumField() {
			field := value.Type().Field(i)
			if !field.IsExported() {
				continue
			}
			if meta, ok := value.Field(i).Addr().Interface().(*metav1.ObjectMeta); ok {
				g.meta(meta)
				continue
			}
			// Keys are mostly there.
			key := field.Name == "Name" || field.Name == "Type" || field.Name == "ContainerPort"
			if field.Anonymous || g.Intn(100) < density || depth == 0 || key && !g.once(12) {
				g.fill(value.Field(i), density, depth+1)
			}
		}
	case reflect.Pointer:
		value.Set(reflect.New(value.Type().Elem()))
		g.fill(value.Elem(), density, depth+1)
	case reflect.Slice:
		if value.Type().Elem().Kind() == reflect.Uint8 {
			value.SetBytes([]byte(g.word()))
			return
		}
		most := 4
		if depth > 4 {
			most = 2
		}
		length := g.Intn(most)
		slice := reflect.MakeSlice(value.Type(), length, length)
		for i := range length {
			g.fill(slice.Index(i), density, depth+1)
		}
		value.Set(slice)
	case reflect.Map:
		made := reflect.MakeMap(value.Type())
		for range g.Intn(3) {
			item := reflect.New(value.Type().Elem()).Elem()
			g.fill(item, density, depth+1)
			key := reflect.New(value.Type().Key()).Elem()
			key.SetString(g.word())
			made.SetMapIndex(key, item)
		}
		value.Set(made)
	case reflect.String:
		value.SetString(g.word())
	case reflect.Bool:
		value.SetBool(g.once(2))
	case reflect.Int32, reflect.Int64, reflect.Int:
		value.SetInt(pick[int64](g, 0, 1, 80, 443, 8080))
	case reflect.Float64:
		value.SetFloat(pick(g, 0, 1, 1.5))
	}
}

// A tree without a type.
func (g *generator) tree(depth int) any {
	choice := g.Intn(9)
	if depth <= 0 {
		choice = g.Intn(6)
	}
	switch choice {
	case 0:
		return nil
	case 1:
		return g.once(2)
	case 2:
		return pick[int64](g, 0, 1, 2, 80)
	case 3:
		return pick(g, 1.5, 0.25, 2.5e-7)
	case 4, 5:
		return g.word()
	case 6:
		list := make([]any, g.Intn(4))
		for i := range list {
			list[i] = g.tree(depth - 1)
		}
		return list
	default:
		return g.fields(depth)
	}
}

func (g *generator) fields(depth int) map[string]any {
	made := map[string]any{}
	for range g.Intn(5) {
		made[g.word()] = g.tree(depth - 1)
	}
	return made
}

func keys(of map[string]any) []string {
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
