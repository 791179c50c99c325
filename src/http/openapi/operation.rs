//! The builder of one operation: parameters, answers and errors.

#![expect(clippy::needless_pass_by_value, reason = "schemas are written where they are used")]

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
    body: Option<(bool, Value)>,
    answers: BTreeMap<u16, Value>,
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
            refusals: BTreeSet::new(),
            learned: Vec::new(),
        }
    }

    fn parameter(mut self, name: &str, place: &str, required: bool, schema: Value) -> Self {
        self.parameters
            .push(json!({ "name": name, "in": place, "required": required, "schema": schema }));
        self
    }

    /// The segment `{id}` of the path, and what it means.
    pub(in crate::http) fn at<T: ToSchema>(mut self, about: &str) -> Self {
        let schema = derived::reference::<T>(false, &mut self.learned);
        self.parameters.push(json!({
            "name": "id", "in": "path", "required": true, "description": about, "schema": schema,
        }));
        self
    }

    /// The segment `{serial}` of the path, and what it means.
    pub(in crate::http) fn numbered(mut self, about: &str) -> Self {
        let schema = super::schema::serial();
        self.parameters.push(json!({
            "name": "serial", "in": "path", "required": true, "description": about, "schema": schema,
        }));
        self
    }

    /// The members of `T` as parameters of the query.
    pub(in crate::http) fn asks<T: ToSchema>(mut self) -> Self {
        self.parameters.extend(derived::parameters::<T>(&mut self.learned));
        self
    }

    /// The body: `T` as JSON.
    pub(in crate::http) fn reads<T: ToSchema>(mut self) -> Self {
        self.body = Some((false, derived::reference::<T>(true, &mut self.learned)));
        self
    }

    /// An answer: `T` as JSON.
    pub(in crate::http) fn answers<T: ToSchema>(mut self, status: u16, what: &str) -> Self {
        let schema = derived::reference::<T>(false, &mut self.learned);
        self.gives(status, what, schema)
    }

    /// The schemas that the operation needs.
    pub(super) fn learned(&self) -> &[Learned] {
        &self.learned
    }

    /// The segment `{id}` of the path.
    pub(in crate::http) fn in_id(self, schema: Value) -> Self {
        self.parameter("id", "path", true, schema)
    }

    /// Another segment of the path.
    pub(in crate::http) fn in_path(self, name: &str, schema: Value) -> Self {
        self.parameter(name, "path", true, schema)
    }

    /// A parameter of the query. Left empty, it is as none.
    pub(in crate::http) fn ask(self, name: &str, schema: Value) -> Self {
        let empty = json!({ "type": "string", "maxLength": 0 });
        self.parameter(name, "query", false, super::schema::any_of([schema, empty]))
    }

    /// A parameter of the query that takes any text.
    pub(in crate::http) fn ask_text(self, name: &str) -> Self {
        self.parameter(name, "query", false, json!({ "type": "string" }))
    }

    /// A parameter of the query that must be there.
    pub(in crate::http) fn demand(self, name: &str, schema: Value) -> Self {
        self.parameter(name, "query", true, schema)
    }

    /// A header that may be sent.
    pub(in crate::http) fn header(self, name: &str) -> Self {
        self.parameter(name, "header", false, json!({ "type": "string" }))
    }

    /// The body, JSON.
    pub(in crate::http) fn takes(mut self, schema: Value) -> Self {
        self.body = Some((false, schema));
        self
    }

    /// The body, as a form only.
    pub(in crate::http) fn takes_form(mut self, schema: Value) -> Self {
        self.body = Some((true, schema));
        self
    }

    /// An answer in JSON.
    pub(in crate::http) fn gives(self, status: u16, what: &str, schema: Value) -> Self {
        self.content(status, what, "application/json", schema)
    }

    /// An answer in text of this media type, or one more form of an answer.
    pub(in crate::http) fn shows(self, status: u16, what: &str, media: &str) -> Self {
        self.content(status, what, media, json!({ "type": "string" }))
    }

    fn content(mut self, status: u16, what: &str, media: &str, schema: Value) -> Self {
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
            answer["headers"][header] =
                json!({ "required": required, "schema": { "type": "string" } });
        }
        self
    }

    /// Refusals beyond those that every operation of its kind has.
    pub(in crate::http) fn refuses(mut self, statuses: &[u16]) -> Self {
        self.refusals.extend(statuses);
        self
    }

    /// The parameters of path, query and headers.
    pub(super) fn parameters(&self) -> &[Value] {
        &self.parameters
    }

    pub(in crate::http) fn has_body(&self) -> bool {
        self.body.is_some()
    }

    /// Its form in the document. `in_path` are the parameters that this form of the path has in
    /// front, `common` what operations of its kind refuse with; `refusal` tells where a status is
    /// described.
    pub(in crate::http) fn written(
        &self,
        id: &str,
        tag: &str,
        security: Value,
        in_path: &[Value],
        common: &BTreeSet<u16>,
        refusal: &dyn Fn(u16) -> Value,
    ) -> Value {
        let parameters: Vec<_> = in_path
            .iter()
            .chain(&self.parameters)
            // An address that names the instance does so once.
            .filter(|one| in_path.is_empty() || one["name"] != "instance" || one["in"] == "path")
            .collect();
        let mut responses = BTreeMap::new();
        for status in self.refusals.union(common) {
            responses.insert(status.to_string(), refusal(*status));
        }
        for (status, answer) in &self.answers {
            responses.insert(status.to_string(), answer.clone());
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
        if let Some((form, schema)) = &self.body {
            let media =
                if *form { "application/x-www-form-urlencoded" } else { "application/json" };
            written["requestBody"] =
                json!({ "required": true, "content": { media: { "schema": schema } } });
        }
        written
    }
}
