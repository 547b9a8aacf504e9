//! Compiles the .proto files at build time with protox, so that no `protoc` has to be installed.

use prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const FILES: [&str; 13] = [
        "etcdserverpb/header.proto",
        "etcdserverpb/kv.proto",
        "etcdserverpb/watch.proto",
        "etcdserverpb/lease.proto",
        "etcdserverpb/cluster.proto",
        "etcdserverpb/maintenance.proto",
        "etcdserverpb/auth.proto",
        "mvccpb/kv.proto",
        "authpb/auth.proto",
        "v3lockpb/lock.proto",
        "v3electionpb/election.proto",
        "grpc/health/v1/health.proto",
        "pintle/peer.proto",
    ];
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .bytes(".")
        .codec_path("crate::codec::SmallBuffers")
        .compile_fds(descriptors)?;
    Ok(())
}
