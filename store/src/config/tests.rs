//! The command line against what etcd 3.7.1 answered to the same arguments.

use super::*;
use crate::cluster::Initial;
use std::time::Duration;

fn parse_with(args: &[&str], environment: &[(&str, &str)]) -> Parsed {
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    parse(&args, &environment.iter().map(own).collect::<Vec<_>>())
}

fn result(args: &[&str]) -> Result<Config, Error> {
    parse_with(args, &[]).result
}

fn config(args: &[&str]) -> Config {
    result(args).unwrap()
}

/// Arguments, exit code and error as recorded from etcd 3.7.1.
const REFUSED: &[(&[&str], u8, &str)] = &[
    (&["--foo"], 2, "flag provided but not defined: -foo"),
    (&["--foo=1"], 2, "flag provided but not defined: -foo"),
    (
        &["--enable-v3"],
        2,
        "flag provided but not defined: -enable-v3",
    ),
    (
        &["--experimental-foo=x"],
        2,
        "flag provided but not defined: -experimental-foo",
    ),
    (
        &["--discovery=foo"],
        2,
        "flag provided but not defined: -discovery",
    ),
    (&["foo"], 1, r#""foo" is not a valid flag"#),
    (&["-"], 1, r#""-" is not a valid flag"#),
    (&["--", "x"], 1, r#""x" is not a valid flag"#),
    (&["---x"], 2, "bad flag syntax: ---x"),
    (&["--=x"], 2, "bad flag syntax: --=x"),
    (&["-name"], 2, "flag needs an argument: -name"),
    (&["--config", "foo"], 1, r#""foo" is not a valid flag"#),
    (
        &["--heartbeat-interval=abc"],
        2,
        r#"invalid value "abc" for flag -heartbeat-interval: parse error"#,
    ),
    (
        &["--heartbeat-interval", "abc"],
        2,
        r#"invalid value "abc" for flag -heartbeat-interval: parse error"#,
    ),
    (
        &["--snapshot-count=-1"],
        2,
        r#"invalid value "-1" for flag -snapshot-count: parse error"#,
    ),
    (
        &["--max-txn-ops="],
        2,
        r#"invalid value "" for flag -max-txn-ops: parse error"#,
    ),
    (
        &["--max-concurrent-streams=99999999999"],
        2,
        r#"invalid value "99999999999" for flag -max-concurrent-streams: strconv.ParseUint: parsing "99999999999": value out of range"#,
    ),
    (
        &["--quota-backend-bytes=10e9"],
        2,
        r#"invalid value "10e9" for flag -quota-backend-bytes: parse error"#,
    ),
    (
        &["--pre-vote=maybe"],
        2,
        r#"invalid boolean value "maybe" for -pre-vote: parse error"#,
    ),
    (
        &["--version=x"],
        2,
        r#"invalid boolean value "x" for -version: parse error"#,
    ),
    (
        &["--grpc-keepalive-min-time=5"],
        2,
        r#"invalid value "5" for flag -grpc-keepalive-min-time: parse error"#,
    ),
    (
        &["--heartbeat-interval=0"],
        1,
        "--heartbeat-interval must be >0 (set to 0ms)",
    ),
    (
        &["--heartbeat-interval=300"],
        1,
        "--election-timeout[1000ms] should be at least as 5 times as --heartbeat-interval[300ms]",
    ),
    (
        &["--election-timeout=0"],
        1,
        "--election-timeout must be >0 (set to 0ms)",
    ),
    (
        &["--election-timeout=60000"],
        1,
        "--election-timeout[60000ms] is too long, and should be set less than 50000ms",
    ),
    (
        &["--listen-client-urls=http://127.0.0.1:23791"],
        1,
        "--advertise-client-urls is required when --listen-client-urls is set explicitly",
    ),
    (
        &["--listen-client-urls=ftp://127.0.0.1:23791"],
        2,
        r#"invalid value "ftp://127.0.0.1:23791" for flag -listen-client-urls: URL scheme must be http, https, unix, or unixs: ftp://127.0.0.1:23791"#,
    ),
    (
        &["--listen-client-urls=http://127.0.0.1"],
        2,
        r#"invalid value "http://127.0.0.1" for flag -listen-client-urls: URL address does not have the form "host:port": http://127.0.0.1"#,
    ),
    (
        &["--listen-client-urls=http://127.0.0.1:1/x"],
        2,
        r#"invalid value "http://127.0.0.1:1/x" for flag -listen-client-urls: URL must not contain a path: http://127.0.0.1:1/x"#,
    ),
    (
        &[
            "--listen-client-urls=http://foo.com:2379",
            "--advertise-client-urls=http://a:1",
        ],
        1,
        "expected IP in URL for binding (http://foo.com:2379)",
    ),
    (
        &["--advertise-client-urls=http://:2379"],
        1,
        r#"--advertise-client-urls "http://:2379" must be in the format "host:port", "unix:/path/to/socket" or "unixs:/path/to/socket" (unexpected empty host (http://:2379))"#,
    ),
    (
        &["--initial-advertise-peer-urls=http://:2379"],
        1,
        r#"--initial-advertise-peer-urls "http://:2379" must be "host:port" (unexpected empty host (http://:2379))"#,
    ),
    (
        &["--initial-cluster-state=foo"],
        2,
        r#"invalid value "foo" for flag -initial-cluster-state: invalid value"#,
    ),
    (
        &["--auto-compaction-mode=foo"],
        1,
        r#"unknown auto-compaction-mode "foo""#,
    ),
    (
        &["--auto-compaction-mode="],
        1,
        "undefined auto-compaction-mode",
    ),
    (
        &["--auto-compaction-retention=foo"],
        1,
        r#"error parsing CompactionRetention: time: invalid duration "foo""#,
    ),
    (
        &["--discovery-fallback=proxy"],
        1,
        r#"v2 proxy is deprecated, and --discovery-fallback can't be configured as "proxy""#,
    ),
    (
        &["--discovery-fallback=foo"],
        2,
        r#"invalid value "foo" for flag -discovery-fallback: invalid value"#,
    ),
    (
        &["--discovery-token=foo"],
        1,
        "both --discovery-token and --discovery-endpoints must be set",
    ),
    (
        &[
            "--discovery-srv=foo.invalid",
            "--initial-cluster=default=http://127.0.0.1:2380",
        ],
        1,
        r#"multiple discovery or bootstrap flags are set. Choose one of "initial-cluster", "discovery-endpoints" or "discovery-srv""#,
    ),
    (&["--log-level=foo"], 2, r#"unrecognized level: "foo""#),
    (
        &["--log-format=foo"],
        1,
        "unknown log format: foo, supported values json, console",
    ),
    (&["--logger=foo"], 1, r#"unknown logger option "foo""#),
    (
        &["--logger=capnslog"],
        1,
        "--logger=capnslog is removed in v3.5",
    ),
    (
        &["--log-outputs=default,stderr"],
        1,
        r#"multi logoutput for "default" is not supported yet"#,
    ),
    (
        &["--enable-log-rotation"],
        1,
        "--log-outputs requires a single file path when --log-rotate-config-json is defined",
    ),
    (
        &[
            "--enable-log-rotation",
            "--log-outputs=/tmp/a",
            "--log-rotation-config-json={",
        ],
        1,
        "improperly formatted log rotation config: unexpected end of JSON input",
    ),
    (
        &["--feature-gates=Foo=true"],
        2,
        r#"invalid value "Foo=true" for flag -feature-gates: unrecognized feature gate: Foo"#,
    ),
    (
        &["--feature-gates=AllAlpha"],
        2,
        r#"invalid value "AllAlpha" for flag -feature-gates: missing bool value for AllAlpha"#,
    ),
    (
        &["--feature-gates=AllAlpha=x"],
        2,
        r#"invalid value "AllAlpha=x" for flag -feature-gates: invalid value of AllAlpha=x, err: strconv.ParseBool: parsing "x": invalid syntax"#,
    ),
    (
        &["--feature-gates=LeaseCheckpointPersist=true"],
        1,
        "enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint",
    ),
    (
        &["--tls-min-version=foo"],
        1,
        r#"unexpected TLS version "foo" (must be one of: TLS1.2, TLS1.3)"#,
    ),
    (
        &["--compact-hash-check-time=0s"],
        1,
        "--compact-hash-check-time must be >0 (set to 0s)",
    ),
    (
        &[
            "--enable-distributed-tracing",
            "--distributed-tracing-sampling-rate=2000000",
        ],
        1,
        "distributed tracing configurition is not valid: (tracing sampling rate must be less than 1000000)",
    ),
    (
        &["--config-file=/nonexistent"],
        1,
        "open /nonexistent: no such file or directory",
    ),
    (
        &["--cors=foo"],
        2,
        r#"invalid value "foo" for flag -cors: URL scheme must be http, https, unix, or unixs: foo"#,
    ),
    (
        &["--v2-deprecation=x"],
        2,
        r#"invalid value "x" for flag -v2-deprecation: invalid value "x""#,
    ),
    (
        &[
            "--listen-client-urls=https://127.0.0.1:1",
            "--advertise-client-urls=http://127.0.0.1:1",
        ],
        1,
        "TLS key/cert (--cert-file, --key-file) must be provided for client url https://127.0.0.1:1 with HTTPS scheme",
    ),
    (
        &["--listen-client-urls=127.0.0.1:2379"],
        2,
        r#"invalid value "127.0.0.1:2379" for flag -listen-client-urls: parse "127.0.0.1:2379": first path segment in URL cannot contain colon"#,
    ),
];

#[test]
fn what_etcd_refuses_is_refused_with_its_code_and_text() {
    for (args, code, text) in REFUSED {
        let error = result(args).expect_err(&format!("{args:?}"));
        assert_eq!(
            (error.exit_code(), error.to_string().as_str()),
            (*code, *text),
            "{args:?}"
        );
    }
}

#[test]
fn every_default_can_be_read_and_every_name_is_there_once() {
    for (at, flag) in flags::ALL.iter().enumerate() {
        assert!(
            value::parse(flag.kind, flag.default, None).is_ok(),
            "{}",
            flag.name
        );
        assert_eq!(
            flags::find(flag.name),
            Some(at),
            "{} stands twice",
            flag.name
        );
    }
}

#[test]
fn the_flags_of_kubeadm_start_a_member() {
    let config = config(&[
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--data-dir=/var/lib/etcd",
        "--feature-gates=InitialCorruptCheck=true",
        "--initial-advertise-peer-urls=http://127.0.0.1:2380",
        "--initial-cluster=node=http://127.0.0.1:2380",
        "--listen-client-urls=http://127.0.0.1:2379",
        "--listen-metrics-urls=http://127.0.0.1:2381",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--name=node",
        "--snapshot-count=10000",
        "--watch-progress-notify-interval=5s",
    ]);
    assert!(Initial::of(&config).is_ok());
    assert_eq!(
        config.watch_progress_notify_interval,
        Duration::from_secs(5)
    );
    assert!(config.gates.enabled("InitialCorruptCheck"));
    assert_eq!(config.listen_metrics_urls[0].authority, "127.0.0.1:2381");
}

#[test]
fn the_defaults_are_those_of_etcd() {
    let config = config(&[]);
    assert_eq!(config.data_dir.to_str(), Some("default.etcd"));
    assert_eq!(config.quota_backend_bytes, Some(2_147_483_648));
    assert_eq!(config.max_receive_bytes(), 2_097_152);
    assert_eq!(config.max_concurrent_streams, u32::MAX);
    assert_eq!(config.keepalive.interval, Some(Duration::from_secs(7200)));
    assert_eq!(
        config.watch_progress_notify_interval,
        Duration::from_secs(600)
    );
    assert_eq!(config.auto_compaction, AutoCompaction::Off);
    assert!(Initial::of(&config).is_ok());
}

#[test]
fn go_style_flags_are_read() {
    let config = self::config(&["-name", "x", "--pre-vote=false", "--unsafe-no-fsync", "--v"]);
    assert_eq!((config.name.as_str(), config.pre_vote), ("x", false));
    assert!(config.unsafe_no_fsync);
    assert_eq!(config.initial_cluster, "x=http://localhost:2380");
    assert_eq!(self::config(&["--max-txn-ops=0x10"]).max_txn_ops, 16);
    assert_eq!(
        self::config(&["--quota-backend-bytes=-1"]).quota_backend_bytes,
        None
    );
}

#[test]
fn an_empty_list_of_urls_keeps_the_default() {
    let config = config(&[
        "--listen-client-urls=",
        "--advertise-client-urls=http://127.0.0.1:1",
    ]);
    assert_eq!(
        url::join(&config.listen_client_urls),
        "http://localhost:2379"
    );
}

#[test]
fn urls_are_sorted_and_stand_once() {
    let list = "http://127.0.0.1:3,http://127.0.0.1:1,http://127.0.0.1:3";
    let config = config(&["--listen-metrics-urls", list]);
    assert_eq!(
        url::join(&config.listen_metrics_urls),
        "http://127.0.0.1:1,http://127.0.0.1:3"
    );
}

#[test]
fn auto_compaction_reads_hours_durations_and_revisions() {
    let read = |mode: &str, text: &str| {
        let (mode, text) = (
            format!("--auto-compaction-mode={mode}"),
            format!("--auto-compaction-retention={text}"),
        );
        config(&[&mode, &text]).auto_compaction
    };
    let periodic = |seconds| AutoCompaction::Periodic(Duration::from_secs(seconds));
    assert_eq!(read("periodic", "5"), periodic(18_000));
    assert_eq!(read("periodic", "1h30m"), periodic(5_400));
    assert_eq!(read("revision", "1000"), AutoCompaction::Revision(1000));
    assert_eq!(read("revision", "0"), AutoCompaction::Off);
    assert_eq!(read("periodic", ""), AutoCompaction::Off);
}

#[test]
fn a_member_must_find_itself_in_the_initial_cluster() {
    let check = |args: &[&str]| Initial::of(&config(args)).unwrap_err().to_string();
    assert_eq!(
        check(&["--initial-cluster=foo=http://127.0.0.1:1"]),
        r#"couldn't find local name "default" in the initial cluster configuration"#
    );
    assert_eq!(
        check(&["--name=a", "--initial-cluster=a=http://127.0.0.1:1"]),
        r#"--initial-cluster has a=http://127.0.0.1:1 but missing from --initial-advertise-peer-urls=http://localhost:2380 (resolved urls: "http://localhost:2380" != "http://127.0.0.1:1")"#
    );
    assert_eq!(
        check(&["--initial-cluster=default=foo"]),
        "error setting up initial cluster: URL scheme must be http, https, unix, or unixs: foo"
    );
    assert_eq!(
        check(&["--initial-cluster=default=http://localhost:2380,b=http://localhost:2380"]),
        "initial cluster b=http://localhost:2380,default=http://localhost:2380 has duplicate url"
    );
    // Who joins is known to the cluster by its URLs already.
    let joining = [
        "--name=a",
        "--initial-cluster=a=http://127.0.0.1:1,b=http://127.0.0.1:2",
        "--initial-cluster-state=existing",
    ];
    assert_eq!(Initial::of(&config(&joining)).unwrap().members.len(), 2);
}

#[test]
fn a_default_may_be_given() {
    config(&[
        "--auth-token=simple",
        "--client-cert-auth=false",
        "--cert-file=",
        "--bcrypt-cost=10",
    ]);
}

#[test]
fn variables_are_settings_too() {
    let parsed = parse_with(&[], &[("ETCD_NAME", "x"), ("ETCD_FOO", "y"), ("HOME", "/")]);
    let texts: Vec<&str> = parsed.notices.iter().map(|n| n.message.as_str()).collect();
    assert!(
        texts.contains(&"recognized and used environment variable"),
        "{texts:?}"
    );
    assert!(
        texts.contains(&"unrecognized environment variable"),
        "{texts:?}"
    );
    assert_eq!(parsed.result.unwrap().name, "x");
}

#[test]
fn a_setting_by_flag_and_variable_is_fatal() {
    let parsed = parse_with(&["--name=y"], &[("ETCD_NAME", "x")]);
    assert_eq!(
        parsed.result.unwrap_err(),
        Error::Conflict("ETCD_NAME".into())
    );
}

#[test]
fn a_faulty_variable_is_named() {
    let parsed = parse_with(&[], &[("ETCD_HEARTBEAT_INTERVAL", "x")]);
    let error = parsed.result.unwrap_err();
    let text = r#"invalid value "x" for ETCD_HEARTBEAT_INTERVAL: parse error"#;
    assert_eq!((error.exit_code(), error.to_string().as_str()), (1, text));
}

fn from_file(text: &str) -> Parsed {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    parse_with(
        &[
            "--config-file",
            file.path().to_str().unwrap(),
            "--name=ignored",
        ],
        &[("ETCD_NAME", "x")],
    )
}

/// Files and the errors recorded from etcd 3.7.1.
const REFUSED_FILES: &[(&str, &str)] = &[
    (
        "watch-progress-notify-interval: 10m\n",
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go struct field configYAML.Config.watch-progress-notify-interval of type time.Duration",
    ),
    (
        "heartbeat-interval: foo\n",
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go struct field configYAML.Config.heartbeat-interval of type uint",
    ),
    (
        "log-outputs: stderr\n",
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go struct field configYAML.Config.log-outputs of type []string",
    ),
    (
        "data-dir: [1]\n",
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field configYAML.Config.data-dir of type string",
    ),
    (
        "foo: bar\nheartbeat-interval: 0",
        "--heartbeat-interval must be >0 (set to 0ms)",
    ),
    (
        "listen-client-urls: ftp://x\n",
        "unexpected error setting up listen-client-urls: URL scheme must be http, https, unix, or unixs: ftp://x",
    ),
    (
        "feature-gates: Foo=true\n",
        "unrecognized feature gate: Foo",
    ),
    (
        "initial-cluster-state: foo",
        r#"unexpected clusterState "foo""#,
    ),
    (
        "foo",
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type embed.configYAML",
    ),
];

#[test]
fn what_etcd_refuses_in_a_file_is_refused_with_its_text() {
    for (text, expected) in REFUSED_FILES {
        let error = from_file(text).result.expect_err(text);
        assert_eq!(
            (error.exit_code(), error.to_string().as_str()),
            (1, *expected),
            "{text}"
        );
    }
}

#[test]
fn a_file_replaces_flags_and_variables() {
    let text = "NAME: a\nwatch-progress-notify-interval: 5000000000\n\
                listen-client-urls: http://127.0.0.1:1\nsocket-options:\n  reuse-port: true\n\
                log-outputs: [stdout]\nclient-transport-security:\n  cert-file: \"\"\n";
    let config = from_file(text).result.unwrap();
    assert_eq!(config.name, "a");
    assert_eq!(
        config.watch_progress_notify_interval,
        Duration::from_secs(5)
    );
    assert!(config.socket_reuse_port);
    assert_eq!(config.log.outputs, ["stdout"]);
}

#[test]
fn a_file_says_what_certificates_there_are() {
    let text = "client-transport-security:\n  cert-file: a\n  key-file: b\n  client-cert-auth: true\n\
                peer-transport-security:\n  auto-tls: true\n  skip-client-san-verification: true\n\
                tls-min-version: TLS1.3\n";
    let config = from_file(text).result.unwrap();
    let clients = config.client_security;
    assert_eq!(clients.tls.cert, std::path::Path::new("a"));
    assert_eq!(clients.tls.key, std::path::Path::new("b"));
    assert!(clients.tls.client_cert_auth && !clients.is_automatic);
    assert_eq!(clients.tls.min, Some(tls::Version::Tls13));
    let peers = config.peer_security;
    assert!(peers.is_automatic && peers.tls.skip_client_san && peers.tls.is_empty());
}

#[test]
fn faulty_rules_for_certificates_are_refused() {
    let faults: [(&[&str], &str); 2] = [
        (
            &["--cipher-suites=TLS_AES_128_GCM_SHA256,x"],
            r#"unexpected TLS cipher suite "x""#,
        ),
        (
            &[
                "--peer-cert-allowed-cn=a,b",
                "--peer-cert-allowed-hostname=c",
            ],
            r#"AllowedCNs and AllowedHostnames are mutually exclusive (cns=["a" "b"], hostnames=["c"])"#,
        ),
    ];
    for (flags, text) in faults {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let error = parse(&flags, &[]).result.unwrap_err();
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn durations_are_read_and_written_as_go_does() {
    let cases = [
        ("0", 0, "0s"),
        ("5s", 5_000_000_000, "5s"),
        ("2h", 7_200_000_000_000, "2h0m0s"),
        ("1h30m", 5_400_000_000_000, "1h30m0s"),
        ("1.5ms", 1_500_000, "1.5ms"),
        ("-1.25s", -1_250_000_000, "-1.25s"),
        ("100ns", 100, "100ns"),
        ("1m0.001s", 60_001_000_000, "1m0.001s"),
        ("3us", 3_000, "3µs"),
        (".5s", 500_000_000, "500ms"),
    ];
    for (text, nanos, written) in cases {
        assert_eq!(duration::parse(text), Ok(nanos), "{text}");
        assert_eq!(duration::format(nanos), written);
    }
    let refused = ["", "5", "s", "1x", "-", "9999999999h", "1.s.", "1s-1s"];
    for text in refused {
        assert!(duration::parse(text).is_err(), "{text}");
    }
}

#[test]
fn help_lists_every_flag_with_its_group() {
    let text = help_text();
    assert!(text.contains("\nMember:\n  --name 'default'\n"), "{text}");
    assert!(text.contains("\nClustering:\n") && text.contains("LeaseCheckpoint=true|false (ALPHA"));
    for flag in flags::ALL
        .iter()
        .filter(|flag| flag.kind != value::Kind::Ignored)
    {
        assert!(
            text.contains(&format!("--{} '", flag.name)),
            "{}",
            flag.name
        );
    }
}

#[test]
fn files_that_are_nearly_right_are_refused_or_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("etcd.yaml");
    let flag = format!("--config-file={}", path.display());
    let seeds = [
        "name: a\nlisten-client-urls: http://127.0.0.1:1\nadvertise-client-urls: http://127.0.0.1:1\n",
        "client-transport-security:\n  cert-file: a\n  allowed-hostnames: [a, b]\nlog-outputs: [stderr]\n",
        "discovery-config:\n  discovery-token: a\n  discovery-endpoints: ['x']\nquota-backend-bytes: 0x10\n",
        "feature-gates: a=true\nelection-timeout: 1e3\nmax-txn-ops: -1\nsnapshot-count: !!str 5\n",
    ];
    let seeds = seeds.map(|text| text.as_bytes().to_vec());
    crate::fuzz::nearly(&seeds, |bytes| {
        std::fs::write(&path, bytes).unwrap();
        let _ = result(&[&flag]);
    });
}

#[test]
fn flags_that_are_nearly_right_are_refused_or_read() {
    let seeds = [
        "--listen-client-urls=http://[::1]:2379,unix://a:b --advertise-client-urls http://localhost:1",
        "--initial-cluster=a=http://b:1,a=http://c:2 --name a --election-timeout=1000",
        "--auto-compaction-retention=1h30m --auto-compaction-mode periodic --log-level=debug",
        "--feature-gates=a=true,b=false --cipher-suites TLS_AES_128_GCM_SHA256 --quota-backend-bytes=-1",
        "--corrupt-check-time=-5s --max-request-bytes=18446744073709551616 --force-new-cluster=maybe",
    ];
    let seeds = seeds.map(|text| text.as_bytes().to_vec());
    crate::fuzz::nearly(&seeds, |bytes| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let flags: Vec<&str> = text.split(' ').collect();
        let _ = result(&flags);
    });
}
