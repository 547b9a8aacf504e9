// Prints patches, what they are applied to, and what upstream's libraries make of them: one JSON object a line.
//
//	patches strategic|json|merge|apply|scale SEED COUNT [FOLDER]
//
// FOLDER holds OpenAPI v3 documents (kubernetes/api/openapi-spec/v3), to be used instead of what client-go knows.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
)

func main() {
	if len(os.Args) < 4 {
		fail(fmt.Errorf("usage: patches strategic|json|merge|apply|scale SEED COUNT [FOLDER]"))
	}
	seed, err := strconv.ParseInt(os.Args[2], 10, 64)
	if err != nil {
		fail(err)
	}
	count, err := strconv.Atoi(os.Args[3])
	if err != nil {
		fail(err)
	}
	folder := ""
	if len(os.Args) > 4 {
		folder = os.Args[4]
	}
	out := bufio.NewWriter(os.Stdout)
	print := func(line any) {
		encoded, err := json.Marshal(line)
		if err != nil {
			fail(err)
		}
		out.Write(encoded)
		out.WriteByte('\n')
	}
	g := newGenerator(seed)
	switch os.Args[1] {
	case "strategic":
		for range count {
			print(strategicCase(g))
		}
	case "json":
		for range count {
			print(jsonCase(g))
		}
	case "merge":
		for range count {
			print(mergeCase(g))
		}
	case "scale":
		for range count {
			print(scaleCase(g))
		}
	case "apply":
		applyCases(g, count, folder, print)
	default:
		fail(fmt.Errorf("%q is none of strategic, json, merge, apply, scale", os.Args[1]))
	}
	if err := out.Flush(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
