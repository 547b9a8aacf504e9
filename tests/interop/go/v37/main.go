// Program v37 runs the scenarios with client/v3 3.7, and those for what only this release can do.
package main

import "pintle/tests/interop/go/scenarios"

func main() {
	all := scenarios.Common()
	for _, group := range [][]scenarios.Scenario{rangeStream, kubernetes, lockService, electionService} {
		all = append(all, group...)
	}
	scenarios.Main(all)
}
