// Program v35 runs the scenarios with the last release of client/v3 3.5.
package main

import "pintle/tests/interop/go/scenarios"

func main() {
	scenarios.Main(scenarios.Common())
}
