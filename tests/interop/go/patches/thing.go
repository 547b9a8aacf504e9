package main

import (
	"encoding/json"
	"sort"

	"k8s.io/kube-openapi/pkg/validation/spec"
)

// A custom resource with all sorts of lists and maps. The test in Rust has the same schema in its own form.
const thing = `{
  "type": "object",
  "x-kubernetes-group-version-kind": [{"group": "pintle.test", "version": "v1", "kind": "Thing"}],
  "properties": {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {"type": "object", "properties": {
      "name": {"type": "string"}, "namespace": {"type": "string"}, "uid": {"type": "string"},
      "generation": {"type": "integer"},
      "labels": {"type": "object", "additionalProperties": {"type": "string"}},
      "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
      "finalizers": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
      "managedFields": {"type": "array", "items": {"type": "object"}}
    }},
    "spec": {"type": "object", "properties": {
      "count": {"type": "integer"}, "name": {"type": "string"}, "flag": {"type": "boolean"}, "ratio": {"type": "number"},
      "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"known": {"type": "string"}}},
      "free": {"type": "object"},
      "port": {"x-kubernetes-int-or-string": true},
      "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
      "numbers": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "integer"}},
      "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
        "items": {"type": "object", "properties": {
          "port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}, "note": {"type": "string"},
          "labels": {"type": "object", "additionalProperties": {"type": "string"}}}}},
      "nested": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
        "items": {"type": "object", "properties": {
          "name": {"type": "string"},
          "children": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
            "items": {"type": "object", "properties": {"id": {"type": "integer"}, "value": {"type": "string"}}}}}}},
      "whole": {"type": "array", "x-kubernetes-list-type": "atomic", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
      "lists": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
      "atom": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}},
      "atoms": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
      "deep": {"type": "object", "additionalProperties": {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "string"}}}}
    }},
    "status": {"type": "object", "properties": {
      "phase": {"type": "string"},
      "conditions": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
        "items": {"type": "object", "properties": {"type": {"type": "string"}, "status": {"type": "string"}}}}
    }}
  }
}`

func thingSchema() *spec.Schema {
	schema := &spec.Schema{}
	if err := json.Unmarshal([]byte(thing), schema); err != nil {
		fail(err)
	}
	return schema
}

// A random tree of a schema.
func (g *generator) byschema(schema *spec.Schema) any {
	kind := ""
	if len(schema.Type) > 0 {
		kind = schema.Type[0]
	}
	switch kind {
	case "string":
		return g.word()
	case "integer":
		return pick[int64](g, 0, 1, 9, 80, 443)
	case "number":
		return pick[any](g, int64(1), 1.5, 0.25)
	case "boolean":
		return g.once(2)
	case "array":
		list := []any{}
		for range g.Intn(4) {
			list = append(list, g.byschema(schema.Items.Schema))
		}
		return list
	case "object":
		if schema.AdditionalProperties != nil {
			made := map[string]any{}
			for range g.Intn(3) {
				made[g.word()] = g.byschema(schema.AdditionalProperties.Schema)
			}
			return made
		}
		if len(schema.Properties) == 0 {
			return g.fields(3)
		}
		made := map[string]any{}
		names := []string{}
		for name := range schema.Properties {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			property := schema.Properties[name]
			// Keys are mostly there.
			key := name == "type" || name == "port" || name == "id" || name == "name"
			if g.once(2) || key && !g.once(10) {
				made[name] = g.byschema(&property)
			}
		}
		return made
	default:
		return pick[any](g, int64(80), "http")
	}
}
