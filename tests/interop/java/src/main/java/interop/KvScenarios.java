package interop;

import static interop.Check.await;
import static interop.Check.bytes;
import static interop.Check.equal;
import static interop.Check.fails;
import static interop.Check.keys;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.common.exception.ErrorCode;
import io.etcd.jetcd.kv.DeleteResponse;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.PutResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.CompactOption;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.GetOption.SortOrder;
import io.etcd.jetcd.options.GetOption.SortTarget;
import io.etcd.jetcd.options.PutOption;
import java.util.Map;

/** Key-value requests, transactions, and their errors. */
final class KvScenarios {
  private KvScenarios() {}

  static void addTo(Map<String, Main.Scenario> scenarios) {
    scenarios.put("put-get", KvScenarios::putGet);
    scenarios.put("ranges-and-sorting", KvScenarios::ranges);
    scenarios.put("deletes", KvScenarios::deletes);
    scenarios.put("transactions", KvScenarios::transactions);
    scenarios.put("nested-transaction", KvScenarios::nested);
    scenarios.put("compaction", KvScenarios::compaction);
    scenarios.put("errors", KvScenarios::errors);
  }

  private static void putGet(Check c) throws Exception {
    long base = c.revision();
    equal(c.put("kv/a", "1"), base + 1, "revision of a put");
    PutResponse put = await(c.client().getKVClient()
        .put(bytes("kv/a"), bytes("2"), PutOption.builder().withPrevKV().build()));
    equal(put.getPrevKv().getValue().toString(), "1", "previous value");
    equal(put.getPrevKv().getModRevision(), base + 1, "previous mod revision");
    GetResponse got = c.get("kv/a", GetOption.DEFAULT);
    KeyValue pair = got.getKvs().get(0);
    equal(pair.getValue().toString(), "2", "value");
    equal(pair.getCreateRevision(), base + 1, "create revision");
    equal(pair.getModRevision(), base + 2, "mod revision");
    equal(pair.getVersion(), 2L, "version");
    equal(got.getHeader().getRevision(), base + 2, "header revision");
    got = c.get("kv/a", GetOption.builder().withRevision(base + 1).build());
    equal(got.getKvs().get(0).getValue().toString(), "1", "value in the past");
    got = c.get("kv/a", GetOption.builder().withSerializable(true).build());
    equal(got.getCount(), 1L, "serializable count");
    equal(c.value("kv/none"), null, "absent key");
    byte[] every = new byte[256];
    for (int i = 0; i < every.length; i++) {
      every[i] = (byte) i;
    }
    ByteSequence binary = ByteSequence.from(every);
    await(c.client().getKVClient().put(bytes("kv/").concat(binary), binary));
    GetResponse back = await(c.client().getKVClient().get(bytes("kv/").concat(binary)));
    equal(back.getKvs().get(0).getValue(), binary, "binary value");
  }

  private static void ranges(Check c) throws Exception {
    long base = c.revision();
    for (String pair : new String[] {"c=1", "a=3", "b=2", "c=1"}) {
      c.put("r/" + pair.charAt(0), pair.substring(2));
    }
    equal(keys(c.get("r/", all().build())), "r/a r/b r/c", "prefix");
    GetResponse limited = c.get("r/", all().withLimit(2).build());
    equal(keys(limited), "r/a r/b", "limit");
    equal(limited.isMore(), true, "more");
    equal(limited.getCount(), 3L, "count with a limit");
    Map<SortTarget, String> orders = Map.of(
        SortTarget.KEY, "r/a r/b r/c",
        SortTarget.CREATE, "r/c r/a r/b",
        SortTarget.MOD, "r/a r/b r/c",
        SortTarget.VALUE, "r/c r/b r/a");
    for (Map.Entry<SortTarget, String> order : orders.entrySet()) {
      GetOption option = all().withSortField(order.getKey()).withSortOrder(SortOrder.ASCEND).build();
      equal(keys(c.get("r/", option)), order.getValue(), "sorted by " + order.getKey());
    }
    equal(keys(c.get("r/", all().withSortField(SortTarget.VERSION).withSortOrder(SortOrder.DESCEND).withLimit(1).build())),
        "r/c", "highest version");
    GetResponse count = c.get("r/", all().withCountOnly(true).build());
    equal(count.getCount(), 3L, "count only");
    equal(count.getKvs().size(), 0, "pairs with count only");
    GetResponse names = c.get("r/", all().withKeysOnly(true).build());
    equal(names.getKvs().get(0).getValue().size(), 0, "value with keys only");
    equal(keys(c.get("r/", all().withMinModRevision(base + 3).build())), "r/b r/c", "minimum mod revision");
    equal(keys(c.get("r/", all().withMaxCreateRevision(base + 2).build())), "r/a r/c", "maximum create revision");
    equal(keys(c.get("r/a", GetOption.builder().withRange(bytes("r/c")).build())), "r/a r/b", "half-open range");
  }

  private static GetOption.Builder all() {
    return GetOption.builder().isPrefix(true);
  }

  private static void deletes(Check c) throws Exception {
    for (String name : new String[] {"a", "b", "c"}) {
      c.put("d/" + name, name);
    }
    long base = c.revision();
    KV kv = c.client().getKVClient();
    equal(await(kv.delete(bytes("d/none"))).getDeleted(), 0L, "delete of nothing");
    DeleteResponse one = await(kv.delete(bytes("d/a"), DeleteOption.builder().withPrevKV(true).build()));
    equal(one.getPrevKvs().get(0).getValue().toString(), "a", "previous value");
    equal(one.getHeader().getRevision(), base + 1, "revision of the delete");
    DeleteResponse rest = await(kv.delete(bytes("d/"), DeleteOption.builder().isPrefix(true).build()));
    equal(rest.getDeleted(), 2L, "deleted by prefix");
    equal(rest.getHeader().getRevision(), base + 2, "revision of the range delete");
  }

  private static void transactions(Check c) throws Exception {
    c.put("t/a", "1");
    long base = c.revision();
    TxnResponse reply = await(swap(c).commit());
    equal(reply.isSucceeded(), true, "success");
    equal(reply.getHeader().getRevision(), base + 1, "one revision");
    equal(reply.getPutResponses().size(), 2, "puts");
    equal(reply.getGetResponses().get(0).getKvs().get(0).getModRevision(), base + 1, "own write");
    reply = await(swap(c).commit());
    equal(reply.isSucceeded(), false, "failure");
    equal(reply.getHeader().getRevision(), base + 1, "a failure that writes nothing keeps the revision");
    equal(reply.getGetResponses().get(0).getKvs().get(0).getValue().toString(), "2", "value read on failure");
    equal(reply.getDeleteResponses().get(0).getDeleted(), 0L, "deleted on failure");
    equal(compare(c, Cmp.Op.GREATER, CmpTarget.version(1)), true, "version > 1");
    equal(compare(c, Cmp.Op.LESS, CmpTarget.modRevision(base + 1)), false, "mod revision <");
    equal(compare(c, Cmp.Op.NOT_EQUAL, CmpTarget.createRevision(1)), true, "create revision !=");
  }

  private static io.etcd.jetcd.Txn swap(Check c) {
    return c.client().getKVClient().txn()
        .If(new Cmp(bytes("t/a"), Cmp.Op.EQUAL, CmpTarget.value(bytes("1"))),
            new Cmp(bytes("t/x"), Cmp.Op.EQUAL, CmpTarget.createRevision(0)))
        .Then(Op.put(bytes("t/a"), bytes("2"), PutOption.DEFAULT), Op.put(bytes("t/b"), bytes("2"), PutOption.DEFAULT),
            Op.get(bytes("t/a"), GetOption.DEFAULT))
        .Else(Op.get(bytes("t/a"), GetOption.DEFAULT), Op.delete(bytes("t/none"), DeleteOption.DEFAULT));
  }

  private static boolean compare(Check c, Cmp.Op op, CmpTarget<?> target) throws Exception {
    return await(c.client().getKVClient().txn().If(new Cmp(bytes("t/a"), op, target))
        .Then(Op.get(bytes("t/a"), GetOption.DEFAULT)).commit()).isSucceeded();
  }

  private static void nested(Check c) throws Exception {
    long base = c.revision();
    Op inner = Op.txn(
        new Cmp[] {new Cmp(bytes("n/a"), Cmp.Op.EQUAL, CmpTarget.value(bytes("1")))},
        new Op[] {Op.put(bytes("n/b"), bytes("then"), PutOption.DEFAULT)},
        new Op[] {Op.put(bytes("n/b"), bytes("else"), PutOption.DEFAULT)});
    TxnResponse reply = await(c.client().getKVClient().txn()
        .Then(Op.put(bytes("n/a"), bytes("1"), PutOption.DEFAULT), inner).commit());
    equal(reply.isSucceeded(), true, "outer");
    equal(reply.getTxnResponses().get(0).isSucceeded(), false, "the inner compare precedes the outer put");
    KeyValue pair = c.get("n/b", GetOption.DEFAULT).getKvs().get(0);
    equal(pair.getValue().toString(), "else", "inner branch");
    equal(pair.getModRevision(), base + 1, "one revision");
  }

  private static void compaction(Check c) throws Exception {
    long first = c.put("c/a", "1");
    c.put("c/a", "2");
    c.put("c/a", "3");
    await(c.client().getKVClient().compact(first + 1, CompactOption.builder().withCompactPhysical(true).build()));
    GetResponse got = c.get("c/a", GetOption.builder().withRevision(first + 1).build());
    equal(got.getKvs().get(0).getValue().toString(), "2", "value at the compacted revision");
    fails(c.client().getKVClient().get(bytes("c/a"), GetOption.builder().withRevision(first).build()),
        ErrorCode.OUT_OF_RANGE, "etcdserver: mvcc: required revision has been compacted");
    fails(c.client().getKVClient().compact(first + 1), ErrorCode.OUT_OF_RANGE,
        "etcdserver: mvcc: required revision has been compacted");
  }

  private static void errors(Check c) throws Exception {
    KV kv = c.client().getKVClient();
    fails(kv.put(ByteSequence.EMPTY, bytes("1")), ErrorCode.INVALID_ARGUMENT, "etcdserver: key is not provided");
    fails(kv.put(bytes("e"), bytes("1"), PutOption.builder().withLeaseId(99).build()),
        ErrorCode.NOT_FOUND, "etcdserver: requested lease not found");
    long future = c.revision() + 1;
    fails(kv.get(bytes("e"), GetOption.builder().withRevision(future).build()),
        ErrorCode.OUT_OF_RANGE, "etcdserver: mvcc: required revision is a future revision");
    fails(kv.compact(future), ErrorCode.OUT_OF_RANGE, "etcdserver: mvcc: required revision is a future revision");
    Op put = Op.put(bytes("e"), bytes("1"), PutOption.DEFAULT);
    fails(kv.txn().Then(put, put).commit(), ErrorCode.INVALID_ARGUMENT,
        "etcdserver: duplicate key given in txn request");
    Op[] many = new Op[129];
    for (int i = 0; i < many.length; i++) {
      many[i] = Op.get(bytes("e"), GetOption.DEFAULT);
    }
    fails(kv.txn().Then(many).commit(), ErrorCode.INVALID_ARGUMENT,
        "etcdserver: too many operations in txn request");
  }
}
