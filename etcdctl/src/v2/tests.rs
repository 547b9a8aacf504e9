//! Command lines that etcdctl 3.4 takes by rules of its own, up to where a server would be asked; and
//! texts that Go's library has.

use std::io::Cursor;
use std::sync::{Arc, Mutex};

use super::client::Url;
use super::client::url::{canonical, clean};
use super::flag::{Flag, Kind, Set};
use crate::{Env, Io};

static FLAGS: [Flag; 4] = [
    Flag::switch(&["recursive", "r"], ""),
    Flag::int(&["ttl"], ""),
    Flag::text(&["with-value"], ""),
    Flag::new(&["roles"], Kind::Texts, "", ""),
];

fn words(line: &str) -> Vec<Vec<u8>> {
    let words = line.split_whitespace();
    words.map(|word| word.as_bytes().to_vec()).collect()
}

/// The arguments that are left of a command's line.
fn arguments(line: &str) -> Result<String, String> {
    let mut set = Set::new(FLAGS.iter().collect());
    set.parse_mixed(&words(line), false)?;
    let args: Vec<_> = set
        .args
        .iter()
        .map(|arg| String::from_utf8_lossy(arg))
        .collect();
    Ok(args.join(" "))
}

#[test]
fn flags_stand_anywhere_among_the_arguments() {
    for (line, left) in [
        ("k v", "k v"),
        ("--ttl 5 k v", "k v"),
        ("k v --ttl 5", "k v"),
        ("k --ttl 5 v", "k v"),
        ("k -- -v", "k -v"),
        ("k -r -- -v", "k -v"),
        ("-- k -v", "k -v"),
        ("k -1", "k -1"),
        // A switch takes the next word along, and with it ends the flags.
        ("k -r v", "v k"),
        ("- k", "- k"),
        ("k - -r", "k -"),
    ] {
        assert_eq!(arguments(line).as_deref(), Ok(left), "{line}");
    }
    let unknown = Err("flag provided but not defined: -x".to_owned());
    assert_eq!(arguments("-x k"), unknown);
    // What is told apart by it keeps it where it stood.
    let mut set = Set::new(FLAGS.iter().collect());
    assert_eq!(set.parse_mixed(&words("k -r -- sh -c x"), true), Ok(()));
    assert_eq!(set.args, words("k -- sh -c x"));
}

#[test]
fn flags_have_one_dash_or_two_and_one_of_their_names() {
    let mut set = Set::new(FLAGS.iter().collect());
    let line = "-r=false --ttl=-0x10 -with-value=a=b --roles x,y -roles z rest --ttl 1";
    assert_eq!(set.parse(&words(line)), Ok(()));
    assert!(!set.switch("recursive"));
    assert_eq!(set.int("ttl"), -16);
    assert_eq!(set.text("with-value"), b"a=b");
    assert_eq!(set.texts("roles"), words("x,y z"));
    assert_eq!(set.args, words("rest --ttl 1"));
    assert_eq!(set.doubled(), None);
    assert_eq!(set.parse(&words("-recursive")), Ok(()));
    let doubled = "Cannot use two forms of the same flag: r recursive";
    assert_eq!(set.doubled().as_deref(), Some(doubled));
}

/// A buffer that outlives the run that fills it.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic holds it").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Exit code, stdout and stderr of a command line.
fn run(line: &str) -> (u8, String, String) {
    let (stdout, stderr) = (Buffer::default(), Buffer::default());
    let mut io = Io {
        stdin: Box::new(Cursor::new(Vec::new())),
        stdout: Box::new(stdout.clone()),
        stderr: Box::new(stderr.clone()),
        child_output: crate::io::ChildOutput::Copy,
        clock: crate::io::Clock::default(),
    };
    let env: Env = [("ETCDCTL_API", "2")].into_iter().collect();
    let code = crate::run(line.split_whitespace().map(Into::into), &env, &mut io);
    let text = |buffer: &Buffer| {
        let bytes = buffer.0.lock().expect("no panic holds it");
        String::from_utf8_lossy(&bytes).into_owned()
    };
    (code, text(&stdout), text(&stderr))
}

#[test]
fn what_is_wrong_with_a_line_is_told_before_the_help_and_on_stderr() {
    let doubled = "Cannot use two forms of the same flag: q quorum\n";
    let shown = format!("Incorrect Usage: {doubled}\n");
    for (line, shown, why) in [
        ("get -q -quorum a", shown, doubled),
        (
            "get --x a",
            "Incorrect Usage: flag provided but not defined: -x\n\n".to_owned(),
            "flag provided but not defined: -x\n",
        ),
    ] {
        let (code, stdout, stderr) = run(line);
        assert_eq!((code, stderr.as_str()), (1, why), "{line}");
        let help = stdout.strip_prefix(&shown);
        assert!(
            help.is_some_and(|help| help.starts_with("Usage:\n")),
            "{stdout}"
        );
    }
}

#[test]
fn what_is_no_data_directory_is_not_copied() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().display();
    let line = format!("backup --data-dir {path}/a --backup-dir {path}/b");
    let (code, stdout, stderr) = run(&line);
    assert_eq!((code, stdout.as_str()), (1, ""));
    let why = format!("{path}/a is no data directory of this etcd\n");
    assert_eq!(stderr, why);
    assert!(!dir.path().join("b").exists());
}

#[test]
fn urls_are_written_as_they_were_read() {
    for text in [
        "http://127.0.0.1:1",
        "http://u:p@h/a%20b?x=y",
        "localhost:1",
        "unix://a:1",
        "https://[::1]:2/",
        "",
    ] {
        let url = Url::parse(text).map(|url| url.to_string());
        assert_eq!(url.as_deref(), Ok(text));
    }
    let url = Url::parse("https://[::1]").expect("a good one");
    assert_eq!(
        (url.hostname(), url.address("443").as_str()),
        ("::1", "[::1]:443")
    );
}

#[test]
fn paths_are_cleaned_as_in_go() {
    for (path, cleaned) in [
        ("", "."),
        ("/", "/"),
        ("//a//b/", "/a/b"),
        ("/a/../../b/.", "/b"),
        ("a/../../b", "../b"),
        ("a/..", "."),
    ] {
        assert_eq!(clean(path.as_bytes()), cleaned.as_bytes(), "{path}");
    }
    for (path, cleaned) in [
        ("", "/"),
        ("a//b/", "/a/b/"),
        ("/..", "/"),
        ("/a/./", "/a/"),
    ] {
        assert_eq!(canonical(path.as_bytes()), cleaned.as_bytes(), "{path}");
    }
}
