//! The texts of a webhook as a shop writes them, and the request that becomes of them (webhooks 3).

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use url::Url;

use super::json_mode::{self, Place};
use super::text_template::{Escape, Node, TextTemplate, TooMuch, Why};
use crate::model::webhook::HttpMethod;

/// Longest `url`, in bytes.
pub const MAX_URL: usize = 2048;
/// Longest `header_template`, in bytes.
pub const MAX_HEADER_TEMPLATE: usize = 4 * 1024;
/// Most lines of `header_template`.
pub const MAX_HEADER_LINES: usize = 32;
/// Longest `body_template`, in bytes.
pub const MAX_BODY_TEMPLATE: usize = 64 * 1024;
/// Longest address that a call may have, in bytes; servers take no longer ones.
const MAX_EXPANDED_URL: usize = 8 * 1024;
/// Longest value of a header in a call, in bytes; for the same reason.
const MAX_EXPANDED_HEADER: usize = 8 * 1024;
/// Longest body of a call, in bytes: a contract of the usual limit, several times.
const MAX_EXPANDED_BODY: usize = 2 * 1024 * 1024;

/// What a value keeps as it is in an address; all else is percent-encoded.
const URL_COMPONENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Headers that the sender writes, or that say how the connection is used; no template sets them.
const OWNED_HEADERS: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "webhook-id",
    "webhook-signature",
    "webhook-test",
    "webhook-timestamp",
];

/// What the default body says of an event, where the event has it. No more, so that who forges or repeats a
/// call can do no more than make the shop ask.
const DEFAULT_BODY: &[&str] = &[
    "event_id",
    "instance_id",
    "order_id",
    "amount",
    "refund_amount",
    "refund_total",
    "wtid",
    "order_status_url",
    "category_serial",
    "category_name",
    "product_serial",
    "product_id",
];

/// What becomes of text in a body that is no JSON object; in one, every value is written as JSON.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Escaping {
    /// As mustache says: `&`, `<`, `>` and `"` become entities. Events `pay` and `refund`.
    Html,
    /// Nothing. All other events.
    Raw,
}

/// Why the texts of a webhook cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BadWebhook {
    /// This member is malformed; `why` is a clause about it.
    Invalid {
        /// The member.
        field: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// This member is longer than its limit.
    TooLarge {
        /// The member.
        field: &'static str,
    },
}

impl fmt::Display for BadWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { field, why } => write!(f, "{field}: {why}"),
            Self::TooLarge { field } => write!(f, "{field} is too long"),
        }
    }
}

impl std::error::Error for BadWebhook {}

/// Why no request becomes of a template and the variables of an event. The next event may be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unusable {
    /// This part gets too long, or takes too much work.
    TooLarge(&'static str),
    /// The address is none, or another than the shop wrote.
    Url,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(part) => {
                write!(f, "the {part} gets too long with the values of this event")
            }
            Self::Url => f.write_str("the address is not usable with the values of this event"),
        }
    }
}

impl std::error::Error for Unusable {}

/// The texts of a webhook.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The address, with tags in path and query.
    pub url: &'a str,
    /// How it is asked.
    pub method: HttpMethod,
    /// Lines `Name: value`.
    pub header_template: Option<&'a str>,
    /// The body; the default one when absent.
    pub body_template: Option<&'a str>,
    /// What the event needs.
    pub escaping: Escaping,
}

/// The parsed texts of a webhook.
#[derive(Clone, Debug)]
pub struct RequestTemplate {
    url: UrlTemplate,
    method: HttpMethod,
    headers: Vec<HeaderLine>,
    body: Option<BodyTemplate>,
}

/// A call, but for its signature.
#[derive(Clone, Debug)]
pub struct Request {
    /// How it asks.
    pub method: HttpMethod,
    /// Where it goes.
    pub url: Url,
    /// The headers of the template, and the type of the body.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: String,
    /// What was left out of the call, a sentence each, without the values.
    pub notes: Vec<String>,
}

impl RequestTemplate {
    /// Reads the texts.
    ///
    /// # Errors
    /// [`BadWebhook`] names the member that is malformed or too long.
    pub fn parse(parts: Parts<'_>) -> Result<Self, BadWebhook> {
        let url = UrlTemplate::parse(parts.url)?;
        let headers = parts.header_template.map_or(Ok(Vec::new()), header_lines)?;
        let body = parts.body_template.map(|text| BodyTemplate::parse(text, parts.escaping));
        Ok(Self { url, method: parts.method, headers, body: body.transpose()? })
    }

    /// An address that calls of this webhook may have: scheme, host and port are those of all.
    pub fn target(&self) -> &Url {
        &self.url.target
    }

    /// Whether the body is a JSON object whatever the variables hold.
    pub fn is_json(&self) -> bool {
        matches!(&self.body, Some(BodyTemplate { form: Form::Json(_), .. }))
    }

    /// The call about an event with these variables.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn expand(&self, variables: &Map<String, Value>) -> Result<Request, Unusable> {
        let url = self.url.expand(variables)?;
        let body = match &self.body {
            Some(template) => template.expand(variables)?,
            None if has_default_body(self.method) => default_body(variables),
            None => String::new(),
        };
        let (mut headers, mut notes) = (HeaderMap::new(), Vec::new());
        for (line, number) in self.headers.iter().zip(1..) {
            match line.expand(variables) {
                Ok((name, value)) => drop(headers.try_append(name, value)),
                Err(why) => notes.push(format!("header {number} was left out: {why}")),
            }
        }
        if !body.is_empty() && !headers.contains_key(CONTENT_TYPE) {
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&body).is_ok();
            let kind = if is_json { "application/json" } else { "text/plain; charset=utf-8" };
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        Ok(Request { method: self.method, url, headers, body, notes })
    }
}

/// Whether a call without a template has the default body.
fn has_default_body(method: HttpMethod) -> bool {
    matches!(method, HttpMethod::Post | HttpMethod::Put | HttpMethod::Patch)
}

/// The value as text: what stands in an address, a header or a string.
fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

#[derive(Clone, Debug)]
struct UrlTemplate {
    template: TextTemplate,
    /// The address with a stand-in for each value.
    target: Url,
}

impl UrlTemplate {
    fn parse(text: &str) -> Result<Self, BadWebhook> {
        let invalid = |why| BadWebhook::Invalid { field: "url", why };
        if text.len() > MAX_URL {
            return Err(BadWebhook::TooLarge { field: "url" });
        }
        let template = TextTemplate::parse(text).map_err(invalid)?;
        // What an address leaves out when it is read, like a line break, could hide where it leads.
        let odd = |node: &Node| match node {
            Node::Text(text) => {
                text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\')
            }
            Node::Value { .. } | Node::Section { .. } => false,
        };
        if template.nodes.iter().any(odd) {
            return Err(invalid("it has blanks, control characters or backslashes"));
        }
        let no_host = invalid("it does not begin with https:// or http:// and a host");
        let first = match template.nodes.first() {
            Some(Node::Text(first)) => first.as_str(),
            Some(Node::Value { .. } | Node::Section { .. }) | None => return Err(no_host),
        };
        let (scheme, rest) = first.split_once("://").ok_or(no_host)?;
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(no_host);
        }
        // A tag may only follow the host: who can choose a value must not choose who is called.
        let authority = match rest.find(['/', '?', '#']) {
            Some(end) => rest.get(..end).unwrap_or_default(),
            None => rest,
        };
        if authority.is_empty() {
            return Err(no_host);
        }
        if template.nodes.len() > 1
            && rest.get(authority.len()..).is_none_or(|rest| !rest.starts_with('/'))
        {
            return Err(invalid("a tag is before the first / behind the host"));
        }
        let host = Url::parse(&format!("{scheme}://{authority}/")).map_err(|_| no_host)?;
        let stand_in = &mut |out: &mut String, _: Option<&Value>, _, _| out.push('0');
        let sample = template.expand(&Map::new(), MAX_EXPANDED_URL, stand_in);
        let target = sample
            .ok()
            .and_then(|sample| same_place(&sample, &host))
            .ok_or(invalid("its path goes upwards, or it is no address"))?;
        Ok(Self { template, target })
    }

    fn expand(&self, variables: &Map<String, Value>) -> Result<Url, Unusable> {
        let write = &mut |out: &mut String, value: Option<&Value>, _, _| {
            out.extend(utf8_percent_encode(&plain(value), URL_COMPONENT));
        };
        let text = self.template.expand(variables, MAX_EXPANDED_URL, write);
        let text = text.map_err(|TooMuch| Unusable::TooLarge("address"))?;
        same_place(&text, &self.target).ok_or(Unusable::Url)
    }
}

/// The address `text`, if it leads to the host of `like` and to the very path that is written: a value of
/// dots would go upwards.
fn same_place(text: &str, like: &Url) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let path = text.split(['?', '#']).next()?.splitn(4, '/').nth(3).unwrap_or_default();
    let slashes = |path: &str| path.matches('/').count();
    let is_same = url.scheme() == like.scheme()
        && url.host() == like.host()
        && url.port() == like.port()
        && url.username() == like.username()
        && url.password() == like.password()
        && slashes(url.path()) == slashes(path) + 1;
    is_same.then_some(url)
}

#[derive(Clone, Debug)]
struct HeaderLine {
    name: HeaderNameTemplate,
    value: TextTemplate,
}

#[derive(Clone, Debug)]
enum HeaderNameTemplate {
    Known(HeaderName),
    Open(TextTemplate),
}

fn header_lines(text: &str) -> Result<Vec<HeaderLine>, BadWebhook> {
    const FIELD: &str = "header_template";
    if text.len() > MAX_HEADER_TEMPLATE {
        return Err(BadWebhook::TooLarge { field: FIELD });
    }
    // Forms end a line with CR LF.
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let lines: Vec<_> = lines.filter(|line| !line.trim().is_empty()).collect();
    if lines.len() > MAX_HEADER_LINES {
        return Err(BadWebhook::TooLarge { field: FIELD });
    }
    let parsed = lines.into_iter().map(HeaderLine::parse);
    parsed.collect::<Result<_, Why>>().map_err(|why| BadWebhook::Invalid { field: FIELD, why })
}

impl HeaderLine {
    fn parse(line: &str) -> Result<Self, Why> {
        if line.contains(|c: char| c.is_control() && c != '\t') {
            return Err("a line has a control character");
        }
        let TextTemplate { nodes, values } = TextTemplate::parse(line)?;
        let colon = |node: &Node| matches!(node, Node::Text(text) if text.contains(':'));
        let at = nodes.iter().position(colon).ok_or("a line is not Name: value")?;
        let (mut before, mut after) = (nodes, Vec::new());
        let behind = before.split_off(at);
        for (place, node) in behind.into_iter().enumerate() {
            match node {
                Node::Text(text) if place == 0 => {
                    let (name, value) = text.split_once(':').unwrap_or_default();
                    before.push(Node::Text(name.to_owned()));
                    after.push(Node::Text(value.to_owned()));
                }
                node => after.push(node),
            }
        }
        let name = match before.as_slice() {
            [Node::Text(name)] => HeaderNameTemplate::Known(header_name(name)?),
            _ => HeaderNameTemplate::Open(TextTemplate { nodes: before, values }),
        };
        Ok(Self { name, value: TextTemplate { nodes: after, values } })
    }

    fn expand(&self, variables: &Map<String, Value>) -> Result<(HeaderName, HeaderValue), Why> {
        let name = match &self.name {
            HeaderNameTemplate::Known(name) => name.clone(),
            HeaderNameTemplate::Open(template) => {
                header_name(&expanded_header(template, variables)?)?
            }
        };
        let value = expanded_header(&self.value, variables)?;
        let value = HeaderValue::from_str(value.trim()).map_err(|_| "its value is none")?;
        Ok((name, value))
    }
}

/// The name of a header that a template may set.
fn header_name(text: &str) -> Result<HeaderName, Why> {
    let name = HeaderName::from_bytes(text.as_bytes())
        .map_err(|_| "a line has no name of a header before its colon")?;
    match OWNED_HEADERS.contains(&name.as_str()) {
        true => Err("a line sets a header that tilld sets itself"),
        false => Ok(name),
    }
}

/// A piece of a header's line. A value with a line break would be a header more, so none is written.
fn expanded_header(template: &TextTemplate, variables: &Map<String, Value>) -> Result<String, Why> {
    let mut breaks = false;
    let write = &mut |out: &mut String, value: Option<&Value>, _, _| {
        let text = plain(value);
        breaks |= text.contains(['\r', '\n', '\0']);
        out.extend(text.chars().filter(|c| !c.is_control()));
    };
    let text = template.expand(variables, MAX_EXPANDED_HEADER, write);
    if breaks {
        return Err("a value has a line break or NUL in it");
    }
    let text = text.map_err(|TooMuch| "it gets too long")?;
    // Only what is not ASCII; the tabs of the template stay.
    const NON_ASCII: &AsciiSet = &CONTROLS.remove(b'\t');
    Ok(utf8_percent_encode(&text, NON_ASCII).to_string())
}

#[derive(Clone, Debug)]
struct BodyTemplate {
    template: TextTemplate,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    /// A JSON object; where each value is in it.
    Json(Vec<Place>),
    Text(Escaping),
}

impl BodyTemplate {
    fn parse(text: &str, escaping: Escaping) -> Result<Self, BadWebhook> {
        const FIELD: &str = "body_template";
        if text.len() > MAX_BODY_TEMPLATE {
            return Err(BadWebhook::TooLarge { field: FIELD });
        }
        let template =
            TextTemplate::parse(text).map_err(|why| BadWebhook::Invalid { field: FIELD, why })?;
        let form = json_mode::places(&template).map_or(Form::Text(escaping), Form::Json);
        Ok(Self { template, form })
    }

    fn expand(&self, variables: &Map<String, Value>) -> Result<String, Unusable> {
        let write = &mut |out: &mut String, value: Option<&Value>, escape, number| match &self.form
        {
            Form::Json(places) => match places.get(number) {
                Some(Place::Value) => out.push_str(&value.unwrap_or(&Value::Null).to_string()),
                Some(Place::InString) | None => {
                    let literal = Value::from(plain(value)).to_string();
                    let inside = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
                    out.push_str(inside.unwrap_or_default());
                }
            },
            Form::Text(escaping) => match value {
                None => {}
                Some(Value::String(text)) => match (escaping, escape) {
                    (Escaping::Html, Escape::Usual) => push_html(out, text),
                    (Escaping::Html, Escape::Raw) | (Escaping::Raw, _) => out.push_str(text),
                },
                Some(value) => out.push_str(&value.to_string()),
            },
        };
        let expanded = self.template.expand(variables, MAX_EXPANDED_BODY, write);
        expanded.map_err(|TooMuch| Unusable::TooLarge("body"))
    }
}

/// `text` as mustache escapes it.
fn push_html(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

/// The body of a webhook that has no template for it (webhooks 5.2).
fn default_body(variables: &Map<String, Value>) -> String {
    let event_type = variables.get("webhook_type").and_then(Value::as_str).unwrap_or_default();
    let kind = match event_type {
        "pay" => "order.paid".to_owned(),
        "refund" => "order.refunded".to_owned(),
        other => other.replacen('_', ".", 1),
    };
    let mut content = Map::new();
    content.insert("event_type".into(), event_type.into());
    for name in DEFAULT_BODY {
        if let Some(value) = variables.get(*name).filter(|value| !value.is_null()) {
            content.insert((*name).into(), value.clone());
        }
    }
    let time = variables.get("event_time").unwrap_or(&Value::Null);
    json!({ "type": kind, "timestamp": time, "data": content }).to_string()
}

#[cfg(test)]
mod tests;
