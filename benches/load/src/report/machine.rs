//! Where, when and what was measured: a figure without these cannot be compared.

use std::path::Path;

use anyhow::bail;
use serde::Serialize;

use crate::cluster::Cluster;
use crate::compare::Conditions;

/// `f_type` of file systems that live in memory: tmpfs and ramfs.
const IN_MEMORY: [u32; 2] = [0x0102_1994, 0x8584_58f6];

/// The conditions of a report.
#[derive(Debug, Clone, Serialize)]
pub struct About {
    /// When it began, UTC.
    pub began: String,
    /// Processor cores.
    pub cores: usize,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// The kernel's release.
    pub kernel: String,
    /// Members of each cluster.
    pub nodes: usize,
    /// Rounds of each workload: in each, one run on each side.
    pub repeat: usize,
    /// What our binary's `/version` says.
    pub ours: String,
    /// What etcd's says.
    pub theirs: String,
}

impl About {
    /// Looks at the machine and starts each cluster once.
    pub async fn gather(conditions: &Conditions) -> anyhow::Result<Self> {
        let nodes = conditions.nodes;
        let version = async |binary| Cluster::start(binary, nodes).await?.version().await;
        let ours = version(&conditions.ours).await?;
        let theirs = version(&conditions.theirs).await?;
        let uname = rustix::system::uname();
        let memory = rustix::system::sysinfo();
        Ok(Self {
            began: jiff::Timestamp::now()
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string(),
            cores: std::thread::available_parallelism()?.get(),
            memory_mib: (memory.totalram as u64) * u64::from(memory.mem_unit) / (1 << 20),
            kernel: uname.release().to_string_lossy().into_owned(),
            nodes,
            repeat: conditions.repeat,
            ours,
            theirs,
        })
    }

    /// Name and value of each condition, for people.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let members = match self.nodes {
            1 => "1".into(),
            nodes => format!(
                "{nodes}; processor time, written bytes and memory are sums over all of them; one \
                 client alone is connected to the leader, several are spread evenly over all"
            ),
        };
        vec![
            ("began", self.began.clone()),
            (
                "machine",
                format!(
                    "{} cores, {} MiB, Linux {}; the generator shares them",
                    self.cores, self.memory_mib, self.kernel
                ),
            ),
            ("ours", self.ours.clone()),
            ("etcd", self.theirs.clone()),
            ("members", members),
            (
                "rounds",
                format!(
                    "{}; in each, one run on each side, taking turns to go first",
                    self.repeat
                ),
            ),
        ]
    }
}

/// Refuses a directory whose writes never reach a disk: its figures would be worth nothing.
pub fn check_disk(directory: &Path) -> anyhow::Result<()> {
    let kind = rustix::fs::statfs(directory)?.f_type;
    if IN_MEMORY
        .iter()
        .any(|memory| i64::from(*memory) == kind as i64)
    {
        bail!(
            "{} is in memory, choose a directory on a disk with --dir",
            directory.display()
        );
    }
    Ok(())
}
