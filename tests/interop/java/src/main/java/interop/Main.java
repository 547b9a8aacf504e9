package interop;

import io.etcd.jetcd.Client;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Scenarios for the Java client jetcd against one endpoint.
 *
 * <p>Usage: Main HOST:PORT. Prints "ok SCENARIO" for each, and ends with 1 at the first that fails.
 */
public final class Main {
  /** One check; it fails by throwing. */
  interface Scenario {
    void run(Check check) throws Exception;
  }

  private Main() {}

  public static void main(String[] args) throws Exception {
    Map<String, Scenario> scenarios = new LinkedHashMap<>();
    KvScenarios.addTo(scenarios);
    WatchScenarios.addTo(scenarios);
    LeaseScenarios.addTo(scenarios);
    ServiceScenarios.addTo(scenarios);
    for (Map.Entry<String, Scenario> entry : scenarios.entrySet()) {
      try (Client client = Client.builder().endpoints("http://" + args[0]).build()) {
        entry.getValue().run(new Check(client, "http://" + args[0]));
      } catch (Throwable error) {
        System.err.println("FAILED " + entry.getKey());
        error.printStackTrace();
        System.exit(1);
      }
      System.out.println("ok " + entry.getKey());
    }
    System.exit(0);
  }
}
