//! What those are told who may not (upstream's `responsewriters`).

use super::Attributes;
use super::quote::quoted;

/// The whole message of a 403: which resource, and why it is forbidden. An empty reason is left out.
#[must_use]
pub fn forbidden_message(attributes: &Attributes<'_>, reason: &str) -> String {
    let refused = sanitized(&refused(attributes));
    let why = match reason {
        "" => refused,
        reason => format!("{refused}: {reason}"),
    };
    forbidden(attributes.group, attributes.resource, attributes.name, &why)
}

/// The message of a 403 on an object, or on a resource if the name is empty, for a reason of any kind
/// (upstream's `errors.NewForbidden`).
#[must_use]
pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> String {
    let resource = match group {
        "" => resource.to_owned(),
        group => format!("{resource}.{group}"),
    };
    match (resource.as_str(), name) {
        ("", _) => format!("forbidden: {why}"),
        (resource, "") => format!("{resource} is forbidden: {why}"),
        (resource, name) => format!("{resource} {} is forbidden: {why}", quoted(name)),
    }
}

fn refused(attributes: &Attributes<'_>) -> String {
    let user = quoted(&attributes.user.name);
    let verb = attributes.verb;
    if !attributes.is_resource {
        return format!("User {user} cannot {verb} path {}", quoted(attributes.path));
    }
    let resource = quoted(&attributes.whole_resource());
    let group = quoted(attributes.group);
    let scope = match attributes.namespace {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace {}", quoted(namespace)),
    };
    format!("User {user} cannot {verb} resource {resource} in API group {group} {scope}")
}

/// Keeps browsers from reading the message as HTML.
fn sanitized(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use crate::authn::User;
    use crate::authz::Attributes;

    use super::forbidden_message;

    fn user(name: &str) -> User {
        User {
            name: name.into(),
            ..User::default()
        }
    }

    #[test]
    fn messages_are_those_of_upstream() {
        let jane = user("jane");
        let list = Attributes {
            namespace: "default",
            ..Attributes::of_resource(&jane, "list", "", "pods")
        };
        assert_eq!(
            forbidden_message(&list, ""),
            "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\""
        );
        let scale = Attributes {
            subresource: "scale",
            name: "web",
            ..Attributes::of_resource(&jane, "update", "apps", "deployments")
        };
        assert_eq!(
            forbidden_message(&scale, "RBAC: no"),
            "deployments.apps \"web\" is forbidden: User \"jane\" cannot update resource \"deployments/scale\" in API group \"apps\" at the cluster scope: RBAC: no"
        );
        let nobody = user("system:anonymous");
        assert_eq!(
            forbidden_message(&Attributes::of_path(&nobody, "get", "/metrics"), ""),
            "forbidden: User \"system:anonymous\" cannot get path \"/metrics\""
        );
        let html = user("<b>&");
        assert_eq!(
            forbidden_message(&Attributes::of_path(&html, "get", "/"), "<"),
            "forbidden: User \"&lt;b&gt;&amp;\" cannot get path \"/\": <"
        );
    }
}
