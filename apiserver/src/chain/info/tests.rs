use super::*;

fn read(method: Method, path: &str) -> Info {
    Info::read(&method, path, Asked::default())
}

#[test]
fn paths_of_resources() {
    // path, method, verb, group, namespace, resource, subresource, name
    for (method, path, verb, group, namespace, resource, subresource, name) in [
        (
            Method::GET,
            "/api/v1/namespaces",
            "list",
            "",
            "",
            "namespaces",
            "",
            "",
        ),
        (
            Method::GET,
            "/api/v1/namespaces/other",
            "get",
            "",
            "other",
            "namespaces",
            "",
            "other",
        ),
        (
            Method::GET,
            "/api/v1/namespaces/other/pods",
            "list",
            "",
            "other",
            "pods",
            "",
            "",
        ),
        (
            Method::GET,
            "/api/v1/namespaces/other/pods/foo",
            "get",
            "",
            "other",
            "pods",
            "",
            "foo",
        ),
        (Method::GET, "/api/v1/pods", "list", "", "", "pods", "", ""),
        (Method::HEAD, "/api/v1/pods", "list", "", "", "pods", "", ""),
        (
            Method::POST,
            "/api/v1/namespaces/other/pods",
            "create",
            "",
            "other",
            "pods",
            "",
            "",
        ),
        (
            Method::PUT,
            "/api/v1/namespaces/other/finalize",
            "update",
            "",
            "other",
            "namespaces",
            "finalize",
            "other",
        ),
        (
            Method::PATCH,
            "/api/v1/namespaces/other/status",
            "patch",
            "",
            "other",
            "namespaces",
            "status",
            "other",
        ),
        (
            Method::DELETE,
            "/api/v1/namespaces/other/pods",
            "deletecollection",
            "",
            "other",
            "pods",
            "",
            "",
        ),
        (
            Method::DELETE,
            "/apis/apps/v1/namespaces/other/deployments/a",
            "delete",
            "apps",
            "other",
            "deployments",
            "",
            "a",
        ),
        (
            Method::GET,
            "/apis/apps/v1/namespaces/n/deployments/a/scale",
            "get",
            "apps",
            "n",
            "deployments",
            "scale",
            "a",
        ),
        (
            Method::GET,
            "/api/v1/watch/namespaces/other/pods",
            "watch",
            "",
            "other",
            "pods",
            "",
            "",
        ),
        (
            Method::GET,
            "/api/v1/nodes/n/proxy/logs/x",
            "get",
            "",
            "",
            "nodes",
            "proxy",
            "n",
        ),
    ] {
        let info = read(method, path);
        assert!(info.is_resource, "{path}");
        let found = (
            info.verb,
            &*info.group,
            &*info.namespace,
            &*info.resource,
            &*info.subresource,
            &*info.name,
        );
        assert_eq!(
            found,
            (verb, group, namespace, resource, subresource, name),
            "{path}"
        );
    }
    assert_eq!(
        read(Method::GET, "/api/v1/nodes/n/proxy/logs/x").rest,
        "logs/x"
    );
}

#[test]
fn paths_of_nothing() {
    for path in [
        "/",
        "/api",
        "/api/v1",
        "/apis/apps",
        "/apis/apps/v1",
        "/healthz",
        "/version",
        "/api/v1/watch",
        "/apiother/v1/pods",
    ] {
        let info = read(Method::GET, path);
        assert!(!info.is_resource, "{path}");
        assert_eq!(info.verb, "get", "{path}");
    }
}

#[test]
fn a_collection_may_be_watched_or_name_one_object() {
    let asked = Asked {
        is_watch: true,
        name: Some("foo"),
    };
    let info = Info::read(&Method::GET, "/api/v1/namespaces/n/pods", asked);
    assert_eq!((info.verb, &*info.name), ("watch", "foo"));
    let info = Info::read(&Method::GET, "/api/v1/namespaces/n/pods/bar", asked);
    assert_eq!((info.verb, &*info.name), ("get", "bar"));
}
