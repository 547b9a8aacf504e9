//! GET.

use http::Response;

use super::list::freshen;
use super::options::get_version;
use crate::answer;
use crate::cache::Cache;
use crate::call::Call;
use crate::fault::Result;
use crate::serve::Body;

/// The object that the path names.
///
/// # Errors
/// It is not there; the store cannot be reached.
pub async fn get(cache: &Cache, call: &Call) -> Result<Response<Body>> {
    freshen(cache, get_version(&call.query)?).await?;
    let entry = cache.bucket(&call.endpoint.folder).get(&call.rest());
    let entry = entry.ok_or_else(|| call.not_found())?;
    answer::entry(call, &entry)
}
