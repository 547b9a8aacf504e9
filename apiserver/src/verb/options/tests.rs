use super::*;

fn list(query: &str) -> Result<ListOptions> {
    ListOptions::read(&Query::read(query), false)
}

fn watch(query: &str) -> Result<ListOptions> {
    ListOptions::read(&Query::read(query), true)
}

#[test]
fn versions_of_lists() {
    for (query, expected) in [
        ("", Version::Latest),
        ("resourceVersion=", Version::Latest),
        ("resourceVersion=0", Version::Any),
        ("resourceVersion=7", Version::NotOlder(7)),
        ("resourceVersion=7&limit=3", Version::Exact(7)),
        (
            "resourceVersion=7&limit=3&resourceVersionMatch=NotOlderThan",
            Version::NotOlder(7),
        ),
        (
            "resourceVersion=7&resourceVersionMatch=Exact",
            Version::Exact(7),
        ),
    ] {
        assert_eq!(list(query).unwrap().version, expected, "{query}");
    }
    assert_eq!(
        watch("resourceVersion=7&limit=3").unwrap().version,
        Version::NotOlder(7)
    );
}

#[test]
fn contradictions_are_told() {
    let of = |result: Result<ListOptions>| result.unwrap_err().message;
    assert_eq!(
        of(list("resourceVersionMatch=Exact")),
        "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
    );
    assert_eq!(
        of(watch("sendInitialEvents=true")),
        "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
    );
    assert_eq!(list("resourceVersion=x").unwrap_err().code, 400);
    assert_eq!(list("limit=x").unwrap_err().code, 400);
    assert_eq!(list("sendInitialEvents=true").unwrap_err().code, 422);
}
