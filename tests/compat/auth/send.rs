//! Sends a call, and makes a text of what was answered.

use std::fmt::Debug;

use proto::etcdserverpb as pb;
use proto::etcdserverpb::auth_client::AuthClient;
use proto::etcdserverpb::cluster_client::ClusterClient;
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::lease_client::LeaseClient;
use proto::etcdserverpb::maintenance_client::MaintenanceClient;
use proto::etcdserverpb::watch_client::WatchClient;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::v3electionpb::election_client::ElectionClient;
use proto::v3lockpb::lock_client::LockClient;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};

use super::call::Call;

/// What is not compared: what a server makes up by itself.
const MADE_UP: [&str; 4] = ["cluster_id: ", "member_id: ", "raft_term: ", "ttl: "];

/// The answer, and a token if one was given.
pub(crate) async fn send(
    channel: &Channel,
    token: Option<&str>,
    call: &Call,
) -> (String, Option<String>) {
    let auth = &mut AuthClient::new(channel.clone());
    let kv = &mut KvClient::new(channel.clone());
    let lease = &mut LeaseClient::new(channel.clone());
    let cluster = &mut ClusterClient::new(channel.clone());
    let maintenance = &mut MaintenanceClient::new(channel.clone());
    let mut given = None;
    /// Sends a request with the token.
    macro_rules! ask {
        ($client:ident.$method:ident($request:expr)) => {
            $client.$method(with(token, $request)).await
        };
    }
    let answer = match call.clone() {
        Call::Enable => text(ask!(auth.auth_enable(pb::AuthEnableRequest {}))),
        Call::Disable => text(ask!(auth.auth_disable(pb::AuthDisableRequest {}))),
        Call::AuthStatus => text(ask!(auth.auth_status(pb::AuthStatusRequest {}))),
        Call::Authenticate(request) => {
            let answered = ask!(auth.authenticate(request));
            text(answered.map(|answer| {
                let (metadata, mut answer, extensions) = answer.into_parts();
                given = Some(std::mem::take(&mut answer.token));
                Response::from_parts(metadata, answer, extensions)
            }))
        }
        Call::UserAdd(request) => text(ask!(auth.user_add(request))),
        Call::UserDelete(request) => text(ask!(auth.user_delete(request))),
        Call::UserChangePassword(request) => text(ask!(auth.user_change_password(request))),
        Call::UserGrantRole(request) => text(ask!(auth.user_grant_role(request))),
        Call::UserRevokeRole(request) => text(ask!(auth.user_revoke_role(request))),
        Call::UserGet(request) => text(ask!(auth.user_get(request))),
        Call::UserList => text(ask!(auth.user_list(pb::AuthUserListRequest {}))),
        Call::RoleAdd(request) => text(ask!(auth.role_add(request))),
        Call::RoleDelete(request) => text(ask!(auth.role_delete(request))),
        Call::RoleGrantPermission(request) => text(ask!(auth.role_grant_permission(request))),
        Call::RoleRevokePermission(request) => text(ask!(auth.role_revoke_permission(request))),
        Call::RoleGet(request) => text(ask!(auth.role_get(request))),
        Call::RoleList => text(ask!(auth.role_list(pb::AuthRoleListRequest {}))),
        Call::Put(request) => text(ask!(kv.put(request))),
        Call::Range(request) => text(ask!(kv.range(request))),
        Call::RangeStream(request) => first(ask!(kv.range_stream(request))).await,
        Call::DeleteRange(request) => text(ask!(kv.delete_range(request))),
        Call::Txn(request) => text(ask!(kv.txn(request))),
        Call::Compact(request) => text(ask!(kv.compact(request))),
        Call::Watch(request) => {
            let watch = &mut WatchClient::new(channel.clone());
            let request = pb::WatchRequest {
                request_union: Some(RequestUnion::CreateRequest(request)),
            };
            first(ask!(watch.watch(tokio_stream::once(request)))).await
        }
        Call::LeaseGrant(request) => text(ask!(lease.lease_grant(request))),
        Call::LeaseRevoke(request) => text(ask!(lease.lease_revoke(request))),
        Call::LeaseKeepAlive(request) => {
            first(ask!(lease.lease_keep_alive(tokio_stream::once(request)))).await
        }
        Call::LeaseTimeToLive(request) => {
            // In which order the keys come is not settled.
            text(ask!(lease.lease_time_to_live(request)).map(|answer| {
                let (metadata, mut answer, extensions) = answer.into_parts();
                answer.keys.sort();
                Response::from_parts(metadata, answer, extensions)
            }))
        }
        // In the order of their ends, which each server reckons by itself.
        Call::LeaseLeases => text(ask!(lease.lease_leases(pb::LeaseLeasesRequest {})).map(
            |answer| {
                let (metadata, mut answer, extensions) = answer.into_parts();
                answer.leases.sort_by_key(|lease| lease.id);
                Response::from_parts(metadata, answer, extensions)
            },
        )),
        Call::MemberList => outcome(ask!(cluster.member_list(pb::MemberListRequest::default()))),
        Call::MemberPromote => outcome(ask!(
            cluster.member_promote(pb::MemberPromoteRequest { id: 1 })
        )),
        Call::Status => outcome(ask!(maintenance.status(pb::StatusRequest {}))),
        Call::HashKv => text(ask!(maintenance.hash_kv(pb::HashKvRequest::default()))),
        Call::Defragment => outcome(ask!(maintenance.defragment(pb::DefragmentRequest {}))),
        Call::MoveLeader => outcome(ask!(
            maintenance.move_leader(pb::MoveLeaderRequest { target_id: 1 })
        )),
        Call::Alarm(request) => text(ask!(maintenance.alarm(request))),
        Call::Lock(request) => {
            let lock = &mut LockClient::new(channel.clone());
            text(ask!(lock.lock(request)))
        }
        Call::Unlock(request) => {
            let lock = &mut LockClient::new(channel.clone());
            text(ask!(lock.unlock(request)))
        }
        Call::Leader(request) => {
            let election = &mut ElectionClient::new(channel.clone());
            text(ask!(election.leader(request)))
        }
    };
    (answer, given)
}

fn with<T>(token: Option<&str>, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(token) = token {
        request
            .metadata_mut()
            .insert("token", token.parse().unwrap());
    }
    request
}

fn text<T: Debug>(answered: Result<Response<T>, Status>) -> String {
    match answered {
        Ok(answer) => format!("Ok {}", masked(&format!("{:?}", answer.get_ref()))),
        Err(status) => format!("Err {:?} {}", status.code(), status.message()),
    }
}

/// Whether it was done, where what is told differs between servers.
fn outcome<T: Debug>(answered: Result<Response<T>, Status>) -> String {
    match answered {
        Ok(_) => "Ok".to_owned(),
        Err(status) => text::<T>(Err(status)),
    }
}

async fn first<T: Debug>(answered: Result<Response<Streaming<T>>, Status>) -> String {
    let mut stream = match answered {
        Ok(answer) => answer.into_inner(),
        Err(status) => return text::<T>(Err(status)),
    };
    match stream.message().await {
        Ok(Some(message)) => text(Ok(Response::new(message))),
        Ok(None) => "Ok, nothing".to_owned(),
        Err(status) => text::<T>(Err(status)),
    }
}

/// The text with a mark for the numbers that are not compared.
fn masked(text: &str) -> String {
    MADE_UP.iter().fold(text.to_owned(), |text, name| {
        let mut parts = text.split(name);
        let head = parts.next().unwrap_or_default().to_owned();
        parts.fold(head, |head, part| {
            let rest =
                part.trim_start_matches(|digit: char| digit.is_ascii_digit() || digit == '-');
            format!("{head}{name}*{rest}")
        })
    })
}
