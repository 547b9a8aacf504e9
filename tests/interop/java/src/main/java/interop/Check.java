package interop;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.common.exception.ErrorCode;
import io.etcd.jetcd.common.exception.EtcdException;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.options.GetOption;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A client with shorthands for the scenarios. */
record Check(Client client, String endpoint) {
  /** Longest wait for any one reply or event. */
  static final int LIMIT_SECONDS = 15;

  static ByteSequence bytes(String text) {
    return ByteSequence.from(text, StandardCharsets.UTF_8);
  }

  static void equal(Object got, Object want, String what) {
    if (!Objects.equals(got, want)) {
      throw new AssertionError(what + ": got " + got + ", want " + want);
    }
  }

  static void holds(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }

  /** The reply, or an error after the limit. */
  static <T> T await(CompletableFuture<T> reply) throws Exception {
    return reply.get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  /**
   * Fails unless the call ends with this error. Some of the client's calls wrap the server's status
   * into an exception of their own, some do not.
   */
  static void fails(CompletableFuture<?> reply, ErrorCode code, String text) throws Exception {
    try {
      await(reply);
    } catch (ExecutionException error) {
      Throwable cause = error.getCause();
      String got = cause instanceof EtcdException etcd
          ? etcd.getErrorCode().name()
          : Status.fromThrowable(cause).getCode().name();
      equal(got, code.name(), "error code of " + cause);
      holds(cause.getMessage().contains(text), cause + " should say " + text);
      return;
    }
    throw new AssertionError("no error, want " + text);
  }

  /** Writes a pair and gives the store's revision after it. */
  long put(String key, String value) throws Exception {
    return await(client.getKVClient().put(bytes(key), bytes(value))).getHeader().getRevision();
  }

  long revision() throws Exception {
    return get("no-such-key", GetOption.DEFAULT).getHeader().getRevision();
  }

  GetResponse get(String key, GetOption option) throws Exception {
    return await(client.getKVClient().get(bytes(key), option));
  }

  /** A key's value, or null. */
  String value(String key) throws Exception {
    GetResponse reply = get(key, GetOption.DEFAULT);
    return reply.getKvs().isEmpty() ? null : reply.getKvs().get(0).getValue().toString();
  }

  static String keys(GetResponse reply) {
    return reply.getKvs().stream().map(pair -> pair.getKey().toString()).collect(Collectors.joining(" "));
  }

  long grant(long ttl) throws Exception {
    return await(client.getLeaseClient().grant(ttl)).getID();
  }
}
