package interop;

import static interop.Check.await;
import static interop.Check.bytes;
import static interop.Check.equal;
import static interop.Check.fails;
import static interop.Check.holds;

import io.etcd.jetcd.Lease;
import io.etcd.jetcd.common.exception.ErrorCode;
import io.etcd.jetcd.lease.LeaseKeepAliveResponse;
import io.etcd.jetcd.lease.LeaseTimeToLiveResponse;
import io.etcd.jetcd.options.LeaseOption;
import io.etcd.jetcd.options.PutOption;
import io.etcd.jetcd.support.CloseableClient;
import io.etcd.jetcd.support.Observers;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Leases. */
final class LeaseScenarios {
  private LeaseScenarios() {}

  static void addTo(Map<String, Main.Scenario> scenarios) {
    scenarios.put("lease-life", LeaseScenarios::life);
    scenarios.put("lease-keepalive-and-expiry", LeaseScenarios::keepAlive);
    scenarios.put("lease-errors", LeaseScenarios::errors);
  }

  private static void attach(Check c, String key, long lease) throws Exception {
    await(c.client().getKVClient().put(bytes(key), bytes("1"), PutOption.builder().withLeaseId(lease).build()));
  }

  private static void life(Check c) throws Exception {
    Lease leases = c.client().getLeaseClient();
    long id = c.grant(60);
    attach(c, "l/a", id);
    LeaseTimeToLiveResponse info = await(leases.timeToLive(id, LeaseOption.builder().withAttachedKeys().build()));
    equal(info.getGrantedTTL(), 60L, "granted ttl");
    holds(info.getTTL() > 50 && info.getTTL() <= 60, "remaining ttl " + info.getTTL());
    equal(info.getKeys().toString(), "[l/a]", "attached keys");
    equal(await(leases.keepAliveOnce(id)).getTTL(), 60L, "ttl of a renewal");
    long before = c.revision();
    equal(await(leases.revoke(id)).getHeader().getRevision(), before + 1, "revision of the revoke");
    equal(c.value("l/a"), null, "key of a revoked lease");
    equal(await(leases.timeToLive(id, LeaseOption.DEFAULT)).getTTL(), -1L, "ttl of a revoked lease");
  }

  private static void keepAlive(Check c) throws Exception {
    long kept = c.grant(2);
    long dropped = c.grant(2);
    attach(c, "lk/kept", kept);
    attach(c, "lk/dropped", dropped);
    BlockingQueue<LeaseKeepAliveResponse> renewals = new LinkedBlockingQueue<>();
    try (CloseableClient stream =
        c.client().getLeaseClient().keepAlive(kept, Observers.observer(renewals::add))) {
      waitUntilGone(c, "lk/dropped");
      LeaseKeepAliveResponse renewal = renewals.poll(Check.LIMIT_SECONDS, TimeUnit.SECONDS);
      holds(renewal != null && renewal.getTTL() == 2, "renewal " + renewal);
      equal(c.value("lk/kept"), "1", "key of a renewed lease");
    }
    waitUntilGone(c, "lk/kept");
  }

  private static void waitUntilGone(Check c, String key) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Check.LIMIT_SECONDS);
    while (c.value(key) != null) {
      holds(System.nanoTime() < deadline, key + " does not go");
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private static void errors(Check c) throws Exception {
    Lease leases = c.client().getLeaseClient();
    fails(leases.revoke(99), ErrorCode.NOT_FOUND, "etcdserver: requested lease not found");
    fails(leases.grant(9_000_000_001L), ErrorCode.OUT_OF_RANGE, "etcdserver: too large lease TTL");
  }
}
