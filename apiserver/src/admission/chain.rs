//! The plugins, in upstream's order.

use serde_json::Value;

use super::plugin::{Lookup, Plugin};
use super::quota::ResourceQuota;
use super::request::Request;
use super::{
    certificates, ingress_class, lifecycle, limit_ranger, node_features, node_restriction,
    node_taint, optional, pod_resize, pod_security, pod_topology, priority, runtime_class,
    service_account, storage_class, storage_protection, tolerations, volume_resize,
};
use crate::fault::Result;
use crate::object;

/// Why there is no chain of such names; the texts are upstream's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The first one is no plugin.
    #[error("enable-admission-plugins plugin {} is unknown", api::status::text::quote(.0))]
    Enabled(String),
    /// The first one is no plugin.
    #[error("disable-admission-plugins plugin {} is unknown", api::status::text::quote(.0))]
    Disabled(String),
    /// These are to be on and off.
    #[error("[{}] in enable-admission-plugins and disable-admission-plugins overlapped", .0.join(" "))]
    Both(Vec<String>),
}

type Make = fn() -> Box<dyn Plugin>;

/// A name that the flags know.
struct Known {
    name: &'static str,
    is_default: bool,
    /// `None` for those that do nothing here.
    make: Option<Make>,
}

const fn on(name: &'static str, make: Make) -> Known {
    Known {
        name,
        is_default: true,
        make: Some(make),
    }
}

const fn off(name: &'static str, make: Make) -> Known {
    Known {
        name,
        is_default: false,
        make: Some(make),
    }
}

/// A plugin of upstream that is not there, or whose feature is off by default.
const fn absent(name: &'static str, is_default: bool) -> Known {
    Known {
        name,
        is_default,
        make: None,
    }
}

/// All of them, in the order they run (`AllOrderedPlugins` of kubernetes' `pkg/kubeapiserver/options`).
static KNOWN: [Known; 39] = [
    off(optional::always_admit::NAME, || {
        Box::new(optional::always_admit::AlwaysAdmit)
    }),
    absent("NamespaceAutoProvision", false),
    on(lifecycle::NAME, || Box::new(lifecycle::NamespaceLifecycle)),
    off(optional::exists::NAME, || {
        Box::new(optional::exists::NamespaceExists)
    }),
    off(optional::anti_affinity::NAME, || {
        Box::new(optional::anti_affinity::LimitPodHardAntiAffinityTopology)
    }),
    on(limit_ranger::NAME, || Box::new(limit_ranger::LimitRanger)),
    on(service_account::NAME, || {
        Box::<service_account::ServiceAccount>::default()
    }),
    off(node_restriction::NAME, || {
        Box::new(node_restriction::NodeRestriction)
    }),
    on(node_taint::NAME, || {
        Box::new(node_taint::TaintNodesByCondition)
    }),
    off(optional::always_pull::NAME, || {
        Box::new(optional::always_pull::AlwaysPullImages)
    }),
    absent("ImagePolicyWebhook", false),
    on(pod_security::NAME, || Box::new(pod_security::PodSecurity)),
    absent("PodNodeSelector", false),
    on(priority::NAME, || Box::new(priority::Priority)),
    on(tolerations::NAME, || {
        Box::<tolerations::DefaultTolerationSeconds>::default()
    }),
    absent("PodTolerationRestriction", false),
    absent("EventRateLimit", false),
    off(optional::extended_resources::NAME, || {
        Box::new(optional::extended_resources::ExtendedResourceToleration)
    }),
    on(storage_class::NAME, || {
        Box::new(storage_class::DefaultStorageClass)
    }),
    on(storage_protection::NAME, || {
        Box::new(storage_protection::StorageObjectInUseProtection)
    }),
    absent("PodGroupProtection", true),
    absent("OwnerReferencesPermissionEnforcement", false),
    on(volume_resize::NAME, || {
        Box::new(volume_resize::PersistentVolumeClaimResize)
    }),
    on(runtime_class::NAME, || {
        Box::new(runtime_class::RuntimeClass)
    }),
    on(certificates::approval::NAME, || {
        Box::new(certificates::approval::CertificateApproval)
    }),
    on(certificates::signing::NAME, || {
        Box::new(certificates::signing::CertificateSigning)
    }),
    on(certificates::attestation::NAME, || {
        Box::new(certificates::attestation::ClusterTrustBundleAttest)
    }),
    on(certificates::subject::NAME, || {
        Box::new(certificates::subject::CertificateSubjectRestriction)
    }),
    on(ingress_class::NAME, || {
        Box::new(ingress_class::DefaultIngressClass)
    }),
    off(optional::external_ips::NAME, || {
        Box::new(optional::external_ips::DenyServiceExternalIPs)
    }),
    on(pod_topology::NAME, || {
        Box::new(pod_topology::PodTopologyLabels)
    }),
    on(node_features::NAME, || {
        Box::new(node_features::NodeDeclaredFeatureValidator)
    }),
    on(pod_resize::NAME, || {
        Box::new(pod_resize::PodResizeValidator)
    }),
    absent("MutatingAdmissionPolicy", true),
    absent("MutatingAdmissionWebhook", true),
    absent("ValidatingAdmissionPolicy", true),
    absent("ValidatingAdmissionWebhook", true),
    on(super::quota::NAME, || Box::new(ResourceQuota)),
    off(optional::always_deny::NAME, || {
        Box::new(optional::always_deny::AlwaysDeny)
    }),
];

/// What every write runs through.
#[derive(Debug)]
pub struct Chain {
    plugins: Vec<Box<dyn Plugin>>,
    absent: Vec<&'static str>,
}

impl Chain {
    /// The plugins that are on by default, those enabled, and without those disabled; the order of the
    /// lists does not matter. Names of upstream's plugins that are not there are taken, too: see
    /// [`Self::absent`].
    ///
    /// # Errors
    /// A name is none, or stands in both lists.
    pub fn new(enabled: &[String], disabled: &[String]) -> std::result::Result<Self, ChainError> {
        let unknown = |names: &[String]| {
            let is_known = |name: &str| KNOWN.iter().any(|known| known.name == name);
            names.iter().find(|name| !is_known(name)).cloned()
        };
        if let Some(name) = unknown(enabled) {
            return Err(ChainError::Enabled(name));
        }
        if let Some(name) = unknown(disabled) {
            return Err(ChainError::Disabled(name));
        }
        let mut both: Vec<String> = enabled.to_vec();
        both.retain(|name| disabled.contains(name));
        both.sort();
        both.dedup();
        if !both.is_empty() {
            return Err(ChainError::Both(both));
        }
        let has = |names: &[String], name: &str| names.iter().any(|found| found == name);
        let wanted = KNOWN.iter().filter(|known| {
            has(enabled, known.name) || known.is_default && !has(disabled, known.name)
        });
        let mut chain = Self {
            plugins: Vec::new(),
            absent: Vec::new(),
        };
        for known in wanted {
            match known.make {
                Some(make) => chain.plugins.push(make()),
                None if has(enabled, known.name) => chain.absent.push(known.name),
                None => {}
            }
        }
        Ok(chain)
    }

    /// The names of plugins that were enabled and are not there, of which an operator should be told.
    #[must_use]
    pub fn absent(&self) -> &[&'static str] {
        &self.absent
    }

    /// The same, with other times for which pods stay on nodes that are not well.
    #[must_use]
    pub fn with_tolerations(mut self, times: tolerations::DefaultTolerationSeconds) -> Self {
        for plugin in &mut self.plugins {
            if plugin.name() == tolerations::NAME {
                *plugin = Box::new(times);
            }
        }
        self
    }

    /// The names of the plugins that run, in their order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.plugins.iter().map(|plugin| plugin.name())
    }

    /// The names that are on by default, in their order, as `--help` lists them.
    pub fn defaults() -> impl Iterator<Item = &'static str> {
        let on = KNOWN.iter().filter(|known| known.is_default);
        on.map(|known| known.name)
    }

    /// All names, sorted, as `--help` lists them.
    #[must_use]
    pub fn known() -> Vec<&'static str> {
        let mut names: Vec<_> = KNOWN.iter().map(|known| known.name).collect();
        names.sort_unstable();
        names
    }

    /// Whether quotas count: [`super::quota::charge`] is to be called before the object is stored.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.names().any(|name| name == super::quota::NAME)
    }

    /// Changes an object before the rules of its kind do. DELETE brings `null`: see [`Self::delete`].
    ///
    /// # Errors
    /// The request is refused.
    pub fn admit(
        &self,
        request: &Request<'_>,
        object: &mut Value,
        look: &dyn Lookup,
    ) -> Result<()> {
        for plugin in self.concerned(request) {
            plugin.admit(request, object, look)?;
        }
        Ok(())
    }

    /// Judges an object after the rules of its kind have. Quotas are not charged here.
    ///
    /// # Errors
    /// The request is refused.
    pub fn validate(
        &self,
        request: &Request<'_>,
        object: Option<&Value>,
        look: &dyn Lookup,
    ) -> Result<()> {
        let made = object.map(object::name).unwrap_or_default();
        let request = &Request {
            name: if request.name.is_empty() {
                made
            } else {
                request.name
            },
            ..*request
        };
        for plugin in self.concerned(request) {
            plugin.validate(request, object, look)?;
        }
        Ok(())
    }

    /// Judges a DELETE, which brings no object: both halves of it, for some plugins refuse in the one and
    /// some in the other. `request.old` is the object that is to go, `request.name` its name.
    ///
    /// # Errors
    /// The request is refused.
    pub fn delete(&self, request: &Request<'_>, look: &dyn Lookup) -> Result<()> {
        self.admit(request, &mut Value::Null, look)?;
        self.validate(request, None, look)
    }

    fn concerned(&self, request: &Request<'_>) -> impl Iterator<Item = &dyn Plugin> {
        let operation = request.operation;
        let plugins = self.plugins.iter().map(AsRef::as_ref);
        plugins.filter(move |plugin| plugin.handles(operation))
    }
}

#[cfg(test)]
mod tests;
