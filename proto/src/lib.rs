//! The wire contract of etcd 3.7, and our own between members: messages, clients and server traits,
//! generated from `proto/`.
//!
//! Every `bytes` field is a [`bytes::Bytes`], so keys and values decoded from one buffer share it
//! and are never copied on their way through the store.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    reason = "generated code; the .proto files are the documentation"
)]

pub mod codec;

/// All of this as a `FileDescriptorSet`, for those who read messages by the names of their fields.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// KV, Watch, Lease, Cluster, Maintenance and Auth.
pub mod etcdserverpb {
    tonic::include_proto!("etcdserverpb");
}

/// The stored form of a key, and events.
pub mod mvccpb {
    tonic::include_proto!("mvccpb");
}

/// Users, roles and permissions.
pub mod authpb {
    tonic::include_proto!("authpb");
}

/// The Lock service.
pub mod v3lockpb {
    tonic::include_proto!("v3lockpb");
}

/// The Election service.
pub mod v3electionpb {
    tonic::include_proto!("v3electionpb");
}

/// The standard gRPC health service.
pub mod health {
    tonic::include_proto!("grpc.health.v1");
}

/// What members of one cluster say to each other.
pub mod pintle {
    #[allow(
        missing_docs,
        reason = "only a step on the way, as the generated code expects it"
    )]
    pub mod peer {
        pub mod v1 {
            tonic::include_proto!("pintle.peer.v1");
        }
    }
}

pub use pintle::peer::v1 as peer;
