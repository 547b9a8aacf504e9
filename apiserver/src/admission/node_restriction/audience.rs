//! For whom the tokens are that a pod's volumes need.

use serde_json::Value;

use super::Case;
use crate::admission::tree;
use crate::fault::Status;
use crate::object;

/// Volumes that once were built in, and the drivers that now stand behind them (csi-translation-lib).
const DRIVERS: [(&str, &str); 7] = [
    ("gcePersistentDisk", "pd.csi.storage.gke.io"),
    ("awsElasticBlockStore", "ebs.csi.aws.com"),
    ("cinder", "cinder.csi.openstack.org"),
    ("azureDisk", "disk.csi.azure.com"),
    ("azureFile", "file.csi.azure.com"),
    ("vsphereVolume", "csi.vsphere.vmware.com"),
    ("portworxVolume", "pxd.portworx.com"),
];

/// Whether a volume of a pod needs a token for that audience.
///
/// # Errors
/// None does, and some could not be looked up.
pub(super) fn is_referred(case: &Case<'_>, pod: &Value, audience: &str) -> Result<bool, String> {
    let mut faults = Vec::new();
    for volume in tree::items(&pod["spec"]["volumes"]) {
        let sources = tree::items(&volume["projected"]["sources"]);
        let mut tokens = sources
            .map(|source| &source["serviceAccountToken"])
            .filter(|token| token.is_object());
        if tokens.any(|token| tree::text(&token["audience"]) == audience) {
            return Ok(true);
        }
        match has_audience(case, pod, volume, audience) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(fault) => faults.push(fault),
        }
    }
    api::status::aggregate(faults).map_or(Ok(false), Err)
}

fn has_audience(
    case: &Case<'_>,
    pod: &Value,
    volume: &Value,
    audience: &str,
) -> Result<bool, String> {
    let Some(driver) = driver_of(case, pod, volume)? else {
        return Ok(false);
    };
    let found = case.look.get("storage.k8s.io", "csidrivers", "", &driver);
    let missing = || Status::not_found("storage.k8s.io", "csidriver", &driver).message;
    let found = found.ok_or_else(missing)?;
    let mut requests = tree::items(&found["spec"]["tokenRequests"]);
    Ok(requests.any(|request| tree::text(&request["audience"]) == audience))
}

fn driver_of(case: &Case<'_>, pod: &Value, volume: &Value) -> Result<Option<String>, String> {
    let claim = if volume["ephemeral"]["volumeClaimTemplate"].is_object() {
        Some(format!(
            "{}-{}",
            object::name(pod),
            tree::text(&volume["name"])
        ))
    } else {
        let name = volume["persistentVolumeClaim"]["claimName"].as_str();
        name.map(ToOwned::to_owned)
    };
    let Some(claim) = claim else {
        return Ok(driver(volume));
    };
    let get = |resource, kind, namespace, name: &str| {
        let found = case.look.get("", resource, namespace, name);
        found.ok_or_else(|| Status::not_found("", kind, name).message)
    };
    let claim = get(
        "persistentvolumeclaims",
        "persistentvolumeclaim",
        case.request.namespace,
        &claim,
    )?;
    let name = tree::text(&claim["spec"]["volumeName"]);
    let volume = get("persistentvolumes", "persistentvolume", "", name)?;
    Ok(driver(&volume["spec"]))
}

/// The driver of a volume source.
fn driver(source: &Value) -> Option<String> {
    if let Some(driver) = source["csi"]["driver"].as_str() {
        return Some(driver.to_owned()).filter(|driver| !driver.is_empty());
    }
    let built_in = DRIVERS.iter().find(|(kind, _)| source[*kind].is_object());
    built_in.map(|(_, driver)| (*driver).to_owned())
}
