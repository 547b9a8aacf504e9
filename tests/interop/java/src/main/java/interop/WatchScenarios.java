package interop;

import static interop.Check.await;
import static interop.Check.bytes;
import static interop.Check.equal;
import static interop.Check.holds;

import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.common.exception.CompactedException;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.watch.WatchEvent;
import io.etcd.jetcd.watch.WatchResponse;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Watches: live, from history, filtered, progress, compacted, cancelled. */
final class WatchScenarios {
  private WatchScenarios() {}

  static void addTo(Map<String, Main.Scenario> scenarios) {
    scenarios.put("watch-live-and-close", WatchScenarios::live);
    scenarios.put("watch-history-and-filters", WatchScenarios::history);
    scenarios.put("watch-progress", WatchScenarios::progress);
    scenarios.put("watch-compacted-then-resume", WatchScenarios::compacted);
  }

  /** A watch whose responses and errors wait in a queue. */
  private static final class Watching implements Watch.Listener, AutoCloseable {
    final BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
    final BlockingQueue<WatchResponse> notices = new LinkedBlockingQueue<>();
    final long base;
    final Watch.Watcher watcher;

    Watching(Check c, String key, WatchOption.Builder option, long base) {
      this.base = base;
      watcher = c.client().getWatchClient().watch(bytes(key), option.withCreateNotify(true).build(), this);
    }

    /** Waits for the server's word that the watch stands. */
    Watching created() throws Exception {
      WatchResponse notice = notices.poll(Check.LIMIT_SECONDS, TimeUnit.SECONDS);
      holds(notice != null && notice.isCreatedNotify(), "the watch is not confirmed");
      return this;
    }

    @Override
    public void onNext(WatchResponse response) {
      if (response.getEvents().isEmpty()) {
        notices.add(response);
      }
      seen.addAll(response.getEvents());
    }

    @Override
    public void onError(Throwable error) {
      seen.add(error);
    }

    @Override
    public void onCompleted() {}

    @Override
    public void close() {
      watcher.close();
    }

    Object next() throws Exception {
      Object next = seen.poll(Check.LIMIT_SECONDS, TimeUnit.SECONDS);
      holds(next != null, "no event came");
      return next;
    }

    /** The next event as "PUT key=value@mod after value", revisions relative to base. */
    String event() throws Exception {
      Object next = next();
      if (!(next instanceof WatchEvent event)) {
        return String.valueOf(next);
      }
      KeyValue pair = event.getKeyValue();
      String text = event.getEventType() + " " + pair.getKey();
      if (event.getEventType() == WatchEvent.EventType.PUT) {
        text += "=" + pair.getValue();
      }
      text += "@" + (pair.getModRevision() - base);
      KeyValue previous = event.getPrevKV();
      return previous.getModRevision() == 0 ? text : text + " after " + previous.getValue();
    }
  }

  private static void live(Check c) throws Exception {
    long base = c.revision();
    try (Watching watch =
        new Watching(c, "w/live/", WatchOption.builder().isPrefix(true).withPrevKV(true), base).created()) {
      c.put("w/live/a", "1");
      c.put("w/live/a", "2");
      c.put("w/other", "x");
      await(c.client().getKVClient().delete(bytes("w/live/a")));
      equal(watch.event(), "PUT w/live/a=1@1", "put");
      equal(watch.event(), "PUT w/live/a=2@2 after 1", "second put");
      equal(watch.event(), "DELETE w/live/a@4 after 2", "delete");
      watch.close();
      c.put("w/live/a", "3");
      equal(watch.seen.size(), 0, "events after the close");
    }
  }

  private static void history(Check c) throws Exception {
    long base = c.revision();
    c.put("w/hist", "1");
    await(c.client().getKVClient().delete(bytes("w/hist")));
    c.put("w/hist", "2");
    try (Watching all = new Watching(c, "w/hist", WatchOption.builder().withRevision(base + 1), base);
        Watching puts =
            new Watching(c, "w/hist", WatchOption.builder().withRevision(base + 1).withNoDelete(true), base);
        Watching deletes =
            new Watching(c, "w/hist", WatchOption.builder().withRevision(base + 1).withNoPut(true), base)) {
      equal(all.event(), "PUT w/hist=1@1", "first");
      equal(all.event(), "DELETE w/hist@2", "second");
      equal(all.event(), "PUT w/hist=2@3", "third");
      equal(puts.event(), "PUT w/hist=1@1", "first put");
      equal(puts.event(), "PUT w/hist=2@3", "second put");
      equal(deletes.event(), "DELETE w/hist@2", "first delete");
      await(c.client().getKVClient().delete(bytes("w/hist")));
      equal(deletes.event(), "DELETE w/hist@4", "live delete");
    }
  }

  private static void progress(Check c) throws Exception {
    try (Watching watch = new Watching(c, "w/progress", WatchOption.builder(), 0).created()) {
      long want = c.put("w/elsewhere", "1");
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Check.LIMIT_SECONDS);
      while (true) {
        // Answered only when all watches of the stream have caught up, so it is asked again.
        watch.watcher.requestProgress();
        WatchResponse notice = watch.notices.poll(100, TimeUnit.MILLISECONDS);
        if (notice != null && notice.isProgressNotify() && notice.getHeader().getRevision() >= want) {
          return;
        }
        holds(System.nanoTime() < deadline, "no progress notice");
      }
    }
  }

  private static void compacted(Check c) throws Exception {
    long first = c.put("w/comp", "1");
    c.put("w/comp", "2");
    c.put("w/comp", "3");
    await(c.client().getKVClient().compact(first + 2));
    try (Watching watch = new Watching(c, "w/comp", WatchOption.builder().withRevision(first), first)) {
      Object error = watch.next();
      holds(error instanceof CompactedException, "not the error of a compacted revision: " + error);
      equal(((CompactedException) error).getCompactedRevision(), first + 2, "compact revision");
    }
    try (Watching watch = new Watching(c, "w/comp", WatchOption.builder().withRevision(first + 2), first)) {
      c.put("w/comp", "4");
      equal(watch.event(), "PUT w/comp=3@2", "first resumed event");
      equal(watch.event(), "PUT w/comp=4@3", "second resumed event");
    }
  }
}
