//! Tests of templates: the shapes that known clients write, with texts that break what is not escaped.

use proptest::prelude::*;

use super::*;

/// What breaks JSON, HTML, headers or addresses that take text as it is.
const HOSTILE: &[&str] = &[
    "\"",
    "\\",
    "line\nbreak\r\n",
    "</script><script>alert(1)</script>",
    "a & b &amp; c",
    "\u{2028}\u{2029}",
    "🍰 Käse",
    "nul \0 and \u{1b}[2J",
    "\",\"paid\":\"yes",
    "{{order_id}} {{{reason}}} {{#a}}",
    "\\u0022",
    "null",
    "",
];

/// The templates that Dolibarr's module posts, by their event (webhooks 3).
const DOLIBARR: &[(&str, &str)] = &[
    (
        "order_created",
        r#"{"event_type":"order_created","order_id":"{{order_id}}","contract":{{contract}},"instance_id":"{{instance_id}}","auth_signature":"8d96"}"#,
    ),
    (
        "pay",
        r#"{"event_type":"pay","order_id":"{{order_id}}","contract_terms":{{contract_terms}},"auth_signature":"8d96"}"#,
    ),
    (
        "refund",
        r#"{"event_type":"refund","order_id":"{{order_id}}","contract_terms":{{contract_terms}},"timestamp":{{timestamp}},"refund_amount":"{{refund_amount}}","reason":"{{reason}}","auth_signature":"8d96"}"#,
    ),
    (
        "order_settled",
        r#"{"event_type":"order_settled","order_id":"{{order_id}}","wtid":"{{wtid}}","auth_signature":"8d96"}"#,
    ),
    (
        "category_added",
        r#"{"event_type":"{{webhook_type}}","category_serial":{{category_serial}},"category_name":"{{category_name}}","merchant_serial":{{merchant_serial}},"auth_signature":"8d96"}"#,
    ),
    (
        "category_updated",
        r#"{"event_type":"{{webhook_type}}","category_serial":{{category_serial}},"old_category_name":"{{old_category_name}}","category_name":"{{category_name}}","category_name_i18n":{{category_name_i18n}},"old_category_name_i18n":{{old_category_name_i18n}},"auth_signature":"8d96"}"#,
    ),
    (
        "category_deleted",
        r#"{"event_type":"{{webhook_type}}","category_serial":{{category_serial}},"category_name":"{{category_name}}","auth_signature":"8d96"}"#,
    ),
    (
        "inventory_added",
        r#"{"event_type":"{{webhook_type}}","product_serial":{{product_serial}},"product_id":"{{product_id}}","description":"{{description}}","description_i18n":{{description_i18n}},"unit":"{{unit}}","image":"{{image}}","taxes":{{taxes}},"price":"{{price}}","total_stock":{{total_stock}},"total_sold":{{total_sold}},"total_lost":{{total_lost}},"address":{{address}},"next_restock":{{next_restock}},"minimum_age":{{minimum_age}},"auth_signature":"8d96"}"#,
    ),
    (
        "inventory_updated",
        r#"{"event_type":"{{webhook_type}}","product_serial":{{product_serial}},"product_id":"{{product_id}}","old_description":"{{old_description}}","description":"{{description}}","old_taxes":{{old_taxes}},"taxes":{{taxes}},"old_price":"{{old_price}}","price":"{{price}}","old_total_stock":{{old_total_stock}},"total_stock":{{total_stock}},"old_address":{{old_address}},"address":{{address}},"auth_signature":"8d96"}"#,
    ),
    (
        "inventory_deleted",
        r#"{"event_type":"{{webhook_type}}","product_serial":{{product_serial}},"product_id":"{{product_id}}","description":"{{description}}","taxes":{{taxes}},"address":{{address}},"next_restock":{{next_restock}},"auth_signature":"8d96"}"#,
    ),
];

/// Those of Tryton's module.
const TRYTON: &[(&str, &str)] = &[
    ("pay", r#"{"event": "payment", "order_id": "{{order_id}}"}"#),
    ("refund", r#"{"event": "refund", "order_id": "{{order_id}}"}"#),
];

fn escaping(event: &str) -> Escaping {
    if ["pay", "refund"].contains(&event) { Escaping::Html } else { Escaping::Raw }
}

fn parts(url: &str) -> Parts<'_> {
    let escaping = Escaping::Html;
    Parts { url, method: HttpMethod::Post, header_template: None, body_template: None, escaping }
}

fn parsed(parts: Parts<'_>) -> RequestTemplate {
    RequestTemplate::parse(parts).unwrap()
}

fn invalid(parts: Parts<'_>) -> &'static str {
    match RequestTemplate::parse(parts) {
        Err(BadWebhook::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

fn body(template: &str, escaping: Escaping, variables: &Value) -> String {
    let body_template = Some(template);
    let template = parsed(Parts { body_template, escaping, ..parts("https://shop.example/") });
    template.expand(variables.as_object().unwrap()).unwrap().body
}

/// Variables of every event, with `text` wherever text may be.
fn variables(event: &str, text: &str) -> Value {
    let contract =
        json!({ "summary": text, "amount": "EUR:1", "products": [{ "description": text }] });
    json!({
        "webhook_type": event, "event_id": "evt_1", "instance_id": "shop", "order_id": text, "contract": contract,
        "contract_terms": contract, "timestamp": 1_700_000_000_000_000_000_u64, "refund_amount": "EUR:1", "reason": text,
        "wtid": "ABC", "category_serial": 1, "category_name": text, "old_category_name": text, "category_name_i18n": {},
        "old_category_name_i18n": { "de": text }, "merchant_serial": 1, "product_serial": 5, "product_id": text,
        "description": text, "description_i18n": { "de": text }, "unit": text, "image": "", "taxes": [], "price": "EUR:1",
        "total_stock": 5, "total_sold": 0, "total_lost": 0, "address": null, "next_restock": null, "minimum_age": null,
        "old_description": text, "old_taxes": [{ "name": text }], "old_price": "EUR:1", "old_total_stock": 6,
        "old_address": { "town": text },
    })
}

#[test]
fn the_templates_of_known_clients_give_valid_json_whatever_people_write() {
    for (event, template) in DOLIBARR.iter().chain(TRYTON) {
        for text in HOSTILE {
            let variables = variables(event, text);
            let body = body(template, escaping(event), &variables);
            let read: Value = serde_json::from_str(&body)
                .unwrap_or_else(|e| panic!("{event} {text:?}: {e}\n{body}"));
            // What was sent is what is read: nothing was cut, and nothing became another member.
            for (name, value) in read.as_object().unwrap() {
                if !["event", "event_type", "auth_signature"].contains(&name.as_str()) {
                    assert_eq!(value, &variables[name], "{event} {name}");
                }
            }
            let members = template.matches("\":").count();
            assert_eq!(read.as_object().unwrap().len(), members, "{event}: {body}");
        }
    }
}

#[test]
fn text_that_is_no_json_object_is_escaped_as_the_event_says() {
    let variables = json!({ "t": "<a href=\"x\">'&", "o": { "k": "<" }, "n": 5, "none": null });
    for (template, html, raw) in [
        ("{{t}}|", "&lt;a href=&quot;x&quot;&gt;'&amp;|", "<a href=\"x\">'&|"),
        (
            "{{{t}}}|{{&t}}",
            "<a href=\"x\">'&|<a href=\"x\">'&",
            "<a href=\"x\">'&|<a href=\"x\">'&",
        ),
        ("{{o}}{{n}}", "{\"k\":\"<\"}5", "{\"k\":\"<\"}5"),
        ("[{{t}}]", "[&lt;a href=&quot;x&quot;&gt;'&amp;]", "[<a href=\"x\">'&]"),
        ("{{none}}{{unknown}}", "null", "null"),
    ] {
        assert_eq!(body(template, Escaping::Html, &variables), html, "{template}");
        assert_eq!(body(template, Escaping::Raw, &variables), raw, "{template}");
    }
    let sap = json!({ "order_id": "2026-1", "wtid": "ABC" });
    assert_eq!(body("{{order_id}}|{{wtid}}", Escaping::Raw, &sap), "2026-1|ABC");
}

#[test]
fn values_in_json_are_json() {
    let variables =
        json!({ "t": "a\"b", "o": { "k": "\"" }, "n": 5, "none": null, "l": ["\"", "b"] });
    for (template, text) in [
        (r#"{"a":"{{t}}","b":{{t}}}"#, r#"{"a":"a\"b","b":"a\"b"}"#),
        (r#"{"a":"{{{t}}}","b":{{{o}}}}"#, r#"{"a":"a\"b","b":{"k":"\""}}"#),
        (r#"{"a":"{{o}}"}"#, r#"{"a":"{\"k\":\"\\\"\"}"}"#),
        (
            r#"{"a":{{none}},"b":"{{none}}","c":{{unknown}},"d":"{{unknown}}"}"#,
            r#"{"a":null,"b":"","c":null,"d":""}"#,
        ),
        (r#"{"a":"{{n}}","b":{{n}}}"#, r#"{"a":"5","b":5}"#),
        (r#"{"a":[{{#l}}"{{.}}",{{/l}}0]}"#, r#"{"a":["\"","b",0]}"#),
    ] {
        assert_eq!(body(template, Escaping::Html, &variables), text, "{template}");
    }
}

#[test]
fn an_address_keeps_its_host_whatever_the_values_are() {
    let url = |template: &str, value: &str| {
        let variables = json!({ "x": value, "o": { "a": 1 } });
        let expanded = parsed(parts(template)).expand(variables.as_object().unwrap());
        expanded.map(|request| request.url.to_string())
    };
    for (template, value, text) in [
        ("https://shop.example/{{x}}", "a/b?c#d", "https://shop.example/a%2Fb%3Fc%23d"),
        ("https://shop.example/?o={{x}}&p=1", "1&p=2", "https://shop.example/?o=1%26p%3D2&p=1"),
        ("https://shop.example/{{x}}", "@evil.example", "https://shop.example/%40evil.example"),
        ("https://shop.example/a/{{x}}/b", "../../..", "https://shop.example/a/..%2F..%2F../b"),
        ("https://shop.example/é?{{{x}}}", "é\n", "https://shop.example/%C3%A9?%C3%A9%0A"),
        ("https://shop.example/{{o}}", "", "https://shop.example/%7B%22a%22%3A1%7D"),
        ("https://shop.example", "", "https://shop.example/"),
        ("https://shop.example?a=1", "", "https://shop.example/?a=1"),
        ("HTTPS://Shop.Example:8443/a", "", "https://shop.example:8443/a"),
    ] {
        assert_eq!(url(template, value).unwrap(), text, "{template}");
    }
    for value in [".", ".."] {
        assert_eq!(url("https://shop.example/a/{{x}}/b", value), Err(Unusable::Url));
        assert!(url("https://shop.example/a?b={{x}}", value).is_ok());
    }
    assert_eq!(
        url("https://shop.example/{{x}}", &"x".repeat(9000)),
        Err(Unusable::TooLarge("address"))
    );
}

#[test]
fn an_address_whose_host_is_not_fixed_is_refused() {
    for bad in [
        "",
        "{{x}}",
        "https://{{x}}/",
        "https://{{x}}.example/",
        "https://shop.example{{x}}/",
        "https://shop.example:{{x}}/",
        "https://shop.example?{{x}}",
        "https:///{{x}}/",
        "https://///",
        "https:/{{x}}",
        "https:\\\\{{x}}/",
        "https://a\\{{x}}/",
        "https://a\n.example/{{x}}",
        "ht\ntps://a.example/",
        "{{x}}://a.example/",
        "ftp://a.example/",
        "javascript://a.example/",
        "//a.example/",
        "shop.example/",
        "https://a b.example/",
        "https://a.example/../{{x}}",
        "https://a.example/{{",
        "https://a.example:99999/",
        "https://256.1.1.1/",
        "https://{{#x}}a.example/{{/x}}",
    ] {
        assert_eq!(invalid(parts(bad)), "url", "{bad}");
    }
    let long = format!("https://a.example/{}", "x".repeat(MAX_URL));
    assert!(matches!(
        RequestTemplate::parse(parts(&long)),
        Err(BadWebhook::TooLarge { field: "url" })
    ));
}

fn with_headers(template: &str) -> Parts<'_> {
    Parts { header_template: Some(template), ..parts("https://shop.example/") }
}

fn headers(template: &str, variables: &Value) -> (Vec<(String, String)>, usize) {
    let template = parsed(with_headers(template));
    let request = template.expand(variables.as_object().unwrap()).unwrap();
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let headers = request.headers.iter().map(text).filter(|(name, _)| name != "content-type");
    (headers.collect(), request.notes.len())
}

#[test]
fn headers_are_one_line_each_whatever_the_values_are() {
    let variables = json!({
        "a": "x", "bad": "x\r\nHost: evil.example", "nul": "\0", "bell": "a\u{7}b", "umlaut": "Käse 🍰",
        "name": "X-Other", "owned": "host", "o": { "k": 1 },
    });
    for (template, expected, notes) in [
        (
            "X-Auth-Header: 8d96\nX-Event: {{a}}",
            vec![("x-auth-header", "8d96"), ("x-event", "x")],
            0,
        ),
        ("X-A: 1\r\n\r\n  \nX-B:2\r\n", vec![("x-a", "1"), ("x-b", "2")], 0),
        ("X-A: {{bad}}\nX-B: {{nul}}\nX-C: {{a}}", vec![("x-c", "x")], 2),
        ("X-A: {{bell}}{{unknown}}", vec![("x-a", "ab")], 0),
        ("X-A: {{umlaut}} ü", vec![("x-a", "K%C3%A4se %F0%9F%8D%B0 %C3%BC")], 0),
        ("{{name}}: a:b", vec![("x-other", "a:b")], 0),
        ("{{owned}}: y\nX-{{umlaut}}: z\n{{bad}}: q\n{{unknown}}: r", vec![], 4),
        ("X-A: {{o}}\tz", vec![("x-a", "{\"k\":1}\tz")], 0),
        ("X-A: 100%25", vec![("x-a", "100%25")], 0),
        ("X-A:", vec![("x-a", "")], 0),
        ("Authorization: {{#a}}Bearer: {{a}}{{/a}}", vec![("authorization", "Bearer: x")], 0),
    ] {
        let expected = expected.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        assert_eq!(headers(template, &variables), (expected, notes), "{template}");
    }
}

#[test]
fn headers_that_no_template_may_set_are_refused() {
    for bad in [
        "X-A",
        "X-A 1",
        "X A: 1",
        ": 1",
        "X-A: a\rb",
        "X-A: \0",
        "X-Ä: 1",
        "X-A: {{",
        "X-A: {{#a}}\n{{/a}}",
        "Host: a",
        "HOST: a",
        "Content-Length: 1",
        "transfer-encoding: chunked",
        "Connection: close",
        "webhook-id: 1",
        "Webhook-Timestamp: 1",
        "webhook-signature: v1,x",
        "User-Agent: a",
        "Expect: 100-continue",
    ] {
        assert_eq!(invalid(with_headers(bad)), "header_template", "{bad}");
    }
    for long in
        ["X: 1\n".repeat(MAX_HEADER_LINES + 1), format!("X: {}", "1".repeat(MAX_HEADER_TEMPLATE))]
    {
        assert!(matches!(
            RequestTemplate::parse(with_headers(&long)),
            Err(BadWebhook::TooLarge { field: "header_template" })
        ));
    }
    assert!(RequestTemplate::parse(with_headers(&"X: 1\n".repeat(MAX_HEADER_LINES))).is_ok());
}

#[test]
fn bodies_have_a_type_and_a_limit() {
    let of = |method: &str, header_template, body_template| {
        let method = method.parse().unwrap();
        let parts =
            Parts { method, header_template, body_template, ..parts("https://shop.example/") };
        let variables = json!({
            "webhook_type": "pay", "event_id": "evt_1", "event_time": "2026-11-30T03:20:45Z", "instance_id": "shop",
            "order_id": "2026-1", "amount": "EUR:1", "order_status_url": "https://shop.example/orders/2026-1", "summary": "A",
        });
        let request = parsed(parts).expand(variables.as_object().unwrap()).unwrap();
        let kind = request.headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        (kind.unwrap_or_default(), request.body)
    };
    let thin = json!({
        "type": "order.paid", "timestamp": "2026-11-30T03:20:45Z", "data": {
            "event_type": "pay", "event_id": "evt_1", "instance_id": "shop", "order_id": "2026-1",
            "amount": "EUR:1", "order_status_url": "https://shop.example/orders/2026-1",
        },
    });
    for method in ["POST", "put", "Patch"] {
        let (kind, body) = of(method, None, None);
        assert_eq!(kind, "application/json");
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), thin);
    }
    for method in ["GET", "HEAD", "DELETE", "OPTIONS"] {
        assert_eq!(of(method, None, None), (String::new(), String::new()));
    }
    assert_eq!(of("GET", None, Some("x")), ("text/plain; charset=utf-8".into(), "x".into()));
    assert_eq!(of("POST", None, Some("")), (String::new(), String::new()));
    assert_eq!(of("POST", None, Some("[1]")), ("application/json".into(), "[1]".into()));
    assert_eq!(of("POST", Some("content-type: a/b"), Some("{}")), ("a/b".into(), "{}".into()));
    for bad in ["CONNECT", "TRACE", "", "POST "] {
        assert!(bad.parse::<HttpMethod>().is_err(), "{bad}");
    }
    let invalid_body =
        Parts { body_template: Some("{{order_id"), ..parts("https://shop.example/") };
    assert_eq!(invalid(invalid_body), "body_template");
    let long = "x".repeat(MAX_BODY_TEMPLATE + 1);
    let long = Parts { body_template: Some(&long), ..parts("https://shop.example/") };
    assert!(matches!(
        RequestTemplate::parse(long),
        Err(BadWebhook::TooLarge { field: "body_template" })
    ));
    let twice = Parts { body_template: Some("{{x}}{{x}}"), ..parts("https://shop.example/") };
    let variables = json!({ "x": "x".repeat(MAX_EXPANDED_BODY / 2 + 1) });
    let expanded = parsed(twice).expand(variables.as_object().unwrap());
    assert_eq!(expanded.unwrap_err(), Unusable::TooLarge("body"));
}

#[test]
fn the_default_body_names_the_event_as_standard_webhooks_does() {
    for (event, kind) in [
        ("order_created", "order.created"),
        ("pay", "order.paid"),
        ("refund", "order.refunded"),
        ("order_settled", "order.settled"),
        ("category_added", "category.added"),
        ("inventory_updated", "inventory.updated"),
    ] {
        let body = default_body(variables(event, "a").as_object().unwrap());
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["type"], kind);
        assert_eq!(body["data"]["event_type"], event);
    }
}

proptest! {
    #[test]
    fn any_text_gives_json_that_says_the_same(text in any::<String>(), other in "\\PC*") {
        for (event, template) in DOLIBARR.iter().chain(TRYTON) {
            let variables = variables(event, &text);
            let body = body(template, escaping(event), &variables);
            let read: Value = serde_json::from_str(&body).unwrap();
            if let Some(order_id) = read.get("order_id") {
                prop_assert_eq!(order_id, &text);
            }
        }
        let both = json!({ "a": text, "b": { "c": other } });
        let body = body(r#"{"x":"{{a}}{{{b.c}}}","y":{{{b}}}}"#, Escaping::Raw, &both);
        let read: Value = serde_json::from_str(&body).unwrap();
        prop_assert_eq!(&read["x"], &format!("{text}{other}"));
        prop_assert_eq!(&read["y"], &both["b"]);
    }

    #[test]
    fn no_template_panics_and_none_changes_the_host(
        tail in "[{}#^/!&a-c.: \"\\\\,\\[\\]\n?@]{0,40}",
        text in any::<String>(),
    ) {
        let variables = json!({ "a": text, "b": [text, { "c": text }], "c": { "a": text } });
        let variables = variables.as_object().unwrap();
        let url = format!("https://shop.example/{tail}");
        let header = format!("X-A: {tail}\n{tail}");
        let object = format!("{{\"a\":\"{tail}\"}}");
        for parts in [
            parts(&url),
            parts(&tail),
            with_headers(&header),
            Parts { body_template: Some(&object), ..parts("https://shop.example/") },
            Parts { body_template: Some(&tail), ..parts("https://shop.example/") },
        ] {
            let Ok(template) = RequestTemplate::parse(parts) else { continue };
            let Ok(request) = template.expand(variables) else { continue };
            prop_assert_eq!(request.url.host(), template.target().host());
            prop_assert_eq!(request.url.host_str(), Some("shop.example"));
            if template.is_json() && !tail.contains(['#', '^']) {
                prop_assert!(serde_json::from_str::<Value>(&request.body).is_ok(), "{}", request.body);
            }
        }
    }
}
