package scenarios

import (
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

var kv = []Scenario{
	{"kv-put-get", kvPutGet},
	{"kv-put-options", kvPutOptions},
	{"kv-range", kvRange},
	{"kv-sort", kvSort},
	{"kv-revision-filters", kvRevisionFilters},
	{"kv-past-revisions", kvPastRevisions},
	{"kv-delete", kvDelete},
	{"kv-binary", kvBinary},
	{"kv-large", kvLarge},
	{"kv-compact", kvCompact},
}

func kvPutGet(t *T) {
	before := t.Revision()
	first := t.Put("kv/a", "1")
	t.Equal(first, before+1, "revision of the first put")
	t.Equal(t.Put("kv/a", "1"), before+2, "revision of a put of the same value")

	resp, err := t.Client.Get(t, "kv/a")
	t.OK(err, "get")
	t.Equal(resp.Header.Revision, before+2, "header revision")
	t.True(resp.Header.ClusterId != 0 && resp.Header.MemberId != 0 && resp.Header.RaftTerm != 0,
		"header without ids: %v", resp.Header)
	t.Equal(resp.Count, 1, "count")
	t.Equal(len(resp.Kvs), 1, "pairs")
	pair := resp.Kvs[0]
	t.Equal(pair.Key, "kv/a", "key")
	t.Equal(pair.Value, "1", "value")
	t.Equal(pair.CreateRevision, first, "create revision")
	t.Equal(pair.ModRevision, first+1, "mod revision")
	t.Equal(pair.Version, 2, "version")
	t.Equal(pair.Lease, 0, "lease")

	resp, err = t.Client.Get(t, "kv/a", clientv3.WithSerializable())
	t.OK(err, "serializable get")
	t.Equal(resp.Kvs[0].Version, 2, "version, serializable")

	resp, err = t.Client.Get(t, "kv/none")
	t.OK(err, "get of an absent key")
	t.Equal(resp.Count, 0, "count of an absent key")
	t.Equal(len(resp.Kvs), 0, "pairs of an absent key")
}

func kvPutOptions(t *T) {
	resp, err := t.Client.Put(t, "kvo/a", "1", clientv3.WithPrevKV())
	t.OK(err, "put with prev_kv")
	t.True(resp.PrevKv == nil, "the first put has a previous pair: %v", resp.PrevKv)
	first := resp.Header.Revision
	resp, err = t.Client.Put(t, "kvo/a", "2", clientv3.WithPrevKV())
	t.OK(err, "second put with prev_kv")
	t.Equal(resp.PrevKv.Value, "1", "previous value")
	t.Equal(resp.PrevKv.ModRevision, first, "previous mod revision")

	lease, err := t.Client.Grant(t, 60)
	t.OK(err, "grant")
	_, err = t.Client.Put(t, "kvo/a", "", clientv3.WithIgnoreValue(), clientv3.WithLease(lease.ID))
	t.OK(err, "put with ignore_value")
	got, err := t.Client.Get(t, "kvo/a")
	t.OK(err, "get")
	t.Equal(got.Kvs[0].Value, "2", "value kept by ignore_value")
	t.Equal(got.Kvs[0].Lease, int64(lease.ID), "lease given with ignore_value")
	_, err = t.Client.Put(t, "kvo/a", "3", clientv3.WithIgnoreLease())
	t.OK(err, "put with ignore_lease")
	got, err = t.Client.Get(t, "kvo/a")
	t.OK(err, "get")
	t.Equal(got.Kvs[0].Value, "3", "value")
	t.Equal(got.Kvs[0].Lease, int64(lease.ID), "lease kept by ignore_lease")
	t.Put("kvo/a", "4")
	got, err = t.Client.Get(t, "kvo/a")
	t.OK(err, "get")
	t.Equal(got.Kvs[0].Lease, 0, "lease after a plain put")
	_, err = t.Client.Revoke(t, lease.ID)
	t.OK(err, "revoke")
	got, err = t.Client.Get(t, "kvo/a")
	t.OK(err, "get")
	t.Equal(got.Count, 1, "a detached key outlives its lease")
}

func kvRange(t *T) {
	names := []string{"a", "ab", "b", "c", "d"}
	for _, name := range names {
		t.Put("kvr/"+name, "v-"+name)
	}
	get := func(key string, opts ...clientv3.OpOption) *clientv3.GetResponse {
		resp, err := t.Client.Get(t, key, opts...)
		t.OK(err, "range")
		return resp
	}
	resp := get("kvr/", clientv3.WithPrefix())
	t.Equal(keys(resp), "kvr/a kvr/ab kvr/b kvr/c kvr/d", "prefix")
	t.Equal(resp.Count, 5, "count of the prefix")
	t.Equal(resp.More, false, "more of the prefix")

	resp = get("kvr/", clientv3.WithPrefix(), clientv3.WithLimit(2))
	t.Equal(keys(resp), "kvr/a kvr/ab", "limit")
	t.Equal(resp.Count, 5, "count ignores the limit")
	t.Equal(resp.More, true, "more with a limit")
	resp = get("kvr/", clientv3.WithPrefix(), clientv3.WithLimit(5))
	t.Equal(resp.More, false, "more when the limit is just enough")

	t.Equal(keys(get("kvr/ab", clientv3.WithRange("kvr/d"))), "kvr/ab kvr/b kvr/c", "half-open range")
	t.Equal(keys(get("kvr/d", clientv3.WithRange("kvr/b"))), "", "range that ends before it begins")

	resp = get("kvr/", clientv3.WithPrefix(), clientv3.WithCountOnly())
	t.Equal(resp.Count, 5, "count only")
	t.Equal(len(resp.Kvs), 0, "pairs with count only")
	resp = get("kvr/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
	t.Equal(keys(resp), "kvr/a kvr/ab kvr/b kvr/c kvr/d", "keys only")
	t.Equal(len(resp.Kvs[0].Value), 0, "value with keys only")
	t.Equal(resp.Kvs[0].Version, 1, "version with keys only")

	// From-key has no end: whatever other scenarios left behind "kvr/c" follows.
	resp = get("kvr/c", clientv3.WithFromKey(), clientv3.WithLimit(2))
	t.Equal(keys(resp), "kvr/c kvr/d", "from key")
}

func kvSort(t *T) {
	// Each of the five targets gives an order of its own.
	t.Put("kvs/c", "1")
	t.Put("kvs/a", "3")
	t.Put("kvs/b", "2")
	t.Put("kvs/c", "1")
	t.Put("kvs/c", "1")
	t.Put("kvs/b", "2")
	orders := []struct {
		target clientv3.SortTarget
		ascend string
	}{
		{clientv3.SortByKey, "kvs/a kvs/b kvs/c"},
		{clientv3.SortByVersion, "kvs/a kvs/b kvs/c"},
		{clientv3.SortByCreateRevision, "kvs/c kvs/a kvs/b"},
		{clientv3.SortByModRevision, "kvs/a kvs/c kvs/b"},
		{clientv3.SortByValue, "kvs/c kvs/b kvs/a"},
	}
	for _, order := range orders {
		resp, err := t.Client.Get(t, "kvs/", clientv3.WithPrefix(), clientv3.WithSort(order.target, clientv3.SortAscend))
		t.OK(err, "sorted range")
		t.Equal(keys(resp), order.ascend, "ascending order")
		resp, err = t.Client.Get(t, "kvs/", clientv3.WithPrefix(), clientv3.WithSort(order.target, clientv3.SortDescend))
		t.OK(err, "sorted range")
		t.Equal(keys(resp), reversed(order.ascend), "descending order")
	}
	resp, err := t.Client.Get(t, "kvs/", clientv3.WithLastCreate()...)
	t.OK(err, "last create")
	t.Equal(keys(resp), "kvs/b", "last create")
	t.Equal(resp.More, true, "more of the last create")
	t.Equal(resp.Count, 3, "count of the last create")
}

func kvRevisionFilters(t *T) {
	base := t.Revision()
	t.Put("kvf/a", "1") // base+1
	t.Put("kvf/b", "1") // base+2
	t.Put("kvf/c", "1") // base+3
	t.Put("kvf/a", "2") // base+4
	filters := []struct {
		opt  clientv3.OpOption
		want string
	}{
		{clientv3.WithMinModRev(base + 3), "kvf/a kvf/c"},
		{clientv3.WithMaxModRev(base + 3), "kvf/b kvf/c"},
		{clientv3.WithMinCreateRev(base + 2), "kvf/b kvf/c"},
		{clientv3.WithMaxCreateRev(base + 2), "kvf/a kvf/b"},
	}
	for i, filter := range filters {
		resp, err := t.Client.Get(t, "kvf/", clientv3.WithPrefix(), filter.opt)
		t.OK(err, "range with a revision filter")
		t.Equal(keys(resp), filter.want, "revision filter "+text(i))
		t.Equal(resp.Count, 3, "count ignores revision filters")
	}
}

func kvPastRevisions(t *T) {
	first := t.Put("kvp/a", "1")
	t.Put("kvp/a", "2")
	_, err := t.Client.Delete(t, "kvp/a")
	t.OK(err, "delete")
	t.Put("kvp/a", "3")

	get := func(rev int64) *clientv3.GetResponse {
		resp, err := t.Client.Get(t, "kvp/a", clientv3.WithRev(rev))
		t.OK(err, "get at a past revision")
		t.Equal(resp.Header.Revision, first+3, "header revision of a read in the past")
		return resp
	}
	t.Equal(get(first).Kvs[0].Value, "1", "first value")
	t.Equal(get(first + 1).Kvs[0].Value, "2", "second value")
	t.Equal(get(first + 1).Kvs[0].Version, 2, "second version")
	t.Equal(get(first+2).Count, 0, "count after the delete")
	last := get(first + 3).Kvs[0]
	t.Equal(last.Value, "3", "value of the new life")
	t.Equal(last.Version, 1, "version of the new life")
	t.Equal(last.CreateRevision, first+3, "create revision of the new life")
}

func kvDelete(t *T) {
	for _, name := range []string{"a", "b", "c"} {
		t.Put("kvd/"+name, "v-"+name)
	}
	before := t.Revision()
	resp, err := t.Client.Delete(t, "kvd/none")
	t.OK(err, "delete of nothing")
	t.Equal(resp.Deleted, 0, "deleted of nothing")
	t.Equal(resp.Header.Revision, before, "a delete of nothing keeps the revision")

	resp, err = t.Client.Delete(t, "kvd/a", clientv3.WithPrevKV())
	t.OK(err, "delete with prev_kv")
	t.Equal(resp.Deleted, 1, "deleted")
	t.Equal(len(resp.PrevKvs), 1, "previous pairs")
	t.Equal(resp.PrevKvs[0].Value, "v-a", "previous value")
	t.Equal(resp.Header.Revision, before+1, "revision of the delete")

	resp, err = t.Client.Delete(t, "kvd/", clientv3.WithPrefix(), clientv3.WithPrevKV())
	t.OK(err, "delete of a prefix")
	t.Equal(resp.Deleted, 2, "deleted by prefix")
	t.Equal(resp.Header.Revision, before+2, "a range delete is one revision")
	t.Equal(len(resp.PrevKvs), 2, "previous pairs by prefix")
}

func kvBinary(t *T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	key, value := "kvb/"+string(every), string(every)+string(every)
	t.Put(key, value)
	resp, err := t.Client.Get(t, key)
	t.OK(err, "get of a binary key")
	t.Equal(resp.Count, 1, "count")
	t.Equal(resp.Kvs[0].Value, value, "binary value")
	t.Put("kvb/empty", "")
	resp, err = t.Client.Get(t, "kvb/empty")
	t.OK(err, "get of an empty value")
	t.Equal(len(resp.Kvs[0].Value), 0, "length of an empty value")
}

func kvLarge(t *T) {
	value := strings.Repeat("x", 1<<20)
	t.Put("kvl/a", value)
	t.Put("kvl/b", value)
	t.Put("kvl/c", value)
	resp, err := t.Client.Get(t, "kvl/", clientv3.WithPrefix())
	t.OK(err, "get of 3 MiB")
	for _, pair := range resp.Kvs {
		t.Equal(len(pair.Value), 1<<20, "length of a large value")
	}
	t.Equal(len(resp.Kvs), 3, "large pairs")
	_, err = t.Client.Delete(t, "kvl/", clientv3.WithPrefix())
	t.OK(err, "delete of large values")
}

func kvCompact(t *T) {
	first := t.Put("kvc/a", "1")
	t.Put("kvc/a", "2")
	t.Put("kvc/a", "3")
	_, err := t.Client.Compact(t, first+1, clientv3.WithCompactPhysical())
	t.OK(err, "compact")
	resp, err := t.Client.Get(t, "kvc/a", clientv3.WithRev(first+1))
	t.OK(err, "get at the compacted revision itself")
	t.Equal(resp.Kvs[0].Value, "2", "value at the compacted revision")
	resp, err = t.Client.Get(t, "kvc/a")
	t.OK(err, "get after the compaction")
	t.Equal(resp.Kvs[0].Value, "3", "value after the compaction")
	t.Equal(resp.Kvs[0].Version, 3, "version after the compaction")
	t.Equal(resp.Header.Revision, first+2, "a compaction keeps the revision")
}

func keys(resp *clientv3.GetResponse) string {
	var names []string
	for _, pair := range resp.Kvs {
		names = append(names, string(pair.Key))
	}
	return strings.Join(names, " ")
}

func reversed(words string) string {
	list := strings.Fields(words)
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return strings.Join(list, " ")
}
