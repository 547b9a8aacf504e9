//! Arguments, typed and from variables.

use super::*;
use crate::Env;

type Words = Vec<Vec<u8>>;

/// Range and command.
fn of_line(line: &[&str], env: &[(&str, &str)]) -> Result<(Words, Words), String> {
    let env: Env = env.iter().copied().collect();
    let of_env = Arguments::from_env(&env).map_err(|why| why.to_string())?;
    let line: Vec<_> = line.iter().map(|word| word.as_bytes().to_vec()).collect();
    let mut flags = Parsed::new(FLAGS.iter().collect());
    flags.parse(&line).unwrap();
    let argv: Vec<_> = [b"watch".to_vec()].into_iter().chain(line).collect();
    let arguments = arguments::of_line(&flags, &argv, of_env);
    arguments
        .map(|a| (a.range, a.command))
        .map_err(|why| why.to_string())
}

fn words(words: &[&str]) -> Words {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

#[test]
fn a_command_may_repeat_its_own_name() {
    // The real etcdctl takes the first `echo` for a range end here.
    let parsed = of_line(&["foo", "--", "echo", "echo"], &[]);
    assert_eq!(parsed, Ok((words(&["foo"]), words(&["echo", "echo"]))));
}

#[test]
fn variables_stand_in_for_the_range() {
    let key = ("ETCDCTL_WATCH_KEY", "a");
    let end = ("ETCDCTL_WATCH_RANGE_END", "b");
    let parsed = of_line(&["--rev", "1", "--", "x"], &[key, end]);
    assert_eq!(parsed, Ok((words(&["a", "b"]), words(&["x"]))));
    assert_eq!(of_line(&[], &[key]), Ok((words(&["a"]), vec![])));
    let conflict = "bad number of arguments (found conflicting environment key)";
    assert_eq!(of_line(&["k"], &[key]), Err(conflict.to_owned()));
    assert_eq!(of_line(&["k", "--", "x"], &[key]), Err(conflict.to_owned()));
}

#[test]
fn a_request_needs_one_key_and_one_way_to_say_a_range() {
    let flags = |line: &[&str]| {
        let mut flags = Parsed::new(FLAGS.iter().collect());
        flags.parse(&words(line)).unwrap();
        flags
    };
    let arguments = |range: &[&str]| Arguments {
        range: words(range),
        command: vec![],
    };
    let made = request(&arguments(&["a", "b"]), &flags(&["--rev", "7"]), true).unwrap();
    assert_eq!((&*made.key, &*made.range_end), (&b"a"[..], &b"b"[..]));
    assert_eq!((made.start_revision, made.progress_notify), (7, true));
    let everything = request(&arguments(&[""]), &flags(&["--prefix"]), false).unwrap();
    assert_eq!(
        (&*everything.key, &*everything.range_end),
        (&b"\0"[..], &b"\0"[..])
    );
    assert!(request(&arguments(&[]), &flags(&["--prefix"]), false).is_err());
    assert!(request(&arguments(&["a", "b"]), &flags(&["--prefix"]), false).is_err());
}
