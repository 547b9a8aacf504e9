//! The members a cluster starts with, from the flags that name them.
//!
//! ```text
//! --initial-cluster              one=http://10.0.0.1:2380,two=http://10.0.0.2:2380
//! --name                         one
//! --initial-advertise-peer-urls  http://10.0.0.1:2380         must be what the cluster calls `one`
//! --initial-cluster-token        etcd-cluster                 part of every id
//! ```

use std::collections::BTreeMap;
use std::net::ToSocketAddrs;

use super::Member;
use super::id::{cluster_id, member_id};
use crate::config::url::join;
use crate::config::{ClusterState, Config, Url, quote};

/// A cluster as it starts, seen by one of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initial {
    /// The cluster's id.
    pub cluster_id: u64,
    /// The id of the member that was asked for by name.
    pub member_id: u64,
    /// All members by id, without the client URLs: those come when a member starts.
    pub members: Vec<Member>,
}

/// Why the flags do not make a cluster, in etcd's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InitialError(String);

impl Initial {
    /// The cluster that a configuration describes, be it new or one to join. Only a member without
    /// data is to look at this.
    ///
    /// # Errors
    /// See [`Initial::new`] and [`Initial::joining`].
    pub fn of(config: &Config) -> Result<Self, InitialError> {
        let cluster = &config.initial_cluster;
        if let Err(InitialError(why)) = parse(cluster) {
            let why = format!("error setting up initial cluster: {why}");
            return Err(InitialError(why));
        }
        let (name, token) = (&config.name, &config.initial_cluster_token);
        match config.initial_cluster_state {
            ClusterState::New => {
                Self::new(name, cluster, token, &config.initial_advertise_peer_urls)
            }
            ClusterState::Existing => Self::joining(name, cluster, token),
        }
    }

    /// A new cluster: reads the flags and checks them against each other.
    ///
    /// The advertised URLs may name a host where the cluster names its address, so host names are
    /// resolved when the texts differ.
    ///
    /// # Errors
    /// The flags contradict each other.
    pub fn new(
        name: &str,
        initial_cluster: &str,
        token: &str,
        advertised: &[Url],
    ) -> Result<Self, InitialError> {
        let members = parse(initial_cluster)?;
        let own = find(name, &members)?;
        check_advertised(name, own, advertised)?;
        check_doubles(&members)?;
        Ok(Self::of_members(name, members, token))
    }

    /// A running cluster that is to be joined: the cluster knows already where its new member is
    /// reached. The ids are not the cluster's yet; see [`super::join`].
    ///
    /// # Errors
    /// The member is not among those named, or two of them have the same URL.
    pub fn joining(name: &str, initial_cluster: &str, token: &str) -> Result<Self, InitialError> {
        let members = parse(initial_cluster)?;
        find(name, &members)?;
        check_doubles(&members)?;
        Ok(Self::of_members(name, members, token))
    }

    fn of_members(name: &str, members: BTreeMap<String, Vec<Url>>, token: &str) -> Self {
        let members = members.into_iter().map(|(name, urls)| {
            let urls: Vec<String> = urls.iter().map(Url::to_string).collect();
            Member {
                id: member_id(&urls, token),
                peer_urls: urls,
                name,
                ..Member::default()
            }
        });
        let mut members: Vec<Member> = members.collect();
        members.sort_unstable_by_key(|member| member.id);
        let ids: Vec<u64> = members.iter().map(|member| member.id).collect();
        let own = members.iter().find(|member| member.name == name);
        Self {
            cluster_id: cluster_id(&ids),
            member_id: own.map_or(0, |member| member.id),
            members,
        }
    }

    /// Where all members but this one are reached, in order: whom to ask about the cluster.
    pub fn others(&self) -> Vec<String> {
        let others = self.members.iter().filter(|m| m.id != self.member_id);
        let mut urls: Vec<String> = others.flat_map(|m| m.peer_urls.clone()).collect();
        urls.sort_unstable();
        urls
    }
}

fn find<'a>(
    name: &str,
    members: &'a BTreeMap<String, Vec<Url>>,
) -> Result<&'a [Url], InitialError> {
    members.get(name).map(Vec::as_slice).ok_or_else(|| {
        let (name, why) = (quote(name), "in the initial cluster configuration");
        InitialError(format!("couldn't find local name {name} {why}"))
    })
}

/// Names with their URLs in order; a name may come several times.
fn parse(text: &str) -> Result<BTreeMap<String, Vec<Url>>, InitialError> {
    let mut members = BTreeMap::<_, Vec<Url>>::new();
    for pair in text.split(',').filter(|pair| !pair.is_empty()) {
        let (name, url) = pair.split_once('=').unwrap_or((pair, ""));
        let url = Url::parse(url).map_err(InitialError)?;
        members.entry(name.to_owned()).or_default().push(url);
    }
    for urls in members.values_mut() {
        urls.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    }
    Ok(members)
}

fn check_doubles(members: &BTreeMap<String, Vec<Url>>) -> Result<(), InitialError> {
    let mut urls: Vec<&str> = members.values().flatten().map(Url::as_str).collect();
    urls.sort_unstable();
    if urls.windows(2).all(|pair| pair[0] != pair[1]) {
        return Ok(());
    }
    let mut pairs: Vec<String> = members
        .iter()
        .flat_map(|(name, urls)| pairs_of(name, urls))
        .collect();
    pairs.sort_unstable();
    let cluster = pairs.join(",");
    Err(InitialError(format!(
        "initial cluster {cluster} has duplicate url"
    )))
}

/// Checks that the member advertises what the cluster knows it by.
fn check_advertised(name: &str, own: &[Url], advertised: &[Url]) -> Result<(), InitialError> {
    const FLAG: &str = "--initial-advertise-peer-urls";
    let mut sorted = advertised.to_vec();
    sorted.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    let Some(difference) = difference(&sorted, own) else {
        return Ok(());
    };
    let missing: Vec<Url> = own
        .iter()
        .filter(|url| !sorted.contains(url))
        .cloned()
        .collect();
    let advertised = join(&sorted);
    if !missing.is_empty() {
        let missing = pairs_of(name, &missing).collect::<Vec<_>>().join(",");
        return Err(InitialError(format!(
            "--initial-cluster has {missing} but missing from {FLAG}={advertised} ({difference})"
        )));
    }
    let extra: Vec<Url> = sorted
        .iter()
        .filter(|url| !own.contains(url))
        .cloned()
        .collect();
    let cluster = pairs_of(name, &sorted).collect::<Vec<_>>().join(",");
    if extra.is_empty() {
        return Err(InitialError(format!(
            "failed to resolve {advertised} to match --initial-cluster={cluster} ({difference})"
        )));
    }
    Err(InitialError(format!(
        "{FLAG} has {} but missing from --initial-cluster={cluster}",
        join(&extra)
    )))
}

fn pairs_of<'a>(name: &'a str, urls: &'a [Url]) -> impl Iterator<Item = String> + 'a {
    urls.iter().map(move |url| format!("{name}={url}"))
}

/// What tells two sorted lists of URLs apart, even when host names are replaced by addresses.
pub(super) fn difference(a: &[Url], b: &[Url]) -> Option<String> {
    if a.len() != b.len() {
        let quoted = |urls: &[Url]| {
            let urls: Vec<String> = urls
                .iter()
                .map(|url| format!("{:?}", url.as_str()))
                .collect();
            format!("[{}]", urls.join(" "))
        };
        return Some(format!("len({}) != len({})", quoted(a), quoted(b)));
    }
    if a == b {
        return None;
    }
    let resolved = |urls: &[Url]| {
        let mut urls: Vec<String> = urls.iter().map(resolve).collect();
        urls.sort_unstable();
        urls
    };
    let (a, b) = (resolved(a), resolved(b));
    a.iter()
        .zip(&b)
        .find(|(a, b)| a != b)
        .map(|(a, b)| format!("resolved urls: {a:?} != {b:?}"))
}

/// A URL with its host's first address in place of the name. `localhost` keeps its name, as in
/// etcd, and so does a name that cannot be resolved.
fn resolve(url: &Url) -> String {
    if url.is_unix() || url.host() == "localhost" {
        return url.to_string();
    }
    let addresses = url.authority.to_socket_addrs();
    match addresses.ok().and_then(|mut found| found.next()) {
        Some(address) => url
            .to_string()
            .replacen(&url.authority, &address.to_string(), 1),
        None => url.to_string(),
    }
}

#[cfg(test)]
mod tests;
