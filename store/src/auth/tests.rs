use std::time::{Duration, Instant};

use proptest::prelude::*;
use proto::authpb::permission::Type;
use proto::authpb::{Permission, UserAddOptions};
use proto::etcdserverpb as pb;

use super::ranges::{Ranges, is_valid};
use super::tokens::{letters, simple};
use super::*;

const TTL: Duration = Duration::from_secs(10);

fn user(name: &str) -> pb::AuthUserAddRequest {
    pb::AuthUserAddRequest {
        name: name.into(),
        options: Some(UserAddOptions { no_password: true }),
        ..Default::default()
    }
}

fn permission(
    role: &str,
    kind: Type,
    key: &'static str,
    end: &'static str,
) -> pb::AuthRoleGrantPermissionRequest {
    pb::AuthRoleGrantPermissionRequest {
        name: role.into(),
        perm: Some(Permission {
            perm_type: kind.into(),
            key: key.into(),
            range_end: end.into(),
        }),
    }
}

/// root is in charge; u may read [b, d) and write c.
fn tables() -> Tables {
    let mut tables = Tables::default();
    tables.add_user(&user("root")).unwrap();
    tables.grant_role("root", "root").unwrap();
    tables.add_user(&user("u")).unwrap();
    tables.add_role("r").unwrap();
    tables.grant_role("u", "r").unwrap();
    tables
        .grant_permission(&permission("r", Type::Read, "b", "d"))
        .unwrap();
    tables
        .grant_permission(&permission("r", Type::Write, "c", ""))
        .unwrap();
    tables.enable().unwrap();
    tables
}

fn caller(tables: &Tables, name: &str) -> Caller {
    Caller {
        user: name.into(),
        revision: tables.revision(),
    }
}

#[test]
fn every_change_counts() {
    let mut tables = tables();
    assert_eq!(tables.revision(), 8);
    // What changes nothing does not.
    tables.grant_role("u", "r").unwrap();
    tables.enable().unwrap();
    assert_eq!(tables.revision(), 8);
    assert!(tables.disable());
    assert!(!tables.disable());
    assert_eq!(tables.revision(), 9);
}

#[test]
fn a_role_permits_its_ranges_alone() {
    let tables = tables();
    let u = caller(&tables, "u");
    let denied = Err(Error::PermissionDenied);
    assert_eq!(tables.may_read(&u, b"b", b""), Ok(()));
    assert_eq!(tables.may_read(&u, b"b", b"d"), Ok(()));
    assert_eq!(tables.may_read(&u, b"b", b"d\0"), denied);
    assert_eq!(tables.may_read(&u, b"b", b"\0"), denied);
    assert_eq!(tables.may_read(&u, b"d", b""), denied);
    assert_eq!(tables.may_write(&u, b"c", b""), Ok(()));
    assert_eq!(tables.may_write(&u, b"b", b""), denied);
    assert_eq!(tables.may_administer(&u), denied);
    let root = caller(&tables, "root");
    assert_eq!(tables.may_write(&root, b"b", b"\0"), Ok(()));
    assert_eq!(tables.may_administer(&root), Ok(()));
    let stranger = caller(&tables, "stranger");
    assert_eq!(tables.may_read(&stranger, b"b", b""), denied);
    assert_eq!(tables.may_administer(&stranger), Err(Error::UserNotFound));
}

#[test]
fn who_is_unknown_or_was_found_out_before_a_change_may_nothing() {
    let mut tables = tables();
    let (nobody, u) = (Caller::default(), caller(&tables, "u"));
    assert_eq!(tables.may_read(&nobody, b"b", b""), Err(Error::UserEmpty));
    assert_eq!(tables.must_be_known(&nobody), Err(Error::UserEmpty));
    assert_eq!(tables.may_administer(&nobody), Err(Error::UserEmpty));
    tables.add_role("other").unwrap();
    assert_eq!(tables.may_read(&u, b"b", b""), Err(Error::OldRevision));
    assert_eq!(tables.is_current(&u), Err(Error::OldRevision));
    tables.disable();
    assert_eq!(tables.may_read(&nobody, b"b", b""), Ok(()));
    assert_eq!(tables.is_current(&u), Ok(()));
}

#[test]
fn what_is_taken_away_is_gone_at_once() {
    let mut tables = tables();
    tables
        .revoke_permission(&pb::AuthRoleRevokePermissionRequest {
            role: "r".into(),
            key: "b".into(),
            range_end: "d".into(),
        })
        .unwrap();
    let denied = Err(Error::PermissionDenied);
    assert_eq!(tables.may_read(&caller(&tables, "u"), b"b", b""), denied);
    assert_eq!(tables.may_write(&caller(&tables, "u"), b"c", b""), Ok(()));
    tables.delete_role("r").unwrap();
    assert_eq!(tables.may_write(&caller(&tables, "u"), b"c", b""), denied);
    let root = caller(&tables, "root");
    assert_eq!(tables.roles_of(&root, "u"), Ok(vec![]));
}

#[test]
fn nobody_can_leave_nobody_in_charge() {
    let mut tables = tables();
    let refused = Err(Error::InvalidManagement);
    assert_eq!(tables.delete_user("root"), refused);
    assert_eq!(tables.revoke_role("root", "root"), refused);
    assert_eq!(tables.delete_role("root"), refused);
    tables.disable();
    tables.revoke_role("root", "root").unwrap();
    assert_eq!(tables.enable(), Err(Error::RootRoleNotGranted));
    tables.delete_user("root").unwrap();
    assert_eq!(tables.enable(), Err(Error::RootUserNotFound));
}

#[test]
fn tables_come_back_as_they_were_kept() {
    let tables = tables();
    let kept = Tables::new(
        tables.is_enabled(),
        tables.revision(),
        tables.users().cloned(),
        tables.roles().cloned(),
    );
    assert_eq!(kept, tables);
    // What never was begins at 1.
    assert_eq!(Tables::new(false, 0, [], []), Tables::default());
}

#[test]
fn a_simple_token_lives_while_it_is_used() {
    let tokens = Tokens::new(Scheme::Simple, TTL, true);
    let now = Instant::now();
    let assign = |user: &str, token: &str| {
        let (user, token) = (user.to_owned(), token.to_owned());
        tokens.notice(Notice::Assigned { user, token }, now);
    };
    assign("u", "one.1");
    assign("v", "two.2");
    let later = |seconds| now + Duration::from_secs(seconds);
    let seen = tokens.caller("one.1", 5, later(9)).unwrap();
    assert_eq!((seen.user.as_str(), seen.revision), ("u", 5));
    assert_eq!(
        tokens.caller("two.2", 5, later(11)),
        Err(Error::InvalidToken)
    );
    assert!(tokens.caller("one.1", 5, later(18)).is_ok());
    tokens.notice(Notice::Ended("u".into()), later(18));
    assert_eq!(
        tokens.caller("one.1", 5, later(18)),
        Err(Error::InvalidToken)
    );
}

#[test]
fn tokens_end_when_nobody_needs_them() {
    let tokens = Tokens::new(Scheme::Simple, TTL, true);
    let now = Instant::now();
    let (user, token) = ("u".to_owned(), "one.1".to_owned());
    tokens.notice(Notice::Assigned { user, token }, now);
    tokens.notice(Notice::Enabled(false), now);
    assert!(!tokens.is_enabled());
    tokens.notice(Notice::Enabled(true), now);
    assert_eq!(tokens.caller("one.1", 5, now), Err(Error::InvalidToken));
}

#[test]
fn letters_are_drawn_from_the_whole_alphabet() {
    let drawn: String = (0..200).map(|_| letters()).collect();
    assert_eq!(drawn.len(), 200 * 16);
    assert!(drawn.chars().all(|letter| letter.is_ascii_alphabetic()));
    assert!(('a'..='z').all(|letter| drawn.contains(letter)));
    assert!(('A'..='Z').all(|letter| drawn.contains(letter)));
    assert_eq!(assigned_at(&simple("abc", 17)), Some(17));
    assert_eq!(assigned_at("abc.x"), None);
}

#[test]
fn a_password_found_right_is_remembered_with_what_it_was_hashed_to() {
    use base64::Engine as _;
    let passwords = Passwords::new(4).unwrap();
    let decode = |text: String| {
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap()
    };
    let hashed = decode(passwords.hash("secret").unwrap());
    assert!(hashed.starts_with(b"$2a$04$"));
    assert!(!passwords.is_remembered("secret", &hashed));
    assert!(!passwords.check("wrong", &hashed));
    assert!(!passwords.is_remembered("wrong", &hashed));
    assert!(passwords.check("secret", &hashed));
    assert!(passwords.is_remembered("secret", &hashed));
    let again = decode(passwords.hash("secret").unwrap());
    assert!(!passwords.is_remembered("secret", &again));
    assert!(!passwords.check("secret", b""));
    assert_eq!(passwords.hash(&"x".repeat(73)), Err(Error::PasswordTooLong));
}

/// Three keys, each the first behind the one before.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0u8..3, 1..3)
}

fn end() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(Vec::new()), Just(vec![0]), key()]
}

/// All keys of up to three letters, one letter more than any key in the ranges has.
fn all_keys() -> Vec<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = vec![vec![]];
    for length in 0..3 {
        let longer: Vec<Vec<u8>> = keys
            .iter()
            .filter(|key| key.len() == length)
            .flat_map(|key| (0..4u8).map(|letter| [&key[..], &[letter]].concat()))
            .collect();
        keys.extend(longer);
    }
    keys.remove(0);
    keys
}

fn is_in(key: &[u8], (begin, end): &(Vec<u8>, Vec<u8>)) -> bool {
    match end.as_slice() {
        b"" => key == begin.as_slice(),
        b"\0" => key >= begin.as_slice(),
        end => key >= begin.as_slice() && key < end,
    }
}

proptest! {
    #[test]
    fn a_range_is_permitted_if_all_its_keys_are(
        given in prop::collection::vec((key(), end()), 0..5),
        asked in (key(), end()),
    ) {
        let given: Vec<_> = given.into_iter().filter(|(key, end)| is_valid(key, end)).collect();
        prop_assume!(is_valid(&asked.0, &asked.1));
        let ranges = Ranges::of(given.iter().map(|(key, end)| (key.as_slice(), end.as_slice())));
        // All keys to the end are infinitely many: only a range to the end holds them.
        let is_bounded = asked.1 != b"\0" || given.iter().any(|(_, end)| end == b"\0");
        let expected = is_bounded && all_keys()
            .iter()
            .filter(|key| is_in(key, &asked))
            .all(|key| given.iter().any(|range| is_in(key, range)));
        prop_assert_eq!(ranges.contain(&asked.0, &asked.1), expected);
    }
}

#[test]
fn tokens_that_are_nearly_right_name_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    std::fs::write(&key, "a secret that nobody knows").unwrap();
    let path = key.to_str().unwrap();
    let jwt = Jwt::new(&[
        ("pub-key", path),
        ("priv-key", path),
        ("sign-method", "HS256"),
    ])
    .unwrap();
    let token = jwt.sign("somebody", 5).unwrap();
    crate::fuzz::nearly(&[token.clone().into_bytes()], |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return;
        };
        if let Ok(caller) = jwt.verify(text) {
            assert_eq!(caller.user, "somebody", "{text}");
        }
    });
}
