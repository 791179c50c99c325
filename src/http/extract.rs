//! Extractors: from the request to typed values of path, query, body and credentials.
//!
//! A handler names what it needs in its signature. Credentials are checked before a body is read,
//! so that a client without them cannot make the daemon read one.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use data_encoding::BASE64;
use flate2::read::{GzDecoder, ZlibDecoder};
use futures_util::StreamExt;
use futures_util::future::Either;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::Failure;
use super::headers::{head_length, header, is_form};
#[cfg(test)]
use super::openapi::values::Milliseconds;
use super::routes::{Access, row_of};
use super::settings::Settings;
use super::{origin, read};
use crate::model::access::Permission;
use crate::till::{self, Admission, ApiToken, Password, Till, WaitLimit};
use net::body::{BadBody, gather, inflate};
use taler::ids::{BadId, InstanceId, SessionId};
use taler::time::RelativeTime;

/// Deepest nesting of objects and lists in a body.
const MAX_DEPTH: usize = 32;
/// Most inputs of a form that are read.
const MAX_FORM: usize = 100;

/// The instance of the path; the special one when it names none.
pub(super) fn instance_of(request: &HttpRequest) -> Result<InstanceId, Failure> {
    match request.match_info().get("instance") {
        None => Ok(InstanceId::admin()),
        Some(_) => segment(request, "instance"),
    }
}

/// The segment called `name` of the path, decoded.
fn segment<T: FromStr>(request: &HttpRequest, name: &str) -> Result<T, Failure> {
    let raw = request.match_info().get(name).ok_or(Failure::Segment)?;
    // The router has decoded all but `%25`, `%2F` and `%2B`; the middleware has refused invalid UTF-8.
    let text = percent_decode_str(raw).decode_utf8().map_err(|_| Failure::Segment)?;
    text.parse().map_err(|_| Failure::Segment)
}

/// The instance of the path. It may not exist.
pub(super) struct InstanceParam(pub(super) InstanceId);

impl FromRequest for InstanceParam {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(instance_of(request).map(Self))
    }
}

/// The instance of the path, which must exist below `/instances/$ID`;
/// at the root it need not.
pub(super) struct ExistingInstance(InstanceId);

impl ExistingInstance {
    /// `instance`, if it answers.
    ///
    /// # Errors
    /// As [`Till::instance`].
    pub(super) async fn find(till: &Till, instance: InstanceId) -> Result<Self, Failure> {
        if !instance.is_admin() {
            till.instance(&instance).await?;
        }
        Ok(Self(instance))
    }

    /// The instance ID of the path.
    pub(super) fn id(&self) -> &InstanceId {
        &self.0
    }
}

impl FromRequest for ExistingInstance {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (till, instance) = (request.app_data::<Data<Till>>().cloned(), instance_of(request));
        Box::pin(async move {
            let till = till.ok_or_else(|| Failure::Bug("the till is missing".into()))?;
            Self::find(&till, instance?).await
        })
    }
}

/// The segment `{id}` of the path.
pub(super) struct PathId<T>(pub(super) T);

impl<T: FromStr> FromRequest for PathId<T> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "id").map(Self))
    }
}

/// The segment `{serial}` of the path: the number of a row.
pub(super) struct PathSerial(pub(super) i64);

impl FromRequest for PathSerial {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "serial").map(Self))
    }
}

/// The query, decoded. Unknown names are ignored, and empty values count as missing.
pub(super) struct QueryParams(Vec<(String, String)>);

impl QueryParams {
    /// The struct that the parameters are.
    ///
    /// # Errors
    /// [`Failure::Missing`] and [`Failure::Malformed`] with the parameter's name.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        read::query(&self.0)
    }

    /// The text of `name`.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// The value of `name`, if it is there.
    pub(super) fn get<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, Failure> {
        let parsed = self.text(name).map(str::parse).transpose();
        parsed.map_err(|_| Failure::Malformed(name.into()))
    }

    /// Parses `name`: `yes` and `no`, `true` and `false`, `1` and `0`, in any case.
    pub(super) fn yes(&self, name: &'static str) -> Result<bool, Failure> {
        let Some(text) = self.text(name) else { return Ok(false) };
        read::flag(text).ok_or_else(|| Failure::Malformed(name.into()))
    }
}

impl FromRequest for QueryParams {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
        ready(Ok(Self(pairs.into_owned().collect())))
    }
}

/// A session, or none: an empty text names none.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct SessionOrNone(pub(super) Option<SessionId>);

impl TryFrom<String> for SessionOrNone {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        Ok(Self(if text.is_empty() { None } else { Some(SessionId::parse(text)?) }))
    }
}

/// Yes, no or either, as a query says it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct YesNoAll(pub(super) Option<bool>);

impl TryFrom<String> for YesNoAll {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match read::flag(&text) {
            None if text.eq_ignore_ascii_case("all") => Ok(Self(None)),
            None => Err("neither yes, no nor all"),
            said => Ok(Self(said)),
        }
    }
}

/// How long a request may wait for news.
#[cfg(test)]
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it describes what `LongPoll` reads")]
pub(super) struct LongPollQuery {
    /// How long to wait for a better answer, in milliseconds. tilld waits for at most 50 seconds (the
    /// setting `polls.max_wait_s`). Without it, tilld answers at once.
    #[schema(value_type = Option<Milliseconds>)]
    timeout_ms: Option<String>,
}

/// How long the client would wait for a better answer: `timeout_ms`, within our own limit.
pub(super) struct LongPoll(pub(super) WaitLimit);

impl FromRequest for LongPoll {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let waiting = QueryParams::from_request(request, payload).into_inner().and_then(|params| {
            let timeout = params.text("timeout_ms").map(RelativeTime::parse_millis).transpose();
            timeout.map_err(|_| Failure::Malformed("timeout_ms".into()))
        });
        ready(waiting.and_then(|timeout| match timeout {
            None => Ok(Self(WaitLimit::NONE)),
            Some(timeout) => wait_limit(request, timeout).map(Self),
        }))
    }
}

/// How long the head of a request that waits may be, in bytes, before it is one of few. The library
/// keeps a head until the request is answered, and for a longer one its buffer has grown.
const LONG_HEAD: usize = 6 * 1024;
/// How many requests with a longer head may wait: at 50 kB each they take 13 MB.
const LONG_HEADS: usize = 256;
/// The permits of those.
static LONG_HEADS_FREE: Semaphore = Semaphore::const_new(LONG_HEADS);

/// A permit of a request with a long head; held by the request.
struct LongHead(
    #[expect(dead_code, reason = "it is free again when dropped")] SemaphorePermit<'static>,
);

/// Whether a request may wait with the head that it has.
fn may_keep_head(request: &HttpRequest) -> bool {
    let uri = request.uri().path_and_query().map_or(0, |both| both.as_str().len());
    if uri.saturating_add(head_length(request.headers())) <= LONG_HEAD {
        return true;
    }
    let Ok(place) = LONG_HEADS_FREE.try_acquire() else { return false };
    request.extensions_mut().insert(LongHead(place));
    true
}

/// How long to wait for `timeout`, within our own limit.
pub(super) fn wait_limit(
    request: &HttpRequest,
    timeout: RelativeTime,
) -> Result<WaitLimit, Failure> {
    let Some(settings) = request.app_data::<Data<Settings>>() else {
        return Err(Failure::Bug("settings are missing".into()));
    };
    let wait = timeout.duration().map_or(settings.longest_poll, |t| t.min(settings.longest_poll));
    if wait.is_zero() || !may_keep_head(request) {
        return Ok(WaitLimit::NONE);
    }
    Ok(WaitLimit::lasting(wait, origin::poller(request, settings)))
}

/// A body still to be read.
pub(super) struct Body {
    payload: Payload,
    request: HttpRequest,
    settings: Data<Settings>,
}

impl FromRequest for Body {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let Some(settings) = request.app_data::<Data<Settings>>() else {
            return ready(Err(Failure::Bug("settings are missing".into())));
        };
        let (request, settings) = (request.clone(), settings.clone());
        ready(Ok(Self { payload: payload.take(), request, settings }))
    }
}

/// How much of a body that is too long is still read, in bytes, and for how long: a client that is hung
/// up on in the middle of sending may not hear why.
const DRAINED: usize = 4 << 20;
const DRAINING: Duration = Duration::from_secs(1);

/// Reads the rest of a body that is too long, within limits.
async fn drain(payload: &mut Payload) {
    let rest = async {
        let mut left = DRAINED;
        while let Some(Ok(chunk)) = payload.next().await {
            match left.checked_sub(chunk.len()) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    // The answer does not depend on how much was read.
    let _ = tokio::time::timeout(DRAINING, rest).await;
}

impl Body {
    /// All bytes, inflated if need be.
    pub(super) async fn bytes(mut self) -> Result<Vec<u8>, Failure> {
        let limits = self.settings.limits;
        let limit = row_of(&self.request).map_or(limits.public, |row| limits.of(row));
        let announced = header(&self.request, CONTENT_LENGTH);
        let announced: Option<usize> = announced.and_then(|text| text.parse().ok());
        if announced.is_some_and(|length| length > limit) {
            drain(&mut self.payload).await;
            return Err(Failure::BodyTooLong(limit));
        }
        let bad = |bad| match bad {
            BadBody::TooLong => Failure::BodyTooLong(limit),
            BadBody::Broken => Failure::BodyBroken,
            BadBody::Compression => Failure::Compression,
        };
        let reading = async {
            let bytes = gather(&mut self.payload, limit).await;
            if bytes == Err(BadBody::TooLong) {
                drain(&mut self.payload).await;
            }
            bytes.map_err(bad)
        };
        let bytes = tokio::time::timeout(self.settings.body_timeout, reading)
            .await
            .map_err(|_| Failure::BodyTooSlow)??;
        let encoding = header(&self.request, CONTENT_ENCODING).map(str::to_ascii_lowercase);
        let plain = match encoding.as_deref().map(str::trim) {
            None | Some("" | "identity") => bytes.into(),
            Some("deflate") => inflate(ZlibDecoder::new(&*bytes), limit).map_err(bad)?,
            // taler-php packs bodies of 4 kB and more like this.
            Some("gzip" | "x-gzip") => inflate(GzDecoder::new(&*bytes), limit).map_err(bad)?,
            Some(_) => return Err(Failure::Compression),
        };
        Ok(without_mark(plain))
    }

    /// The members of the JSON object that the body must be.
    pub(super) async fn members(self) -> Result<Map<String, Value>, Failure> {
        object(&self.bytes().await?)
    }

    /// The struct that the JSON body is.
    ///
    /// # Errors
    /// As [`read::body`], and when the body cannot be had or is no JSON object.
    pub(super) async fn read<T: DeserializeOwned>(self) -> Result<T, Failure> {
        read::body(self.members().await?)
    }

    /// As [`Body::read`], but the member `name` is a text: that of its value, just as it was sent. Parts
    /// of it that JSON readers would smooth over matter.
    pub(super) async fn read_with_text<T: DeserializeOwned>(
        self,
        name: &'static str,
    ) -> Result<T, Failure> {
        let bytes = self.bytes().await?;
        let mut members = object(&bytes)?;
        let texts: HashMap<String, Box<RawValue>> =
            serde_json::from_slice(&bytes).map_err(|e| Failure::Json(e.to_string()))?;
        let text = texts.get(name).map(|raw| raw.get()).filter(|text| *text != "null");
        let text = text.ok_or(Failure::Missing(name.into()))?.to_owned();
        members.insert(name.into(), text.into());
        read::body(members)
    }

    /// As [`Body::members`], for endpoints that take a form, too, whose values are texts.
    pub(super) async fn members_or_form(
        self,
        request: &HttpRequest,
    ) -> Result<Map<String, Value>, Failure> {
        let form = is_form(request);
        let bytes = self.bytes().await?;
        // Some tools send JSON with the content type of a form.
        if !form || bytes.trim_ascii_start().starts_with(b"{") {
            return object(&bytes);
        }
        let pairs = url::form_urlencoded::parse(&bytes).take(MAX_FORM);
        // An empty input counts as missing.
        let said = pairs.filter(|(_, value)| !value.is_empty());
        Ok(said.map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// The members of the JSON object that `bytes` are.
fn object(bytes: &[u8]) -> Result<Map<String, Value>, Failure> {
    if too_deep(bytes) {
        return Err(Failure::Json(format!("nested deeper than {MAX_DEPTH}")));
    }
    match serde_json::from_slice(bytes).map_err(|e| Failure::Json(e.to_string()))? {
        Value::Object(members) => Ok(members),
        _ => Err(Failure::Malformed("the body must be an object".into())),
    }
}

/// `text` without the mark U+FEFF that some programs put before each text in UTF-8.
fn without_mark(mut text: Vec<u8>) -> Vec<u8> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    if text.starts_with(MARK) {
        text.drain(..MARK.len());
    }
    text
}

/// Whether JSON text nests deeper than allowed. Checked before parsing, so that parsing is cheap.
fn too_deep(text: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// The credentials of the header `Authorization`.
pub(super) enum Credentials {
    /// A token.
    Bearer(ApiToken),
    /// An instance and its password.
    Basic(InstanceId, Password),
    /// None of a known form.
    None,
}

impl FromRequest for Credentials {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(credentials(request).unwrap_or(Self::None)))
    }
}

/// The credentials in today's forms.
pub(super) fn credentials(request: &HttpRequest) -> Option<Credentials> {
    let text = authorization(request)?.trim();
    // The modules for Drupal and WordPress send what was pasted, and nothing before it.
    if let Ok(key) = ApiToken::shown(text) {
        return Some(Credentials::Bearer(key));
    }
    let (scheme, rest) = text.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return ApiToken::shown(rest).ok().map(Credentials::Bearer);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64.decode(rest.as_bytes()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some(Credentials::Basic(InstanceId::parse(name).ok()?, Password::parse(password).ok()?))
}

/// The header `Authorization`. It may hold a password, which has other letters than other headers.
pub(super) fn authorization(request: &HttpRequest) -> Option<&str> {
    std::str::from_utf8(request.headers().get(AUTHORIZATION)?.as_bytes()).ok()
}

/// The principal of a request, admitted with the permission that the table in `mod.rs` demands: by a token, or by the
/// instance's password in its place.
pub(super) struct Authorized(pub(super) till::Principal);

impl FromRequest for Authorized {
    type Error = Failure;
    // Tokens, which nearly all clients send, are looked up in place.
    type Future =
        Either<Ready<Result<Self, Failure>>, Pin<Box<dyn Future<Output = Result<Self, Failure>>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        match row_of(request) {
            Some(row) => Self::behind(request, row.access),
            None => {
                Either::Left(ready(Err(Failure::Bug("a private route is not in the table".into()))))
            }
        }
    }
}

impl Authorized {
    /// Admits the sender of `request`, if its credentials satisfy `access`.
    pub(super) fn behind(request: &HttpRequest, access: Access) -> <Self as FromRequest>::Future {
        let bug = |what: &str| Either::Left(ready(Err(Failure::Bug(what.into()))));
        let Some(till) = request.app_data::<Data<Till>>() else {
            return bug("the till is missing");
        };
        let Some(settings) = request.app_data::<Data<Settings>>() else {
            return bug("settings are missing");
        };
        let key = match credentials(request) {
            Some(Credentials::Bearer(key)) => Some(key),
            _ => None,
        };
        let admission = match access {
            Access::Public => return bug("a public route asks for a principal"),
            Access::AnySession
            | Access::Session(_)
            | Access::SessionBackground(_)
            | Access::Till(_)
            | Access::TillBackground(_) => {
                return bug("the back office asks for a principal with a token");
            }
            Access::AnyToken => by_token(request, till, key.as_ref(), None),
            Access::Private(permission) => by_token(request, till, key.as_ref(), Some(permission)),
            Access::Management(permission) => {
                match till.admit_by_token(&InstanceId::admin(), key.as_ref(), Some(permission)) {
                    // Before the first `tilld passwd admin`, no client can be admitted.
                    Err(till::Error::InstanceUnknown(_) | till::Error::InstanceDeleted(_)) => {
                        Err(till::Error::NotAuthorized.into())
                    }
                    other => other.map_err(Failure::from),
                }
            }
        };
        match (admission, key) {
            (Ok(Admission::Admitted(principal)), _) => {
                origin::note_address(request, settings, till, &principal);
                Either::Left(ready(Ok(Self(principal))))
            }
            (Ok(Admission::Unknown(instance)), Some(key)) => {
                let (till, request, settings) = (till.clone(), request.clone(), settings.clone());
                Either::Right(Box::pin(async move {
                    let client = origin::client(&request, &settings);
                    let principal = till.admit_by_password(instance, &key, client).await?;
                    origin::note_address(&request, &settings, &till, &principal);
                    Ok(Self(principal))
                }))
            }
            (Ok(Admission::Unknown(_)), None) => {
                Either::Left(ready(Err(till::Error::NotAuthorized.into())))
            }
            (Err(failure), _) => Either::Left(ready(Err(failure))),
        }
    }
}

fn by_token(
    request: &HttpRequest,
    till: &Till,
    key: Option<&ApiToken>,
    needs: Option<Permission>,
) -> Result<Admission, Failure> {
    Ok(till.admit_by_token(&instance_of(request)?, key, needs)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn depth_counts_brackets_outside_strings_only() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(!too_deep(nested(MAX_DEPTH).as_bytes()));
        assert!(too_deep(nested(MAX_DEPTH + 1).as_bytes()));
        assert!(!too_deep(format!("\"\\\"{}\"", "[".repeat(99)).as_bytes()));
        assert!(!too_deep("[]".repeat(99).as_bytes()));
    }

    #[test]
    fn a_compressed_body_is_bounded_by_what_it_inflates_to() {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&[b' '; 5000]).unwrap();
        let packed = packer.finish().unwrap();
        let zlib = |bytes: &[u8], limit| inflate(ZlibDecoder::new(bytes), limit);
        assert_eq!(zlib(&packed, 5000).unwrap().len(), 5000);
        assert!(matches!(zlib(&packed, 4999), Err(BadBody::TooLong)));
        assert!(matches!(zlib(b"not zlib", 4999), Err(BadBody::Compression)));
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&[b' '; 5000]).unwrap();
        let packed = packer.finish().unwrap();
        let gzip = |bytes: &[u8], limit| inflate(GzDecoder::new(bytes), limit);
        assert_eq!(gzip(&packed, 5000).unwrap().len(), 5000);
        assert!(matches!(gzip(&packed, 4999), Err(BadBody::TooLong)));
        assert!(matches!(gzip(b"not gzip", 4999), Err(BadBody::Compression)));
        // Only the checksum shows that the end is missing.
        let cut = packed.get(..packed.len() - 1).unwrap();
        assert!(matches!(gzip(cut, 5000), Err(BadBody::Compression)));
    }

    #[test]
    fn the_mark_before_a_text_is_no_part_of_it() {
        assert_eq!(without_mark("\u{feff}{}".into()), b"{}");
        assert_eq!(without_mark("{}\u{feff}".into()), "{}\u{feff}".as_bytes());
        assert_eq!(without_mark(Vec::new()), b"");
    }
}
