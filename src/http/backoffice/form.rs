//! Forms: reads the inputs, and checks that the form is from a page that we sent to this browser.
//!
//! Every form carries a CSRF token in its input `csrf`. In a web session it is derived from its API
//! token, so that no other site and no other web session has it; for the sign-in, from a cookie that the
//! browser got with the form. A form without its CSRF token is refused before its content is used.
//!
//! After the CSRF token comes an id of the page, by which a form that is sent twice is
//! recognized (`repeats`).
//!
//! A form with a file comes as `multipart/form-data` (decision 164). The body is read within the limit of its
//! route before its parts are looked at.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::stream;
use multer::{Multipart, parse_boundary};

use super::super::error::Failure;
use super::super::extract::Body;
use super::super::headers::{header, is_form};
use super::super::settings::Settings;
use super::cookie::{Cookie, Transport};
use super::csrf::{self, csrf_before_login};
use super::web_session::WebSession;

/// Most inputs of a form that are looked at.
const MAX_INPUTS: usize = 200;

/// A form that was sent, its CSRF token checked.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Form {
    inputs: Vec<(String, String)>,
    /// Names of inputs, and what is in the file that was chosen there.
    files: Vec<(String, Bytes)>,
}

impl Form {
    /// What was typed into `name`, without blanks around it; empty if nothing was.
    pub(super) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// What was typed into `name`, as it is: passwords may begin with a blank.
    pub(super) fn raw(&self, name: &str) -> &str {
        self.inputs.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value.as_str())
    }

    /// What was typed into `name`, if anything was.
    pub(super) fn some(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Whether `name` is there at all, as a ticked box or a pressed button is.
    pub(super) fn has(&self, name: &str) -> bool {
        self.inputs.iter().any(|(one, _)| one == name)
    }

    /// All values of `name`, as they are, in the order of the page: inputs and ticked boxes of one name have several.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let inputs = self.inputs.iter().filter(move |(one, _)| one == name);
        inputs.map(|(_, value)| value.as_str())
    }

    /// The file that was chosen in `name`, if it has anything in it.
    pub(super) fn file(&self, name: &str) -> Option<&Bytes> {
        let found = self.files.iter().find(|(one, bytes)| one == name && !bytes.is_empty());
        found.map(|(_, bytes)| bytes)
    }

    /// Reads the parts of a form with files.
    async fn of_parts(boundary: String, bytes: Vec<u8>) -> Result<Self, multer::Error> {
        let body = stream::once(ready(Ok::<_, Infallible>(Bytes::from(bytes))));
        let mut parts = Multipart::new(body, boundary);
        let mut form = Self::default();
        for _ in 0..MAX_INPUTS {
            let Some(part) = parts.next_field().await? else { break };
            let name = part.name().unwrap_or_default().to_owned();
            match part.file_name() {
                Some(_) => form.files.push((name, part.bytes().await?)),
                None => {
                    let text = String::from_utf8_lossy(&part.bytes().await?).into_owned();
                    form.inputs.push((name, text));
                }
            }
        }
        Ok(form)
    }
}

impl FromRequest for Form {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Body::from_request(request, payload).into_inner();
        let request = request.clone();
        Box::pin(async move {
            let csrf_base = expected(&request).ok_or(Failure::Forged)?;
            let boundary = boundary(&request);
            if boundary.is_none() && !is_form(&request) {
                return Err(Failure::Forged);
            }
            let bytes = body?.bytes().await?;
            let form = match boundary {
                Some(boundary) => {
                    let parts = Self::of_parts(boundary, bytes).await;
                    parts.map_err(|_| Failure::Malformed("the form".into()))?
                }
                None => {
                    let pairs = url::form_urlencoded::parse(&bytes).into_owned().take(MAX_INPUTS);
                    Self { inputs: pairs.collect(), files: Vec::new() }
                }
            };
            if csrf::fits(form.raw("csrf"), &csrf_base) { Ok(form) } else { Err(Failure::Forged) }
        })
    }
}

/// What divides the parts of a form with files; `None` if the body is none.
fn boundary(request: &HttpRequest) -> Option<String> {
    parse_boundary(header(request, CONTENT_TYPE)?).ok()
}

/// Whether the body is a form in one of the ways in which browsers send one.
pub(super) fn is_sent(request: &HttpRequest) -> bool {
    is_form(request) || boundary(request).is_some()
}

/// The CSRF token that forms of this browser carry.
pub(super) fn expected(request: &HttpRequest) -> Option<String> {
    if let Some(web_session) = request.extensions().get::<WebSession>() {
        return Some(web_session.csrf_base().to_owned());
    }
    let settings = request.app_data::<Data<Settings>>()?;
    let way = Transport::of(request, settings);
    Cookie::PreSession.read(request, &way).map(|cookie| csrf_before_login(&cookie))
}

/// What was typed, and what is wrong with it: a page that shows a form again needs both.
#[derive(Clone, Debug, Default)]
pub(super) struct FormState {
    form: Form,
    complaints: Vec<(&'static str, String)>,
}

impl FormState {
    /// Of `form`, with which nothing is wrong yet.
    pub(super) fn of(form: Form) -> Self {
        Self { form, complaints: Vec::new() }
    }

    /// An empty form that already says something.
    pub(super) fn suggesting(pairs: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self::of(Form { inputs: pairs.iter().map(own).collect(), files: Vec::new() })
    }

    /// Says what is wrong with the input `name`; with `""`, with the form as a whole.
    pub(super) fn add_error(&mut self, name: &'static str, text: impl Into<String>) {
        self.complaints.push((name, text.into()));
    }

    /// Whether nothing is wrong.
    pub(super) fn is_good(&self) -> bool {
        self.complaints.is_empty()
    }

    /// The form.
    pub(super) fn form(&self) -> &Form {
        &self.form
    }

    /// What was typed into `name`.
    pub(super) fn value(&self, name: &str) -> &str {
        self.form.raw(name)
    }

    /// Whether `value` was chosen for `name`.
    pub(super) fn chose(&self, name: &str, value: &str) -> bool {
        self.form.raw(name) == value
    }

    /// What is wrong with `name`.
    pub(super) fn error_for(&self, name: &str) -> Option<&str> {
        self.complaints.iter().find(|(one, _)| *one == name).map(|(_, text)| text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    async fn parts(body: &[u8]) -> Option<Form> {
        Form::of_parts("XX".into(), body.to_vec()).await.ok()
    }

    #[actix_web::test]
    async fn a_form_with_a_file_is_read() {
        let body = "--XX\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nKäse\r\n\
            --XX\r\nContent-Disposition: form-data; name=\"category\"\r\n\r\n1\r\n\
            --XX\r\nContent-Disposition: form-data; name=\"category\"\r\n\r\n2\r\n\
            --XX\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"a.png\"\r\n\
            Content-Type: image/png\r\n\r\n\0\r\n\u{1}\r\n\
            --XX\r\nContent-Disposition: form-data; name=\"none\"; filename=\"\"\r\n\r\n\r\n--XX--\r\n";
        let form = parts(body.as_bytes()).await.unwrap();
        assert_eq!(form.text("name"), "Käse");
        assert_eq!(form.all("category").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(form.file("picture").unwrap(), &b"\0\r\n\x01"[..]);
        assert!(form.file("none").is_none() && !form.has("picture"));
        assert!(parts(&body.as_bytes()[..100]).await.is_none(), "half a form is none");
    }

    #[actix_web::test]
    async fn so_many_parts_are_read() {
        let part = "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
        let form = parts(format!("{}--XX--\r\n", part.repeat(MAX_INPUTS + 50)).as_bytes()).await;
        assert_eq!(form.unwrap().inputs.len(), MAX_INPUTS);
    }

    proptest! {
        #[test]
        fn no_body_panics(body in prop::collection::vec(any::<u8>(), 0..300), head in any::<bool>()) {
            let start: &[u8] = if head { b"--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n" } else { b"" };
            let body = [start, &body].concat();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async { drop(parts(&body).await) });
        }
    }
}
