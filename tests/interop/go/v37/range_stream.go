package main

import (
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"pintle/tests/interop/go/scenarios"
)

var rangeStream = []scenarios.Scenario{
	{Name: "range-stream-chunks", Run: rangeStreamChunks},
	{Name: "range-stream-options", Run: rangeStreamOptions},
	{Name: "range-stream-errors", Run: rangeStreamErrors},
}

func rangeStreamChunks(t *scenarios.T) {
	const n = 500
	value := strings.Repeat("x", 10_000)
	for i := 0; i < n; i++ {
		t.Put(fmt.Sprintf("rs/%04d", i), value)
	}
	now := t.Revision()
	stream, err := t.Client.GetStream(t, "rs/", clientv3.WithPrefix())
	t.OK(err, "get stream")
	pairs, chunks, last := 0, 0, false
	for chunk := range stream {
		t.OK(chunk.Err(), "chunk")
		t.True(!last, "a chunk follows the one with the header")
		chunks++
		for _, pair := range chunk.RangeResponse.Kvs {
			t.Equal(pair.Key, fmt.Sprintf("rs/%04d", pairs), "key")
			t.Equal(len(pair.Value), len(value), "length of the value")
			pairs++
		}
		if header := chunk.RangeResponse.Header; header != nil {
			last = true
			t.Equal(header.Revision, now, "header revision")
			t.Equal(chunk.RangeResponse.Count, n, "count")
			t.Equal(chunk.RangeResponse.More, false, "more")
		}
	}
	t.Equal(pairs, n, "pairs")
	t.True(last, "no chunk has the header")
	t.True(chunks > 1, "5 MB came in one chunk")
	_, err = t.Client.Delete(t, "rs/", clientv3.WithPrefix())
	t.OK(err, "delete")
}

func rangeStreamOptions(t *scenarios.T) {
	base := t.Put("ro/a", "1")
	t.Put("ro/b", "1")
	t.Put("ro/a", "2")
	get := func(opts ...clientv3.OpOption) *clientv3.GetResponse {
		stream, err := t.Client.GetStream(t, "ro/", append(opts, clientv3.WithPrefix())...)
		t.OK(err, "get stream")
		resp, err := clientv3.GetStreamToGetResponse(stream)
		t.OK(err, "read the stream")
		t.Equal(resp.Header.Revision, base+2, "header revision")
		return resp
	}
	t.Equal(get().Kvs[0].Value, "2", "now")
	t.Equal(get(clientv3.WithRev(base)).Kvs[0].Value, "1", "in the past")
	t.Equal(get(clientv3.WithRev(base)).Count, 1, "count in the past")
	limited := get(clientv3.WithLimit(1))
	t.Equal(len(limited.Kvs), 1, "limited pairs")
	t.Equal(limited.Count, 2, "count with a limit")
	t.Equal(limited.More, true, "more with a limit")
	t.Equal(get(clientv3.WithCountOnly()).Count, 2, "count only")
	t.Equal(len(get(clientv3.WithKeysOnly()).Kvs[0].Value), 0, "value with keys only")
}

func rangeStreamErrors(t *scenarios.T) {
	read := func(key string, opts ...clientv3.OpOption) error {
		stream, err := t.Client.GetStream(t, key, opts...)
		t.OK(err, "get stream")
		_, err = clientv3.GetStreamToGetResponse(stream)
		return err
	}
	future := t.Revision() + 1
	t.ErrorIs(rpctypes.Error(read("ro/a", clientv3.WithRev(future))), rpctypes.ErrFutureRev, "future revision")
	t.ErrorIs(rpctypes.Error(read("")), rpctypes.ErrEmptyKey, "empty key")
	err := read("ro/", clientv3.WithPrefix(), clientv3.WithSort(clientv3.SortByValue, clientv3.SortDescend))
	t.Equal(status.Code(err), codes.Unimplemented, "code of a sorted stream")
	err = read("ro/", clientv3.WithPrefix(), clientv3.WithMinModRev(1))
	t.Equal(status.Code(err), codes.Unimplemented, "code of a stream with revision filters")
}
