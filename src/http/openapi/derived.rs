//! From the structs of requests and answers to the schemas of the document.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

/// A schema that an operation needs.
pub(in crate::http) struct Learned {
    name: String,
    schema: Value,
    /// Whether clients send it. They may send null for what may be missing; tilld does not.
    is_sent: bool,
}

/// Where the schema of `T` stands. It and all that it needs are added to `learned`.
pub(super) fn reference<T: ToSchema>(is_sent: bool, learned: &mut Vec<Learned>) -> Value {
    learned.push(Learned { name: T::name().into(), schema: plain(T::schema()), is_sent });
    children::<T>(is_sent, learned);
    json!({ "$ref": format!("#/components/schemas/{}", T::name()) })
}

fn children<T: ToSchema>(is_sent: bool, learned: &mut Vec<Learned>) {
    let mut schemas = Vec::new();
    T::schemas(&mut schemas);
    learned.extend(schemas.into_iter().map(|(name, schema)| Learned {
        name,
        schema: plain(schema),
        is_sent,
    }));
}

fn plain(schema: RefOr<Schema>) -> Value {
    serde_json::to_value(schema).unwrap()
}

/// The members of `T` as parameters of a query. One that may be missing may be left empty as well.
pub(super) fn parameters<T: ToSchema>(learned: &mut Vec<Learned>) -> Vec<Value> {
    children::<T>(false, learned);
    let schema = tidy(plain(T::schema()), false);
    let required = names(&schema["required"]);
    let members = schema["properties"].as_object().cloned().unwrap_or_default();
    let parameter = |(name, mut schema): (String, Value)| {
        let about = schema.as_object_mut().unwrap().remove("description");
        let required = required.contains(&name);
        if !required && schema != json!({ "type": "string" }) {
            schema = json!({ "anyOf": [schema, { "type": "string", "maxLength": 0 }] });
        }
        json!({
            "name": name, "in": "query", "required": required, "description": about,
            "schema": schema,
        })
    };
    members.into_iter().map(parameter).collect()
}

fn names(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What operations have learned, by name. What nobody sends is never null.
pub(super) fn components<'a>(
    learned: impl Iterator<Item = &'a Learned>,
) -> BTreeMap<String, Value> {
    let mut all: BTreeMap<String, (Value, bool)> = BTreeMap::new();
    for one in learned {
        let known = all.entry(one.name.clone()).or_insert_with(|| (one.schema.clone(), false));
        assert_eq!(known.0, one.schema, "two things are called {}", one.name);
        known.1 |= one.is_sent;
    }
    all.into_iter().map(|(name, (schema, is_sent))| (name, tidy(schema, is_sent))).collect()
}

/// `schema`, with a member's description beside its type, and null only where it may be sent.
fn tidy(schema: Value, is_sent: bool) -> Value {
    match schema {
        Value::Object(mut members) => {
            if let Some(Value::Object(properties)) = members.remove("properties") {
                let required = names(members.get("required").unwrap_or(&Value::Null));
                let tidied: Map<_, _> = properties
                    .into_iter()
                    .map(|(name, member)| {
                        let may_be_null = is_sent && !required.contains(&name);
                        (name, tidy(nullable(member, may_be_null), is_sent))
                    })
                    .collect();
                members.insert("properties".into(), Value::Object(tidied));
            }
            // One example is a list of one, as OpenAPI 3.1 has it.
            if let Some(example) = members.remove("example") {
                members.insert("examples".into(), json!([example]));
            }
            // What may be missing has no default that it says.
            if members.get("default") == Some(&Value::Null) {
                members.remove("default");
            }
            let keep = ["properties", "examples", "enum"];
            for (name, part) in &mut members {
                if !keep.contains(&name.as_str()) {
                    *part = tidy(part.take(), is_sent);
                }
            }
            Value::Object(members)
        }
        Value::Array(parts) => {
            Value::Array(parts.into_iter().map(|part| tidy(part, is_sent)).collect())
        }
        other => other,
    }
}

/// A member that may be null, or may not.
fn nullable(mut member: Value, may_be_null: bool) -> Value {
    let nothing = json!({ "type": "null" });
    if let Some(ways) = member["oneOf"].as_array().filter(|ways| ways.contains(&nothing)).cloned() {
        let mut way = ways.into_iter().find(|way| *way != nothing).unwrap();
        let inner = way.as_object_mut().unwrap().remove("description");
        let about = member.get("description").cloned().or(inner);
        let mut made = if may_be_null { json!({ "anyOf": [way, nothing] }) } else { way };
        if let Some(about) = about {
            made["description"] = about;
        }
        return made;
    }
    if !may_be_null && let Some(ways) = member.get_mut("anyOf").and_then(Value::as_array_mut) {
        ways.retain(|way| *way != nothing);
    }
    let reference = member.get("$ref").cloned();
    if let Some(reference) = reference.filter(|_| may_be_null) {
        let about = member["description"].clone();
        return json!({ "anyOf": [{ "$ref": reference }, nothing], "description": about });
    }
    let kind = match &member["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| **kind != json!("null")).cloned(),
        Value::String(kind) => Some(json!(kind)),
        _ => None,
    };
    match (kind, member.as_object_mut()) {
        (Some(kind), Some(members)) => {
            // Nothing else than null stays as it is.
            let kind = if may_be_null && kind != "null" { json!([kind, "null"]) } else { kind };
            members.insert("type".into(), kind);
        }
        (_, Some(members)) if members.get("type") == Some(&Value::Null) => {
            members.remove("type");
        }
        _ => {}
    }
    member
}
