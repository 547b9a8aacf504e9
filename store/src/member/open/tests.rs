//! A member that dies at any moment while it receives another's state starts from the one or from
//! the other, never from a part.

use std::fs;

use bytes::Bytes;
use proto::etcdserverpb as pb;
use rand::Rng;

use super::*;
use crate::apply::{self, META_KEY, Place};
use crate::catchup::incoming::{Heard, Incoming};
use crate::catchup::outgoing::{Outgoing, Turn};
use crate::catchup::{Folder, Greeting, Options as Transfer, Received, ViewSource};
use crate::command::Command;
use crate::disk::memory::{Loss, MemoryDisk};
use crate::mvcc::{Options, Store};
use crate::wal::{Batch, Entry, HardState, SnapshotMark};

const TERM: u64 = 3;
/// Entries of the log, of which the checkpoint has the first ones.
const ENTRIES: u64 = 6;
const SAVED: u64 = 4;
/// Where the other member is.
const AHEAD: u64 = 300;

fn command(number: u64) -> Command {
    Command::Put(pb::PutRequest {
        key: format!("key-{}", number % 50).into(),
        value: vec![number as u8; 3_000].into(),
        ..Default::default()
    })
}

fn carry_out(state: &mut State, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        let place = Place {
            index: number,
            term: TERM,
            entry: &Bytes::new(),
            position: None,
            caller: &crate::auth::Caller::default(),
        };
        apply::apply(state, place, command(number), &mut Vec::new()).unwrap();
        state.applied = (number, TERM);
    }
}

fn save(state: &mut State) {
    let meta = Bytes::from(Meta::of(state).encode_to_vec());
    let extra = vec![(META_KEY.into(), Some(meta))];
    let done = state.store.begin_checkpoint(extra).run().unwrap();
    state.store.finish_checkpoint(done);
}

/// A data directory: its checkpoints on the file system, its log on a disk that can be copied as of
/// a crash.
struct Host {
    root: tempfile::TempDir,
    disk: MemoryDisk,
}

/// What a host's disks held at some moment.
struct Image {
    what: String,
    files: tempfile::TempDir,
    disk: MemoryDisk,
    /// The last entries of the checkpoints that it may start from.
    expected: Vec<u64>,
}

impl Host {
    fn member(&self) -> PathBuf {
        self.root.path().join("member")
    }

    fn open(&self) -> Opened {
        let flag = format!("--data-dir={}", self.root.path().display());
        let config = crate::config::parse(&[flag], &[]).result.unwrap();
        open(&config, Arc::new(self.disk.clone()), &|_, _, _| {}).unwrap()
    }

    fn image(&self, what: impl Into<String>, expected: &[u64]) -> Image {
        let files = tempfile::tempdir().unwrap();
        copy(&self.member(), files.path());
        Image {
            what: what.into(),
            files,
            disk: self.disk.fork(),
            expected: expected.to_vec(),
        }
    }

    /// Starts again from an image.
    fn restart(&mut self, image: &Image) -> Opened {
        fs::remove_dir_all(self.member()).unwrap();
        copy(image.files.path(), &self.member());
        self.disk = image.disk.fork();
        self.open()
    }

    fn directories(&self) -> Vec<String> {
        let entries = fs::read_dir(self.member()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// A member with a log of some entries and a checkpoint of the first of them.
fn behind() -> (Host, Opened) {
    let host = Host {
        root: tempfile::tempdir().unwrap(),
        disk: MemoryDisk::new(),
    };
    let mut opened = host.open();
    let entries = (1..=ENTRIES).map(|index| Entry {
        index,
        term: TERM,
        kind: 0,
        data: command(index).encode(index),
    });
    let batch = Batch {
        entries: entries.collect(),
        hard_state: Some(HardState {
            term: TERM,
            vote: 0,
            commit: ENTRIES,
        }),
        snapshot: None,
    };
    opened.wal.append(&batch).unwrap();
    carry_out(&mut opened.state, 1..=SAVED);
    save(&mut opened.state);
    log_mark(&mut opened, SAVED);
    (host, opened)
}

fn log_mark(opened: &mut Opened, index: u64) {
    let batch = Batch {
        snapshot: Some(SnapshotMark {
            index,
            term: TERM,
            conf: Bytes::new(),
        }),
        ..Batch::default()
    };
    opened.wal.append(&batch).unwrap();
}

/// Another member's state, ahead of all others.
fn ahead() -> Arc<parking_lot::RwLock<State>> {
    let backend = Arc::new(crate::backend::MemoryBackend::new());
    let store = Store::open(backend, Options::default()).unwrap();
    let mut state = Meta::default().restore(store).unwrap();
    carry_out(&mut state, 1..=AHEAD);
    save(&mut state);
    Arc::new(parking_lot::RwLock::new(state))
}

/// Receives that state; `watch` is called after each frame.
fn receive(host: &Host, source: Arc<dyn ViewSource>, mut watch: impl FnMut(usize)) -> Received {
    let folder = Folder::new(host.member());
    let mut incoming = Incoming::new(7, Arc::new(folder));
    let greeting = Greeting {
        cluster_id: 7,
        message: Bytes::new(),
    };
    let mut outgoing = Outgoing::new(source, greeting, Transfer::default());
    for frames in 0.. {
        let Turn::Frame(frame) = outgoing.turn().unwrap() else {
            panic!("only frames come of it");
        };
        match incoming.hear(frame).unwrap() {
            Heard::Nothing => watch(frames),
            Heard::Reply(reply) => outgoing.hear(reply).unwrap(),
            Heard::Received(received, _) => return *received,
        }
    }
    unreachable!("the stream has an end")
}

fn same(ours: &State, theirs: &State) -> bool {
    ours.store.hash_kv(0).unwrap() == theirs.store.hash_kv(0).unwrap()
        && Meta::of(ours) == Meta::of(theirs)
}

#[test]
fn a_member_that_dies_while_it_receives_starts_from_one_state_or_the_other() {
    let (mut host, mut opened) = behind();
    let source = ahead();
    let mut images = vec![host.image("before", &[SAVED])];
    let received = receive(&host, source.clone(), |frames| {
        if frames % 7 == 2 {
            images.push(host.image(format!("after frame {frames}"), &[SAVED]));
        }
    });
    assert!(images.len() > 3, "{} images", images.len());
    let published = host.image("published", &[SAVED]);

    // The log gets its mark: every crash within that.
    let seed: u64 = rand::rng().random();
    for changes in 0.. {
        let disk = host.disk.fork();
        disk.crash(Loss::Nothing, 0);
        let flag = format!("--data-dir={}", host.root.path().display());
        let config = crate::config::parse(&[flag], &[]).result.unwrap();
        let options = wal::Options::default();
        let log = config.data_dir.join("member").join("wal");
        let (mut wal, _, _) = read_log(&(Arc::new(disk.clone()) as _), &log, &options).unwrap();
        disk.halt_after(changes);
        let batch = Batch {
            snapshot: Some(SnapshotMark {
                index: AHEAD,
                term: TERM,
                conf: Bytes::new(),
            }),
            ..Batch::default()
        };
        let is_logged = wal.append(&batch).is_ok();
        drop(wal);
        for loss in [Loss::All, Loss::Nothing, Loss::Torn] {
            let disk = disk.fork();
            disk.crash(loss, seed.wrapping_add(changes));
            let mut image = host.image(format!("{changes} changes, {loss:?}, seed {seed}"), &[]);
            image.disk = disk;
            image.expected = match is_logged {
                true => vec![AHEAD],
                false => vec![SAVED, AHEAD],
            };
            images.push(image);
        }
        if is_logged {
            break;
        }
    }
    log_mark(&mut opened, AHEAD);
    images.push(published);
    images.push(host.image("named by the log", &[AHEAD]));

    // The old checkpoint goes: it has lost its name, or half of it.
    for gone in [0, 1] {
        let image = host.image(format!("{gone} files of the old one gone"), &[AHEAD]);
        let (old, removed) = (
            image.files.path().join("sled"),
            image.files.path().join("removed-sled"),
        );
        fs::rename(old, &removed).unwrap();
        if gone > 0 {
            fs::remove_file(removed.join("db")).unwrap();
        }
        images.push(image);
    }
    drop(opened);
    let name = received
        .path
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let mut new = 0;
    for image in &images {
        let mut opened = host.restart(image);
        let applied = opened.state.applied.0;
        assert!(
            image.expected.contains(&applied),
            "{}: {applied}",
            image.what
        );
        let expected = match applied {
            AHEAD => {
                new += 1;
                assert!(same(&opened.state, &source.read()), "{}", image.what);
                &*name
            }
            _ => "sled",
        };
        assert_eq!(host.directories(), [expected], "{}", image.what);
        // And it can be written on.
        let tail: Vec<u64> = opened
            .boot
            .tail
            .iter()
            .map(|(entry, _)| entry.index)
            .collect();
        assert_eq!(
            tail,
            (applied + 1..=ENTRIES).collect::<Vec<_>>(),
            "{}",
            image.what
        );
        carry_out(&mut opened.state, applied + 1..=applied + 2);
        save(&mut opened.state);
    }
    assert!(new > 4, "{new} started from what was received");
}

/// A state that came too late, and was not removed, is not taken for the member's own.
#[test]
fn a_state_that_the_log_went_past_does_not_count() {
    let (host, mut opened) = behind();
    let source = {
        let backend = Arc::new(crate::backend::MemoryBackend::new());
        let store = Store::open(backend, Options::default()).unwrap();
        let mut state = Meta::default().restore(store).unwrap();
        carry_out(&mut state, 1..=SAVED + 1);
        Arc::new(parking_lot::RwLock::new(state))
    };
    let received = receive(&host, source, |_| {});
    carry_out(&mut opened.state, SAVED + 1..=ENTRIES);
    save(&mut opened.state);
    log_mark(&mut opened, ENTRIES);
    drop(opened);
    crate::backend::await_closed(
        &host.member().join("sled"),
        std::time::Duration::from_secs(10),
    )
    .unwrap();
    let opened = host.open();
    assert_eq!(opened.state.applied.0, ENTRIES);
    assert!(!received.path.exists());
}
