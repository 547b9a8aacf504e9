//! Lines as collectors parse them.

use super::*;
use serde_json::Value;

/// Logs what `emit` says into a file and gives its text.
fn logged(level: LogLevel, format: LogFormat, emit: impl FnOnce()) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    // The same file twice must not give every line twice.
    let config = LogConfig {
        level,
        format,
        outputs: vec![path.clone(), path.clone()],
        rotation: None,
    };
    tracing::subscriber::with_default(subscriber(&config).unwrap(), emit);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_line_has_etcds_keys_in_etcds_order() {
    let text = logged(LogLevel::Info, LogFormat::Json, || {
        let urls = ["http://127.0.0.1:1"];
        tracing::info!("listen-urls" = ?Json(&urls), count = 3_u64, "ready to serve client requests");
    });
    let line: Value = serde_json::from_str(text.trim_end()).unwrap();
    assert_eq!(line["level"], "info");
    assert_eq!(line["msg"], "ready to serve client requests");
    assert_eq!(
        line["listen-urls"],
        serde_json::json!(["http://127.0.0.1:1"])
    );
    assert_eq!(line["count"], 3);
    assert!(
        line["caller"]
            .as_str()
            .unwrap()
            .starts_with("logging/tests.rs:"),
        "{text}"
    );
    let time = line["ts"].as_str().unwrap();
    assert!(
        time.len() == 27 && time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(),
        "{time}"
    );
    let order: Vec<usize> = [
        "\"level\"",
        "\"ts\"",
        "\"caller\"",
        "\"msg\"",
        "\"listen-urls\"",
    ]
    .iter()
    .map(|key| text.find(key).unwrap())
    .collect();
    assert!(order.is_sorted(), "{text}");
}

#[test]
fn nasty_text_stays_one_json_line() {
    let nasty = "a\"b\\c\nd\u{1}e\u{2028}\t{}";
    let text = logged(LogLevel::Info, LogFormat::Json, || {
        tracing::warn!(key = nasty, other = ?nasty, "{nasty}");
    });
    assert_eq!(text.lines().count(), 1);
    let line: Value = serde_json::from_str(text.trim_end()).unwrap();
    assert_eq!(
        (line["msg"].as_str(), line["key"].as_str()),
        (Some(nasty), Some(nasty))
    );
}

#[test]
fn levels_below_the_asked_one_are_dropped() {
    let emit = || {
        tracing::debug!("no");
        tracing::info!("no");
        tracing::warn!("yes");
        tracing::error!("yes");
        tracing::error!(fatal = true, "end");
    };
    let levels = |level| {
        let text = logged(level, LogFormat::Json, emit);
        let lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .map(|line| line["level"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(levels(LogLevel::Warn), ["warn", "error", "fatal"]);
    assert_eq!(levels(LogLevel::Fatal), ["fatal"]);
}

#[test]
fn other_crates_are_heard_from_warnings_on() {
    let text = logged(LogLevel::Debug, LogFormat::Json, || {
        tracing::info!(target: "h2::codec", "no");
        tracing::warn!(target: "h2::codec", "yes");
        tracing::debug!(target: "store::raft", "yes");
    });
    assert_eq!(text.matches("\"yes\"").count(), 2, "{text}");
    assert!(!text.contains("\"no\""), "{text}");
}

#[test]
fn the_console_form_has_columns() {
    let text = logged(LogLevel::Info, LogFormat::Console, || {
        tracing::info!(name = "a", size = 1_i64, "two\nlines");
    });
    let columns: Vec<&str> = text.trim_end().split('\t').collect();
    assert_eq!(columns[1], "info");
    assert_eq!(columns[3], "two\\nlines");
    assert_eq!(columns[4], r#"{"name": "a", "size": 1}"#);
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let outputs = vec!["/nonexistent/x.log".to_owned()];
    let config = LogConfig {
        outputs,
        ..LogConfig::default()
    };
    let error = subscriber(&config).err().unwrap().to_string();
    assert!(
        error.starts_with(r#"couldn't open sink "/nonexistent/x.log": open "#),
        "{error}"
    );
}

#[test]
fn dev_null_silences_all() {
    let outputs = vec!["/dev/null".to_owned(), "stderr".to_owned()];
    assert!(sink::open_all(&outputs, None).unwrap().is_empty());
}

#[test]
fn fields_with_names_of_run_time_stand_beside_the_others() {
    let text = logged(LogLevel::Info, LogFormat::Json, || {
        let map = serde_json::json!({"variable-name": "ETCD_NAME"});
        tracing::info!(fields = ?Json(&map), "recognized");
    });
    let line: Value = serde_json::from_str(text.trim_end()).unwrap();
    assert_eq!(line["variable-name"], "ETCD_NAME");
}
