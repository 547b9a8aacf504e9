//! The server: what all requests share, and the way of a request through it.

use std::sync::Arc;
use std::time::Duration;

use api::resources::Verb;
use bytes::Bytes;
use http::header::ACCEPT;
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use jiff::Timestamp;
use rand::Rng as _;
use serde_json::Value;
use tokio::sync::watch;

use crate::answer;
use crate::authn::User;
use crate::authn::impersonate::impersonation;
use crate::authz::{Attributes, Decision};
use crate::cache::Cache;
use crate::call::Call;
use crate::chain::body;
use crate::chain::info::{Asked, Info};
use crate::chain::media::{self, Accepted, Encoding, Form};
use crate::chain::query::Query;
use crate::fault::{Result, Status};
use crate::local::Own;
use crate::registry::{Endpoint, Served};
use crate::serve::{Answer, Body, Peer};
use crate::shared::Shared;
use crate::verb::deletion::Options;
use crate::verb::frames::Frames;
use crate::verb::list::Selector;
use crate::verb::options::ListOptions;
use crate::verb::{
    bind, create, decode, delete, get, list, patch, review, scale, store, update, watch as watching,
};
use crate::{chain, documents};

/// See the module.
pub struct Server {
    /// The objects.
    pub cache: Arc<Cache>,
    shared: Arc<Shared>,
    /// The least that a watch lasts.
    watch_min: Duration,
    stop: watch::Receiver<bool>,
}

impl Server {
    /// One that serves what is built in.
    #[must_use]
    pub fn new(
        cache: Arc<Cache>,
        shared: Arc<Shared>,
        watch_min: Duration,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self {
            cache,
            shared,
            watch_min,
            stop,
        }
    }

    /// What is served now.
    #[must_use]
    pub fn served(&self) -> Arc<Served> {
        self.shared.served()
    }

    /// What all requests share.
    #[must_use]
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// A call of the server's own.
    fn own(
        &self,
        group: &str,
        version: &str,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Call> {
        let served = self.served();
        let endpoint = served.find(group, version, plural);
        let endpoint = endpoint.ok_or_else(Status::no_such_resource)?.clone();
        Ok(Call {
            info: Info {
                is_resource: true,
                group: group.to_owned(),
                version: version.to_owned(),
                resource: plural.to_owned(),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                ..Info::default()
            },
            query: Query::default(),
            user: Shared::own_user(),
            endpoint,
            part: None,
            accepted: Accepted {
                encoding: Encoding::Json,
                form: Form::Plain,
                pretty: false,
            },
            headers: http::HeaderMap::new(),
            now: Timestamp::now(),
            warnings: parking_lot::Mutex::default(),
            shared: self.shared.clone(),
        })
    }

    /// The canonical form of an object that was made here.
    fn canonical(call: &Call, mut object: Value) -> Result<Value> {
        let (schema, id) = call.schema()?;
        api::defaults::apply(id, &mut object);
        let made = api::wire::normalize(schema, id, &mut object);
        made.map_err(Status::internal)?;
        decode::name(&mut object, &call.endpoint.gvk());
        Ok(object)
    }

    /// Creates an object in the server's own name, without asking whether it may.
    ///
    /// # Errors
    /// It is refused, or there already.
    pub async fn create_own(
        &self,
        group: &str,
        version: &str,
        plural: &str,
        object: Value,
    ) -> Result<Value> {
        let call = self.own(
            group,
            version,
            plural,
            crate::object::namespace(&object),
            "",
        )?;
        let object = Self::canonical(&call, object)?;
        create::insert(&self.cache, &call, object).await
    }

    /// Replaces an object in the server's own name.
    ///
    /// # Errors
    /// It is refused, has changed meanwhile, or is not there.
    pub async fn replace_own(
        &self,
        group: &str,
        version: &str,
        plural: &str,
        object: Value,
    ) -> Result<()> {
        let (namespace, name) = (
            crate::object::namespace(&object),
            crate::object::name(&object),
        );
        let call = self.own(group, version, plural, namespace, name)?;
        let object = Self::canonical(&call, object)?;
        let rest = call.rest();
        let written = store::update(&self.cache, &call, &rest, |found| {
            let found = found.ok_or_else(|| call.not_found())?;
            update::change(&self.cache, &call, found, object.clone())
        });
        written.await.map(|_| ())
    }

    /// Deletes an object in the server's own name.
    ///
    /// # Errors
    /// It is refused, or is not there.
    pub async fn delete_own(
        &self,
        group: &str,
        version: &str,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> Result<()> {
        let call = self.own(group, version, plural, namespace, name)?;
        let options = Options::default();
        delete::remove(&self.cache, &call, &call.rest(), name, &options)
            .await
            .map(|_| ())
    }

    /// Answers a request whose body is `read` when it is needed.
    pub(crate) async fn handle<B>(&self, parts: Parts, body: B) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        let encoding = error_encoding(&parts);
        let mut warnings = Vec::new();
        let outcome = self.filtered(parts, body, &mut warnings).await;
        let mut response = outcome.unwrap_or_else(|status| answer::refusal(&status, encoding));
        let headers = response.headers_mut();
        for warning in warnings {
            if let Ok(value) = HeaderValue::from_str(&chain::warning(&warning)) {
                headers.append(http::header::WARNING, value);
            }
        }
        if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
            headers.insert("audit-id", id);
        }
        response
    }

    /// The filters, in the order in which a request meets them.
    async fn filtered<B>(
        &self,
        parts: Parts,
        body: B,
        warnings: &mut Vec<String>,
    ) -> Result<Response<Body>>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        let query = Query::read(parts.uri.query().unwrap_or_default());
        let info = info(&parts, &query);
        let peer = parts.extensions.get::<Peer>().cloned().unwrap_or_default();
        let user = match parts.extensions.get::<Own>() {
            Some(Own(user)) => user.clone(),
            None => self
                .shared
                .gate
                .who(&peer, &parts.headers, parts.uri.path())?,
        };
        let user = self.impersonated(user, &parts.headers)?;
        // audit and flow control: not yet.
        self.authorize(&user, &info)?;
        let served = self.served();
        if !info.is_resource {
            return documents::answer(self, &served, &parts, &info);
        }
        let endpoint = served.find(&info.group, &info.version, &info.resource);
        let endpoint = endpoint.ok_or_else(Status::no_such_resource)?.clone();
        is_in_place(&info, &endpoint)?;
        let call = Arc::new(call(
            info,
            query,
            user,
            endpoint,
            parts,
            self.shared.clone(),
        )?);
        let outcome = self.verb(&call, body).await;
        warnings.append(&mut call.warnings.lock());
        outcome
    }

    /// As whom the request is made (`Impersonate-User` and the like).
    fn impersonated(&self, user: User, headers: &http::HeaderMap) -> Result<User> {
        let wanted = impersonation(headers).map_err(Status::bad_request)?;
        let Some(wanted) = wanted else {
            return Ok(user);
        };
        for check in &wanted.checks {
            let what = check.attributes(&user);
            match self.shared.gate.may(&what) {
                Decision::Allow(_) => {}
                Decision::Deny(reason) | Decision::NoOpinion(reason) => {
                    return Err(chain::forbidden(&what, &reason));
                }
            }
        }
        Ok(wanted.user)
    }

    fn authorize(&self, user: &User, info: &Info) -> Result<()> {
        let what = Attributes {
            user,
            verb: info.verb,
            namespace: &info.namespace,
            group: &info.group,
            version: &info.version,
            resource: &info.resource,
            subresource: &info.subresource,
            name: &info.name,
            is_resource: info.is_resource,
            path: &info.path,
            fields: &[],
        };
        match self.shared.gate.may(&what) {
            Decision::Allow(_) => Ok(()),
            Decision::Deny(reason) | Decision::NoOpinion(reason) => {
                Err(chain::forbidden(&what, &reason))
            }
        }
    }

    async fn verb<B>(&self, call: &Arc<Call>, body: B) -> Result<Response<Body>>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        if !call.info.subresource.is_empty() && call.part.is_none() {
            return Err(Status::no_such_resource());
        }
        let verbs = call
            .part
            .as_ref()
            .map_or(call.endpoint.verbs, |part| part.verbs);
        let has = |verb| verbs.has(verb);
        let cache = &*self.cache;
        let is_create = call.info.verb == "create" && has(Verb::Create);
        match call.part.as_ref().map_or("", |part| &part.name) {
            "" if is_create && review::is_review(&call.info.group, &call.info.resource) => {
                return review::answer(call, &body::read(body).await?);
            }
            "" if is_create && &*call.endpoint.plural == "bindings" => {
                return bind::bind(cache, call, &body::read(body).await?).await;
            }
            // Written as the whole is; the rules tell them apart.
            "" | "status" | "finalize" | "approval" | "ephemeralcontainers" | "resize" => {}
            "token" if is_create => return review::token(call, &body::read(body).await?),
            "binding" if is_create => {
                return bind::bind(cache, call, &body::read(body).await?).await;
            }
            "eviction" if is_create => {
                return bind::evict(cache, call, &body::read(body).await?).await;
            }
            "scale" => return scale::answer(cache, call, &body::read(body).await?).await,
            // What has to be asked of a node: there are none yet.
            _ => return Err(Status::no_such_resource()),
        }
        match call.info.verb {
            "get" if has(Verb::Get) => get::get(cache, call).await,
            "list" if has(Verb::List) => {
                let options = ListOptions::read(&call.query, false)?;
                let selector = Selector::of(call, &options)?;
                answer::list(call, &list::list(cache, call, &options, &selector).await?)
            }
            "watch" if has(Verb::Watch) => self.watch(call).await,
            "create" if has(Verb::Create) => {
                create::create(cache, call, &body::read(body).await?).await
            }
            "update" if has(Verb::Update) => {
                update::update(cache, call, &body::read(body).await?).await
            }
            "patch" if has(Verb::Patch) => {
                patch::patch(cache, call, &body::read(body).await?).await
            }
            "delete" if has(Verb::Delete) => {
                delete::delete(cache, call, &body::read(body).await?).await
            }
            "deletecollection" if has(Verb::DeleteCollection) => {
                delete::delete_collection(cache, call, &body::read(body).await?).await
            }
            _ => Err(Status::method_not_allowed()),
        }
    }

    async fn watch(&self, call: &Arc<Call>) -> Result<Response<Body>> {
        let options = ListOptions::read(&call.query, true)?;
        let selector = Selector::of(call, &options)?;
        let lasts = match options.timeout {
            Some(seconds) if seconds > 0 => Duration::from_secs(seconds),
            // So that not all come again at once.
            _ => self.watch_min.mul_f64(1.0 + rand::rng().random::<f64>()),
        };
        let frames = Frames::new(call.clone());
        let stop = self.stop.clone();
        let stream =
            watching::watch(&self.cache, call, &options, selector, frames, lasts, stop).await?;
        Ok(answer::stream(call.accepted.encoding, body::stream(stream)))
    }
}

impl Answer for Server {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        self.handle(parts, body).await
    }
}

/// A path says a namespace just where the resource lies in one. What was authorised by it would otherwise be
/// something else than what is done.
fn is_in_place(info: &Info, endpoint: &Endpoint) -> Result<()> {
    let is_collection = matches!(info.verb, "list" | "watch" | "deletecollection");
    let is_itself = &*endpoint.plural == "namespaces" && info.namespace == info.name;
    let fits = match (endpoint.namespaced, info.namespace.is_empty()) {
        (false, is_none) => is_none || is_itself,
        (true, false) => true,
        (true, true) if info.verb == "create" && info.name.is_empty() => {
            return Err(Status::method_not_allowed());
        }
        // All namespaces can be read together, and no more than that.
        (true, true) => is_collection && info.verb != "deletecollection",
    };
    if fits {
        Ok(())
    } else {
        Err(Status::no_such_resource())
    }
}

fn info(parts: &Parts, query: &Query) -> Info {
    let selector = query.text("fieldSelector");
    let name = selector
        .split(',')
        .find_map(|term| term.strip_prefix("metadata.name="));
    let asked = Asked {
        is_watch: query.flag("watch"),
        name: name
            .map(|name| name.trim_start_matches('='))
            .filter(|name| !name.contains('\\')),
    };
    Info::read(&parts.method, parts.uri.path(), asked)
}

/// The form in which a refusal is told.
fn error_encoding(parts: &Parts) -> Encoding {
    let accepted = media::accept(&chain::joined(&parts.headers, ACCEPT), true, true);
    accepted.map_or(Encoding::Json, |accepted| accepted.encoding)
}

fn call(
    info: Info,
    query: Query,
    user: User,
    endpoint: Arc<Endpoint>,
    parts: Parts,
    shared: Arc<Shared>,
) -> Result<Call> {
    let part = endpoint.subresource(&info.subresource).cloned();
    let header = chain::joined(&parts.headers, ACCEPT);
    let protobuf = endpoint.has_protobuf();
    let accepted = match info.verb {
        "watch" => media::accept(&header, protobuf, true),
        _ => media::accept(&header, protobuf, true),
    };
    let accepted = accepted.ok_or_else(|| Status::not_acceptable(&answer::MEDIA))?;
    let accepted = Accepted {
        pretty: query.flag("pretty"),
        form: if part.is_some() {
            Form::Plain
        } else {
            accepted.form
        },
        ..accepted
    };
    Ok(Call {
        info,
        query,
        user,
        endpoint,
        part,
        accepted,
        headers: parts.headers,
        now: Timestamp::now(),
        warnings: parking_lot::Mutex::default(),
        shared,
    })
}
