// Program v350 runs the scenarios with the first release of client/v3 3.5, which sends an odd
// :authority: "#initially=[HOST:PORT]" (etcd issue 13192). Such clients are still in use, and a
// server whose HTTP/2 layer insists on a well-formed authority resets each of their requests.
package main

import (
	"net"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"pintle/tests/interop/go/scenarios"
)

func main() {
	odd := scenarios.Scenario{Name: "client-sends-odd-authority", Run: sendsOddAuthority}
	scenarios.Main(append([]scenarios.Scenario{odd}, scenarios.Common()...))
}

// sendsOddAuthority makes sure that this program still tests what it is for: an upgrade of one of
// its dependencies could cure the client.
func sendsOddAuthority(t *scenarios.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	t.OK(err, "listen")
	seen := make(chan string, 1)
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		md, _ := metadata.FromIncomingContext(stream.Context())
		seen <- strings.Join(md.Get(":authority"), ",")
		return status.Error(codes.InvalidArgument, "etcdserver: key is not provided")
	}))
	go server.Serve(listener)
	defer server.Stop()

	address := listener.Addr().String()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{address}})
	t.OK(err, "client")
	defer client.Close()
	if _, err := client.Get(t, "x"); err == nil {
		t.Fatalf("the fake server's error did not arrive")
	}
	t.Equal(<-seen, "#initially=["+address+"]", "authority")
}
