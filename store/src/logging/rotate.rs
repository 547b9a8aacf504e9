//! A log file that is put away when it is full.
//!
//! `etcd.log` becomes `etcd-2026-11-27T07-25-00.123.log`, and a new `etcd.log` begins. The names, and
//! what is kept of them, are those of the library that etcd uses (lumberjack).

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::config::Rotation;

/// How the time stands in a name.
const TIME: &str = "%Y-%m-%dT%H-%M-%S%.3f";
/// What ends the name of a packed file.
const PACKED: &str = ".gz";

/// See the module.
pub(super) struct Rotating {
    path: PathBuf,
    rotation: Rotation,
    file: File,
    size: u64,
}

impl Rotating {
    /// Goes on with the file that is there, or makes it, with the directories on the way.
    pub(super) fn open(path: &Path, rotation: Rotation) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let file = append(path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            rotation,
            file,
            size,
        })
    }

    /// Writes one line, into a new file if it does not fit into this one.
    pub(super) fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let len = line.len() as u64;
        if self.size > 0 && self.size + len > self.rotation.bytes_max() {
            self.put_away()?;
        }
        self.file.write_all(line)?;
        self.size += len;
        Ok(())
    }

    fn put_away(&mut self) -> io::Result<()> {
        let names = Names::of(&self.path);
        let zone = match self.rotation.local_time {
            true => TimeZone::system(),
            false => TimeZone::UTC,
        };
        let mut time = Timestamp::now();
        let mut away = names.at(time.to_zoned(zone.clone()).datetime());
        // Two in one millisecond are two.
        while away.exists() {
            time += SignedDuration::from_millis(1);
            away = names.at(time.to_zoned(zone.clone()).datetime());
        }
        fs::rename(&self.path, &away)?;
        self.file = append(&self.path)?;
        self.size = 0;
        let rotation = self.rotation;
        // Nobody waits for it, and what fails is tried again with the next file.
        let tidied = thread::Builder::new().spawn(move || tidy(&names, &rotation));
        drop(tidied);
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}

/// What files that were put away are called.
struct Names {
    directory: PathBuf,
    /// Before the time.
    begin: String,
    /// After it, with the dot.
    end: String,
}

impl Names {
    fn of(path: &Path) -> Self {
        let text = |part: Option<&OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        let end = text(path.extension()).map_or_else(String::new, |end| format!(".{end}"));
        Self {
            directory: path.parent().unwrap_or(Path::new("")).to_owned(),
            begin: format!("{}-", text(path.file_stem()).unwrap_or_default()),
            end,
        }
    }

    fn at(&self, time: DateTime) -> PathBuf {
        let time = time.strftime(TIME);
        let name = format!("{}{time}{}", self.begin, self.end);
        self.directory.join(name)
    }

    /// The time in the name of a file that was put away, packed or not.
    fn time(&self, name: &str) -> Option<DateTime> {
        let name = name.strip_suffix(PACKED).unwrap_or(name);
        let time = name.strip_prefix(&self.begin)?.strip_suffix(&self.end)?;
        DateTime::strptime(TIME, time).ok()
    }

    /// All of them, the newest first.
    fn list(&self) -> io::Result<Vec<(DateTime, PathBuf)>> {
        let directory = match self.directory.as_os_str().is_empty() {
            true => Path::new("."),
            false => &self.directory,
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if let Some(time) = self.time(&entry.file_name().to_string_lossy()) {
                files.push((time, entry.path()));
            }
        }
        files.sort_by(|(a, _), (b, _)| b.cmp(a));
        Ok(files)
    }
}

/// Removes what is too much or too old, and packs the rest if it is to be.
fn tidy(names: &Names, rotation: &Rotation) {
    let Ok(files) = names.list() else {
        return;
    };
    let zone = match rotation.local_time {
        true => TimeZone::system(),
        false => TimeZone::UTC,
    };
    let now = Timestamp::now().to_zoned(zone).datetime();
    let hours = i64::try_from(rotation.days.saturating_mul(24)).unwrap_or(i64::MAX / 3600);
    let oldest = now.saturating_sub(SignedDuration::from_hours(hours.min(i64::MAX / 3600)));
    for (at, (time, path)) in files.iter().enumerate() {
        let is_too_much = rotation.backups > 0 && at >= rotation.backups;
        let is_too_old = rotation.days > 0 && *time < oldest;
        if is_too_much || is_too_old {
            // It may be gone already.
            let _ = fs::remove_file(path);
        } else if rotation.compress && !path.to_string_lossy().ends_with(PACKED) {
            // What could not be packed stays as it is.
            let _ = pack(path);
        }
    }
}

fn pack(path: &Path) -> io::Result<()> {
    let packed = PathBuf::from(format!("{}{PACKED}", path.display()));
    let written = write_packed(path, &packed);
    match written {
        Ok(()) => fs::remove_file(path),
        Err(error) => {
            // Half of it is worth nothing.
            let _ = fs::remove_file(&packed);
            Err(error)
        }
    }
}

fn write_packed(path: &Path, packed: &Path) -> io::Result<()> {
    let mut from = File::open(path)?;
    let mut to = GzEncoder::new(File::create(packed)?, Compression::default());
    io::copy(&mut from, &mut to)?;
    to.finish()?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::time::{Duration, Instant};

    use flate2::read::GzDecoder;

    use super::*;

    fn rotation(text: &str) -> Rotation {
        serde_json::from_str(text).unwrap()
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Waits until the files are as they are to be.
    fn settled(directory: &Path, is_right: impl Fn(&[String]) -> bool) -> Vec<String> {
        let began = Instant::now();
        loop {
            let names = names(directory);
            if is_right(&names) || began.elapsed() > Duration::from_secs(20) {
                return names;
            }
            thread::yield_now();
        }
    }

    #[test]
    fn a_full_file_is_put_away_and_only_some_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("logs").join("etcd.log");
        let kept = rotation(r#"{"maxsize":1,"maxbackups":2}"#);
        let mut file = Rotating::open(&path, kept).unwrap();
        let line = vec![b'x'; 600 * 1024];
        for _ in 0..5 {
            file.write(&line).unwrap();
        }
        let names = settled(path.parent().unwrap(), |names| names.len() == 3);
        assert_eq!(names.len(), 3, "{names:?}");
        assert!(names[0].starts_with("etcd-20") && names[0].ends_with(".log"));
        assert_eq!(names[2], "etcd.log");
        assert_eq!(fs::metadata(&path).unwrap().len(), line.len() as u64);
        // Who comes later goes on with the file.
        let mut file = Rotating::open(&path, kept).unwrap();
        file.write(b"short\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), line.len() as u64 + 6);
    }

    #[test]
    fn what_is_put_away_is_packed_and_what_is_old_goes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let old = directory.path().join("log-2020-01-01T00-00-00.000");
        let other = directory.path().join("log-of-somebody-else");
        fs::write(&old, "old").unwrap();
        fs::write(&other, "kept").unwrap();
        let packing = rotation(r#"{"maxsize":1,"maxage":7,"compress":true,"localtime":true}"#);
        let mut file = Rotating::open(&path, packing).unwrap();
        let line = vec![b'x'; 1024 * 1024];
        file.write(&line).unwrap();
        file.write(b"y").unwrap();
        let is_packed =
            |names: &[String]| names.len() == 3 && names.iter().any(|name| name.ends_with(PACKED));
        let names = settled(directory.path(), is_packed);
        assert!(
            is_packed(&names) && !old.exists() && other.exists(),
            "{names:?}"
        );
        let packed = directory.path().join(&names[1]);
        let mut text = Vec::new();
        GzDecoder::new(File::open(packed).unwrap())
            .read_to_end(&mut text)
            .unwrap();
        assert_eq!(text, line);
    }
}
