//! The subresource `scale` of custom objects.

use serde_json::{Map, Value, json};

use super::get::text;

/// What upstream puts where no replicas were given, to see whether a client put some.
const UNSET: i64 = i32::MIN as i64;

/// Where an object keeps what a scale shows: `subresources.scale` of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalePaths {
    spec: Vec<String>,
    status: Vec<String>,
    selector: Option<Vec<String>>,
    shown: String,
}

/// Why an object has no scale, or why one cannot be put into it; a bad request, in upstream's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScaleError {
    /// Something else stands where a value was expected.
    #[error("{path} accessor error: {value} is of the type {found}, expected {wanted}")]
    Type {
        /// Where.
        path: String,
        /// What stands there.
        value: String,
        /// Its type in Go.
        found: &'static str,
        /// The type that was expected.
        wanted: &'static str,
    },
    /// The scale says no replicas.
    #[error("the spec replicas field {0:?} cannot be empty")]
    Empty(String),
}

impl ScalePaths {
    /// Those of a version of a definition; none if it has no scale.
    #[must_use]
    pub fn of_version(version: &Value) -> Option<Self> {
        let scale = version["subresources"]["scale"].as_object()?;
        let steps = |key: &str| {
            let path = scale.get(key).map(text).unwrap_or_default();
            let path = path.strip_prefix('.').unwrap_or(path);
            path.split('.').map(str::to_owned).collect::<Vec<_>>()
        };
        let selector = scale.get("labelSelectorPath").is_some_and(|it| it != "");
        Some(Self {
            spec: steps("specReplicasPath"),
            status: steps("statusReplicasPath"),
            selector: selector.then(|| steps("labelSelectorPath")),
            shown: text(&version["subresources"]["scale"]["specReplicasPath"]).into(),
        })
    }

    /// The steps to the replicas wanted.
    #[must_use]
    pub fn spec_replicas(&self) -> &[String] {
        &self.spec
    }

    pub(super) fn wanted(&self, object: &Value) -> Result<i64, ScaleError> {
        Ok(number(object, &self.spec)?.unwrap_or(0))
    }

    pub(super) fn present(&self, object: &Value) -> Result<i64, ScaleError> {
        Ok(number(object, &self.status)?.unwrap_or(0))
    }

    pub(super) fn selector<'o>(&self, object: &'o Value) -> Result<Option<&'o str>, ScaleError> {
        match &self.selector {
            Some(path) => found_text(object, path),
            None => Ok(None),
        }
    }

    /// The scale (`autoscaling/v1`) of an object, and whether it says how many replicas it wants.
    ///
    /// # Errors
    ///
    /// If other values stand at the paths.
    pub fn read(&self, object: &Value) -> Result<(Value, bool), ScaleError> {
        let wanted = number(object, &self.spec)?;
        let there = number(object, &self.status)?;
        let selector = self.selector(object)?;
        let mut meta = Map::new();
        for key in [
            "name",
            "namespace",
            "uid",
            "resourceVersion",
            "creationTimestamp",
        ] {
            if let Some(value) = object["metadata"].get(key) {
                meta.insert(key.into(), value.clone());
            }
        }
        let mut scale = json!({
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": meta,
            "spec": {},
            "status": {"replicas": narrowed(there.unwrap_or(0))},
        });
        let replicas = narrowed(wanted.unwrap_or(0));
        if replicas != 0 {
            scale["spec"]["replicas"] = replicas.into();
        }
        if let Some(selector) = selector.filter(|it| !it.is_empty()) {
            scale["status"]["selector"] = selector.into();
        }
        Ok((scale, wanted.is_some()))
    }

    /// The scale that a patch or update is applied to: as [`Self::read`], but with a number that nobody
    /// means where the object says none.
    ///
    /// # Errors
    ///
    /// As [`Self::read`].
    pub fn read_for_update(&self, object: &Value) -> Result<Value, ScaleError> {
        let (mut scale, there) = self.read(object)?;
        if !there {
            scale["spec"]["replicas"] = UNSET.into();
        }
        Ok(scale)
    }

    /// Puts the replicas of a scale into an object, and its resource version as the one to replace.
    ///
    /// # Errors
    ///
    /// If the scale is the one of [`Self::read_for_update`] without replicas, or if the object has no room.
    pub fn write(&self, object: &mut Value, scale: &Value) -> Result<(), ScaleError> {
        let replicas = scale["spec"]["replicas"].as_i64().unwrap_or(0);
        if replicas == UNSET {
            return Err(ScaleError::Empty(self.shown.clone()));
        }
        let mut at = &mut *object;
        for (depth, step) in self.spec.iter().enumerate() {
            let Value::Object(map) = at else {
                return Err(mismatch(&self.spec[..depth], at, "map[string]interface {}"));
            };
            at = map
                .entry(step.as_str())
                .or_insert_with(|| Value::Object(Map::new()));
        }
        *at = replicas.into();
        let version = text(&scale["metadata"]["resourceVersion"]);
        if !version.is_empty()
            && let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut)
        {
            meta.insert("resourceVersion".into(), version.into());
        }
        Ok(())
    }
}

/// Go cuts what is wider than 32 bits.
#[allow(clippy::cast_possible_truncation, reason = "cut, as upstream does")]
fn narrowed(replicas: i64) -> i32 {
    replicas as i32
}

fn find<'o>(object: &'o Value, path: &[String]) -> Result<Option<&'o Value>, ScaleError> {
    let mut at = object;
    for (depth, step) in path.iter().enumerate() {
        match at {
            Value::Null => return Ok(None),
            Value::Object(map) => match map.get(step) {
                Some(value) => at = value,
                None => return Ok(None),
            },
            other => {
                let error = mismatch(&path[..=depth], other, "map[string]interface {}");
                return Err(error);
            }
        }
    }
    Ok(Some(at))
}

fn number(object: &Value, path: &[String]) -> Result<Option<i64>, ScaleError> {
    match find(object, path)? {
        None => Ok(None),
        Some(value) => match value.as_i64() {
            Some(number) => Ok(Some(number)),
            None => Err(mismatch(path, value, "int64")),
        },
    }
}

fn found_text<'o>(object: &'o Value, path: &[String]) -> Result<Option<&'o str>, ScaleError> {
    match find(object, path)? {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(value) => Err(mismatch(path, value, "string")),
    }
}

fn mismatch(path: &[String], value: &Value, wanted: &'static str) -> ScaleError {
    let found = match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    };
    ScaleError::Type {
        path: format!(".{}", path.join(".")),
        value: match value {
            Value::String(text) => text.clone(),
            Value::Null => "<nil>".into(),
            other => other.to_string(),
        },
        found,
        wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::{tests::cron_tab, version};
    use super::*;

    #[test]
    fn to_a_scale_and_back() {
        let definition = cron_tab();
        let paths = ScalePaths::of_version(version(&definition, "v1").unwrap()).unwrap();
        let mut object = json!({
            "metadata": {"name": "a", "namespace": "b", "labels": {"x": "y"}},
            "spec": {"replicas": 3}, "status": {"replicas": 2, "labelSelector": "a=b"}
        });
        let (mut scale, there) = paths.read(&object).unwrap();
        assert!(there);
        assert_eq!(
            scale,
            json!({
                "apiVersion": "autoscaling/v1", "kind": "Scale",
                "metadata": {"name": "a", "namespace": "b"},
                "spec": {"replicas": 3}, "status": {"replicas": 2, "selector": "a=b"}
            })
        );
        scale["spec"]["replicas"] = 5.into();
        scale["metadata"]["resourceVersion"] = "7".into();
        paths.write(&mut object, &scale).unwrap();
        assert_eq!(object["spec"]["replicas"], 5);
        assert_eq!(object["metadata"]["resourceVersion"], "7");
    }

    #[test]
    fn no_replicas_and_wrong_ones() {
        let definition = cron_tab();
        let paths = ScalePaths::of_version(version(&definition, "v1").unwrap()).unwrap();
        let mut object = json!({"metadata": {"name": "a"}});
        let scale = paths.read_for_update(&object).unwrap();
        assert_eq!(
            paths.write(&mut object, &scale).unwrap_err().to_string(),
            r#"the spec replicas field ".spec.replicas" cannot be empty"#
        );
        paths
            .write(&mut object, &json!({"spec": {"replicas": 1}}))
            .unwrap();
        assert_eq!(object["spec"]["replicas"], 1);
        let wrong = json!({"spec": {"replicas": "x"}});
        assert_eq!(
            paths.read(&wrong).unwrap_err().to_string(),
            ".spec.replicas accessor error: x is of the type string, expected int64"
        );
    }
}
