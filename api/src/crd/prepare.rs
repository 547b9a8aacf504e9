//! What the server makes of a definition before it is validated and stored.

use serde_json::{Map, Value, json};

use super::get::{empty, items, text};

/// Fills defaults of a definition: the singular name, the kind of lists, the conversion strategy.
pub fn default_definition(definition: &mut Value) {
    let kind = text(&definition["spec"]["names"]["kind"]).to_owned();
    let Some(spec) = definition.get_mut("spec").and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(names) = spec.get_mut("names").and_then(Value::as_object_mut) {
        let absent = |names: &Map<String, Value>, key: &str| names.get(key).is_none_or(empty);
        if absent(names, "singular") && !kind.is_empty() {
            names.insert("singular".into(), kind.to_lowercase().into());
        }
        if absent(names, "listKind") && !kind.is_empty() {
            names.insert("listKind".into(), format!("{kind}List").into());
        }
    }
    if spec.get("conversion").is_none_or(Value::is_null) {
        spec.insert("conversion".into(), json!({"strategy": "None"}));
    }
    if let Some(service) = spec
        .get_mut("conversion")
        .and_then(|it| it.pointer_mut("/webhook/clientConfig/service"))
        .and_then(Value::as_object_mut)
    {
        service.entry("port").or_insert_with(|| 443.into());
    }
}

/// Defaults a definition that is created (`old` is `None`) or that replaces another one, and sets what is
/// the server's: the status, with the version that is stored, and the generation. A new one has no status
/// but that.
pub fn prepare(new: &mut Value, old: Option<&Value>) {
    default_definition(new);
    let generation = match old {
        None => 1,
        Some(old) => {
            let before = old["metadata"]["generation"].as_i64().unwrap_or(0);
            before + i64::from(old["spec"] != new["spec"])
        }
    };
    let mut status = match old {
        Some(old) => old["status"].as_object().cloned().unwrap_or_default(),
        None => Map::new(),
    };
    let stored = items(&new["spec"]["versions"])
        .iter()
        .find(|it| it["storage"] == true);
    if let Some(name) = stored.map(|it| it["name"].clone()) {
        let versions = status.entry("storedVersions").or_insert(Value::Null);
        match versions {
            Value::Array(all) if all.contains(&name) => {}
            Value::Array(all) => all.push(name),
            other => *other = Value::Array(vec![name]),
        }
    }
    if let Value::Object(map) = new {
        map.insert("status".into(), Value::Object(status));
        let meta = map
            .entry("metadata")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(meta) = meta {
            meta.insert("generation".into(), generation.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::tests::cron_tab;
    use super::*;

    #[test]
    fn names_status_and_generation() {
        let mut new = cron_tab();
        new["spec"]["names"]["singular"] = "".into();
        new["status"] = json!({"conditions": [1]});
        prepare(&mut new, None);
        assert_eq!(new["spec"]["names"]["singular"], "crontab");
        assert_eq!(new["spec"]["names"]["listKind"], "CronTabList");
        assert_eq!(new["spec"]["conversion"], json!({"strategy": "None"}));
        assert_eq!(new["status"], json!({"storedVersions": ["v1"]}));
        assert_eq!(new["metadata"]["generation"], 1);

        let mut next = new.clone();
        prepare(&mut next, Some(&new));
        assert_eq!(next, new);
        next["spec"]["versions"][0]["name"] = "v2".into();
        prepare(&mut next, Some(&new));
        assert_eq!(next["status"]["storedVersions"], json!(["v1", "v2"]));
        assert_eq!(next["metadata"]["generation"], 2);
    }
}
