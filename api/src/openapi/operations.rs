//! The paths of a resource and what can be done there.

use serde_json::{Map, Value, json};

use super::parameters::{Of, of, of_options, of_path};
use super::{Parts, custom, path, schemas};
use crate::resources::{Resource, Subresource, Verb, Verbs};
use crate::schema::{Gvk, builtin};

const FORMS: [&str; 3] = [
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
];
const STREAMS: [&str; 2] = [
    "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf;stream=watch",
];
const PATCHES: [&str; 4] = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];

/// Adds the paths of a resource.
pub(super) fn add(paths: &mut Map<String, Value>, parts: &mut Parts<'_>, resource: &Resource) {
    let base = format!("/{}", path(&resource.group, &resource.version));
    let names = Names::of(parts, resource);
    let all = format!("{base}/{}", resource.plural);
    let scoped = if resource.namespaced {
        if resource.verbs.has(Verb::List) {
            let mut item = Map::new();
            let id = format!("list{}{}ForAllNamespaces", names.version, resource.kind);
            item.insert("get".into(), names.list(&id));
            put(paths, &all, item, &resource.kind, true);
        }
        format!("{base}/namespaces/{{namespace}}/{}", resource.plural)
    } else {
        all
    };
    let mut item = Map::new();
    if resource.verbs.has(Verb::List) {
        let id = names.id("list", "");
        item.insert("get".into(), names.list(&id));
    }
    if resource.verbs.has(Verb::Create) {
        item.insert(
            "post".into(),
            names.write(Verb::Create, "", &names.object, true),
        );
    }
    if resource.verbs.has(Verb::DeleteCollection) {
        let id = format!(
            "delete{}Collection{}{}",
            names.version, names.scope, resource.kind
        );
        let status = parts_meta(parts, "Status");
        let body = parts_meta(parts, "DeleteOptions");
        let mut made = names.operation(&id, "deletecollection", of(Of::DeleteCollection));
        made.insert("requestBody".into(), names.body(&body, false));
        made.insert("responses".into(), names.answers(&status, &["200"]));
        item.insert("delete".into(), made.into());
    }
    put(paths, &scoped, item, &resource.kind, true);

    let one = format!("{scoped}/{{name}}");
    let mut item = Map::new();
    if resource.verbs.has(Verb::Get) {
        item.insert("get".into(), names.read("", &names.object));
    }
    if resource.verbs.has(Verb::Update) {
        item.insert(
            "put".into(),
            names.write(Verb::Update, "", &names.object, false),
        );
    }
    if resource.verbs.has(Verb::Patch) {
        item.insert("patch".into(), names.patch(parts, "", &names.object));
    }
    if resource.verbs.has(Verb::Delete) {
        let status = if resource.shows_deleted() {
            names.object.clone()
        } else {
            parts_meta(parts, "Status")
        };
        let body = parts_meta(parts, "DeleteOptions");
        let id = names.id("delete", "");
        let mut made = names.operation(&id, "delete", of(Of::Delete));
        made.insert("requestBody".into(), names.body(&body, false));
        made.insert("responses".into(), names.answers(&status, &["200", "202"]));
        item.insert("delete".into(), made.into());
    }
    put(paths, &one, item, &resource.kind, true);
    for sub in &resource.subresources {
        let item = below(parts, resource, &names, sub);
        let plain = !item.contains_key("parameters");
        put(
            paths,
            &format!("{one}/{}", sub.name),
            item,
            &resource.kind,
            plain,
        );
    }
}

/// The operations of a subresource.
fn below(
    parts: &mut Parts<'_>,
    resource: &Resource,
    names: &Names,
    sub: &Subresource,
) -> Map<String, Value> {
    let mut item = Map::new();
    let name = title(&sub.name);
    let kind = Gvk::new(&sub.group, &sub.version, &sub.kind);
    if &*sub.name == "log" || sub.kind.ends_with("Options") {
        let options = if &*sub.name == "log" {
            Gvk::new(&sub.group, &sub.version, "PodLogOptions")
        } else {
            kind.clone()
        };
        let options = builtin().kind(&options).map(|id| builtin().get(id));
        item.insert(
            "parameters".into(),
            options.map_or_else(Vec::new, of_options).into(),
        );
        let text = json!({"200": {"description": "OK", "content": {"*/*": {"schema": {"type": "string"}}}}});
        for (verb, method) in methods(sub.verbs) {
            let (id, action) = if &*sub.name == "log" {
                (names.id("read", &name), "get")
            } else {
                let start = format!("connect{}{}{}", names.version, title(method), names.scope);
                (format!("{start}{}{name}", resource.kind), "connect")
            };
            let _ = verb;
            let mut made = names.about(&id, action, Vec::new(), &kind);
            made.insert("responses".into(), text.clone());
            item.insert(method.into(), made.into());
        }
        return item;
    }
    let object = match sub.type_id {
        Some(id) => {
            parts.types.insert(id);
            builtin().get(id).name.to_string()
        }
        None => names.object.clone(),
    };
    let names = Names {
        kind,
        ..names.clone()
    };
    for (verb, method) in methods(sub.verbs) {
        let made = match verb {
            Verb::Get => names.read(&name, &object),
            Verb::Patch => names.patch(parts, &name, &object),
            verb => names.write(verb, &name, &object, verb == Verb::Create),
        };
        item.insert(method.into(), made);
    }
    item
}

fn methods(verbs: Verbs) -> impl Iterator<Item = (Verb, &'static str)> {
    verbs.iter().filter_map(|verb| match verb {
        Verb::Get => Some((verb, "get")),
        Verb::Create => Some((verb, "post")),
        Verb::Update => Some((verb, "put")),
        Verb::Patch => Some((verb, "patch")),
        Verb::Delete => Some((verb, "delete")),
        Verb::DeleteCollection | Verb::List | Verb::Watch => None,
    })
}

/// Puts the item of a path, with the parameters of all its operations.
fn put(
    paths: &mut Map<String, Value>,
    path: &str,
    mut item: Map<String, Value>,
    kind: &str,
    plain: bool,
) {
    if item.is_empty() {
        return;
    }
    let mut parameters = of_path(path, kind, plain);
    if let Some(Value::Array(own)) = item.remove("parameters") {
        parameters.extend(own);
    }
    item.insert("parameters".into(), parameters.into());
    paths.insert(path.to_owned(), item.into());
}

fn parts_meta(parts: &mut Parts<'_>, name: &str) -> String {
    let name = schemas::meta(name);
    if let Some(id) = builtin().named(&name) {
        parts.types.insert(id);
    }
    name
}

/// What operations of a resource are called and refer to.
#[derive(Clone)]
struct Names {
    kind: Gvk,
    resource_kind: Box<str>,
    /// `AppsV1`.
    version: String,
    /// `Namespaced` or nothing.
    scope: &'static str,
    /// `apps_v1`.
    tag: String,
    /// The schema of an object, and that of a list of them.
    object: String,
    list: String,
    custom: bool,
}

impl Names {
    fn of(parts: &mut Parts<'_>, resource: &Resource) -> Self {
        let (object, list) = if let Some(id) = resource.type_id {
            let of = builtin().get(id);
            parts.types.insert(id);
            let list = format!("{}List", of.name);
            parts.types.extend(builtin().named(&list));
            (of.name.to_string(), list)
        } else {
            custom::add(parts, resource)
        };
        let words: Vec<&str> = match &*resource.group {
            "" => vec!["core"],
            group => group.trim_end_matches(".k8s.io").split('.').collect(),
        };
        let titles: String = words.iter().map(|word| title(word)).collect();
        let mut tag = titles.clone();
        if let Some(first) = tag.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        Self {
            kind: Gvk::new(&resource.group, &resource.version, &resource.kind),
            resource_kind: resource.kind.clone(),
            version: format!("{titles}{}", title(&resource.version)),
            scope: if resource.namespaced {
                "Namespaced"
            } else {
                ""
            },
            tag: format!("{tag}_{}", resource.version),
            object,
            list,
            custom: resource.custom,
        }
    }

    fn id(&self, verb: &str, sub: &str) -> String {
        let (version, scope, kind) = (&self.version, self.scope, &self.resource_kind);
        format!("{verb}{version}{scope}{kind}{sub}")
    }

    fn about(
        &self,
        id: &str,
        action: &str,
        parameters: Vec<Value>,
        kind: &Gvk,
    ) -> Map<String, Value> {
        let mut made = Map::new();
        made.insert("tags".into(), json!([self.tag]));
        made.insert("operationId".into(), id.into());
        if !parameters.is_empty() {
            made.insert("parameters".into(), parameters.into());
        }
        made.insert("x-kubernetes-action".into(), action.into());
        let kind = json!({"group": &*kind.group, "version": &*kind.version, "kind": &*kind.kind});
        made.insert("x-kubernetes-group-version-kind".into(), kind);
        made
    }

    fn operation(&self, id: &str, action: &str, parameters: Vec<Value>) -> Map<String, Value> {
        self.about(id, action, parameters, &self.kind)
    }

    fn forms(&self) -> impl Iterator<Item = &'static str> + use<> {
        let count = if self.custom { 2 } else { FORMS.len() };
        FORMS.into_iter().take(count)
    }

    fn answers(&self, schema: &str, codes: &[&str]) -> Value {
        let schema = json!({"schema": schemas::reference(schema)});
        let content: Map<String, Value> = self
            .forms()
            .map(|form| (form.into(), schema.clone()))
            .collect();
        let mut made = Map::new();
        for code in codes {
            let description = match *code {
                "200" => "OK",
                "201" => "Created",
                _ => "Accepted",
            };
            made.insert(
                (*code).into(),
                json!({"description": description, "content": content}),
            );
        }
        made.insert("401".into(), json!({"description": "Unauthorized"}));
        made.into()
    }

    fn body(&self, schema: &str, required: bool) -> Value {
        let mut made = Map::new();
        let schema = schemas::reference(schema);
        made.insert("content".into(), json!({"*/*": {"schema": schema}}));
        if required {
            made.insert("required".into(), true.into());
        }
        made.into()
    }

    fn read(&self, sub: &str, object: &str) -> Value {
        let mut made = self.operation(&self.id("read", sub), "get", of(Of::Read));
        made.insert("responses".into(), self.answers(object, &["200"]));
        made.into()
    }

    fn list(&self, id: &str) -> Value {
        let mut made = self.operation(id, "list", of(Of::List));
        let mut answers = self.answers(&self.list, &["200"]);
        if let Some(content) = answers["200"]["content"].as_object_mut() {
            for stream in STREAMS.into_iter().take(if self.custom { 1 } else { 2 }) {
                let schema = json!({"schema": schemas::reference(&self.list)});
                content.insert(stream.into(), schema);
            }
        }
        made.insert("responses".into(), answers);
        made.into()
    }

    fn write(&self, verb: Verb, sub: &str, object: &str, creates: bool) -> Value {
        let (word, action) = match verb {
            Verb::Create => ("create", "post"),
            Verb::Delete => ("delete", "delete"),
            _ => ("replace", "put"),
        };
        let mut made = self.operation(&self.id(word, sub), action, of(Of::Write));
        made.insert("requestBody".into(), self.body(object, true));
        let codes: &[&str] = if creates {
            &["200", "201", "202"]
        } else {
            &["200", "201"]
        };
        made.insert("responses".into(), self.answers(object, codes));
        made.into()
    }

    fn patch(&self, parts: &mut Parts<'_>, sub: &str, object: &str) -> Value {
        let name = schemas::meta("Patch");
        parts
            .made
            .entry(name.clone())
            .or_insert_with(|| json!({"type": "object"}));
        let schema = json!({"schema": schemas::reference(&name)});
        let forms = PATCHES
            .into_iter()
            .filter(|form| !self.custom || !form.contains("strategic"));
        let content: Map<String, Value> = forms.map(|form| (form.into(), schema.clone())).collect();
        let mut made = self.operation(&self.id("patch", sub), "patch", of(Of::Patch));
        made.insert(
            "requestBody".into(),
            json!({"required": true, "content": content}),
        );
        made.insert("responses".into(), self.answers(object, &["200", "201"]));
        made.into()
    }
}

fn title(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
