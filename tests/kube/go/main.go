// Command client goes through what programs built on client-go do, against the API server of KUBECONFIG.
//
//	client <scenario>
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

var scenarios = map[string]func(context.Context, *rest.Config) error{
	"informers": informers,
	"dynamic":   dynamics,
	"leader":    leader,
	"metadata":  metadatas,
}

func main() {
	if len(os.Args) != 2 || scenarios[os.Args[1]] == nil {
		fail(fmt.Errorf("usage: client informers|dynamic|leader|metadata"))
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		fail(err)
	}
	config.QPS, config.Burst = 1000, 1000
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := scenarios[os.Args[1]](ctx, config); err != nil {
		fail(err)
	}
	fmt.Println("ok")
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "client:", err)
	os.Exit(1)
}
