//! What claims of volumes use.

use serde_json::Value;

use super::usage::{Amounts, amounts, whole};
use crate::call::text;

/// What stands between a storage class and what is counted of it.
pub(super) const CLASS_SUFFIX: &str = ".storageclass.storage.k8s.io/";
const CLASS_ANNOTATION: &str = "/metadata/annotations/volume.beta.kubernetes.io~1storage-class";

/// Adds what a claim uses: itself and the storage it asks for, or has been allocated if that is more, both in
/// all and of its class.
pub(super) fn claim(claim: &Value, usage: &mut Amounts) {
    let class = match text(claim, CLASS_ANNOTATION) {
        "" => text(claim, "/spec/storageClassName"),
        class => class,
    };
    let mut add = |name: &str, amount: &api::quantity::Quantity| {
        usage.insert(name.to_owned(), amount.clone());
        if !class.is_empty() {
            usage.insert(format!("{class}{CLASS_SUFFIX}{name}"), amount.clone());
        }
    };
    add("persistentvolumeclaims", &whole(1));
    let wanted = amounts(claim.pointer("/spec/resources/requests")).remove("storage");
    let allocated = amounts(claim.pointer("/status/allocatedResources")).remove("storage");
    // Only what is asked for counts at all.
    if let Some(wanted) = wanted {
        let more = allocated.filter(|allocated| *allocated > wanted);
        add("requests.storage", &more.unwrap_or(wanted));
    }
}
