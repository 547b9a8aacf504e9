//! Certificates that nodes ask for on behalf of pods (PodCertificateRequest).

use serde_json::Value;

use crate::authz::Attributes;
use crate::authz::node::graph::MIRROR;
use crate::authz::node::references::{list, text};
use crate::authz::quote::quoted;

use super::{Answer, Checked, Restricted, forbid};

impl Checked<'_> {
    pub(super) fn pod_certificates(&self) -> Answer {
        let request = self.request;
        if request.operation != "CREATE" {
            return forbid(format!("unexpected operation {}", request.operation));
        }
        if !request.subresource.is_empty() {
            return forbid(format!("unexpected subresource {}", request.subresource));
        }
        let spec = &request.object["spec"];
        let node = text(spec, "nodeName");
        if node != self.node {
            let (named, own) = (quoted(node), quoted(self.node));
            return forbid(format!(
                "PodCertificateRequest.Spec.NodeName={named}, which is not the requesting node {own}"
            ));
        }
        let (name, account) = (text(spec, "podName"), text(spec, "serviceAccountName"));
        let quoted_in = |name: &str| quoted(&format!("{}/{name}", request.namespace));
        let pod_name = quoted_in(name);
        let own = self.named("node", "nodes", "", node, &quoted(node))?;
        let uid = text(&own["metadata"], "uid");
        let claimed = text(spec, "nodeUID");
        if uid != claimed {
            let (uid, claimed) = (quoted(uid), quoted(claimed));
            return retry(format!(
                "PodCertificateRequest for pod {pod_name} names node UID {claimed}, inconsistent with the running node ({uid})"
            ));
        }
        let pod = self.named("pod", "pods", request.namespace, name, &pod_name)?;
        let uid = text(&pod["metadata"], "uid");
        let claimed = text(spec, "podUID");
        if uid != claimed {
            let (uid, claimed) = (quoted(uid), quoted(claimed));
            return retry(format!(
                "PodCertificateRequest for pod {pod_name} contains pod UID ({claimed}) which differs from running pod {uid}"
            ));
        }
        if text(&pod["spec"], "nodeName") != node {
            let node = quoted(node);
            return forbid(format!(
                "pod {pod_name} is not running on node {node} named in the PodCertificateRequest"
            ));
        }
        if pod["metadata"]["annotations"].get(MIRROR).is_some() {
            return forbid(format!("pod {pod_name} is a mirror pod"));
        }
        let running = text(&pod["spec"], "serviceAccountName");
        if account != running {
            let (account, running) = (quoted(account), quoted(running));
            return forbid(format!(
                "PodCertificateRequest for pod {pod_name} contains serviceAccountName ({account}) that differs from running pod ({running})"
            ));
        }
        let shown = quoted_in(account);
        let found = self.named(
            "service account",
            "serviceaccounts",
            request.namespace,
            account,
            &shown,
        )?;
        let uid = text(&found["metadata"], "uid");
        let claimed = text(spec, "serviceAccountUID");
        if uid != claimed {
            let (uid, claimed) = (quoted(uid), quoted(claimed));
            return retry(format!(
                "PodCertificateRequest for pod {pod_name} names service account UID {claimed}, which differs from the running service account ({uid})"
            ));
        }
        self.signer(&pod, text(spec, "signerName"), account, &pod_name)
    }

    /// Whether the pod has a volume with a certificate of the signer, or the node may ask anyway.
    fn signer(&self, pod: &Value, signer: &str, account: &str, pod_name: &str) -> Answer {
        let volumes = list(&pod["spec"], "volumes").iter();
        let mut sources = volumes.flat_map(|volume| list(&volume["projected"], "sources"));
        if sources.any(|source| {
            source["podCertificate"].is_object()
                && text(&source["podCertificate"], "signerName") == signer
        }) {
            return Ok(());
        }
        // RBAC takes what stands behind a slash for a part of the resource.
        let resource = signer.replace('/', ":");
        let request = self.request;
        let asks = Attributes {
            version: request.version,
            namespace: request.namespace,
            name: account,
            ..Attributes::of_resource(
                request.user,
                "request-serviceaccounts-podcertificate-signer",
                request.group,
                &resource,
            )
        };
        match self.authorizer.authorize(&asks).is_allowed() {
            true => Ok(()),
            false => forbid(format!(
                "pod {pod_name} does not mount a podCertificate projected volume for signer {}",
                quoted(signer)
            )),
        }
    }

    fn named(
        &self,
        kind: &str,
        resource: &str,
        namespace: &str,
        name: &str,
        shown: &str,
    ) -> Result<std::sync::Arc<Value>, Restricted> {
        let found = self.objects.object(resource, namespace, name);
        found.ok_or_else(|| {
            let single = kind.replace(' ', "");
            let name = quoted(name);
            Restricted::Retry(format!(
                "while retrieving {kind} {shown} named in the PodCertificateRequest: {single} {name} not found"
            ))
        })
    }
}

fn retry(why: String) -> Answer {
    Err(Restricted::Retry(why))
}
