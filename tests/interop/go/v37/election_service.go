package main

import (
	"fmt"

	"go.etcd.io/etcd/server/v3/etcdserver/api/v3election/v3electionpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"pintle/tests/interop/go/scenarios"
)

var electionService = []scenarios.Scenario{
	{Name: "election-service", Run: election},
	{Name: "election-service-errors", Run: electionErrors},
}

func election(t *scenarios.T) {
	elections := v3electionpb.NewElectionClient(t.Client.ActiveConnection())
	one, two := grant(t), grant(t)
	first, err := elections.Campaign(t, &v3electionpb.CampaignRequest{
		Name: []byte("es"), Lease: one, Value: []byte("first")})
	t.OK(err, "campaign")
	t.Equal(first.Leader.Key, fmt.Sprintf("es/%x", one), "leader key")
	t.Equal(first.Leader.Name, "es", "leader name")
	t.Equal(first.Leader.Lease, one, "leader lease")
	t.Equal(first.Leader.Rev, t.Revision(), "leader revision")

	observed, err := elections.Observe(t, &v3electionpb.LeaderRequest{Name: []byte("es")})
	t.OK(err, "observe")
	observe := func(want string) {
		resp, err := observed.Recv()
		t.OK(err, "observe")
		t.Equal(resp.Kv.Value, want, "observed leader")
	}
	observe("first")
	won := make(chan error, 1)
	var second *v3electionpb.CampaignResponse
	go func() {
		var err error
		second, err = elections.Campaign(t, &v3electionpb.CampaignRequest{
			Name: []byte("es"), Lease: two, Value: []byte("second")})
		won <- err
	}()
	_, err = elections.Proclaim(t, &v3electionpb.ProclaimRequest{Leader: first.Leader, Value: []byte("first again")})
	t.OK(err, "proclaim")
	observe("first again")
	leader, err := elections.Leader(t, &v3electionpb.LeaderRequest{Name: []byte("es")})
	t.OK(err, "leader")
	t.Equal(leader.Kv.Value, "first again", "leader")
	select {
	case err := <-won:
		t.Fatalf("two leaders (%v)", err)
	default:
	}
	_, err = elections.Resign(t, &v3electionpb.ResignRequest{Leader: first.Leader})
	t.OK(err, "resign")
	t.OK(<-won, "the second wins")
	observe("second")
	_, err = elections.Proclaim(t, &v3electionpb.ProclaimRequest{Leader: first.Leader, Value: []byte("x")})
	t.Equal(status.Convert(err).Message(), "election: not leader", "proclaim after resigning")
	_, err = elections.Resign(t, &v3electionpb.ResignRequest{Leader: second.Leader})
	t.OK(err, "second resigns")
}

func electionErrors(t *scenarios.T) {
	elections := v3electionpb.NewElectionClient(t.Client.ActiveConnection())
	_, err := elections.Leader(t, &v3electionpb.LeaderRequest{Name: []byte("es-none")})
	t.Equal(status.Convert(err).Message(), "election: no leader", "leader of no election")
	t.Equal(status.Code(err), codes.Unknown, "its code")
	_, err = elections.Proclaim(t, &v3electionpb.ProclaimRequest{Value: []byte("x")})
	t.Equal(status.Convert(err).Message(), `"leader" field must be provided`, "proclaim without a leader key")
	_, err = elections.Resign(t, &v3electionpb.ResignRequest{})
	t.Equal(status.Convert(err).Message(), `"leader" field must be provided`, "resign without a leader key")
}
