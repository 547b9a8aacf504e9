//! The thread that writes the archive of a member.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Error;
use super::frame::{Entry, FORMAT, Head, open, seal};
use super::reader::{SUFFIX, list, read};
use crate::apply::Identity;

/// Batches that may wait to be written; more make the member wait.
const BATCHES_MAX: usize = 256;
/// A file is closed when it has as many bytes, so that old ones can be taken away.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long what was written may wait to be made durable.
const DURABLE_WITHIN: Duration = Duration::from_secs(1);

enum Task {
    Append(Vec<Entry>),
    /// Make all durable that came before, and say so.
    Sync(Sender<()>),
}

/// Takes the commands of a member into its archive.
#[derive(Debug)]
pub struct Archive {
    tasks: Option<SyncSender<Task>>,
    thread: Option<JoinHandle<()>>,
    /// The last entry that was handed over.
    last: u64,
}

impl Archive {
    /// Begins to write into `directory`, which is made if it is not there. The member's own log ends at
    /// the entry `own`.
    ///
    /// # Errors
    /// It cannot be read or written, or reaches beyond the member's log.
    pub fn start(directory: &Path, identity: Identity, own: u64) -> Result<Self, Error> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(Error::io("create", directory))?;
        let last = last_index(directory, identity.member_id)?;
        if last > own {
            return Err(Error::OtherHistory {
                path: directory.to_owned(),
                archived: last,
                own,
            });
        }
        let (tasks, inbox) = sync_channel(BATCHES_MAX);
        let writer = Writer {
            directory: directory.to_owned(),
            identity,
            file: None,
            unsynced_since: None,
        };
        let thread = std::thread::Builder::new()
            .name("archive".into())
            .spawn(move || writer.run(&inbox))
            .map_err(Error::io("start a thread for", directory))?;
        Ok(Self {
            tasks: Some(tasks),
            thread: Some(thread),
            last,
        })
    }

    /// Whether an entry is not in the archive yet: a start carries out again what is.
    pub(crate) fn wants(&self, index: u64) -> bool {
        index > self.last
    }

    /// Takes entries that follow those before. Waits if the disk is behind.
    pub(crate) fn append(&mut self, entries: Vec<Entry>) {
        let Some(last) = entries.last() else { return };
        self.last = last.index;
        self.give(Task::Append(entries));
    }

    /// Waits until everything that was taken is durable, or has turned out not to be writable.
    pub(crate) fn sync(&self) {
        let (done, is_done) = channel();
        self.give(Task::Sync(done));
        // The thread ends only with this.
        let _ = is_done.recv();
    }

    fn give(&self, task: Task) {
        if let Some(tasks) = &self.tasks {
            // The thread ends only with this.
            let _ = tasks.send(task);
        }
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            // Whether it ended well, its log tells.
            let _ = thread.join();
        }
    }
}

/// The last entry that a member has archived in a directory; 0 for none.
fn last_index(directory: &Path, member: u64) -> Result<u64, Error> {
    let ending = format!("-{member:016x}{SUFFIX}");
    let mut files = list(directory)?;
    files.retain(|path| path.to_string_lossy().ends_with(&ending));
    files.sort();
    // The last file may hold nothing that is whole.
    for path in files.iter().rev() {
        let Ok((_, mut rest)) = read(path) else {
            continue;
        };
        let mut last = None;
        while let Some(entry) = open::<Entry>(&mut rest) {
            last = Some(entry.index);
        }
        if let Some(last) = last {
            return Ok(last);
        }
    }
    Ok(0)
}

struct Writer {
    directory: PathBuf,
    identity: Identity,
    file: Option<(File, PathBuf, u64)>,
    unsynced_since: Option<Instant>,
}

impl Writer {
    fn run(mut self, tasks: &Receiver<Task>) {
        loop {
            let wait = match self.unsynced_since {
                Some(since) => DURABLE_WITHIN.saturating_sub(since.elapsed()),
                None => DURABLE_WITHIN,
            };
            match tasks.recv_timeout(wait) {
                Ok(Task::Append(entries)) => self.take(&entries),
                Ok(Task::Sync(done)) => {
                    self.make_durable();
                    // Whoever asked may be gone.
                    let _ = done.send(());
                }
                Err(RecvTimeoutError::Timeout) => self.make_durable(),
                Err(RecvTimeoutError::Disconnected) => {
                    self.make_durable();
                    return;
                }
            }
            let is_due = |since: Instant| since.elapsed() >= DURABLE_WITHIN;
            if self.unsynced_since.is_some_and(is_due) {
                self.make_durable();
            }
        }
    }

    /// What cannot be written is missing: a restore says so, and takes it from another member.
    fn take(&mut self, entries: &[Entry]) {
        if let Err(error) = self.write(entries) {
            self.give_up(&error);
        }
    }

    fn make_durable(&mut self) {
        if self.unsynced_since.take().is_none() {
            return;
        }
        let Some((file, path, _)) = &self.file else {
            return;
        };
        if let Err(source) = file.sync_data() {
            let error = Error::io("sync", path)(source);
            self.give_up(&error);
        }
    }

    /// The next entries go into another file: nobody knows what this one holds.
    fn give_up(&mut self, error: &Error) {
        self.file = None;
        self.unsynced_since = None;
        tracing::error!(%error, "the archive has a gap: what was done cannot be written");
    }

    fn write(&mut self, entries: &[Entry]) -> Result<(), Error> {
        let Some(first) = entries.first() else {
            return Ok(());
        };
        let is_full = |(_, _, bytes): &(File, PathBuf, u64)| *bytes >= FILE_BYTES_MAX;
        if self.file.as_ref().is_some_and(is_full) {
            self.make_durable();
            self.file = None;
        }
        let (mut file, path, bytes) = match self.file.take() {
            Some(open) => open,
            None => self.create(first.index)?,
        };
        let mut out = Vec::new();
        entries.iter().for_each(|entry| seal(entry, &mut out));
        file.write_all(&out).map_err(Error::io("write", &path))?;
        self.unsynced_since.get_or_insert_with(Instant::now);
        self.file = Some((file, path, bytes + out.len() as u64));
        Ok(())
    }

    fn create(&self, first: u64) -> Result<(File, PathBuf, u64), Error> {
        let member = self.identity.member_id;
        let path = self
            .directory
            .join(format!("{first:016x}-{member:016x}{SUFFIX}"));
        // One that is there holds nothing that is whole: what does is not written again.
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::io("create", &path))?;
        let head = Head {
            format: FORMAT,
            identity: Some(self.identity.clone()),
        };
        let mut out = Vec::new();
        seal(&head, &mut out);
        file.write_all(&out).map_err(Error::io("write", &path))?;
        file.sync_data().map_err(Error::io("sync", &path))?;
        File::open(&self.directory)
            .and_then(|directory| directory.sync_all())
            .map_err(Error::io("sync", &self.directory))?;
        Ok((file, path, out.len() as u64))
    }
}
