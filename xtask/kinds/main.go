// Command kinds distils the facts that Pintle needs of Kubernetes' built-in kinds from upstream's own
// Go types and published OpenAPI and discovery documents, and writes them as the two tables that the
// api crate embeds. It writes no prose. `cargo xtask codegen` runs it.
//
//	kinds <folder of k8s.io/kubernetes> types|names|resources
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"

	admissionregistration "k8s.io/api/admissionregistration/v1"
	apps "k8s.io/api/apps/v1"
	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	certificates "k8s.io/api/certificates/v1"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	events "k8s.io/api/events/v1"
	flowcontrol "k8s.io/api/flowcontrol/v1"
	networking "k8s.io/api/networking/v1"
	node "k8s.io/api/node/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	resourcev1 "k8s.io/api/resource/v1"
	scheduling "k8s.io/api/scheduling/v1"
	storage "k8s.io/api/storage/v1"
	storagemigration "k8s.io/api/storagemigration/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: kinds <folder of k8s.io/kubernetes> types|names|resources"))
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	switch os.Args[2] {
	case "types":
		types(os.Args[1], out, (*distiller).describe)
	case "names":
		types(os.Args[1], out, (*distiller).named)
	case "resources":
		resources(os.Args[1], out)
	default:
		fail(fmt.Errorf("%q is none of types, names, resources", os.Args[2]))
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "kinds:", err)
	os.Exit(1)
}

// known is a scheme of all group versions that are generally available.
func known() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		admissionregistration.AddToScheme, apps.AddToScheme, authentication.AddToScheme, authorization.AddToScheme,
		autoscalingv1.AddToScheme, autoscalingv2.AddToScheme, batch.AddToScheme, certificates.AddToScheme,
		coordination.AddToScheme, core.AddToScheme, discovery.AddToScheme, events.AddToScheme, flowcontrol.AddToScheme,
		networking.AddToScheme, node.AddToScheme, policy.AddToScheme, rbac.AddToScheme, resourcev1.AddToScheme,
		scheduling.AddToScheme, storage.AddToScheme, storagemigration.AddToScheme, apiextensions.AddToScheme, apiregistration.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			fail(err)
		}
	}
	return scheme
}

// document is what is read of an OpenAPI v3 document.
type document struct {
	Components struct {
		Schemas map[string]*definition `json:"schemas"`
	} `json:"components"`
}

type definition struct {
	Properties map[string]*property `json:"properties"`
	Required   []string             `json:"required"`
	MapType    string               `json:"x-kubernetes-map-type"`
	Kinds      []struct {
		Group, Version, Kind string
	} `json:"x-kubernetes-group-version-kind"`
}

type property struct {
	Default  any      `json:"default"`
	ListType string   `json:"x-kubernetes-list-type"`
	ListKeys []string `json:"x-kubernetes-list-map-keys"`
	MapType  string   `json:"x-kubernetes-map-type"`
}

type distiller struct {
	documents map[string]*definition
	kinds     map[reflect.Type][]string
	seen      map[reflect.Type]bool
	queue     []reflect.Type
	scheme    *runtime.Scheme
}

var available = regexp.MustCompile(`^v\d+$`)

// types writes the lines of every type that is reached from a kind.
func types(kubernetes string, out *bufio.Writer, describe func(*distiller, reflect.Type) []string) {
	d := &distiller{documents: map[string]*definition{}, kinds: map[reflect.Type][]string{}, seen: map[reflect.Type]bool{}, scheme: known()}
	paths, err := filepath.Glob(filepath.Join(kubernetes, "api/openapi-spec/v3/*_openapi.json"))
	if err != nil || len(paths) == 0 {
		fail(fmt.Errorf("no OpenAPI documents in %s: %v", kubernetes, err))
	}
	for _, path := range paths {
		bytes, err := os.ReadFile(path)
		if err != nil {
			fail(err)
		}
		var read document
		if err := json.Unmarshal(bytes, &read); err != nil {
			fail(err)
		}
		for name, of := range read.Components.Schemas {
			d.documents[name] = of
		}
	}
	for kind, of := range d.scheme.AllKnownTypes() {
		if !available.MatchString(kind.Version) {
			continue
		}
		pkg := of.PkgPath()
		meta := strings.HasSuffix(pkg, "apimachinery/pkg/apis/meta/v1")
		if meta && !(kind.Group == "" && (kind.Kind == "Status" || kind.Kind == "DeleteOptions" || kind.Kind == "WatchEvent")) {
			continue
		}
		group := kind.Group
		if meta {
			// One line for all groups: the core group's.
			group = ""
		}
		d.kinds[of] = append(d.kinds[of], group+"/"+kind.Version+"/"+kind.Kind)
		d.want(of)
	}
	// What requests and answers hold without being kinds of a group.
	for _, of := range []any{meta.PartialObjectMetadata{}, meta.PartialObjectMetadataList{}, meta.DeleteOptions{}, meta.Status{}, autoscalingv1.Scale{}} {
		d.want(reflect.TypeOf(of))
	}
	lines := map[string][]string{}
	for len(d.queue) > 0 {
		next := d.queue[0]
		d.queue = d.queue[1:]
		lines[name(next)] = describe(d, next)
	}
	names := make([]string, 0, len(lines))
	for name := range lines {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		for _, line := range lines[name] {
			fmt.Fprintln(out, line)
		}
	}
}

func (d *distiller) want(of reflect.Type) {
	if !d.seen[of] {
		d.seen[of] = true
		d.queue = append(d.queue, of)
	}
}

// name is a type's name in OpenAPI documents without the prefix that all have.
func name(of reflect.Type) string {
	path := strings.TrimPrefix(of.PkgPath(), "k8s.io/")
	return strings.ReplaceAll(path, "/", ".") + "." + of.Name()
}

// named writes a line for each field whose Go type the table of types does not tell: it has a name of
// its own, which errors of decoding show.
func (d *distiller) named(of reflect.Type) []string {
	d.describe(of)
	var lines []string
	var walk func(reflect.Type)
	walk = func(in reflect.Type) {
		for i := range in.NumField() {
			field := in.Field(i)
			json := strings.Split(field.Tag.Get("json"), ",")[0]
			switch {
			case !field.IsExported() || json == "-" || field.Type == reflect.TypeFor[meta.TypeMeta]():
			case json == "":
				walk(field.Type)
			default:
				bare := field.Type
				if bare.Kind() == reflect.Pointer {
					bare = bare.Elem()
				}
				if bare.String() != unnamed(bare) {
					lines = append(lines, fmt.Sprintf("%s %s %s", name(of), json, bare))
				}
			}
		}
	}
	walk(of)
	return lines
}

// unnamed is a type without the names that the table of types does not have.
func unnamed(of reflect.Type) string {
	switch of.Kind() {
	case reflect.Struct:
		return of.String()
	case reflect.Pointer:
		return unnamed(of.Elem())
	case reflect.Slice:
		if of.Name() != "" && of.Elem().Kind() == reflect.String {
			return "v1.ExtraValue"
		}
		return "[]" + unnamed(of.Elem())
	case reflect.Map:
		return "map[string]" + unnamed(of.Elem())
	}
	return of.Kind().String()
}

func (d *distiller) describe(of reflect.Type) []string {
	full := "io.k8s." + name(of)
	doc := d.documents[full]
	if doc == nil {
		doc = &definition{}
	}
	head := "type " + name(of)
	if doc.MapType == "atomic" {
		head += " atomic"
	}
	kinds := d.kinds[of]
	sort.Strings(kinds)
	for _, kind := range kinds {
		head += " " + kind
	}
	lines := []string{head}
	typed := d.fields(of, doc, "", &lines)
	if typed {
		// apiVersion and kind lie around the message, in protobuf.
		lines = append(lines, " apiVersion 0 s ~", " kind 0 s ~")
	}
	return lines
}

// fields writes a line for each field, and tells whether the type has apiVersion and kind.
func (d *distiller) fields(of reflect.Type, doc *definition, within string, lines *[]string) bool {
	typed := false
	for i := range of.NumField() {
		field := of.Field(i)
		if !field.IsExported() {
			continue
		}
		if field.Type == reflect.TypeFor[meta.TypeMeta]() {
			typed = true
			continue
		}
		parts := strings.Split(field.Tag.Get("json"), ",")
		json, options := parts[0], parts[1:]
		if json == "-" {
			continue
		}
		number := 0
		if tag := field.Tag.Get("protobuf"); tag != "" && tag != "-" {
			number = must(strconv.Atoi(strings.Split(tag, ",")[1]))
		}
		if json == "" {
			if field.Type.Kind() != reflect.Struct {
				fail(fmt.Errorf("%s.%s is inlined in a way not foreseen", of, field.Name))
			}
			// Inlined in JSON, but a message of its own in protobuf.
			d.fields(field.Type, doc, fmt.Sprintf("%s%d.", within, number), lines)
			continue
		}
		in := doc.Properties[json]
		if in == nil {
			in = &property{}
		}
		line := fmt.Sprintf(" %s %s%d %s", json, within, number, d.shape(field.Type, in))
		for _, required := range doc.Required {
			if required == json {
				line += " !"
			}
		}
		bare := field.Type
		nilable := bare.Kind() == reflect.Pointer || bare.Kind() == reflect.Slice || bare.Kind() == reflect.Map
		if nilable {
			line += " ?"
		}
		omit := false
		for _, option := range options {
			omit = omit || option == "omitzero" || option == "omitempty" && bare.Kind() != reflect.Struct
		}
		if omit {
			line += " ~"
		}
		strategies := strings.Split(field.Tag.Get("patchStrategy"), ",")
		for _, strategy := range strategies {
			switch strategy {
			case "":
			case "merge", "retainKeys", "replace":
				line += " " + strategy
			default:
				fail(fmt.Errorf("%s.%s: patch strategy %q", of, field.Name, strategy))
			}
		}
		if key := field.Tag.Get("patchMergeKey"); key != "" {
			line += " key:" + key
		}
		if in.Default != nil && !zero(in.Default) {
			line += " =" + string(must(marshal(in.Default)))
		}
		*lines = append(*lines, line)
	}
	return typed
}

func marshal(value any) ([]byte, error) { return json.Marshal(value) }

// zero tells whether a default is what Go has anyway.
func zero(value any) bool {
	switch value := value.(type) {
	case string:
		return value == ""
	case float64:
		return value == 0
	case bool:
		return !value
	case map[string]any:
		return len(value) == 0
	}
	return false
}

func must[T any](value T, err error) T {
	if err != nil {
		fail(err)
	}
	return value
}

// shape is a type in the table's notation.
func (d *distiller) shape(of reflect.Type, in *property) string {
	switch of {
	case reflect.TypeFor[meta.Time]():
		return "time"
	case reflect.TypeFor[meta.MicroTime]():
		return "micro"
	case reflect.TypeFor[meta.Duration]():
		return "duration"
	case reflect.TypeFor[resource.Quantity]():
		return "quantity"
	case reflect.TypeFor[intstr.IntOrString]():
		return "intstr"
	case reflect.TypeFor[runtime.RawExtension]():
		return "raw"
	case reflect.TypeFor[meta.FieldsV1]():
		return "fields"
	case reflect.TypeFor[apiextensions.JSON]():
		return "any"
	case reflect.TypeFor[apiextensions.JSONSchemaPropsOrArray]():
		d.want(reflect.TypeFor[apiextensions.JSONSchemaProps]())
		return "schema-or-list"
	case reflect.TypeFor[apiextensions.JSONSchemaPropsOrBool]():
		return "schema-or-bool"
	case reflect.TypeFor[apiextensions.JSONSchemaPropsOrStringArray]():
		return "schema-or-strings"
	}
	switch of.Kind() {
	case reflect.Pointer:
		return d.shape(of.Elem(), in)
	case reflect.Bool:
		return "b"
	case reflect.Int32:
		return "i32"
	case reflect.Int64, reflect.Int:
		return "i64"
	case reflect.Float64:
		return "f64"
	case reflect.String:
		return "s"
	case reflect.Slice:
		if of.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		if of.Name() != "" && of.Elem().Kind() == reflect.String {
			// A slice with a name is a message around its items.
			return "strings"
		}
		item := d.shape(of.Elem(), &property{})
		switch in.ListType {
		case "set":
			return "[=]" + item
		case "map":
			return "[" + strings.Join(in.ListKeys, ",") + "]" + item
		}
		return "[]" + item
	case reflect.Map:
		value := d.shape(of.Elem(), &property{})
		if in.MapType == "atomic" {
			return "{!}" + value
		}
		return "{}" + value
	case reflect.Struct:
		d.want(of)
		return "@" + name(of)
	}
	fail(fmt.Errorf("%s: a type not foreseen", of))
	return ""
}

// resources writes a line for each resource of a generally available version, and one, indented, for
// each of its subresources.
func resources(kubernetes string, out *bufio.Writer) {
	paths := must(filepath.Glob(filepath.Join(kubernetes, "api/discovery/api*__v*.json")))
	sort.Strings(paths)
	for _, path := range paths {
		var list meta.APIResourceList
		if err := json.Unmarshal(must(os.ReadFile(path)), &list); err != nil {
			fail(err)
		}
		version := list.GroupVersion[strings.LastIndex(list.GroupVersion, "/")+1:]
		if !available.MatchString(version) {
			continue
		}
		fmt.Fprintln(out, list.GroupVersion)
		for _, of := range list.APIResources {
			line := " " + of.Name + " " + of.Kind
			if strings.Contains(of.Name, "/") {
				line = " " + line
			}
			if of.Group != "" || of.Version != "" {
				line += " as:" + of.Group + "/" + of.Version
			}
			if of.Namespaced {
				line += " namespaced"
			}
			if of.SingularName != "" && of.SingularName != strings.ToLower(of.Kind) {
				line += " singular:" + of.SingularName
			}
			line += " verbs:" + strings.Join(of.Verbs, ",")
			if len(of.ShortNames) > 0 {
				line += " short:" + strings.Join(of.ShortNames, ",")
			}
			if len(of.Categories) > 0 {
				line += " categories:" + strings.Join(of.Categories, ",")
			}
			if of.StorageVersionHash != "" {
				line += " hash:" + of.StorageVersionHash
			}
			fmt.Fprintln(out, line)
		}
	}
}
