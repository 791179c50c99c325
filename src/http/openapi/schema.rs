//! Helpers for schemas of values that have no struct in the program.
//!
//! A member's name that ends in `?` may be missing, or null, which is the same.

#![expect(clippy::needless_pass_by_value, reason = "schemas are written where they are used")]

use serde_json::{Map, Value, json};

/// Any text of at most `most` characters.
pub(super) fn text(most: usize) -> Value {
    json!({ "type": "string", "maxLength": most })
}

/// One of these words.
pub(super) fn one_of<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> Value {
    let words: Vec<_> = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
    json!({ "type": "string", "enum": words })
}

/// One of these words in any case.
pub(super) fn any_case(words: &[&str]) -> Value {
    let letter = |c: char| format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase());
    let word = |word: &&str| -> String {
        word.chars().map(|c| if c.is_alphabetic() { letter(c) } else { c.to_string() }).collect()
    };
    let words: Vec<String> = words.iter().map(word).collect();
    json!({ "type": "string", "pattern": format!("^(?:{})$", words.join("|")) })
}

/// Any of these.
pub(super) fn any_of(schemas: impl IntoIterator<Item = Value>) -> Value {
    json!({ "anyOf": schemas.into_iter().collect::<Vec<_>>() })
}

/// `schema`, or null.
fn or_null(mut schema: Value) -> Value {
    if let Some(kind) = schema.get("type").and_then(Value::as_str).map(str::to_owned) {
        schema["type"] = json!([kind, "null"]);
        if let Some(Value::Array(words)) = schema.get_mut("enum") {
            words.push(Value::Null);
        }
        return schema;
    }
    if let Some(Value::Array(schemas)) = schema.get_mut("anyOf") {
        schemas.push(json!({ "type": "null" }));
        return schema;
    }
    let about = schema.as_object_mut().and_then(|members| members.remove("description"));
    let mut schema = any_of([schema, json!({ "type": "null" })]);
    if let Some(about) = about {
        schema["description"] = about;
    }
    schema
}

/// A list of up to `most` things.
pub(super) fn list(item: Value, most: Option<usize>) -> Value {
    let mut schema = json!({ "type": "array", "items": item });
    if let Some(most) = most {
        schema["maxItems"] = json!(most);
    }
    schema
}

/// An object whose members all look alike.
pub(super) fn map(value: Value) -> Value {
    json!({ "type": "object", "additionalProperties": value })
}

/// Any object.
pub(super) fn anything() -> Value {
    json!({ "type": "object" })
}

/// An object with these members.
pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, schema) in members {
        match name.strip_suffix('?') {
            Some(name) => properties.insert(name.into(), or_null(schema)),
            None => {
                required.push(name);
                properties.insert(name.into(), schema)
            }
        };
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// All of `one` and all of `other`.
pub(super) fn both(one: Value, other: Value) -> Value {
    json!({ "allOf": [one, other] })
}

/// The schema kept under this name.
pub(super) fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// A whole number between these.
pub(super) fn number(least: u64, most: u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}
