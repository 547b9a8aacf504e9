//! What a write costs.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::evaluator::Evaluator;
use crate::admission::request::{Operation, Request};
use crate::admission::resources::{self, Amounts};
use crate::admission::tree;
use crate::fault::{Result, Status};
use crate::object;

/// The new status of a quota, to be written over the one that was judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Charge {
    /// The quota's namespace.
    pub namespace: String,
    /// The quota's name.
    pub name: String,
    /// The resource version of the quota that was judged. If it is another one by now, the charge has to
    /// be asked for again.
    pub resource_version: String,
    /// The quota's status, as a whole.
    pub status: Value,
}

/// What a write costs of the quotas of its namespace, and whether they allow for it. Nothing that is not to
/// be written (`is_dry`) is charged, but it is judged all the same.
///
/// `quotas` are the `ResourceQuota`s of the namespace: at first all that the server knows of, and when a
/// charge could not be written only those whose writes failed, in their newest form, for the others are
/// charged already. `object` is the object as it will be stored; UPDATE costs what it is more than
/// `request.old`, which has to be there.
///
/// # Errors
/// 403: it exceeds a quota, does not say what a quota counts, or a quota's usage is not known yet.
pub fn charge(
    request: &Request<'_>,
    object: &Value,
    quotas: &[Value],
    now: Timestamp,
) -> Result<Vec<Charge>> {
    let is_namespace = request.group.is_empty() && request.kind == "Namespace";
    if request.namespace.is_empty() || is_namespace && request.operation == Operation::Create {
        return Ok(Vec::new());
    }
    let Some(evaluator) = Evaluator::of(request.group, request.resource) else {
        return Ok(Vec::new());
    };
    if !evaluator.handles(request, object) {
        return Ok(Vec::new());
    }
    let case = Case {
        request,
        object,
        evaluator,
        now,
    };
    let mut concerned = Vec::new();
    for quota in quotas {
        if case.is_concerned(quota)? {
            concerned.push(quota);
        }
    }
    if concerned.is_empty() {
        return Ok(Vec::new());
    }
    let used = case.evaluator.usage(object, now);
    case.refuse_negative(&used)?;
    let mut charges = Vec::new();
    for quota in concerned {
        charges.extend(case.of(quota, &used)?);
    }
    if request.is_dry {
        charges.clear();
    }
    Ok(charges)
}

struct Case<'a> {
    request: &'a Request<'a>,
    object: &'a Value,
    evaluator: Evaluator,
    now: Timestamp,
}

impl Case<'_> {
    fn forbidden(&self, why: impl std::fmt::Display) -> Status {
        self.request.forbidden(Some(self.object), why)
    }

    fn takes(&self, quota: &Value, object: &Value) -> bool {
        let mut hard = tree::entries(&quota["status"]["hard"]);
        hard.any(|(name, _)| self.evaluator.names(name))
            && self.evaluator.is_in_scope(quota, object)
    }

    /// Whether a quota counts the object, which then says what is counted, in a quota that is known.
    fn is_concerned(&self, quota: &Value) -> Result<bool> {
        if !self.takes(quota, self.object) {
            return Ok(false);
        }
        let name = object::name(quota);
        let status = &quota["status"];
        let hard = tree::entries(&status["hard"]).map(|(name, _)| name.clone());
        let restricted: Vec<String> = hard.filter(|name| self.evaluator.names(name)).collect();
        if let Some(lack) = self.evaluator.lacks(self.object, &restricted) {
            return Err(self.forbidden(format!("failed quota: {name}: {lack}")));
        }
        let is_known = |name: &String| status["used"].get(name).is_some();
        if !restricted.iter().all(is_known) {
            let names = restricted.join(",");
            return Err(self.forbidden(format!(
                "status unknown for quota: {name}, resources: {names}"
            )));
        }
        Ok(true)
    }

    fn refuse_negative(&self, used: &Amounts) -> Result<()> {
        let negative = used.iter().filter(|(_, amount)| amount.sign().is_lt());
        let negative: Vec<&str> = negative.map(|(name, _)| name.as_str()).collect();
        if negative.is_empty() {
            return Ok(());
        }
        let names = negative.join(",");
        Err(self.forbidden(format!("quota usage is negative for resource(s): {names}")))
    }

    /// What the write adds to a quota: all of it, or what is more than before if the quota counted the
    /// object before.
    fn added(&self, quota: &Value, used: &Amounts) -> Result<Amounts> {
        let mut added = used.clone();
        if self.request.operation == Operation::Update {
            let Some(old) = self.request.old else {
                return Err(self.forbidden(
                    "unable to get previous usage since prior version of object was not found",
                ));
            };
            let is_stored = !object::text(old, "resourceVersion").is_empty();
            if is_stored && self.takes(quota, old) {
                for (name, before) in self.evaluator.usage(old, self.now) {
                    if let Some(amount) = added.get_mut(&name) {
                        amount.sub(&before);
                    }
                }
            }
        }
        added.retain(|_, amount| amount.sign().is_gt());
        Ok(added)
    }

    fn of(&self, quota: &Value, used: &Amounts) -> Result<Option<Charge>> {
        let hard = resources::amounts(&quota["status"]["hard"]);
        let before = resources::amounts(&quota["status"]["used"]);
        let added = self.added(quota, used)?;
        let added = resources::mask(&added, |name| hard.contains_key(name));
        if added.is_empty() {
            return Ok(None);
        }
        let mut after = before.clone();
        resources::add(&mut after, &added);
        if self.request.subresource != "status" {
            let is_over = |name: &&String| after.get(*name) > hard.get(*name);
            let exceeded: BTreeSet<&String> = added.keys().filter(is_over).collect();
            if !exceeded.is_empty() {
                let told = |of: &Amounts| {
                    let of = of.iter().filter(|(name, _)| exceeded.contains(name));
                    let of: Vec<String> = of.map(|(name, it)| format!("{name}={it}")).collect();
                    of.join(",")
                };
                return Err(self.forbidden(format!(
                    "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                    object::name(quota),
                    told(&added),
                    told(&before),
                    told(&hard)
                )));
            }
        }
        let mut status = quota["status"].clone();
        tree::set(&mut status, "used", Some(resources::to_value(&after)));
        Ok(Some(Charge {
            namespace: object::namespace(quota).to_owned(),
            name: object::name(quota).to_owned(),
            resource_version: object::text(quota, "resourceVersion").to_owned(),
            status,
        }))
    }
}
