//! The names against those a real etcd 3.7.1 exports (`golden/names.txt`), and the text form.

use super::*;

const NAMES: &str = include_str!("golden/names.txt");

fn types(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let pairs = lines.filter_map(|line| line.split_once(' '));
    pairs
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .collect()
}

/// Metrics in which every labelled family has a child, as after a few requests.
fn used(extensive: bool) -> Metrics {
    let metrics = Metrics::new(extensive).unwrap();
    metrics.server.set_id(0x8e9e_05c5_2164_694d);
    metrics.server.set_cluster_version("3.7");
    metrics
        .server
        .set_features(&crate::config::gates::Gates::default());
    metrics
        .server
        .apply_duration
        .with_label_values(&["v3", "Put", "true"])
        .observe(0.001);
    metrics.requests.count(b"3.7", false);
    metrics
        .network
        .known_peers
        .with_label_values(&["a", "a"])
        .set(1);
    metrics.peer.figures(0xa, 0xb);
    metrics.peer.received_bytes(0xb).inc_by(1);
    metrics.peer.received_failures(0xb).inc();
    metrics.peer.snapshots_to(0xb);
    metrics.peer.snapshots_from(0xb);
    metrics.health.record("livez", "serializable_read", true);
    metrics
}

#[test]
fn every_name_of_etcd_is_there_with_its_type() {
    let ours = types(&used(false).render().unwrap());
    for line in NAMES.lines() {
        let (name, kind) = line.split_once(' ').unwrap();
        let found = ours.iter().find(|(known, _)| known == name);
        let (_, found) = found.unwrap_or_else(|| panic!("{name} is missing"));
        // Go's summary of its collections has no counterpart.
        assert!(
            found == kind || name == "go_gc_duration_seconds",
            "{name} is a {found}"
        );
    }
    for (name, _) in &ours {
        assert!(
            NAMES
                .lines()
                .any(|line| line.split(' ').next() == Some(name)),
            "{name} is ours alone"
        );
    }
}

#[test]
fn only_the_extensive_ones_have_a_histogram_of_calls() {
    let name = "grpc_server_handling_seconds";
    assert!(!used(false).render().unwrap().contains(name));
    assert!(used(true).render().unwrap().contains(name));
}

#[test]
fn the_text_is_what_prometheus_reads() {
    let metrics = used(false);
    metrics.disk.wal_fsync.observe(0.0015);
    let call = metrics.grpc.start("/etcdserverpb.KV/Put").unwrap();
    call.received();
    call.handled(Code::parse(b"8"));
    let text = metrics.render().unwrap();
    let lines = [
        "# TYPE etcd_server_health_success counter",
        "etcd_server_id{server_id=\"8e9e05c52164694d\"} 1",
        "etcd_disk_wal_fsync_duration_seconds_bucket{le=\"0.001\"} 0",
        "etcd_disk_wal_fsync_duration_seconds_bucket{le=\"0.002\"} 1",
        "etcd_disk_wal_fsync_duration_seconds_bucket{le=\"8.192\"} 1",
        "etcd_disk_wal_fsync_duration_seconds_bucket{le=\"+Inf\"} 1",
        "etcd_disk_wal_fsync_duration_seconds_count 1",
        "etcd_debugging_mvcc_compact_revision -1",
        "grpc_server_started_total{grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 1",
        "grpc_server_handled_total{grpc_code=\"ResourceExhausted\",grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 1",
        "etcd_server_feature_enabled{name=\"AllAlpha\",stage=\"ALPHA\"} 0",
    ];
    for line in lines {
        assert!(text.lines().any(|ours| ours == line), "{line} is missing");
    }
    assert!(!text.contains("# EOF"));
}

#[test]
fn the_process_is_measured() {
    let text = Metrics::new(false).unwrap().render().unwrap();
    let value = |name: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")))
            .unwrap();
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert!(value("process_resident_memory_bytes") > 1e6);
    assert!(value("process_open_fds") >= 3.0);
    assert!(value("os_fd_limit") >= value("os_fd_used"));
    assert!(value("process_start_time_seconds") > 1.6e9);
}

#[test]
fn clients_choose_only_so_many_versions() {
    let metrics = Metrics::new(false).unwrap();
    for number in 0..1000 {
        metrics
            .requests
            .count(format!("9.{number}").as_bytes(), true);
    }
    metrics.requests.count(&[b'x'; 1000], false);
    metrics.requests.count(b"9.1", true);
    metrics.requests.count(b"", false);
    let text = metrics.render().unwrap();
    let lines = |part: &str| text.lines().filter(|line| line.contains(part)).count();
    assert!(lines("etcd_server_client_requests_total{") < 150);
    let expected = [
        r#"etcd_server_client_requests_total{client_api_version="9.1",type="stream"} 2"#,
        r#"etcd_server_client_requests_total{client_api_version="other",type="unary"} 2"#,
    ];
    for line in expected {
        assert_eq!(lines(line), 1, "{line}");
    }
}
