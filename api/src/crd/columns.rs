//! How tables and field selectors see the objects of a version.

use serde_json::Value;

use super::get::{items, text};
use crate::columns::{ColumnError, Printer};
use crate::selector::Selectable;

/// The columns of a version of a definition; without any of its own, the age. If the path of a column
/// cannot be read, that is told, and only the columns before it are there.
#[must_use]
pub fn columns(version: &Value) -> (Printer, Option<ColumnError>) {
    Printer::custom(&version["additionalPrinterColumns"])
}

/// What field selectors may name of a version's objects.
#[must_use]
pub fn selectable(definition: &Value, version: &Value) -> Selectable {
    let fields = items(&version["selectableFields"]).iter();
    let paths = fields.map(|it| text(&it["jsonPath"]));
    Selectable::custom(definition["spec"]["scope"] == "Namespaced", paths)
}

#[test]
fn a_version_without_columns_shows_the_age() {
    let definition = super::schema::tests::cron_tab();
    let version = super::version(&definition, "v1").expect("it is there");
    let (printer, wrong) = columns(version);
    assert!(wrong.is_none());
    let names: Vec<_> = printer.columns().into_iter().map(|it| it.name).collect();
    assert_eq!(names, ["Name", "Age"]);
}
