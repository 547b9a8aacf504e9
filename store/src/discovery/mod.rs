//! Finding the members of a new cluster where the flags do not name them.
//!
//! ```text
//! --discovery-endpoints, --discovery-token ─▶ service ─ registry ─┐
//! --discovery-srv ──────────────────────────▶ dns ────────────────┴─▶ what --initial-cluster would be
//! ```

mod dns;
mod registry;
mod service;

use crate::cluster::{Initial, InitialError};
use crate::config::{Config, Discovery};

/// Why the members cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The service does not say, or says what cannot be.
    #[error("failed to join discovery cluster ({0})")]
    Service(service::Failed),
    /// DNS does not say.
    #[error("{0}")]
    Dns(String),
    /// DNS does not name this member.
    #[error("cannot find local etcd member {0:?} in SRV records")]
    NotNamed(String),
    /// This member's own flags do not fit together.
    #[error("{0}")]
    Own(#[from] InitialError),
}

/// Finds the members, if the flags ask for it, and puts them into the configuration. Waits until all
/// have come.
///
/// # Errors
/// See [`Error`].
pub async fn find(config: &mut Config) -> Result<(), Error> {
    let Some(found) = config.discovery.clone() else {
        return Ok(());
    };
    let urls = config.initial_advertise_peer_urls.iter();
    let own: Vec<String> = urls.map(|url| format!("{}={url}", config.name)).collect();
    let own = own.join(",");
    config.initial_cluster = match found {
        Discovery::Service(settings) => {
            tracing::info!("Bootstrapping cluster using v3 discovery.");
            let advertised = &config.initial_advertise_peer_urls;
            let initial = Initial::new(&config.name, &own, &settings.token, advertised)?;
            let token = settings.token.clone();
            let joined = service::join(&settings, initial.member_id, &own).await;
            config.initial_cluster_token = token;
            joined.map_err(Error::Service)?
        }
        Discovery::Dns { domain, suffix } => {
            let advertised = &config.initial_advertise_peer_urls;
            let named = dns::members(&config.name, &domain, &suffix, advertised).await;
            let named = named.map_err(Error::Dns)?;
            for node in &named {
                tracing::info!(node, "got bootstrap from DNS for etcd-server");
            }
            let prefix = format!("{}=", config.name);
            if !named.iter().any(|node| node.starts_with(&prefix)) {
                return Err(Error::NotNamed(config.name.clone()));
            }
            named.join(",")
        }
    };
    Ok(())
}
