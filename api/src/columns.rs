//! Objects as rows of a table, as `kubectl get` shows them (`meta.k8s.io` `Table`).
//!
//! Which columns a kind has, and what stands in them, follows upstream's
//! `pkg/printers/internalversion`, cell by cell; it always asks for the wide form, so that columns of
//! priority 1 are always there. What describes a column is in our own words.

mod admission;
mod age;
mod apps;
mod autoscaling;
mod certificates;
mod column;
mod config;
mod custom;
mod events;
mod get;
mod jobs;
mod jsonpath;
mod labels;
mod network;
mod nodes;
mod pods;
mod resource;
mod services;
mod storage;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub use age::human_duration;
pub use column::Column;
pub use custom::ColumnError;

use column::{AGE, CREATED, NAME};
use get::Get as _;

/// What of an object goes along with its row (`includeObject`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Include {
    /// Nothing.
    None,
    /// Its metadata.
    #[default]
    Metadata,
    /// All of it.
    Object,
}

impl Include {
    /// From the parameter `includeObject`; empty means the metadata. `None` of any other text, which the
    /// API answers with 400.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "Metadata" => Some(Self::Metadata),
            "None" => Some(Self::None),
            "Object" => Some(Self::Object),
            _ => None,
        }
    }
}

/// How a table is made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What goes along with each row.
    pub include: Include,
    /// Whether the columns are described; in a watch only the first table does.
    pub headers: bool,
    /// `meta.k8s.io/v1beta1` instead of `v1`.
    pub beta: bool,
    /// The items are those of a list, not one object that was asked for by name.
    pub list: bool,
    /// What ages are counted to.
    pub now: Timestamp,
}

/// The columns of a kind and how its objects fill them.
#[derive(Clone, Debug)]
pub struct Printer(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Builtin(&'static Builtin),
    Custom(Vec<custom::CustomColumn>),
}

/// The columns of a built-in kind.
#[derive(Debug)]
struct Builtin {
    columns: &'static [Column],
    cells: fn(&Value, &Moment<'_>) -> Vec<Value>,
    /// What a row is told to be (`Completed`), beside its cells.
    conditions: Option<fn(&Value) -> Option<Value>>,
}

/// What cells are made from besides the object.
struct Moment<'a> {
    now: Timestamp,
    /// The name of the storage class that counts as the default among those of the list.
    default_class: Option<&'a str>,
}

impl Printer {
    /// Of a built-in kind; those that have no columns of their own show their name and when they were
    /// created.
    #[must_use]
    pub fn builtin(group: &str, kind: &str) -> Self {
        let found = match group {
            "" => core(kind),
            "apps" => apps::kind(kind),
            "batch" => jobs::kind(kind),
            "autoscaling" => autoscaling::kind(kind),
            "policy" => apps::policy(kind),
            "networking.k8s.io" => network::kind(kind),
            "discovery.k8s.io" => services::discovery(kind),
            "events.k8s.io" => events::kind(kind),
            "storage.k8s.io" => storage::classes(kind),
            "node.k8s.io" | "coordination.k8s.io" | "scheduling.k8s.io" => nodes::around(kind),
            "rbac.authorization.k8s.io" => config::bindings(kind),
            "certificates.k8s.io" => certificates::kind(kind),
            "admissionregistration.k8s.io" => admission::kind(kind),
            "flowcontrol.apiserver.k8s.io" => admission::flow(kind),
            "resource.k8s.io" => resource::kind(kind),
            "apiregistration.k8s.io" | "storagemigration.k8s.io" => config::servers(kind),
            _ => None,
        };
        Self(Kind::Builtin(found.unwrap_or(&DEFAULT)))
    }

    /// Of a version of a custom resource with these `additionalPrinterColumns`; without any it shows its
    /// age. If the path of a column cannot be read, that is told, and only the columns before it are there.
    #[must_use]
    pub fn custom(columns: &Value) -> (Self, Option<ColumnError>) {
        let (columns, wrong) = custom::read(columns);
        (Self(Kind::Custom(columns)), wrong)
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        match &self.0 {
            Kind::Builtin(kind) => kind.columns.to_vec(),
            Kind::Custom(columns) => {
                let own = columns.iter().map(|column| column.column.clone());
                std::iter::once(NAME).chain(own).collect()
            }
        }
    }

    /// A table of these objects. `metadata` is that of the list, or of the object itself: its resource
    /// version, `continue` and number of remaining items go along.
    #[must_use]
    pub fn table(&self, items: &[Value], metadata: &Value, options: Options) -> Value {
        let moment = Moment {
            now: options.now,
            default_class: self.default_class(items, options.list),
        };
        let rows = items.iter().map(|item| self.row(item, &moment, options));
        let rows: Vec<Value> = rows.collect();
        let columns = if options.headers {
            self.columns().iter().map(Column::to_value).collect()
        } else {
            Value::Null
        };
        let mut list = Map::new();
        for key in ["resourceVersion", "continue", "remainingItemCount"] {
            // An object's own metadata has none of the last two.
            if let Some(value) = metadata.get(key).filter(|it| **it != "") {
                list.insert(key.into(), value.clone());
            }
        }
        json!({
            "kind": "Table",
            "apiVersion": version(options.beta),
            "metadata": list,
            "columnDefinitions": columns,
            "rows": rows,
        })
    }

    fn row(&self, item: &Value, moment: &Moment<'_>, options: Options) -> Value {
        let (cells, conditions) = match &self.0 {
            Kind::Builtin(kind) => {
                let told = kind.conditions.and_then(|told| told(item));
                ((kind.cells)(item, moment), told)
            }
            Kind::Custom(columns) => (custom::cells(columns, item, moment), None),
        };
        // The bookmark that ends the first events of a watch is known by an annotation.
        let ends = item["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true";
        let object = match options.include {
            Include::Object => item.clone(),
            Include::None if !ends => Value::Null,
            Include::Metadata | Include::None => partial(item, options.beta),
        };
        let mut row = Map::new();
        row.insert("cells".into(), cells.into());
        if let Some(conditions) = conditions {
            row.insert("conditions".into(), conditions);
        }
        row.insert("object".into(), object);
        row.into()
    }

    fn default_class<'a>(&self, items: &'a [Value], list: bool) -> Option<&'a str> {
        match self.0 {
            Kind::Builtin(kind) if list && std::ptr::eq(kind, &raw const storage::CLASS) => {
                storage::default_class(items)
            }
            _ => None,
        }
    }
}

/// The metadata of an object alone (`PartialObjectMetadata`), of `meta.k8s.io/v1beta1` or `v1`.
#[must_use]
pub fn partial(object: &Value, beta: bool) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": version(beta),
        "metadata": object.get("metadata").cloned().unwrap_or_else(|| json!({})),
    })
}

fn version(beta: bool) -> &'static str {
    if beta {
        "meta.k8s.io/v1beta1"
    } else {
        "meta.k8s.io/v1"
    }
}

fn core(kind: &str) -> Option<&'static Builtin> {
    pods::kind(kind)
        .or_else(|| services::kind(kind))
        .or_else(|| nodes::kind(kind))
        .or_else(|| storage::kind(kind))
        .or_else(|| config::kind(kind))
        .or_else(|| events::kind(kind))
        .or_else(|| apps::core(kind))
}

/// Of kinds without columns of their own.
static DEFAULT: Builtin = Builtin {
    columns: &[NAME, CREATED],
    cells: |object, _| {
        let created = object.text("metadata.creationTimestamp");
        // A missing time is Go's zero time.
        let created = if created.is_empty() {
            "0001-01-01T00:00:00Z"
        } else {
            created
        };
        vec![object.name(), created.into()]
    },
    conditions: None,
};

/// Of kinds that show nothing but their age.
static AGED: Builtin = Builtin {
    columns: &[NAME, AGE],
    cells: |object, moment| vec![object.name(), object.age(moment)],
    conditions: None,
};

#[cfg(test)]
mod tests;
