package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

type strategic struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Original   map[string]any `json:"original"`
	Patch      map[string]any `json:"patch"`
	// What came out of several runs: upstream goes through maps in random order.
	Outcomes []outcome `json:"outcomes"`
}

type outcome struct {
	Object map[string]any `json:"object,omitempty"`
	Error  string         `json:"error,omitempty"`
	// The library panicked.
	Panic bool `json:"panic,omitempty"`
}

func strategicCase(g *generator) strategic {
	all := append(append([]kind{}, kinds...), patchedOnly...)
	k := all[g.Intn(len(all))]
	original := tree(g.object(k))
	patch := tree(g.object(k))
	if g.once(2) {
		patch = g.mix(original, patch).(map[string]any)
	}
	patch = runtime.DeepCopyJSON(patch)
	g.overlap = false
	g.direct(patch, original)
	made := strategic{
		APIVersion: k.gvk.GroupVersion().String(),
		Kind:       k.gvk.Kind,
		Original:   original,
		Patch:      patch,
	}
	// Order matters if something is wrong, or if a list is there twice: as values to be merged and to be deleted.
	encoded, _ := json.Marshal(patch)
	twice := strings.Contains(string(encoded), "$deleteFromPrimitiveList")
	seen := map[string]bool{}
	for range 300 {
		result := runStrategic(k, original, patch)
		encoded, _ := json.Marshal(result)
		if !seen[string(encoded)] {
			seen[string(encoded)] = true
			made.Outcomes = append(made.Outcomes, result)
		}
		if result.Error == "" && !twice {
			break
		}
	}
	sort.Slice(made.Outcomes, func(i, j int) bool { return made.Outcomes[i].Error < made.Outcomes[j].Error })
	return made
}

func runStrategic(k kind, original, patch map[string]any) (result outcome) {
	defer func() {
		if recovered := recover(); recovered != nil {
			result = outcome{Panic: true, Error: fmt.Sprint(recovered)}
		}
	}()
	merged, err := strategicpatch.StrategicMergeMapPatch(runtime.DeepCopyJSON(original), runtime.DeepCopyJSON(patch), k.empty)
	if err != nil {
		return outcome{Error: err.Error()}
	}
	return outcome{Object: merged}
}

// Something between two trees.
func (g *generator) mix(left, right any) any {
	leftMap, ok := left.(map[string]any)
	rightMap, ok2 := right.(map[string]any)
	if ok && ok2 {
		made := map[string]any{}
		for _, key := range keys(leftMap) {
			if other, ok := rightMap[key]; ok {
				made[key] = g.mix(leftMap[key], other)
			} else if g.once(2) {
				made[key] = leftMap[key]
			}
		}
		for _, key := range keys(rightMap) {
			if _, ok := leftMap[key]; !ok && g.once(2) {
				made[key] = rightMap[key]
			}
		}
		return made
	}
	leftList, ok := left.([]any)
	rightList, ok2 := right.([]any)
	if ok && ok2 && g.once(2) {
		made := []any{}
		for i := 0; i < len(leftList) || i < len(rightList); i++ {
			switch {
			case i < len(leftList) && i < len(rightList):
				made = append(made, g.mix(leftList[i], rightList[i]))
			case i < len(leftList):
				made = append(made, leftList[i])
			default:
				made = append(made, rightList[i])
			}
		}
		if g.once(3) {
			g.Shuffle(len(made), func(i, j int) { made[i], made[j] = made[j], made[i] })
		}
		return made
	}
	return pick(g, left, right)
}

// Strews directives, nulls and mistakes over a patch.
func (g *generator) direct(patch map[string]any, original any) {
	other, _ := original.(map[string]any)
	for _, key := range keys(patch) {
		beside := other[key]
		switch value := patch[key].(type) {
		case map[string]any:
			g.direct(value, beside)
		case []any:
			g.directList(patch, key, value, beside)
		}
		switch {
		case g.once(25):
			patch[key] = nil
		case g.once(8):
			delete(patch, key)
		case g.once(150):
			patch[key] = g.tree(2)
		}
	}
	for _, key := range keys(other) {
		if g.once(12) {
			if _, ok := patch[key]; !ok {
				patch[key] = nil
			}
		}
	}
	if g.once(25) {
		patch["$retainKeys"] = g.names(patch, 8)
	}
	if g.once(60) {
		patch["$patch"] = pick[any](g, "replace", "delete", "replace", "delete", "merge", "x", int64(1), nil)
	}
	if g.once(200) {
		patch[pick(g, "$setElementOrder", "$setElementOrder/", "$deleteFromPrimitiveList", "$deleteFromPrimitiveList/", "$setElementOrder/none", "$setElementOrderx/a", "$retainKeys")] =
			pick[any](g, []any{}, []any{"a"}, "x", nil)
	}
}

// The keys of a map, few of them missing.
func (g *generator) names(of map[string]any, in int) []any {
	names := []any{}
	for _, key := range keys(of) {
		if !g.once(in) && key != "$patch" {
			names = append(names, key)
		}
	}
	return names
}

var mergeKeys = []string{"name", "type", "containerPort", "port", "uid", "ip", "mountPath", "key", "devicePath", "topologyKey", "conditionType"}

func (g *generator) directList(patch map[string]any, name string, list []any, beside any) {
	others, _ := beside.([]any)
	key := ""
	for _, item := range append(append([]any{}, list...), others...) {
		if item, ok := item.(map[string]any); ok && key == "" {
			for _, candidate := range mergeKeys {
				if _, ok := item[candidate]; ok {
					key = candidate
					break
				}
			}
		}
	}
	var order []any
	for i, item := range list {
		if item, ok := item.(map[string]any); ok {
			var twin any
			for _, other := range others {
				if other, ok := other.(map[string]any); ok && other[key] == item[key] {
					twin = other
				}
			}
			g.direct(item, twin)
			if _, ok := item[key]; !ok && key != "" && !g.once(10) {
				item[key] = g.word()
			}
			if item[key] == nil && key != "" && !g.once(10) {
				item[key] = g.word()
			}
			switch {
			case g.once(12):
				list[i] = map[string]any{"$patch": "delete", key: item[key]}
			case g.once(40):
				item["$patch"] = pick[any](g, "delete", "replace", "merge", "y")
			}
		}
	}
	if g.once(20) {
		list = append(list, map[string]any{"$patch": "replace"})
	}
	if g.once(60) {
		list = append(list, g.tree(1))
	}
	if len(others) > 0 && g.once(6) {
		if other, ok := others[g.Intn(len(others))].(map[string]any); ok && key != "" {
			list = append(list, map[string]any{"$patch": "delete", key: other[key]})
		}
	}
	patch[name] = list
	if g.once(3) {
		for _, item := range append(append([]any{}, list...), others...) {
			if g.once(8) {
				continue
			}
			if fields, ok := item.(map[string]any); ok {
				order = append(order, map[string]any{key: fields[key]})
			} else {
				order = append(order, item)
			}
		}
		if g.once(2) {
			g.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		if g.once(20) {
			order = append(order, g.tree(1))
		}
		if g.once(12) {
			order = []any{}
		}
		if order != nil {
			patch["$setElementOrder/"+name] = order
		}
		if g.once(8) {
			delete(patch, name)
		}
	}
	if scalars(list) && scalars(others) && g.once(2) || g.once(40) {
		gone := []any{}
		for _, item := range others {
			// What is both to be merged and to be deleted depends on the order; once in a patch is enough.
			kept := slices.ContainsFunc(list, func(other any) bool { return reflect.DeepEqual(item, other) })
			if _, ok := patch[name]; ok && kept {
				if g.overlap {
					continue
				}
				g.overlap = true
			}
			if g.once(2) {
				gone = append(gone, item)
			}
		}
		patch["$deleteFromPrimitiveList/"+name] = gone
	}
}

func scalars(list []any) bool {
	for _, item := range list {
		switch item.(type) {
		case map[string]any, []any:
			return false
		}
	}
	return true
}
