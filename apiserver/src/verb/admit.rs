//! Admission, as verbs call it.

use serde_json::Value;

use super::store::{self, Change};
use crate::admission::quota::{self, Charge};
use crate::admission::{Ask, Lookup, Notes, Operation, Request};
use crate::authz::{Attributes, Decision};
use crate::cache::Cache;
use crate::call::Call;
use crate::fault::{Result, Status};
use crate::storage::keys;

/// How often quotas are charged whose usage changes meanwhile.
const TRIES: usize = 16;

/// Other objects, as the cache has them.
struct Look<'a>(&'a Cache);

impl Lookup for Look<'_> {
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        let bucket = self.0.bucket(&keys::folder(group, resource));
        let key = if namespace.is_empty() {
            name.to_owned()
        } else {
            format!("{namespace}/{name}")
        };
        bucket.get(&key)?.tree().ok()
    }

    fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Value> {
        let snapshot = self.0.snapshot(&keys::folder(group, resource));
        let prefix = if namespace.is_empty() {
            String::new()
        } else {
            format!("{namespace}/")
        };
        let entries = snapshot.from(&prefix, "");
        entries.filter_map(|entry| entry.tree().ok()).collect()
    }
}

/// What is admitted.
pub struct Admission<'a> {
    cache: &'a Cache,
    call: &'a Call,
    operation: Operation,
    notes: Notes,
}

impl<'a> Admission<'a> {
    /// Of a call that does this.
    #[must_use]
    pub fn new(cache: &'a Cache, call: &'a Call, operation: Operation) -> Self {
        Self {
            cache,
            call,
            operation,
            notes: Notes::default(),
        }
    }

    fn with<T>(
        &self,
        name: &str,
        old: Option<&Value>,
        then: impl FnOnce(&Request<'_>, &dyn Lookup) -> Result<T>,
    ) -> Result<T> {
        let call = self.call;
        let info = &call.info;
        // Of a namespace itself the namespace is its name.
        let is_namespace = info.group.is_empty() && info.resource == "namespaces";
        let namespace = if is_namespace { name } else { &info.namespace };
        let may = |ask: &Ask<'_>| {
            let what = Attributes {
                user: &call.user,
                verb: ask.verb,
                namespace: ask.namespace,
                group: ask.group,
                version: ask.version,
                resource: ask.resource,
                subresource: "",
                name: ask.name,
                is_resource: true,
                path: "",
                fields: &[],
            };
            matches!(call.shared.gate.may(&what), Decision::Allow(_))
        };
        let kind = call
            .part
            .as_ref()
            .map_or(&call.endpoint.kind, |part| &part.kind);
        let request = Request {
            operation: self.operation,
            group: &info.group,
            version: &info.version,
            resource: &info.resource,
            subresource: &info.subresource,
            kind,
            namespace,
            name,
            user: &call.user,
            is_dry: call.is_dry()?,
            options: None,
            old,
            may: &may,
            notes: &self.notes,
        };
        let outcome = then(&request, &Look(self.cache));
        for warning in std::mem::take(&mut *self.notes.warnings.lock()) {
            call.warn(warning);
        }
        outcome
    }

    /// Judges a deletion of what is there.
    ///
    /// # Errors
    /// It is refused.
    pub fn delete(&self, name: &str, old: &Value) -> Result<()> {
        let chain = &self.call.shared.admission;
        self.with(name, Some(old), |request, look| chain.delete(request, look))
    }

    /// Changes an object before the rules of its kind do.
    ///
    /// # Errors
    /// It is refused.
    pub fn admit(&self, object: &mut Value, old: Option<&Value>) -> Result<()> {
        let name = crate::object::name(object).to_owned();
        let chain = &self.call.shared.admission;
        self.with(&name, old, |request, look| {
            chain.admit(request, object, look)
        })
    }

    /// Judges an object after the rules of its kind have; nothing of one that is deleted.
    ///
    /// # Errors
    /// It is refused.
    pub fn validate(&self, object: Option<&Value>, old: Option<&Value>) -> Result<()> {
        let name = object
            .or(old)
            .map(crate::object::name)
            .unwrap_or_default()
            .to_owned();
        let chain = &self.call.shared.admission;
        self.with(&name, old, |request, look| {
            chain.validate(request, object, look)
        })
    }

    /// Charges the quotas of the namespace for an object that is about to be stored.
    ///
    /// # Errors
    /// It exceeds one; the store cannot be written.
    pub async fn charge(&self, object: &Value, old: Option<&Value>) -> Result<()> {
        if !self.call.shared.admission.counts() {
            return Ok(());
        }
        'again: for _ in 0..TRIES {
            let charges = {
                let quotas = Look(self.cache).list("", "resourcequotas", &self.call.info.namespace);
                if self.call.info.namespace.is_empty() || quotas.is_empty() {
                    return Ok(());
                }
                let name = crate::object::name(object);
                self.with(name, old, |request, _| {
                    quota::charge(request, object, &quotas, self.call.now)
                })?
            };
            for charge in charges {
                if !self.write(&charge).await? {
                    continue 'again;
                }
            }
            return Ok(());
        }
        Err(Status::internal(
            "the quotas of the namespace change too fast",
        ))
    }

    /// Writes what a quota has come to; whether it had not changed meanwhile.
    async fn write(&self, charge: &Charge) -> Result<bool> {
        let shared = &self.call.shared;
        let served = shared.served();
        let endpoint = served
            .find("", "v1", "resourcequotas")
            .ok_or_else(Status::no_such_resource)?;
        let call = self
            .call
            .of_own(endpoint.clone(), &charge.namespace, &charge.name);
        let mut is_same = true;
        let rest = call.rest();
        let written = store::update(self.cache, &call, &rest, |found| {
            let found = found.ok_or_else(|| call.not_found())?;
            is_same =
                crate::object::text(&found.object, "resourceVersion") == charge.resource_version;
            let mut object = found.object.clone();
            if !is_same {
                return Ok(Change::Keep(object));
            }
            object["status"] = charge.status.clone();
            Ok(Change::Write(object))
        });
        let written = written.await?;
        if !is_same {
            // What the cache has is older: it is to be as new as what was found before it is asked again.
            let revision = crate::object::text(&written.object, "resourceVersion")
                .parse()
                .unwrap_or(0);
            self.cache.reach(revision).await?;
        }
        Ok(is_same)
    }
}
