"""Scenarios for the Python client etcd3 against one endpoint.

Usage: main.py HOST:PORT. Prints "ok <scenario>" for each, and ends with 1 at the first that fails.

What this client cannot ask for (limits, revisions of a read, progress; its watch filters raise an
error of its own) is left to the other languages.
"""

import io
import itertools
import sys
import threading
import traceback

import etcd3
import grpc

# Longest wait for any one event of a watch, in seconds.
EVENT_LIMIT = 15

SCENARIOS = []


def scenario(function):
    """Registers a scenario under its function's name."""
    SCENARIOS.append((function.__name__.replace("_", "-"), function))
    return function


def equal(got, want, what):
    """Fails the scenario unless both are equal."""
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")


def revision(client):
    """The store's current revision."""
    return client.get_response("no-such-key").header.revision


def fails(call, code, text):
    """Fails the scenario unless the call gives this gRPC error."""
    try:
        call()
    except grpc.RpcError as error:
        equal((error.code(), error.details()), (code, text), "error")
        return
    raise AssertionError(f"no error, want {text}")


def take(events, count):
    """The next events of a watch, each as (type, key, value, mod revision)."""
    taken = []

    def read():
        for event in itertools.islice(events, count):
            kind = "put" if isinstance(event, etcd3.events.PutEvent) else "delete"
            taken.append((kind, event.key, event.value, event.mod_revision))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(EVENT_LIMIT)
    if reader.is_alive():
        raise AssertionError(f"only {taken} of {count} events came")
    return taken


@scenario
def put_get(client):
    base = revision(client)
    first = client.put("kv/a", "1")
    equal(first.header.revision, base + 1, "revision of a put")
    second = client.put("kv/a", "2", prev_kv=True)
    equal(second.prev_kv.value, b"1", "previous value")
    equal(second.prev_kv.mod_revision, base + 1, "previous mod revision")
    value, meta = client.get("kv/a")
    equal(value, b"2", "value")
    equal((meta.create_revision, meta.mod_revision, meta.version), (base + 1, base + 2, 2), "revisions")
    equal(meta.response_header.revision, base + 2, "header revision")
    equal(client.get("kv/a", serializable=True)[0], b"2", "serializable value")
    equal(client.get("kv/none"), (None, None), "absent key")
    binary = bytes(range(256))
    client.put(b"kv/" + binary, binary)
    equal(client.get(b"kv/" + binary)[0], binary, "binary value")


@scenario
def ranges_and_sorting(client):
    for key, value in (("c", "1"), ("a", "3"), ("b", "2"), ("c", "1"), ("c", "1")):
        client.put("range/" + key, value)

    def keys(**options):
        return b"".join(meta.key[6:] for _, meta in client.get_prefix("range/", **options))

    equal(keys(), b"abc", "prefix")
    equal(keys(sort_order="descend"), b"cba", "descending by key")
    equal(keys(sort_order="ascend", sort_target="create"), b"cab", "by create revision")
    equal(keys(sort_order="descend", sort_target="mod"), b"cba", "by mod revision")
    equal(keys(sort_order="ascend", sort_target="value"), b"cba", "by value")
    equal(keys(sort_order="descend", sort_target="version")[:1], b"c", "by version")
    equal([value for value, _ in client.get_prefix("range/", keys_only=True)], [b""] * 3, "keys only")
    equal([value for value, _ in client.get_range("range/a", "range/c")], [b"3", b"2"], "half-open range")
    equal(client.get_prefix_response("range/").count, 3, "count")
    everything = [meta.key for _, meta in client.get_all()]
    equal(everything, sorted(everything), "all keys in order")


@scenario
def deletes(client):
    for key in ("a", "b", "c"):
        client.put("delete/" + key, key)
    base = revision(client)
    equal(client.delete("delete/none"), False, "delete of nothing")
    reply = client.delete("delete/a", prev_kv=True, return_response=True)
    equal((reply.deleted, reply.header.revision), (1, base + 1), "delete of one")
    equal(reply.prev_kvs[0].value, b"a", "previous value")
    reply = client.delete_prefix("delete/")
    equal((reply.deleted, reply.header.revision), (2, base + 2), "delete of a prefix")


@scenario
def transactions(client):
    t = client.transactions
    client.put("txn/a", "1")
    base = revision(client)

    def swap():
        return client.transaction(
            compare=[t.value("txn/a") == "1", t.version("txn/a") > 0, t.create("txn/x") == 0],
            success=[t.put("txn/a", "2"), t.put("txn/b", "2"), t.get("txn/a")],
            failure=[t.get("txn/a"), t.delete("txn/none")],
        )

    succeeded, replies = swap()
    equal(succeeded, True, "success")
    equal(replies[0].response_put.header.revision, base + 1, "revision of a put in a txn")
    equal([(value, meta.mod_revision) for value, meta in replies[2]], [(b"2", base + 1)], "own write")
    succeeded, replies = swap()
    equal(succeeded, False, "failure")
    equal(replies[0][0][0], b"2", "value read on failure")
    equal(replies[1].response_delete_range.deleted, 0, "deleted on failure")
    equal(revision(client), base + 1, "a failure that writes nothing keeps the revision")

    equal(client.put_if_not_exists("txn/new", "1"), True, "create")
    equal(client.put_if_not_exists("txn/new", "2"), False, "second create")
    equal(client.replace("txn/new", "1", "3"), True, "replace")
    equal(client.replace("txn/new", "1", "4"), False, "stale replace")
    equal(client.get("txn/new")[0], b"3", "value after the replaces")


@scenario
def nested_transaction(client):
    t = client.transactions
    base = revision(client)
    inner = t.txn(compare=[t.value("nested/a") == "1"], success=[t.put("nested/b", "then")],
                  failure=[t.put("nested/b", "else")])
    succeeded, replies = client.transaction(
        compare=[], success=[t.put("nested/a", "1"), inner], failure=[])
    equal(succeeded, True, "outer")
    equal(replies[1].response_txn.succeeded, False, "the inner compare precedes the outer put")
    value, meta = client.get("nested/b")
    equal((value, meta.mod_revision), (b"else", base + 1), "inner branch")


@scenario
def watch_live_and_cancel(client):
    base = revision(client)
    events, cancel = client.watch_prefix("live/")
    client.put("live/a", "1")
    client.put("other", "1")
    client.delete("live/a")
    equal(take(events, 2), [("put", b"live/a", b"1", base + 1), ("delete", b"live/a", b"", base + 3)],
          "events")
    cancel()
    client.put("live/a", "2")
    equal(list(events), [], "events of a cancelled watch")


@scenario
def watch_history_and_previous_values(client):
    base = client.put("history/a", "0").header.revision
    client.put("history/a", "1")
    client.delete("history/a")
    events, cancel = client.watch("history/a", start_revision=base + 1, prev_kv=True)
    first, second = next(events), next(events)
    equal((first.value, first.prev_value, first.prev_mod_revision), (b"1", b"0", base), "put")
    equal((second.value, second.prev_value, second.create_revision), (b"", b"1", 0), "delete")
    cancel()


@scenario
def watch_compacted_then_resume(client):
    first = client.put("compact/a", "1").header.revision
    client.put("compact/a", "2")
    client.put("compact/a", "3")
    client.compact(first + 2, physical=True)
    events, _ = client.watch("compact/a", start_revision=first)
    try:
        next(events)
        raise AssertionError("an event came from a compacted revision")
    except etcd3.exceptions.RevisionCompactedError as error:
        equal(error.compacted_revision, first + 2, "compact revision")
    events, cancel = client.watch("compact/a", start_revision=first + 2)
    client.put("compact/a", "4")
    equal([value for _, _, value, _ in take(events, 2)], [b"3", b"4"], "resumed events")
    cancel()


@scenario
def lease_life(client):
    lease = client.lease(60)
    equal(lease.ttl, 60, "ttl")
    client.put("lease/a", "1", lease=lease)
    equal(client.get("lease/a")[1].lease_id, lease.id, "lease of the key")
    equal((lease.granted_ttl, list(lease.keys)), (60, [b"lease/a"]), "lease info")
    if not 50 < lease.remaining_ttl <= 60:
        raise AssertionError(f"remaining ttl {lease.remaining_ttl}")
    equal([reply.TTL for reply in lease.refresh()], [60], "renewal")
    lease.revoke()
    equal(client.get("lease/a"), (None, None), "key of a revoked lease")
    equal((lease.remaining_ttl, lease.granted_ttl), (-1, 0), "revoked lease")
    equal([reply.TTL for reply in lease.refresh()], [0], "renewal of a revoked lease")
    chosen = client.lease(60, lease_id=4711)
    equal(chosen.id, 4711, "chosen id")
    chosen.revoke()


@scenario
def lease_expiry(client):
    base = revision(client)
    lease = client.lease(2)
    events, cancel = client.watch_prefix("expire/")
    client.put("expire/a", "1", lease=lease)
    equal(take(events, 2), [("put", b"expire/a", b"1", base + 1), ("delete", b"expire/a", b"", base + 2)],
          "events")
    cancel()


@scenario
def locks(client):
    first, second = client.lock("python", ttl=20), client.lock("python", ttl=20)
    equal(first.acquire(), True, "first lock")
    equal(first.is_acquired(), True, "held")
    equal(second.acquire(timeout=1), False, "second lock while the first is held")
    equal(first.refresh()[0].TTL, 20, "renewal of the lock's lease")
    waiter = threading.Thread(target=second.acquire, daemon=True)
    waiter.start()
    equal(first.release(), True, "release")
    waiter.join(EVENT_LIMIT)
    equal((second.is_acquired(), first.is_acquired()), (True, False), "the lock went over")
    equal(second.release(), True, "second release")


@scenario
def maintenance(client):
    client.put("maintenance/a", "1" * 10_000)
    status = client.status()
    members = list(client.members)
    equal((len(members), members[0].id), (1, status.leader.id), "the only member leads")
    equal(status.version.split(".")[0], "3", "major version")
    if status.db_size <= 0 or status.raft_index <= 0 or status.raft_term <= 0:
        raise AssertionError(f"status {vars(status)}")
    equal(list(client.list_alarms()), [], "alarms")
    equal(client.hash(), client.hash(), "hash")
    client.defragment()
    snapshot = io.BytesIO()
    client.snapshot(snapshot)
    equal(len(snapshot.getvalue()) % 512, 32, "snapshot length modulo 512")


@scenario
def errors(client):
    fails(lambda: client.put("", "1"), grpc.StatusCode.INVALID_ARGUMENT, "etcdserver: key is not provided")
    fails(lambda: client.put("e", "1", lease=99), grpc.StatusCode.NOT_FOUND,
          "etcdserver: requested lease not found")
    fails(lambda: client.revoke_lease(99), grpc.StatusCode.NOT_FOUND, "etcdserver: requested lease not found")
    future = revision(client) + 1
    fails(lambda: client.compact(future), grpc.StatusCode.OUT_OF_RANGE,
          "etcdserver: mvcc: required revision is a future revision")
    client.put("e", "1")
    client.compact(future)
    fails(lambda: client.compact(future), grpc.StatusCode.OUT_OF_RANGE,
          "etcdserver: mvcc: required revision has been compacted")
    t = client.transactions
    fails(lambda: client.transaction(compare=[], success=[t.put("e", "1"), t.put("e", "2")], failure=[]),
          grpc.StatusCode.INVALID_ARGUMENT, "etcdserver: duplicate key given in txn request")
    lease = client.lease(60, lease_id=815)
    try:
        client.lease(60, lease_id=815)
        raise AssertionError("one lease id is granted twice")
    except etcd3.exceptions.PreconditionFailedError:
        lease.revoke()


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    # One client for all: the thread of a closed client's watches dies noisily.
    client = etcd3.client(host=host, port=int(port), timeout=EVENT_LIMIT)
    for name, function in SCENARIOS:
        try:
            function(client)
        except Exception:  # whatever went wrong is the report
            traceback.print_exc()
            print(f"FAILED {name}", file=sys.stderr)
            return 1
        print(f"ok {name}", flush=True)
    return 0


sys.exit(main())
