//! A disk without room: writes say so, reads go on, and when there is room again all is well.
//!
//! The data directory is a small file system of its own. It is mounted in a mount namespace of
//! its own, held by a process that only waits, so nothing is left when the test ends:
//!
//! ```text
//! test ──/proc/<holder>/root/...──▶ namespace of the holder: <dir>/data is a tmpfs
//! server (entered by nsenter) ─────▶ the same
//! ```

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use harness::{Options, Server, eventually, eventually_async};
use tempfile::TempDir;
use tonic::{Code, Status};

use crate::client::Client;

/// Room for the segments of a log, a checkpoint of as much, and some more.
const DISK_MIB: u64 = 400;
/// How long the server may take to notice that there is room again.
const NOTICE_LIMIT: Duration = Duration::from_secs(20);
const VALUE_BYTES: usize = 512 * 1024;

/// A small file system.
struct SmallDisk {
    dir: TempDir,
    holder: Child,
    is_root: bool,
}

impl SmallDisk {
    fn mount() -> SmallDisk {
        let dir = TempDir::with_prefix("pintle-full-").unwrap();
        let data = dir.path().join("data");
        fs::create_dir(&data).unwrap();
        let is_root = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&data).unwrap()) == 0;
        let mut command = Command::new(harness::tool("unshare", "install util-linux").unwrap());
        if !is_root {
            command.args(["--user", "--map-root-user"]);
        }
        let script = "mount -t tmpfs -o size=$1m,mode=700 tmpfs \"$0\" && echo mounted && exec cat";
        let mut holder = command
            .args(["--mount", "sh", "-c", script])
            .arg(&data)
            .arg(DISK_MIB.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(holder.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "mounted\n", "a small file system cannot be mounted");
        SmallDisk {
            dir,
            holder,
            is_root,
        }
    }

    /// A script that runs our server with a view of the small disk.
    fn server(&self) -> PathBuf {
        let script = self.dir.path().join("etcd");
        let user = if self.is_root {
            ""
        } else {
            "--user --preserve-credentials"
        };
        let binary = harness::binary("etcd").unwrap();
        let text = format!(
            "#!/bin/sh\nexec nsenter --target={} --mount {user} -- {} \"$@\"\n",
            self.holder.id(),
            binary.display()
        );
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        script
    }

    /// The directory as this process can reach it.
    fn data(&self) -> PathBuf {
        let inside = self.dir.path().join("data");
        let inside = inside.strip_prefix("/").unwrap();
        Path::new(&format!("/proc/{}/root", self.holder.id())).join(inside)
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let mut file = fs::File::create(self.data().join("filler")).unwrap();
        let block = vec![1; 64 * 1024];
        while file.write_all(&block).is_ok() {}
        while file.write_all(&[1]).is_ok() {}
    }

    /// Gives back a part of it, in bytes.
    fn leave(&self, bytes: u64) {
        let file = fs::File::options()
            .write(true)
            .open(self.data().join("filler"))
            .unwrap();
        let size = file.metadata().unwrap().len();
        file.set_len(size - bytes).unwrap();
    }

    fn make_room(&self) {
        fs::remove_file(self.data().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // It ends, and with it the namespace and the mount.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// Puts keys of their own until one is refused; gives how many went well, and the refusal.
async fn put_until_refused(client: &mut Client, name: &str) -> (usize, Status) {
    for number in 0.. {
        let value = vec![number as u8; VALUE_BYTES];
        if let Err(status) = client.put(format!("{name}{number:04}"), value, 0).await {
            return (number, status);
        }
    }
    unreachable!("the disk is never full")
}

async fn check(client: &mut Client, name: &str, count: usize) {
    for number in 0..count {
        let found = client.get(&format!("{name}{number:04}")).await.unwrap();
        let value = found
            .unwrap_or_else(|| panic!("{name}{number:04} is lost"))
            .value;
        assert!(
            value == vec![number as u8; VALUE_BYTES],
            "{name}{number:04} is wrong"
        );
    }
}

/// Writes as soon as the server takes it, which must not take long.
async fn write_again(client: &mut Client, server: &Server) {
    let taken = eventually_async(NOTICE_LIMIT, async || {
        let result = client.put("small", "again", 0).await;
        if let Err(status) = &result {
            assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        }
        result.is_ok()
    });
    assert!(taken.await, "{}", server.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_until_there_is_room() {
    let disk = SmallDisk::mount();
    let mut options = Options::new(disk.server());
    options.dir = Some(disk.dir.path().to_path_buf());
    let mut server = Server::start_with(options).unwrap();
    let mut client = Client::connect(&server.client_url()).await.unwrap();
    client.put("small", "before", 0).await.unwrap();

    disk.fill();
    let (written, status) = put_until_refused(&mut client, "first").await;
    // The log has its space reserved, so a good part of it still fits.
    assert!(written > 50, "only {written} were written: {status}");
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert_eq!(
        status.message(),
        "etcdserver: mvcc: database space exceeded"
    );
    // Reads go on, and the member does not end.
    check(&mut client, "first", written).await;
    assert_eq!(client.get("small").await.unwrap().unwrap().value, "before");
    for _ in 0..3 {
        let status = client.put("small", "refused", 0).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    }
    assert!(server.is_running(), "{}", server.log());

    // A member that is killed now comes back to the same.
    server.kill();
    server.restart().unwrap();
    let mut client = Client::connect(&server.client_url()).await.unwrap();
    check(&mut client, "first", written).await;
    assert_eq!(client.get("small").await.unwrap().unwrap().value, "before");

    disk.make_room();
    write_again(&mut client, &server).await;
    client
        .put("second0000", vec![0; VALUE_BYTES], 0)
        .await
        .unwrap();

    server.stop().unwrap();
    server.restart().unwrap();
    let mut client = Client::connect(&server.client_url()).await.unwrap();
    assert_eq!(client.get("small").await.unwrap().unwrap().value, "again");
    check(&mut client, "first", written).await;
    check(&mut client, "second", 1).await;
    assert!(server.is_running());
}

/// The same without a restart in between: the running member notices that there is room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_member_notices_that_there_is_room_again() {
    let disk = SmallDisk::mount();
    let mut options = Options::new(disk.server());
    options.dir = Some(disk.dir.path().to_path_buf());
    let mut server = Server::start_with(options).unwrap();
    let mut client = Client::connect(&server.client_url()).await.unwrap();
    for round in 0..2 {
        disk.fill();
        let (written, status) = put_until_refused(&mut client, &format!("round{round}-")).await;
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        disk.make_room();
        write_again(&mut client, &server).await;
        check(&mut client, &format!("round{round}-"), written).await;
    }
    server.kill();
    server.restart().unwrap();
    let mut client = Client::connect(&server.client_url()).await.unwrap();
    assert_eq!(client.get("small").await.unwrap().unwrap().value, "again");
}

/// A checkpoint that failed is made once there is room, also when nothing is written any more: only
/// then the log can be cut, which may be what takes the room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_checkpoint_needs_no_write_to_be_tried_again() {
    let disk = SmallDisk::mount();
    let mut options = Options::new(disk.server()).flags(["--snapshot-count=40"]);
    options.dir = Some(disk.dir.path().to_path_buf());
    let server = Server::start_with(options).unwrap();
    let mut client = Client::connect(&server.client_url()).await.unwrap();
    let failures = || server.log().matches("failed to save a snapshot").count();
    let saved = || server.log().matches("saved snapshot").count();
    disk.fill();
    disk.leave(10 << 20);
    let (written, _) = put_until_refused(&mut client, "first").await;
    // While there is no room it is tried again and again.
    assert!(
        eventually(NOTICE_LIMIT, || failures() > 1),
        "{}",
        server.log()
    );
    assert_eq!(saved(), 0, "{}", server.log());
    disk.make_room();
    assert!(eventually(NOTICE_LIMIT, || saved() > 0), "{}", server.log());
    check(&mut client, "first", written).await;
}

/// A checkpoint that runs out of room half way does not stop the member, and a later one is made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_without_room_is_made_later() {
    let disk = SmallDisk::mount();
    let mut options = Options::new(disk.server()).flags(["--snapshot-count=40"]);
    options.dir = Some(disk.dir.path().to_path_buf());
    let mut server = Server::start_with(options).unwrap();
    let mut client = Client::connect(&server.client_url()).await.unwrap();
    disk.fill();
    disk.leave(10 << 20);
    let (written, status) = put_until_refused(&mut client, "first").await;
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    check(&mut client, "first", written).await;
    let failed = server.log().contains("failed to save a snapshot");
    assert!(failed, "{}", server.log());
    // It starts as well, and serves reads, while the disk has no room at all.
    disk.make_room();
    disk.fill();
    server.kill();
    server.restart().unwrap();
    let mut client = Client::connect(&server.client_url()).await.unwrap();
    check(&mut client, "first", written).await;
    disk.make_room();
    write_again(&mut client, &server).await;
    for number in 0..60 {
        let value = vec![number; VALUE_BYTES];
        client
            .put(format!("second{number:04}"), value, 0)
            .await
            .unwrap();
    }
    let saved = || server.log().contains("saved snapshot");
    assert!(eventually(NOTICE_LIMIT, saved), "{}", server.log());
    server.stop().unwrap();
    server.restart().unwrap();
    let mut client = Client::connect(&server.client_url()).await.unwrap();
    check(&mut client, "first", written).await;
    check(&mut client, "second", 60).await;
}
