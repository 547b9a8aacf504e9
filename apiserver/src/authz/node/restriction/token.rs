//! Tokens that nodes ask for on behalf of pods.

use serde_json::Value;

use crate::authz::node::references::{claim_of, list, text};
use crate::authz::quote::quoted;
use crate::authz::{Attributes, joined};

use super::{Answer, Checked, forbid};

/// Volumes of old that CSI drivers serve today, and which.
const MIGRATED: &[(&str, &str)] = &[
    ("awsElasticBlockStore", "ebs.csi.aws.com"),
    ("azureDisk", "disk.csi.azure.com"),
    ("azureFile", "file.csi.azure.com"),
    ("cinder", "cinder.csi.openstack.org"),
    ("gcePersistentDisk", "pd.csi.storage.gke.io"),
    ("portworxVolume", "pxd.portworx.com"),
    ("vsphereVolume", "csi.vsphere.vmware.com"),
];

impl Checked<'_> {
    pub(super) fn tokens(&self) -> Answer {
        let request = self.request;
        if request.operation != "CREATE" || request.subresource != "token" {
            return Ok(());
        }
        let reference = &request.object["spec"]["boundObjectRef"];
        let [version, kind, name, uid] =
            ["apiVersion", "kind", "name", "uid"].map(|key| text(reference, key));
        if (version, kind) != ("v1", "Pod") || name.is_empty() {
            return forbid("node requested token not bound to a pod");
        }
        if uid.is_empty() {
            return forbid("node requested token with a pod binding without a uid");
        }
        let pod = self.found("pods", "pod", request.namespace, name)?;
        if uid != text(&pod["metadata"], "uid") {
            return forbid(format!(
                "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
            ));
        }
        if text(&pod["spec"], "nodeName") != self.node {
            return forbid("node requested token bound to a pod scheduled on a different node");
        }
        self.audience(&pod)
    }

    fn audience(&self, pod: &Value) -> Answer {
        let request = self.request;
        let audience = match list(&request.object["spec"], "audiences") {
            [] => "",
            [audience] => audience.as_str().unwrap_or_default(),
            _ => return forbid("node may only request 0 or 1 audiences"),
        };
        match self.has_audience(pod, audience) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(why) => {
                let audience = quoted(audience);
                return forbid(format!("error validating audience {audience}: {why}"));
            }
        }
        let asks = Attributes {
            version: request.version,
            namespace: request.namespace,
            name: request.name,
            ..Attributes::of_resource(
                request.user,
                "request-serviceaccounts-token-audience",
                request.group,
                audience,
            )
        };
        match self.authorizer.authorize(&asks).is_allowed() {
            true => Ok(()),
            false => forbid(format!(
                "{} is not authorized to request tokens for audience {}",
                request.user.name,
                quoted(audience)
            )),
        }
    }

    /// Whether a pod has a volume with tokens for an audience.
    fn has_audience(&self, pod: &Value, audience: &str) -> Result<bool, String> {
        let mut errors = Vec::new();
        let name = text(&pod["metadata"], "name");
        for volume in list(&pod["spec"], "volumes") {
            let sources = list(&volume["projected"], "sources").iter();
            let mut tokens = sources.filter_map(|source| source.get("serviceAccountToken"));
            if tokens.any(|token| token.is_object() && text(token, "audience") == audience) {
                return Ok(true);
            }
            let driver = match claim_of(name, volume) {
                Some(claim) => self.driver_of(&claim),
                None => Ok(driver(volume).to_owned()),
            };
            let has = driver.and_then(|driver| match driver.as_str() {
                "" => Ok(false),
                driver => self.driver_has(driver, audience),
            });
            match has {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(why) => errors.push(why),
            }
        }
        match errors.is_empty() {
            true => Ok(false),
            false => Err(joined(errors)),
        }
    }

    fn driver_of(&self, claim: &str) -> Result<String, String> {
        let namespace = self.request.namespace;
        let claim = self.found(
            "persistentvolumeclaims",
            "persistentvolumeclaim",
            namespace,
            claim,
        );
        let claim = claim.map_err(|why| why.to_string())?;
        let name = text(&claim["spec"], "volumeName");
        let volume = self.found("persistentvolumes", "persistentvolume", "", name);
        let volume = volume.map_err(|why| why.to_string())?;
        Ok(driver(&volume["spec"]).to_owned())
    }

    fn driver_has(&self, name: &str, audience: &str) -> Result<bool, String> {
        let driver = self.objects.object("csidrivers", "", name);
        let driver =
            driver.ok_or_else(|| format!("csidriver.storage.k8s.io {} not found", quoted(name)))?;
        let mut requests = list(&driver["spec"], "tokenRequests").iter();
        Ok(requests.any(|request| text(request, "audience") == audience))
    }
}

/// The CSI driver that serves a volume, or empty.
fn driver(volume: &Value) -> &str {
    match text(&volume["csi"], "driver") {
        "" => {
            let mut migrated = MIGRATED
                .iter()
                .filter(|(kind, _)| volume[*kind].is_object());
            migrated.next().map_or("", |(_, driver)| driver)
        }
        driver => driver,
    }
}
