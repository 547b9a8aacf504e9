package scenarios

import (
	"io"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

var maintenance = []Scenario{
	{"maintenance-status", maintenanceStatus},
	{"maintenance-hash-kv", maintenanceHashKV},
	{"maintenance-snapshot", maintenanceSnapshot},
	{"maintenance-defragment", maintenanceDefragment},
	{"maintenance-alarms", maintenanceAlarms},
	{"cluster-member-list", clusterMemberList},
}

func maintenanceStatus(t *T) {
	t.Put("m/a", "1")
	status, err := t.Client.Status(t, t.Endpoint)
	t.OK(err, "status")
	t.True(strings.HasPrefix(status.Version, "3.") && strings.Count(status.Version, ".") == 2,
		"version %q is not an etcd version", status.Version)
	t.Equal(status.Leader, status.Header.MemberId, "the only member leads")
	t.Equal(status.IsLearner, false, "learner")
	t.Equal(len(status.Errors), 0, "errors")
	t.True(status.RaftTerm > 0 && status.RaftTerm == status.Header.RaftTerm, "term %d", status.RaftTerm)
	t.True(status.DbSize > 0 && status.DbSizeInUse > 0 && status.DbSizeInUse <= status.DbSize,
		"size %d, in use %d", status.DbSize, status.DbSizeInUse)
	t.True(status.RaftAppliedIndex > 0 && status.RaftAppliedIndex <= status.RaftIndex,
		"applied %d of %d", status.RaftAppliedIndex, status.RaftIndex)
	t.Put("m/a", "2")
	later, err := t.Client.Status(t, t.Endpoint)
	t.OK(err, "status")
	t.Equal(later.RaftAppliedIndex, status.RaftAppliedIndex+1, "one put is one log entry")
	t.Equal(later.Header.Revision, status.Header.Revision+1, "header revision")
}

func maintenanceHashKV(t *T) {
	first := t.Put("m/hash", "1")
	at := func(rev int64) *clientv3.HashKVResponse {
		resp, err := t.Client.HashKV(t, t.Endpoint, rev)
		t.OK(err, "hash")
		return resp
	}
	before := at(first)
	t.Put("m/hash", "2")
	t.Equal(at(first).Hash, before.Hash, "the hash of a past revision stays")
	t.True(at(0).Hash != before.Hash, "a put changes the hash")
	t.Equal(at(0).Hash, at(first+1).Hash, "0 is the current revision")
}

func maintenanceSnapshot(t *T) {
	t.Put("m/snapshot", strings.Repeat("x", 100_000))
	reader, err := t.Client.Snapshot(t)
	t.OK(err, "snapshot")
	defer reader.Close()
	data, err := io.ReadAll(reader)
	t.OK(err, "read the snapshot")
	t.True(len(data) > 100_000, "a snapshot of %d bytes", len(data))
	// A page-aligned database, and a SHA-256 of it.
	t.Equal(len(data)%512, 32, "snapshot length modulo 512")
}

func maintenanceDefragment(t *T) {
	before := t.Put("m/defrag", "1")
	_, err := t.Client.Defragment(t, t.Endpoint)
	t.OK(err, "defragment")
	resp, err := t.Client.Get(t, "m/defrag")
	t.OK(err, "get")
	t.Equal(resp.Kvs[0].Value, "1", "value after the defragmentation")
	t.Equal(resp.Header.Revision, before, "revision after the defragmentation")
}

func maintenanceAlarms(t *T) {
	resp, err := t.Client.AlarmList(t)
	t.OK(err, "alarm list")
	t.Equal(len(resp.Alarms), 0, "alarms")
	_, err = t.Client.AlarmDisarm(t, &clientv3.AlarmMember{})
	t.OK(err, "disarm of no alarm")
}

func clusterMemberList(t *T) {
	resp, err := t.Client.MemberList(t)
	t.OK(err, "member list")
	t.Equal(len(resp.Members), 1, "members")
	member := resp.Members[0]
	t.Equal(member.ID, resp.Header.MemberId, "member id")
	t.Equal(member.ClientURLs, []string{"http://" + t.Endpoint}, "client urls")
	t.Equal(len(member.PeerURLs), 1, "peer urls")
	t.True(member.Name != "", "the member has no name")
	t.Equal(member.IsLearner, false, "learner")
	t.OK(t.Client.Sync(t), "sync the client's endpoints")
}
