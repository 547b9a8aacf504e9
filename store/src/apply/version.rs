//! Changes of the version of the cluster.

use crate::cluster::Versions;
use crate::command::{VersionChange, VersionStep};

/// Carries out a change. Whether it made sense was asked before it was proposed; two at once do no harm.
pub(super) fn change(versions: &mut Versions, change: &VersionChange) {
    match change.step() {
        Ok(VersionStep::Cluster(version)) => versions.cluster = version,
        Ok(VersionStep::Down(target)) => versions.target = Some(target),
        Ok(VersionStep::Cancel) => versions.target = None,
        // Such a command is not decoded.
        Err(_) => {}
    }
}
