//! Makes calls by a seed: few names and keys, so that they meet.

use bytes::Bytes;
use proto::authpb::permission::Type;
use proto::authpb::{Permission, UserAddOptions};
use proto::etcdserverpb as pb;
use proto::etcdserverpb::request_op::Request;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::call::{Call, Caller};

/// How many calls are made before authentication is first enabled.
const FREE: usize = 60;

const KEYS: [&str; 6] = ["a", "b", "ba", "c", "d", "e"];

/// See the module.
pub(crate) struct Generator {
    rng: StdRng,
    made: usize,
    is_enabled: bool,
    /// Who is in charge has no token that counts.
    is_locked_out: bool,
}

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            made: 0,
            is_enabled: false,
            is_locked_out: false,
        }
    }

    /// The next call, and who makes it.
    pub(crate) fn next(&mut self) -> (Caller, Call) {
        self.made += 1;
        // Somebody is in charge from the beginning.
        let begin = match self.made {
            1 => Some(Call::UserAdd(pb::AuthUserAddRequest {
                name: "root".into(),
                password: "p0".into(),
                ..Default::default()
            })),
            2 => Some(Call::UserGrantRole(pb::AuthUserGrantRoleRequest {
                user: "root".into(),
                role: "root".into(),
            })),
            _ => None,
        };
        if let Some(call) = begin {
            return (Caller::Nobody, call);
        }
        let call = self.call();
        (self.caller(&call), call)
    }

    /// Learns what became of a call.
    pub(crate) fn learn(&mut self, call: &Call, answer: &str) {
        if !answer.starts_with("Ok") {
            return;
        }
        match call {
            Call::Enable => {
                self.is_locked_out |= !self.is_enabled;
                self.is_enabled = true;
            }
            Call::Disable => self.is_enabled = false,
            Call::UserChangePassword(request) if request.name == "root" => {
                self.is_locked_out = true;
            }
            Call::Authenticate(request) if request.name == "root" => self.is_locked_out = false,
            _ => {}
        }
    }

    fn caller(&mut self, call: &Call) -> Caller {
        let is_change = matches!(
            call,
            Call::Enable
                | Call::Disable
                | Call::UserAdd(_)
                | Call::UserGrantRole(_)
                | Call::RoleAdd(_)
                | Call::RoleGrantPermission(_)
        );
        let root = if is_change { 80 } else { 25 };
        match self.rng.random_range(0..100) {
            roll if roll < root => Caller::User("root".into()),
            97 => Caller::Nobody,
            98 => Caller::Token("nonsense".into()),
            99 => Caller::Token("Bearer abc.1".into()),
            _ => Caller::User(self.user()),
        }
    }

    fn call(&mut self) -> Call {
        if self.is_enabled {
            // Tokens are worth nothing before they are asked for.
            if self.is_locked_out && self.rng.random_bool(0.2) {
                return Call::Authenticate(pb::AuthenticateRequest {
                    name: "root".into(),
                    password: "p0".into(),
                });
            }
            if self.rng.random_bool(0.08) {
                return self.authenticate();
            }
        } else if self.made > FREE && self.rng.random_bool(0.3) {
            return Call::Enable;
        }
        match self.rng.random_range(0..100) {
            0..30 => self.management(),
            30..80 => self.keys(),
            80..92 => self.leases(),
            _ => self.rest(),
        }
    }

    fn authenticate(&mut self) -> Call {
        let name = self.user();
        // The password that a user has is that of its name, unless it was changed.
        let right = format!("p{}", name.chars().last().unwrap_or('0'));
        let password = match self.rng.random_range(0..10) {
            0 => String::new(),
            1 => "wrong".into(),
            2 => "changed".into(),
            _ if name == "root" => "p0".into(),
            _ => right,
        };
        Call::Authenticate(pb::AuthenticateRequest { name, password })
    }

    fn management(&mut self) -> Call {
        let (user, role) = (self.user(), self.role());
        match self.rng.random_range(0..40) {
            0 => Call::Disable,
            1 => Call::Enable,
            2..4 => Call::AuthStatus,
            4..8 => {
                let password = format!("p{}", user.chars().last().unwrap_or('0'));
                let no_password = self.rng.random_bool(0.2);
                Call::UserAdd(pb::AuthUserAddRequest {
                    name: if self.rng.random_bool(0.05) {
                        String::new()
                    } else {
                        user
                    },
                    password,
                    options: self
                        .rng
                        .random_bool(0.5)
                        .then_some(UserAddOptions { no_password }),
                    hashed_password: String::new(),
                })
            }
            8 => Call::UserDelete(pb::AuthUserDeleteRequest { name: user }),
            9 => {
                let empty = self.rng.random_bool(0.2) || user == "root";
                Call::UserChangePassword(pb::AuthUserChangePasswordRequest {
                    password: match (empty, user.as_str()) {
                        (_, "root") => "p0".into(),
                        (true, _) => String::new(),
                        (false, _) => "changed".into(),
                    },
                    name: user,
                    hashed_password: String::new(),
                })
            }
            10..15 => Call::UserGrantRole(pb::AuthUserGrantRoleRequest { user, role }),
            15..17 => Call::UserRevokeRole(pb::AuthUserRevokeRoleRequest { name: user, role }),
            17..19 => Call::UserGet(pb::AuthUserGetRequest { name: user }),
            19 => Call::UserList,
            20..24 => Call::RoleAdd(pb::AuthRoleAddRequest {
                name: if self.rng.random_bool(0.05) {
                    String::new()
                } else {
                    role
                },
            }),
            24 => Call::RoleDelete(pb::AuthRoleDeleteRequest { role }),
            25..33 => {
                let (key, range_end) = self.any_range();
                let kinds = [Type::Read, Type::Write, Type::Readwrite];
                let kind = kinds[self.rng.random_range(0..3)];
                let perm = Permission {
                    perm_type: kind.into(),
                    key,
                    range_end,
                };
                let is_given = self.rng.random_bool(0.95);
                Call::RoleGrantPermission(pb::AuthRoleGrantPermissionRequest {
                    name: role,
                    perm: is_given.then_some(perm),
                })
            }
            33..35 => {
                let (key, range_end) = self.range();
                Call::RoleRevokePermission(pb::AuthRoleRevokePermissionRequest {
                    role,
                    key,
                    range_end,
                })
            }
            35..39 => Call::RoleGet(pb::AuthRoleGetRequest { role }),
            _ => Call::RoleList,
        }
    }

    fn keys(&mut self) -> Call {
        let (key, range_end) = self.range();
        match self.rng.random_range(0..12) {
            0..3 => Call::Put(self.put()),
            3..6 => Call::Range(self.get()),
            6 => Call::RangeStream(self.get()),
            7..9 => Call::DeleteRange(self.delete()),
            9..11 => {
                let compare = pb::Compare {
                    key,
                    range_end,
                    target_union: Some(pb::compare::TargetUnion::Version(0)),
                    ..Default::default()
                };
                let compare = if self.rng.random_bool(0.5) {
                    vec![compare]
                } else {
                    Vec::new()
                };
                let (success, failure) = (self.ops(1), self.ops(1));
                Call::Txn(pb::TxnRequest {
                    compare,
                    success,
                    failure,
                })
            }
            _ => Call::Watch(pb::WatchCreateRequest {
                key,
                range_end,
                ..Default::default()
            }),
        }
    }

    fn leases(&mut self) -> Call {
        let id = self.lease();
        match self.rng.random_range(0..8) {
            0..2 => Call::LeaseGrant(pb::LeaseGrantRequest { ttl: 1_000, id }),
            2 => Call::LeaseRevoke(pb::LeaseRevokeRequest { id }),
            3..5 => Call::LeaseKeepAlive(pb::LeaseKeepAliveRequest { id }),
            5..7 => {
                let keys = self.rng.random_bool(0.7);
                Call::LeaseTimeToLive(pb::LeaseTimeToLiveRequest { id, keys })
            }
            _ => Call::LeaseLeases,
        }
    }

    fn rest(&mut self) -> Call {
        let name = Bytes::from(self.key());
        match self.rng.random_range(0..11) {
            0 => Call::MemberList,
            1 => Call::MemberPromote,
            2 => Call::Status,
            3 => Call::HashKv,
            4 => Call::Defragment,
            5 => Call::MoveLeader,
            6 => Call::Alarm(pb::AlarmRequest {
                action: self.rng.random_range(0..3) % 2 * 2,
                ..Default::default()
            }),
            7 => Call::Compact(pb::CompactionRequest {
                revision: self.rng.random_range(1..5),
                physical: false,
            }),
            8 => Call::Leader(proto::v3electionpb::LeaderRequest { name }),
            9 => Call::Unlock(proto::v3lockpb::UnlockRequest { key: name }),
            // Only one lease ever asks for this name, so nobody has to wait.
            _ => Call::Lock(proto::v3lockpb::LockRequest { name, lease: 9 }),
        }
    }

    fn ops(&mut self, deeper: usize) -> Vec<pb::RequestOp> {
        let count = self.rng.random_range(0..3);
        let mut puts = 0;
        let ops = (0..count).map(|_| match self.rng.random_range(0..8) {
            // Two puts of one key are refused for another reason.
            0..3 if puts == 0 => {
                puts += 1;
                Request::RequestPut(self.put())
            }
            3 if puts == 0 => {
                puts += 1;
                Request::RequestDeleteRange(self.delete())
            }
            4 if deeper > 0 => Request::RequestTxn(pb::TxnRequest {
                success: vec![pb::RequestOp {
                    request: Some(Request::RequestRange(self.get())),
                }],
                ..Default::default()
            }),
            _ => Request::RequestRange(self.get()),
        });
        let ops: Vec<Request> = ops.collect();
        let wrap = |request| pb::RequestOp {
            request: Some(request),
        };
        ops.into_iter().map(wrap).collect()
    }

    fn put(&mut self) -> pb::PutRequest {
        pb::PutRequest {
            key: self.key().into(),
            value: "v".into(),
            lease: if self.rng.random_bool(0.3) {
                self.lease()
            } else {
                0
            },
            prev_kv: self.rng.random_bool(0.3),
            ..Default::default()
        }
    }

    fn get(&mut self) -> pb::RangeRequest {
        let (key, range_end) = self.range();
        pb::RangeRequest {
            key,
            range_end,
            serializable: self.rng.random_bool(0.3),
            ..Default::default()
        }
    }

    fn delete(&mut self) -> pb::DeleteRangeRequest {
        let (key, range_end) = self.range();
        pb::DeleteRangeRequest {
            key,
            range_end,
            prev_kv: self.rng.random_bool(0.3),
        }
    }

    /// A range that may be asked for. Whether one that holds nothing is permitted depends in etcd on
    /// how its tree happens to have grown.
    fn range(&mut self) -> (Bytes, Bytes) {
        loop {
            let (key, end) = self.any_range();
            if end.is_empty() || end == b"\0"[..] || key < end {
                return (key, end);
            }
        }
    }

    /// Mostly one key; sometimes a range, also one to the end, or one that is none.
    fn any_range(&mut self) -> (Bytes, Bytes) {
        let key = Bytes::from(self.key());
        let end = match self.rng.random_range(0..10) {
            0..5 => Bytes::new(),
            5 => Bytes::from_static(b"\0"),
            _ => Bytes::from(self.key()),
        };
        (key, end)
    }

    fn key(&mut self) -> &'static str {
        KEYS[self.rng.random_range(0..KEYS.len())]
    }

    fn lease(&mut self) -> i64 {
        self.rng.random_range(1..5)
    }

    fn user(&mut self) -> String {
        match self.rng.random_range(0..6) {
            0 => "root".into(),
            number => format!("u{number}"),
        }
    }

    fn role(&mut self) -> String {
        match self.rng.random_range(0..10) {
            0 => "root".into(),
            number => format!("r{}", number % 4),
        }
    }
}
