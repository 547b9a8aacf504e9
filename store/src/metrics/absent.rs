//! Names that etcd shows for parts that do not exist here. They stay at zero.

use super::Error;
use super::register::Register;
use prometheus::{HistogramOpts, HistogramVec, Opts};

/// Gauges of API 2 and of Go's runtime.
const GAUGES: &[&str] = &[
    "etcd_debugging_store_watchers",
    "go_gc_gogc_percent",
    "go_gc_gomemlimit_bytes",
    "go_goroutines",
    "go_memstats_alloc_bytes",
    "go_memstats_buck_hash_sys_bytes",
    "go_memstats_gc_sys_bytes",
    "go_memstats_heap_alloc_bytes",
    "go_memstats_heap_idle_bytes",
    "go_memstats_heap_inuse_bytes",
    "go_memstats_heap_objects",
    "go_memstats_heap_released_bytes",
    "go_memstats_heap_sys_bytes",
    "go_memstats_last_gc_time_seconds",
    "go_memstats_mcache_inuse_bytes",
    "go_memstats_mcache_sys_bytes",
    "go_memstats_mspan_inuse_bytes",
    "go_memstats_mspan_sys_bytes",
    "go_memstats_next_gc_bytes",
    "go_memstats_other_sys_bytes",
    "go_memstats_stack_inuse_bytes",
    "go_memstats_stack_sys_bytes",
    "go_memstats_sys_bytes",
    "promhttp_metric_handler_requests_in_flight",
];

/// Counters of the same, and of what a single member never does.
const COUNTERS: &[&str] = &[
    "etcd_debugging_store_expires_total",
    "etcd_debugging_store_watch_requests_total",
    "etcd_server_heartbeat_send_failures_total",
    "etcd_server_learner_promote_successes",
    "go_memstats_alloc_bytes_total",
    "go_memstats_frees_total",
    "go_memstats_mallocs_total",
];

/// Histograms of bbolt and of snapshots between Go members: name, first bound, bounds.
const HISTOGRAMS: &[(&str, f64, usize)] = &[
    (
        "etcd_debugging_disk_backend_commit_rebalance_duration_seconds",
        0.001,
        14,
    ),
    (
        "etcd_debugging_disk_backend_commit_spill_duration_seconds",
        0.001,
        14,
    ),
    (
        "etcd_debugging_disk_backend_commit_write_duration_seconds",
        0.001,
        14,
    ),
    (
        "etcd_debugging_snap_save_marshalling_duration_seconds",
        0.001,
        14,
    ),
    ("etcd_snap_db_fsync_duration_seconds", 0.001, 14),
    ("etcd_snap_db_save_total_duration_seconds", 0.1, 10),
];

const HELP: &str = "Always zero: this part of etcd does not exist here.";

/// Registers all of them.
pub(super) fn register(r: &mut Register) -> Result<(), Error> {
    for name in GAUGES {
        r.gauge(name, HELP)?;
    }
    for name in COUNTERS {
        r.counter(name, HELP)?;
    }
    for (name, start, count) in HISTOGRAMS {
        r.histogram(name, HELP, *start, *count)?;
    }
    let gc = HistogramOpts {
        common_opts: Opts::new("go_gc_duration_seconds", HELP),
        buckets: vec![1.0],
    };
    let gc: HistogramVec = r.add(HistogramVec::new(gc, &[]))?;
    gc.with_label_values::<&str>(&[]);
    let info = r.gauges("go_info", "What the server was built with.", &["version"])?;
    info.with_label_values(&[crate::version::TOOLCHAIN]).set(1);
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
    let processors = r.gauge("go_sched_gomaxprocs_threads", "Processors that are used.")?;
    processors.set(i64::try_from(threads).unwrap_or(1));
    let requests = "promhttp_metric_handler_requests_total";
    let requests = r.counters(requests, HELP, &["code"])?;
    for code in ["200", "500", "503"] {
        requests.with_label_values(&[code]);
    }
    Ok(())
}
