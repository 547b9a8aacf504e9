//! A document of version 2 in protobuf, as clients before 1.28 ask for it.

use prost::Message as _;
use serde_json::{Map, Value};

use super::gnostic::{
    Additional, Any, ApiKey, BodyParameter, Definitions, Document, Info, Items, NamedAny,
    NamedPathItem, NamedResponse, NamedSchema, NamedSecurity, NamedStrings, NonBodyParameter,
    Operation, Parameter, ParametersItem, PathItem, PathParameter, Paths, QueryParameter, Response,
    ResponseValue, Responses, Schema, SchemaItem, SecurityDefinitions, SecurityItem,
    SecurityRequirement, Strings,
};

/// How deep schemas are written; [`super::v2`] makes none that are deeper.
const DEPTH: usize = 128;

/// The bytes of a document made by [`super::v2`].
#[must_use]
pub fn encode(document: &Value) -> Vec<u8> {
    let info = &document["info"];
    let security = items(&document["security"]).map(|it| SecurityRequirement {
        named: fields(it)
            .map(|(name, scopes)| NamedStrings {
                name: name.clone(),
                value: Some(Strings {
                    value: texts(scopes),
                }),
            })
            .collect(),
    });
    let schemes = fields(&document["securityDefinitions"]).map(|(name, of)| NamedSecurity {
        name: name.clone(),
        value: Some(SecurityItem {
            api_key: Some(ApiKey {
                kind: text(of, "type"),
                name: text(of, "name"),
                place: text(of, "in"),
                description: text(of, "description"),
            }),
        }),
    });
    let paths = fields(&document["paths"]).map(|(name, item)| NamedPathItem {
        name: name.clone(),
        value: Some(path_item(item)),
    });
    let made = Document {
        swagger: text(document, "swagger"),
        info: Some(Info {
            title: text(info, "title"),
            version: text(info, "version"),
        }),
        paths: Some(Paths {
            named: paths.collect(),
        }),
        definitions: Some(schemas(&document["definitions"], DEPTH)),
        security: security.collect(),
        security_definitions: Some(SecurityDefinitions {
            named: schemes.collect(),
        }),
    };
    made.encode_to_vec()
}

fn path_item(of: &Value) -> PathItem {
    let operation = |method: &str| of.get(method).map(operation);
    PathItem {
        get: operation("get"),
        put: operation("put"),
        post: operation("post"),
        delete: operation("delete"),
        patch: operation("patch"),
        parameters: items(&of["parameters"]).map(parameter).collect(),
    }
}

fn operation(of: &Value) -> Operation {
    let responses = fields(&of["responses"]).map(|(code, answer)| NamedResponse {
        name: code.clone(),
        value: Some(ResponseValue {
            response: Some(Response {
                description: text(answer, "description"),
                schema: answer.get("schema").map(|it| SchemaItem {
                    schema: Some(schema(it, DEPTH)),
                }),
            }),
        }),
    });
    Operation {
        tags: texts(&of["tags"]),
        operation_id: text(of, "operationId"),
        produces: texts(&of["produces"]),
        consumes: texts(&of["consumes"]),
        parameters: items(&of["parameters"]).map(parameter).collect(),
        responses: Some(Responses {
            named: responses.collect(),
        }),
        extensions: extensions(of),
    }
}

fn parameter(of: &Value) -> ParametersItem {
    let (place, name, description) = (text(of, "in"), text(of, "name"), text(of, "description"));
    let required = of["required"] == true;
    let (kind, unique) = (text(of, "type"), of["uniqueItems"] == true);
    let mut made = Parameter {
        body: None,
        other: None,
    };
    match place.as_str() {
        "body" => {
            made.body = Some(BodyParameter {
                description,
                name,
                place,
                required,
                schema: of.get("schema").map(|it| schema(it, DEPTH)),
            });
        }
        "path" => {
            made.other = Some(NonBodyParameter {
                query: None,
                path: Some(PathParameter {
                    required,
                    place,
                    description,
                    name,
                    kind,
                    unique,
                }),
            });
        }
        _ => {
            made.other = Some(NonBodyParameter {
                query: Some(QueryParameter {
                    required,
                    place,
                    description,
                    name,
                    kind,
                    unique,
                }),
                path: None,
            });
        }
    }
    ParametersItem {
        parameter: Some(made),
    }
}

fn schemas(of: &Value, depth: usize) -> Definitions {
    let named = fields(of).map(|(name, it)| NamedSchema {
        name: name.clone(),
        value: Some(schema(it, depth)),
    });
    Definitions {
        named: named.collect(),
    }
}

fn schema(of: &Value, depth: usize) -> Schema {
    let Some(depth) = depth.checked_sub(1) else {
        return Schema::default();
    };
    let number = |key: &str| of[key].as_f64().unwrap_or_default();
    let count = |key: &str| of[key].as_i64().unwrap_or_default();
    Schema {
        reference: text(of, "$ref"),
        format: text(of, "format"),
        title: text(of, "title"),
        description: text(of, "description"),
        default: of.get("default").map(any),
        multiple_of: number("multipleOf"),
        maximum: number("maximum"),
        exclusive_maximum: of["exclusiveMaximum"] == true,
        minimum: number("minimum"),
        exclusive_minimum: of["exclusiveMinimum"] == true,
        max_length: count("maxLength"),
        min_length: count("minLength"),
        pattern: text(of, "pattern"),
        max_items: count("maxItems"),
        min_items: count("minItems"),
        unique_items: of["uniqueItems"] == true,
        max_properties: count("maxProperties"),
        min_properties: count("minProperties"),
        required: texts(&of["required"]),
        one_of: items(&of["enum"]).map(any).collect(),
        additional: of.get("additionalProperties").map(|it| {
            let allowed = it.as_bool();
            let schema = it.is_object().then(|| schema(it, depth));
            Box::new(Additional { schema, allowed })
        }),
        kind: of["type"].as_str().map(|kind| Strings {
            value: vec![kind.to_owned()],
        }),
        items: of.get("items").map(|it| Items {
            schema: vec![schema(it, depth)],
        }),
        properties: of.get("properties").map(|it| schemas(it, depth)),
        extensions: extensions(of),
    }
}

fn extensions(of: &Value) -> Vec<NamedAny> {
    let own = fields(of).filter(|(name, _)| name.starts_with("x-"));
    let made = own.map(|(name, value)| NamedAny {
        name: name.clone(),
        value: Some(any(value)),
    });
    made.collect()
}

fn any(value: &Value) -> Any {
    Any {
        yaml: value.to_string(),
    }
}

fn text(of: &Value, key: &str) -> String {
    of[key].as_str().unwrap_or_default().to_owned()
}

fn texts(of: &Value) -> Vec<String> {
    items(of)
        .filter_map(Value::as_str)
        .map(Into::into)
        .collect()
}

fn items(of: &Value) -> impl Iterator<Item = &Value> {
    of.as_array().into_iter().flatten()
}

fn fields(of: &Value) -> impl Iterator<Item = (&String, &Value)> {
    of.as_object().into_iter().flat_map(Map::iter)
}
