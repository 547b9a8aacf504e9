package interop;

import static interop.Check.await;
import static interop.Check.bytes;
import static interop.Check.equal;
import static interop.Check.fails;
import static interop.Check.holds;

import io.etcd.jetcd.Election;
import io.etcd.jetcd.Lock;
import io.etcd.jetcd.Maintenance;
import io.etcd.jetcd.common.exception.ErrorCode;
import io.etcd.jetcd.election.CampaignResponse;
import io.etcd.jetcd.election.LeaderResponse;
import io.etcd.jetcd.election.NoLeaderException;
import io.etcd.jetcd.lock.LockResponse;
import io.etcd.jetcd.maintenance.StatusResponse;
import java.io.ByteArrayOutputStream;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The lock and election services, maintenance and cluster. */
final class ServiceScenarios {
  private ServiceScenarios() {}

  static void addTo(Map<String, Main.Scenario> scenarios) {
    scenarios.put("lock-service", ServiceScenarios::lock);
    scenarios.put("election-service", ServiceScenarios::election);
    scenarios.put("maintenance", ServiceScenarios::maintenance);
  }

  private static void lock(Check c) throws Exception {
    Lock locks = c.client().getLockClient();
    long one = c.grant(60);
    long two = c.grant(60);
    LockResponse first = await(locks.lock(bytes("lock"), one));
    equal(first.getKey().toString(), "lock/" + Long.toHexString(one), "the lock's key");
    CompletableFuture<LockResponse> second = locks.lock(bytes("lock"), two);
    TimeUnit.MILLISECONDS.sleep(300);
    equal(second.isDone(), false, "two holders of one lock");
    await(locks.unlock(first.getKey()));
    equal(await(second).getKey().toString(), "lock/" + Long.toHexString(two), "the second holder's key");
    CompletableFuture<LockResponse> third = locks.lock(bytes("lock"), one);
    await(c.client().getLeaseClient().revoke(two));
    equal(await(third).getKey(), first.getKey(), "the lock goes over when its lease is revoked");
    await(locks.unlock(first.getKey()));
    fails(locks.lock(bytes("lock"), 99), ErrorCode.UNKNOWN, "etcdserver: requested lease not found");
  }

  private static void election(Check c) throws Exception {
    Election elections = c.client().getElectionClient();
    try {
      await(elections.leader(bytes("boss")));
      throw new AssertionError("a leader before the election");
    } catch (ExecutionException error) {
      holds(error.getCause() instanceof NoLeaderException, "not the error of no leader: " + error.getCause());
    }
    CampaignResponse first = await(elections.campaign(bytes("boss"), c.grant(60), bytes("first")));
    BlockingQueue<String> observed = new LinkedBlockingQueue<>();
    elections.observe(bytes("boss"), new Election.Listener() {
      @Override
      public void onNext(LeaderResponse response) {
        observed.add(response.getKv().getValue().toString());
      }

      @Override
      public void onError(Throwable error) {
        observed.add(String.valueOf(error));
      }

      @Override
      public void onCompleted() {}
    });
    equal(observed.poll(Check.LIMIT_SECONDS, TimeUnit.SECONDS), "first", "observed leader");
    await(elections.proclaim(first.getLeader(), bytes("first again")));
    equal(observed.poll(Check.LIMIT_SECONDS, TimeUnit.SECONDS), "first again", "observed proclamation");
    CompletableFuture<CampaignResponse> second = elections.campaign(bytes("boss"), c.grant(60), bytes("second"));
    TimeUnit.MILLISECONDS.sleep(300);
    equal(second.isDone(), false, "two leaders");
    equal(await(elections.leader(bytes("boss"))).getKv().getValue().toString(), "first again", "leader");
    await(elections.resign(first.getLeader()));
    CampaignResponse won = await(second);
    equal(observed.poll(Check.LIMIT_SECONDS, TimeUnit.SECONDS), "second", "observed successor");
    await(elections.resign(won.getLeader()));
  }

  private static void maintenance(Check c) throws Exception {
    Maintenance maintenance = c.client().getMaintenanceClient();
    long revision = c.put("m/a", "x".repeat(10_000));
    StatusResponse status = await(maintenance.statusMember(c.endpoint()));
    holds(status.getVersion().matches("3\\.\\d+\\.\\d+"), "version " + status.getVersion());
    equal(status.getLeader(), status.getHeader().getMemberId(), "the only member leads");
    equal(status.isLearner(), false, "learner");
    holds(status.getDbSize() > 0 && status.getDbSizeInUse() <= status.getDbSize(), "size " + status.getDbSize());
    holds(status.getRaftAppliedIndex() > 0 && status.getRaftAppliedIndex() <= status.getRaftIndex(), "indexes");
    equal(status.getErrorList().size(), 0, "errors");
    equal(await(maintenance.listAlarms()).getAlarms().size(), 0, "alarms");
    equal(await(maintenance.hashKV(c.endpoint(), 0)).getHash(),
        await(maintenance.hashKV(c.endpoint(), revision)).getHash(), "hash");
    await(maintenance.defragmentMember(c.endpoint()));
    ByteArrayOutputStream snapshot = new ByteArrayOutputStream();
    long length = await(maintenance.snapshot(snapshot));
    equal(length, (long) snapshot.size(), "snapshot length");
    equal(length % 512, 32L, "snapshot length modulo 512");
    equal(await(c.client().getClusterClient().listMember()).getMembers().get(0).getId(),
        status.getLeader(), "member id");
  }
}
