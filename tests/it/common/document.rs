//! Holds each answer of the daemon to the API document: the status and the code must be among those of the
//! operation that was asked for.

use std::sync::LazyLock;

use serde_json::Value;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap());

/// What the document does not know of an answer to `method path`, with this status and code.
pub(crate) fn complaint(
    method: &str,
    path: &str,
    status: u16,
    code: Option<u64>,
) -> Option<String> {
    let (template, methods) = template(path.split(['?', '#']).next().unwrap())?;
    // Those are of another listener.
    if methods.get("servers").is_some() {
        return None;
    }
    let operation = methods.get(method.to_ascii_lowercase())?;
    // The API of 2019 may be off, so that its paths do not exist.
    if operation["tags"][0] == "2019" && code == Some(21) {
        return None;
    }
    let answer = operation["responses"].get(status.to_string());
    let Some(answer) = answer else {
        return Some(format!("{method} {template} answers {status} {code:?}, says no document"));
    };
    let place = answer["$ref"].as_str()?.strip_prefix('#').unwrap();
    let schema = &DOCUMENT.pointer(place).unwrap()["content"]["application/json"]["schema"];
    let codes = schema["allOf"].as_array().unwrap().iter();
    let mut codes = codes.filter_map(|part| part["properties"]["code"]["enum"].as_array());
    let codes = codes.next().unwrap();
    let is_known = code.is_none_or(|code| codes.contains(&code.into()));
    (!is_known)
        .then(|| format!("{method} {template} answers {status} {code:?}, not one of {codes:?}"))
}

/// The path of the document that `path` is one of: that with the fewest variables.
fn template(path: &str) -> Option<(&'static str, &'static Value)> {
    let fits = |template: &str| {
        let (ours, theirs) = (path.split('/'), template.split('/'));
        ours.clone().count() == theirs.clone().count()
            && ours
                .zip(theirs)
                .all(|(own, said)| own == said || said.starts_with('{') && !own.is_empty())
    };
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let found = paths.filter(|(template, _)| fits(template));
    found
        .map(|(template, methods)| (template.as_str(), methods))
        .min_by_key(|(template, _)| template.matches('{').count())
}
