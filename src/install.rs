//! `pintle install`: links of this binary, one for each role.

use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::roles;

/// Where to.
#[derive(clap::Args)]
pub(crate) struct Install {
    /// The directory to put the links into; made if it is not there
    #[arg(long, default_value = "/usr/local/bin")]
    dir: PathBuf,
}

impl Install {
    pub(crate) fn run(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let binary = std::env::current_exe().context("find this binary")?;
        let dir = self.dir.display();
        std::fs::create_dir_all(&self.dir).with_context(|| format!("make {dir}"))?;
        for role in &roles::ALL {
            let link = self.dir.join(role.name());
            match std::fs::symlink_metadata(&link) {
                Ok(found) if found.is_symlink() => {
                    std::fs::remove_file(&link)
                        .with_context(|| format!("replace {}", link.display()))?;
                }
                // What is there is not ours: a real etcd, perhaps.
                Ok(_) => bail!("{} exists and is not a link", link.display()),
                Err(_) => {}
            }
            symlink(&binary, &link).with_context(|| format!("link {}", link.display()))?;
            writeln!(out, "{} -> {}", link.display(), binary.display())?;
        }
        Ok(())
    }
}
