//! What a process has used, from `/proc`.

use std::iter::Sum;
use std::time::Duration;

use anyhow::Context as _;

/// The state of one process's accounts; the difference of two is what a window cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// User and system time of all its threads, those that ended included (`stat`; the clock
    /// ticks every 10 ms).
    pub cpu: Duration,
    /// Bytes it caused to be sent to the storage layer (`io`).
    pub written_bytes: u64,
    /// Resident memory in KiB (`status`).
    pub rss_kib: u64,
    /// The most resident memory since the last reset, in KiB (`status`).
    pub peak_kib: u64,
}

impl Usage {
    /// Reads the accounts of `process`, a process id or `self`.
    pub fn of(process: &str) -> anyhow::Result<Self> {
        let read = |file: &str| {
            let path = format!("/proc/{process}/{file}");
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
        };
        let ticks = cpu_ticks(&read("stat")?).context("unexpected /proc/<pid>/stat")?;
        let status = read("status")?;
        Ok(Self {
            cpu: Duration::from_secs(ticks) / clock_ticks_per_second(),
            written_bytes: labelled(&read("io")?, "write_bytes:").context("no write_bytes")?,
            rss_kib: labelled(&status, "VmRSS:").context("no VmRSS: the process ended")?,
            peak_kib: labelled(&status, "VmHWM:").context("no VmHWM: the process ended")?,
        })
    }
}

impl Sum for Usage {
    /// All processes as one. The sum of the peaks is a bound on the peak of the sum.
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            cpu: sum.cpu + one.cpu,
            written_bytes: sum.written_bytes + one.written_bytes,
            rss_kib: sum.rss_kib + one.rss_kib,
            peak_kib: sum.peak_kib + one.peak_kib,
        })
    }
}

/// The time all cores of the machine have been busy since it started, for whomever.
pub fn machine_busy() -> anyhow::Result<Duration> {
    let path = "/proc/stat";
    let stat = std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    let ticks = busy_ticks(&stat).with_context(|| format!("unexpected {path}"))?;
    Ok(Duration::from_secs(ticks) / clock_ticks_per_second())
}

/// Makes `VmHWM` start anew from the present resident memory.
pub(super) fn reset_peak(process: u32) -> anyhow::Result<()> {
    let path = format!("/proc/{process}/clear_refs");
    std::fs::write(&path, "5").with_context(|| format!("cannot write {path}"))
}

fn clock_ticks_per_second() -> u32 {
    u32::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100)
}

/// `utime + stime`, fields 14 and 15. The second field is a name in parentheses that may hold
/// anything, so counting starts behind the last of them.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// The first line: `cpu` and the ticks spent on user, nice, system, idle, iowait, irq, softirq and
/// steal; what follows is contained in them. All but idle and iowait are busy.
fn busy_ticks(stat: &str) -> Option<u64> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields = line.split_ascii_whitespace().take(8);
    let ticks = fields.map(|field| field.parse().ok());
    let [user, nice, system, _, _, irq, softirq, steal] =
        ticks.collect::<Option<Vec<u64>>>()?.try_into().ok()?;
    Some(user + nice + system + irq + softirq + steal)
}

/// The number behind `label` at a line's start.
fn labelled(text: &str, label: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(label))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests;
