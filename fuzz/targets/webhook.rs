//! Templates of webhooks: what is taken keeps its host and its headers, and stays JSON, whatever its variables hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use tilld::webhook::{Escaping, HttpMethod, Parts, RequestTemplate};

/// The first line is the value that people write, the second the rest of an address; then the body.
fuzz_target!(|text: &str| {
    let mut parts = text.splitn(3, '\n');
    let mut next = || parts.next().unwrap_or_default();
    let (value, tail, body) = (next(), next(), next());
    let url = format!("https://shop.example/{tail}");
    let variables =
        json!({ "a": value, "b": [value, { "c": value }], "c": { "a": value }, "n": null });
    let Some(variables) = variables.as_object() else { return };
    let header_template = format!("X-A: {tail}\n{body}");
    for (url, header_template, body_template) in [
        (tail, None, None),
        (url.as_str(), None, None),
        ("https://shop.example/", Some(header_template.as_str()), None),
        ("https://shop.example/", None, Some(body)),
    ] {
        let (method, escaping) = (HttpMethod::Post, Escaping::Html);
        let parts = Parts { url, method, header_template, body_template, escaping };
        let Ok(template) = RequestTemplate::parse(parts) else { continue };
        let Ok(request) = template.expand(variables) else { continue };
        assert_eq!(request.url.origin(), template.target().origin());
        // With sections, whether it is JSON may depend on more than one value.
        if template.is_json() && !body.contains("{{#") && !body.contains("{{^") {
            serde_json::from_str::<Map<String, Value>>(&request.body).expect("it is an object");
        }
    }
});
