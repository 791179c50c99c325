//! The builder of one operation: parameters, answers and failures.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use utoipa::ToSchema;

use super::derived::{self, Learned};

/// What can be asked of a path.
pub(in crate::http) struct Operation {
    pub(in crate::http) method: &'static str,
    pub(in crate::http) path: &'static str,
    summary: &'static str,
    parameters: Vec<Value>,
    body: Option<(&'static str, Value)>,
    answers: BTreeMap<u16, Value>,
    failures: BTreeSet<&'static str>,
    refusals: BTreeSet<u16>,
    learned: Vec<Learned>,
}

pub(in crate::http) fn get(path: &'static str, summary: &'static str) -> Operation {
    Operation::new("GET", path, summary)
}

pub(in crate::http) fn post(path: &'static str, summary: &'static str) -> Operation {
    Operation::new("POST", path, summary)
}

pub(in crate::http) fn patch(path: &'static str, summary: &'static str) -> Operation {
    Operation::new("PATCH", path, summary)
}

pub(in crate::http) fn delete(path: &'static str, summary: &'static str) -> Operation {
    Operation::new("DELETE", path, summary)
}

/// Headers of requests and answers: what they mean, and an example.
const HEADERS: &[(&str, &str, &str)] = &[
    ("Accept-Language", "Which languages the client reads, the best one first.", "de, en;q=0.5"),
    ("Allow", "The methods that the path has.", "GET, HEAD, OPTIONS"),
    (
        "Cache-Control",
        "For how long clients may keep the answer.",
        "public, max-age=31536000, immutable",
    ),
    ("ETag", "Tells one version of the answer from another.", "\"4C1S8V3M5T9X0B2R\""),
    (
        "If-None-Match",
        "The `ETag` that the client knows: if it is still the same, the answer is 304 without a body.",
        "\"4C1S8V3M5T9X0B2R\"",
    ),
    ("Location", "Where to go on.", "https://shop.example/article/7"),
    ("Retry-After", "In how many seconds it is worth trying again.", "30"),
    ("Taler", "What a wallet beside the browser opens.", "taler://pay/shop.example/7/"),
    ("Taler-Terms-Version", "The version that a customer agrees to.", "4C1S8V3M5T9X0B2R"),
    ("WWW-Authenticate", "The kind of credentials that are asked for.", "Bearer"),
];

/// A header that comes with an answer.
pub(super) fn header_of_answer(name: &str, required: bool) -> Value {
    let (about, example) = known_header(name);
    json!({
        "required": required, "description": about,
        "schema": { "type": "string", "examples": [example] },
    })
}

fn known_header(name: &str) -> (&'static str, &'static str) {
    let known = HEADERS.iter().find(|(known, ..)| *known == name);
    known
        .map(|(_, about, example)| (*about, *example))
        .unwrap_or_else(|| panic!("{name} is not described"))
}

impl Operation {
    pub(in crate::http) fn new(
        method: &'static str,
        path: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            summary,
            parameters: Vec::new(),
            body: None,
            answers: BTreeMap::new(),
            failures: BTreeSet::new(),
            refusals: BTreeSet::new(),
            learned: Vec::new(),
        }
    }

    /// The segment `{id}` of the path, and what it means.
    pub(in crate::http) fn at<T: ToSchema>(self, about: &str) -> Self {
        self.in_path::<T>("id", about)
    }

    /// Another segment of the path.
    pub(in crate::http) fn in_path<T: ToSchema>(mut self, name: &str, about: &str) -> Self {
        let schema = derived::reference::<T>(false, &mut self.learned);
        self.parameters.push(json!({
            "name": name, "in": "path", "required": true, "description": about, "schema": schema,
        }));
        self
    }

    /// The segment `{serial}` of the path, and what it means.
    pub(in crate::http) fn numbered(self, about: &str) -> Self {
        self.in_path::<super::values::Serial>("serial", about)
    }

    /// The members of `T` as parameters of the query.
    pub(in crate::http) fn asks<T: ToSchema>(mut self) -> Self {
        self.parameters.extend(derived::parameters::<T>(&mut self.learned));
        self
    }

    /// A header that may be sent.
    pub(in crate::http) fn header(mut self, name: &str) -> Self {
        let (about, example) = known_header(name);
        self.parameters.push(json!({
            "name": name, "in": "header", "required": false, "description": about,
            "example": example, "schema": { "type": "string" },
        }));
        self
    }

    /// The body: `T` as JSON.
    pub(in crate::http) fn reads<T: ToSchema>(mut self) -> Self {
        self.body = Some(("application/json", derived::reference::<T>(true, &mut self.learned)));
        self
    }

    /// The body: one object with the members of both, as JSON.
    pub(in crate::http) fn reads_both<A: ToSchema, B: ToSchema>(mut self) -> Self {
        let both = [
            derived::reference::<A>(true, &mut self.learned),
            derived::reference::<B>(true, &mut self.learned),
        ];
        self.body = Some(("application/json", json!({ "allOf": both })));
        self
    }

    /// The body: `T` as a form.
    pub(in crate::http) fn reads_form<T: ToSchema>(mut self) -> Self {
        let form = derived::reference::<T>(false, &mut self.learned);
        self.body = Some(("application/x-www-form-urlencoded", form));
        self
    }

    /// An answer: `T` as JSON.
    pub(in crate::http) fn answers<T: ToSchema>(mut self, status: u16, what: &str) -> Self {
        let schema = derived::reference::<T>(false, &mut self.learned);
        self.content(status, what, "application/json", &schema)
    }

    /// An answer in text of this media type, or one more form of an answer.
    pub(in crate::http) fn shows(self, status: u16, what: &str, media: &str) -> Self {
        self.content(status, what, media, &json!({ "type": "string" }))
    }

    fn content(mut self, status: u16, what: &str, media: &str, schema: &Value) -> Self {
        let answer = self.answers.entry(status).or_insert_with(|| json!({ "description": what }));
        answer["content"][media] = json!({ "schema": schema });
        self
    }

    /// An answer without a body.
    pub(in crate::http) fn done(mut self, status: u16, what: &str) -> Self {
        self.answers.insert(status, json!({ "description": what }));
        self
    }

    /// A header that comes with an answer.
    pub(in crate::http) fn with(mut self, status: u16, header: &str, required: bool) -> Self {
        if let Some(answer) = self.answers.get_mut(&status) {
            answer["headers"][header] = header_of_answer(header, required);
        }
        self
    }

    /// Failures beyond those that every operation of its kind has, by their names in the table of
    /// `http/error.rs`. The name of a kind, as `BadOrder`, stands for all of it.
    pub(in crate::http) fn fails(mut self, names: &[&'static str]) -> Self {
        self.failures.extend(names);
        self
    }

    /// Statuses of failures that are not told apart, for pages.
    pub(in crate::http) fn refuses(mut self, statuses: &[u16]) -> Self {
        self.refusals.extend(statuses);
        self
    }

    /// The schemas that the operation needs.
    pub(super) fn learned(&self) -> &[Learned] {
        &self.learned
    }

    /// The names of its own failures.
    pub(super) fn failures(&self) -> &BTreeSet<&'static str> {
        &self.failures
    }

    /// Statuses of failures that are not told apart.
    pub(super) fn refusals(&self) -> &BTreeSet<u16> {
        &self.refusals
    }

    pub(super) fn has_body(&self) -> bool {
        self.body.is_some()
    }

    /// Whether a parameter of the query must be there.
    pub(super) fn demands(&self) -> bool {
        let is_demanded = |one: &Value| one["in"] == "query" && one["required"] == true;
        self.parameters.iter().any(is_demanded)
    }

    /// Its form in the document. `in_path` are the parameters that this form of the path has in
    /// front; `refused` says where each status of a failure is described.
    pub(super) fn written(
        &self,
        id: &str,
        tag: &str,
        security: &Value,
        in_path: &[Value],
        refused: &BTreeMap<u16, Value>,
    ) -> Value {
        let parameters: Vec<_> = in_path
            .iter()
            .chain(&self.parameters)
            // An address that names the instance does so once.
            .filter(|one| in_path.is_empty() || one["name"] != "instance" || one["in"] == "path")
            .collect();
        let mut responses: BTreeMap<String, &Value> = BTreeMap::new();
        for (status, answer) in refused.iter().chain(&self.answers) {
            responses.insert(status.to_string(), answer);
        }
        let mut written = json!({
            "operationId": id,
            "tags": [tag],
            "summary": self.summary,
            "responses": responses,
            "security": security,
        });
        if !parameters.is_empty() {
            written["parameters"] = json!(parameters);
        }
        if let Some((media, schema)) = &self.body {
            written["requestBody"] =
                json!({ "required": true, "content": { *media: { "schema": schema } } });
        }
        written
    }
}
