//! Claims of volumes.

use api::quantity::Quantity;
use serde_json::Value;

use super::evaluator::number;
use crate::admission::resources::{self, Amounts};
use crate::admission::storage_class::class_of;

const COUNT: &str = "count/persistentvolumeclaims";
const CLAIMS: &str = "persistentvolumeclaims";
const STORAGE: &str = "requests.storage";
/// Between the name of a storage class and what is counted of it.
const OF_CLASS: &str = ".storageclass.storage.k8s.io/";

/// Whether claims use what a quota calls so.
pub(super) fn names(name: &str) -> bool {
    let of_class = |what: &str| {
        let class = name.strip_suffix(what);
        class.is_some_and(|class| class.ends_with(OF_CLASS))
    };
    [COUNT, CLAIMS, STORAGE].contains(&name) || of_class(CLAIMS) || of_class(STORAGE)
}

/// What a claim uses.
pub(super) fn usage(claim: &Value) -> Amounts {
    let mut used = Amounts::new();
    let class = class_of(claim);
    let mut add = |name: &str, amount: &Quantity| {
        used.insert(name.to_owned(), amount.clone());
        if !class.is_empty() && name != COUNT {
            used.insert(format!("{class}{OF_CLASS}{name}"), amount.clone());
        }
    };
    add(COUNT, &number(1));
    add(CLAIMS, &number(1));
    if let Some(size) = size(claim) {
        add(STORAGE, &size);
    }
    used
}

/// The size asked for, or the one that is given already if that is more, in whole bytes.
fn size(claim: &Value) -> Option<Quantity> {
    let asked = &claim["spec"]["resources"]["requests"]["storage"];
    let asked = round_up(resources::quantity(asked)?);
    let given = &claim["status"]["allocatedResources"]["storage"];
    match resources::quantity(given) {
        Some(given) if given > asked => Some(round_up(given)),
        _ => Some(asked),
    }
}

fn round_up(size: Quantity) -> Quantity {
    let whole = Quantity::new(size.value(), size.format());
    if whole > size { whole } else { size }
}
