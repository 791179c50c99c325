//! Examples. Values have their own; those of objects and lists are put together from them.

use serde_json::{Map, Value, json};

/// How deep schemas lie in each other at most, so that one that holds itself comes to an end.
const MAX_DEPTH: usize = 12;

/// Gives each schema an example that has none.
pub(super) fn complete(schemas: &mut Map<String, Value>) {
    let known = schemas.clone();
    for schema in schemas.values_mut() {
        if schema.get("examples").is_none()
            && let Some(example) = of(schema, &known)
        {
            schema["examples"] = json!([example]);
        }
    }
}

/// An example of what `schema` describes.
pub(super) fn of(schema: &Value, known: &Map<String, Value>) -> Option<Value> {
    within(schema, known, MAX_DEPTH)
}

fn within(schema: &Value, known: &Map<String, Value>, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let inner = |schema: &Value| within(schema, known, depth);
    if let Some(example) = schema["examples"].as_array().and_then(|examples| examples.first()) {
        return Some(example.clone());
    }
    if let Some(reference) = schema["$ref"].as_str() {
        return inner(known.get(reference.rsplit('/').next()?)?);
    }
    if let Some(word) = schema["enum"].as_array().and_then(|words| words.first()) {
        return Some(word.clone());
    }
    for ways in ["anyOf", "oneOf"] {
        if let Some(ways) = schema[ways].as_array() {
            return ways.iter().find_map(inner);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = Map::new();
        for part in parts {
            // One that has several forms has named its example elsewhere.
            if let Some(Value::Object(members)) = inner(part) {
                whole.extend(members);
            }
        }
        return (!whole.is_empty()).then_some(Value::Object(whole));
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first()?.as_str()?,
        kind => kind.as_str()?,
    };
    match kind {
        "boolean" => Some(json!(true)),
        "array" if schema["maxItems"] == 0 => Some(json!([])),
        "array" => inner(&schema["items"]).map(|item| json!([item])),
        "object" => object(schema, inner),
        _ => None,
    }
}

/// An object of which every member has an example. A member whose example is null is left out.
fn object(schema: &Value, inner: impl Fn(&Value) -> Option<Value>) -> Option<Value> {
    let mut whole = Map::new();
    for (name, member) in schema["properties"].as_object()? {
        let example = inner(member)?;
        if !example.is_null() {
            whole.insert(name.clone(), example);
        }
    }
    Some(Value::Object(whole))
}
