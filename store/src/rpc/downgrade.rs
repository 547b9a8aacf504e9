//! Maintenance.Downgrade: the way of the cluster down to the version before.

use proto::etcdserverpb as pb;
use proto::etcdserverpb::downgrade_request::DowngradeAction;
use tonic::Status;

use super::{Member, status};
use crate::cluster::{DowngradeError, Version};
use crate::command::{Command, VersionStep};

impl Member {
    /// Answers with the version of the cluster as it is now.
    pub(super) async fn downgrade(
        &self,
        request: &pb::DowngradeRequest,
    ) -> Result<pb::DowngradeResponse, Status> {
        let Ok(action) = DowngradeAction::try_from(request.action) else {
            return Err(status::unknown_method());
        };
        match action {
            DowngradeAction::Validate => {
                self.may_go_down_to(&request.version).await?;
            }
            DowngradeAction::Enable => {
                let target = self.may_go_down_to(&request.version).await;
                let target = target.inspect_err(|error| {
                    tracing::warn!(error = error.message(), "reject downgrade request");
                })?;
                let step = VersionStep::Down(target);
                drop(
                    self.proposer
                        .propose(&Command::Version(step.into()))
                        .await??,
                );
            }
            // As in etcd it never fails.
            DowngradeAction::Cancel => {
                if let Err(error) = self.cancel_downgrade().await {
                    tracing::warn!(error = error.message(), "failed to cancel downgrade");
                }
            }
        }
        let state = self.state.read();
        Ok(pb::DowngradeResponse {
            header: self.header(state.store.revision()),
            version: state.versions.cluster.short(),
        })
    }

    async fn may_go_down_to(&self, version: &str) -> Result<Version, Status> {
        let target = Version::parse(version).ok_or_else(status::wrong_downgrade_version_format)?;
        self.linearizable().await?;
        self.state.read().versions.may_go_down_to(target)?;
        Ok(target)
    }

    async fn cancel_downgrade(&self) -> Result<(), Status> {
        self.linearizable().await?;
        if self.state.read().versions.target.is_none() {
            return Err(DowngradeError::None.into());
        }
        let change = Command::Version(VersionStep::Cancel.into());
        drop(self.proposer.propose(&change).await??);
        Ok(())
    }
}
