//! The process itself: memory, processor time, open files. Read from `/proc` when asked for.

use super::Error;
use super::register::Register;
use prometheus::{Counter, Gauge, IntGauge};
use std::fs;

/// Ticks per second of the times in `/proc/self/stat`; fixed on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

pub(super) struct Process {
    cpu_seconds: Counter,
    resident_bytes: IntGauge,
    virtual_bytes: IntGauge,
    virtual_bytes_max: Gauge,
    open_files: IntGauge,
    files_max: IntGauge,
    fd_used: IntGauge,
    fd_limit: IntGauge,
    threads: IntGauge,
    network_received: Counter,
    network_sent: Counter,
}

impl Process {
    pub(super) fn new(r: &mut Register) -> Result<Self, Error> {
        let start = "process_start_time_seconds";
        let start = r.add(Gauge::new(
            start,
            "The Unix time at which the process started.",
        ))?;
        start.set(start_time().unwrap_or_default());
        let max = "process_virtual_memory_max_bytes";
        let received = "process_network_receive_bytes_total";
        let sent = "process_network_transmit_bytes_total";
        Ok(Self {
            cpu_seconds: r.add(Counter::new(
                "process_cpu_seconds_total",
                "Processor time used.",
            ))?,
            resident_bytes: r.gauge("process_resident_memory_bytes", "Memory in RAM.")?,
            virtual_bytes: r.gauge("process_virtual_memory_bytes", "Memory mapped.")?,
            virtual_bytes_max: r.add(Gauge::new(max, "Memory that may be mapped."))?,
            open_files: r.gauge("process_open_fds", "Open files.")?,
            files_max: r.gauge("process_max_fds", "Files that may be open.")?,
            fd_used: r.gauge("os_fd_used", "Open files.")?,
            fd_limit: r.gauge("os_fd_limit", "Files that may be open.")?,
            threads: r.gauge("go_threads", "Threads of the process.")?,
            network_received: r.add(Counter::new(received, "Bytes received by the machine."))?,
            network_sent: r.add(Counter::new(sent, "Bytes sent by the machine."))?,
        })
    }

    /// Reads all figures anew. What cannot be read keeps its value.
    pub(super) fn refresh(&self) {
        if let Some(fields) = stat() {
            let ticks = field(&fields, 13) + field(&fields, 14);
            raise(&self.cpu_seconds, ticks / TICKS_PER_SECOND);
            self.threads.set(whole(field(&fields, 19)));
            self.virtual_bytes.set(whole(field(&fields, 22)));
            let page = u32::try_from(rustix::param::page_size()).unwrap_or(4096);
            self.resident_bytes
                .set(whole(field(&fields, 23) * f64::from(page)));
        }
        if let Ok(files) = fs::read_dir("/proc/self/fd") {
            let count = i64::try_from(files.count()).unwrap_or_default();
            self.open_files.set(count);
            self.fd_used.set(count);
        }
        let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let files = files
            .and_then(|limit| i64::try_from(limit).ok())
            .unwrap_or(i64::MAX);
        self.files_max.set(files);
        self.fd_limit.set(files);
        let memory = rustix::process::getrlimit(rustix::process::Resource::As).current;
        #[allow(clippy::cast_precision_loss, reason = "a gauge is a float")]
        self.virtual_bytes_max
            .set(memory.unwrap_or(u64::MAX) as f64);
        if let Some((received, sent)) = network() {
            raise(&self.network_received, received);
            raise(&self.network_sent, sent);
        }
    }
}

/// Sets a counter that is kept elsewhere.
fn raise(counter: &Counter, value: f64) {
    let more = value - counter.get();
    if more > 0.0 {
        counter.inc_by(more);
    }
}

/// The fields of `/proc/self/stat`; the name in brackets may hold blanks, so it is field 1 whole.
fn stat() -> Option<Vec<String>> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    let (head, tail) = text.rsplit_once(')')?;
    let (id, name) = head.split_once('(')?;
    let mut fields = vec![id.trim().to_owned(), name.to_owned()];
    fields.extend(tail.split_whitespace().map(str::to_owned));
    Some(fields)
}

fn field(fields: &[String], at: usize) -> f64 {
    fields
        .get(at)
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "counts and bytes are far below 2^53"
)]
fn whole(value: f64) -> i64 {
    value as i64
}

/// The start of the machine plus the ticks until this process started.
fn start_time() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let boot = text.lines().find_map(|line| line.strip_prefix("btime "))?;
    Some(boot.trim().parse::<f64>().ok()? + field(&stat()?, 21) / TICKS_PER_SECOND)
}

/// Bytes received and sent over all interfaces.
fn network() -> Option<(f64, f64)> {
    let text = fs::read_to_string("/proc/self/net/dev").ok()?;
    let mut sum = (0.0, 0.0);
    for line in text.lines() {
        let Some((_, figures)) = line.split_once(':') else {
            continue;
        };
        let figures: Vec<f64> = figures
            .split_whitespace()
            .filter_map(|f| f.parse().ok())
            .collect();
        sum.0 += figures.first().unwrap_or(&0.0);
        sum.1 += figures.get(8).unwrap_or(&0.0);
    }
    Some(sum)
}
