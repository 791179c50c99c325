//! THE table: what went wrong → status, Taler code, hint.
//!
//! Every answer that is not a success comes from here, the framework's own included, so that every
//! body a client can get has `code` and `hint` (merchant-api 1.5). Statuses and codes follow the
//! specification's code list; a test compares the two.

use std::fmt;

use actix_web::http::header::{
    ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::store;
use crate::till;

use Failure::*;
use till::Error as Verb;

/// What a handler answers.
pub(super) type Answer = Result<HttpResponse, Failure>;

/// Why a request cannot be served: the till says no, or the request makes no sense.
#[derive(Debug)]
pub(super) enum Failure {
    /// The till could not.
    Till(till::Error),
    /// A member or parameter that must be there is not; its name.
    Missing(&'static str),
    /// A member or parameter does not fit; its name, or a sentence about it.
    Malformed(String),
    /// The account is no payto URI, or none in full; what is wrong with it.
    Payto(String),
    /// The hash that names an account cannot be read.
    HWire,
    /// The body is no JSON; the reader's words.
    Json(String),
    /// The body says that it is compressed, and is not.
    Compression,
    /// A header that is needed is missing or makes no sense; its name.
    Header(&'static str),
    /// There is no such path.
    Path,
    /// A segment of the path cannot be read.
    Segment,
    /// The path is there, but not for this method; those that it is there for.
    Method(Vec<Method>),
    /// The path and query are too long.
    UriTooLong,
    /// All headers together are too long.
    HeadTooLong,
    /// The body is longer than so many bytes.
    BodyTooLong(usize),
    /// The body did not come in time.
    BodyTooSlow,
    /// The connection broke while the body came.
    BodyBroken,
    /// How a new instance's owner would get in makes no sense.
    AuthOfNew,
    /// How an instance's owner would get in from now on makes no sense.
    AuthOfOld,
    /// Nobody can open a shop here by themselves.
    NoSelfProvisioning,
    /// tilld does not do this, or not yet; what.
    NotImplemented(&'static str),
    /// The document is not to be had in any form that the client takes.
    Format,
    /// The shop has published no such document.
    NoDocument(&'static str),
    /// A bug: something that cannot happen did.
    Bug(String),
}

impl Failure {
    /// Status, Taler code, hint.
    #[rustfmt::skip]
    fn row(&self) -> (u16, u32, &'static str) {
        match self {
            Missing(_)                          => (400,   25, "a required parameter is missing"),
            Malformed(_)                        => (400,   26, "a parameter is malformed"),
            Till(Verb::Unfit(_))                => (400,   26, "a parameter is malformed"),
            Payto(_)                            => (400,   24, "the payto URI is malformed; a full one looks like payto://iban/DE75512108001245126199?receiver-name=Name"),
            Till(Verb::NoReceiverName)          => (400,   24, "the payto URI lacks the owner's name (receiver-name=…)"),
            HWire                               => (400, 2023, "the hash that names the account cannot be read"),
            Json(_)                             => (400,   22, "the request's body is not valid JSON"),
            Compression                         => (400,   28, "the request's body cannot be inflated"),
            Header(_)                           => (400,   23, "a header is missing or malformed"),
            Segment                             => (400,   29, "a segment of the path cannot be read"),
            BodyBroken                          => (400,   22, "the request's body ended too early"),
            AuthOfNew                           => (400, 2601, "auth must hold a method \"token\" and a password"),
            AuthOfOld                           => (400, 2602, "auth must hold a method \"token\" and a password"),
            Till(Verb::NotAuthorized)           => (401, 2015, "the request needs a valid token or password of this instance"),
            Till(Verb::TokenExpired)            => (401,   42, "the token has expired; ask for a new one"),
            Till(Verb::NotPermitted(_))         => (403,   16, "the token's scope does not allow this"),
            Till(Verb::ScopeExceeded)           => (403,   16, "the token cannot be traded for one of this scope"),
            NoSelfProvisioning                  => (403, 2015, "this backend does not let people make instances themselves"),
            Path                                => (404,   21, "there is nothing at this path"),
            NoDocument(_)                       => (404,   21, "the shop has not published this document"),
            Till(Verb::InstanceUnknown(_))      => (404, 2000, "there is no such instance"),
            Till(Verb::InstanceDeleted(_))      => (404, 2016, "the instance was deleted"),
            Till(Verb::AccountUnknown)          => (404, 2022, "the instance has no such account"),
            Till(Verb::AccountNotActive)        => (404, 2626, "the instance has no such account in use"),
            Till(Verb::TokenUnknown(_))         => (404, 2042, "the instance has no such token"),
            Method(_)                           => (405,   20, "the path exists, but not for this method"),
            Format                              => (406,   78, "the document is not available in any format that you accept"),
            BodyTooSlow                         => (408,   11, "the request's body did not arrive in time"),
            Till(Verb::InstanceExists(_))       => (409, 2600, "there is an instance of this name with other settings"),
            Till(Verb::PurgeRequired(_))        => (409, 2603, "the name belongs to a deleted instance; purge that first"),
            Till(Verb::PatchOfDeleted(_))       => (409, 2625, "the instance was deleted and cannot be changed"),
            Till(Verb::AccountExists)           => (409, 2627, "the account exists with other details"),
            BodyTooLong(_)                      => (413,   32, "the request's body is too long"),
            UriTooLong                          => (414,   31, "the request's URI is too long"),
            Till(Verb::TooManyAttempts(_))      => (429, 2015, "too many passwords were tried; wait a moment"),
            HeadTooLong                         => (431,   23, "the request's headers are too long"),
            Till(Verb::NoRandomness)            => (500,   77, "the system gives no random numbers"),
            Till(Verb::PasswordHash(_))         => (500,   60, "a password's hash could not be computed"),
            Bug(_)                              => (500,   60, "something went wrong inside the backend"),
            NotImplemented(_)                   => (501,   76, "this backend does not offer this"),
            Till(Verb::Crowded)                 => (503,   77, "the backend is busy; try again in a moment"),
            Till(Verb::Store(error))            => match error {
                store::Error::Busy
                | store::Error::Closed          => (503,   55, "the database is busy; try again in a moment"),
                store::Error::Full              => (507,   52, "the disk is full"),
                store::Error::Commit(_)         => (500,   54, "the database could not be written"),
                _                               => (500,   53, "the database did not answer"),
            },
        }
    }

    /// What makes this case special: the name of the parameter, the limit, the scope.
    fn detail(&self) -> Option<String> {
        match self {
            Missing(name) | Header(name) => Some((*name).to_owned()),
            Malformed(text) | Json(text) | Payto(text) => Some(text.clone()),
            NotImplemented(what) | NoDocument(what) => Some((*what).to_owned()),
            BodyTooLong(limit) => Some(format!("at most {limit} bytes")),
            Till(Verb::Unfit(bad)) => Some(bad.0.to_owned()),
            Till(Verb::NotPermitted(permission)) => Some(permission.as_str().to_owned()),
            Till(Verb::InstanceUnknown(id) | Verb::InstanceDeleted(id)) => Some(id.to_string()),
            _ => None,
        }
    }

    /// Headers that belong to this answer.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let value = |text: String| HeaderValue::try_from(text).ok();
        match self {
            Till(Verb::NotAuthorized | Verb::TokenExpired) => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            Till(Verb::TooManyAttempts(wait)) => {
                Some((RETRY_AFTER, value((wait.as_secs() + 1).to_string())?))
            }
            Till(Verb::Crowded | Verb::Store(store::Error::Busy | store::Error::Closed)) => {
                Some((RETRY_AFTER, HeaderValue::from_static("1")))
            }
            Till(Verb::Store(store::Error::Full)) => {
                Some((RETRY_AFTER, HeaderValue::from_static("30")))
            }
            Method(allowed) => {
                let names: Vec<_> = allowed.iter().map(Method::as_str).collect();
                Some((ALLOW, value(names.join(", "))?))
            }
            _ => None,
        }
    }

    /// The answer, with the number by which the log knows the request.
    pub(super) fn answer(&self, request_id: &str) -> HttpResponse {
        #[derive(Serialize)]
        struct Body<'a> {
            code: u32,
            hint: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            detail: Option<String>,
            request_id: &'a str,
        }
        let (_, code, hint) = self.row();
        let body = Body { code, hint, detail: self.detail(), request_id };
        let mut response = HttpResponse::build(self.status_code());
        if let Some(header) = self.header() {
            response.insert_header(header);
        }
        if matches!(self, BodyTooLong(_) | BodyTooSlow | BodyBroken) {
            // The rest of the body is not worth waiting for.
            response.force_close();
        }
        response.insert_header((CONTENT_TYPE, "application/json"));
        // With a blank after the colon: at least one shop looks for `"code": 2000` in the text.
        response.body(serde_json::to_string_pretty(&body).unwrap_or_default())
    }

    /// Tells the log, once: a client's mistake softly, our own loudly.
    pub(super) fn log(&self, request_id: &str, request: &str) {
        let (status, code, hint) = self.row();
        let level = match status {
            503 | 507 => log::Level::Warn,
            501 => log::Level::Debug,
            500..=599 => log::Level::Error,
            _ => log::Level::Debug,
        };
        log::log!(level, "{request_id} {request}: {status} {code} {hint}: {self}");
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Till(error) => error.fmt(f),
            Bug(what) => f.write_str(what),
            _ => f.write_str(&self.detail().unwrap_or_default()),
        }
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.row().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        // Without its request's number; the shell gives the answer anew, with it.
        self.answer("")
    }
}

impl From<till::Error> for Failure {
    fn from(error: till::Error) -> Self {
        Till(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::Permission;
    use crate::domain::ids::InstanceId;
    use crate::domain::unfit::Unfit;
    use std::collections::HashMap;
    use std::time::Duration;

    /// One of each; the compiler's word that `row` is complete does not say that it is right.
    fn every_failure() -> Vec<Failure> {
        let id = InstanceId::admin;
        vec![
            Missing("x"),
            Malformed("x".into()),
            Payto("x".into()),
            HWire,
            Json("x".into()),
            Compression,
            Header("Host"),
            Path,
            Segment,
            Method(vec![Method::GET]),
            UriTooLong,
            HeadTooLong,
            BodyTooLong(1),
            BodyTooSlow,
            BodyBroken,
            AuthOfNew,
            AuthOfOld,
            NoSelfProvisioning,
            NotImplemented("x"),
            Format,
            NoDocument("terms"),
            Bug("x".into()),
            Till(Verb::Unfit(Unfit("x"))),
            Till(Verb::NotAuthorized),
            Till(Verb::TokenExpired),
            Till(Verb::NotPermitted(Permission::OrdersRead)),
            Till(Verb::ScopeExceeded),
            Till(Verb::InstanceUnknown(id())),
            Till(Verb::InstanceDeleted(id())),
            Till(Verb::InstanceExists(id())),
            Till(Verb::PurgeRequired(id())),
            Till(Verb::PatchOfDeleted(id())),
            Till(Verb::AccountUnknown),
            Till(Verb::AccountNotActive),
            Till(Verb::AccountExists),
            Till(Verb::NoReceiverName),
            Till(Verb::TokenUnknown(1)),
            Till(Verb::TooManyAttempts(Duration::from_secs(1))),
            Till(Verb::Crowded),
            Till(Verb::NoRandomness),
            Till(Verb::PasswordHash("x".into())),
            Till(Verb::Store(store::Error::Busy)),
            Till(Verb::Store(store::Error::Full)),
        ]
    }

    #[test]
    fn statuses_are_those_of_the_code_list() {
        let list = include_str!("../../tests/vectors/error-codes.tsv");
        let listed: HashMap<u32, u16> = list
            .lines()
            .skip(1)
            .filter_map(|line| {
                let mut columns = line.split('\t');
                let code = columns.next()?.parse().ok()?;
                Some((code, columns.nth(1)?.parse().ok()?))
            })
            .collect();
        // Where the list knows no code for a status that HTTP has, the nearest code is sent.
        let own = [(408, 11), (431, 23), (429, 2015), (503, 55), (503, 77), (507, 52), (403, 2015)];
        for failure in every_failure() {
            let (status, code, hint) = failure.row();
            let known = listed.get(&code).unwrap_or_else(|| panic!("{code} is not listed"));
            assert!(*known == status || own.contains(&(status, code)), "{failure:?}: {known}");
            assert!(!hint.is_empty());
        }
    }

    #[test]
    fn every_answer_has_code_and_hint_with_a_blank_after_the_colon() {
        for failure in every_failure() {
            let response = failure.answer("R1");
            let (status, code, _) = failure.row();
            assert_eq!(response.status().as_u16(), status);
            let body = actix_web::body::MessageBody::try_into_bytes(response.into_body()).unwrap();
            let text = std::str::from_utf8(&body).unwrap();
            assert!(text.contains(&format!("\"code\": {code}")), "{text}");
            let json: serde_json::Value = serde_json::from_str(text).unwrap();
            assert!(json["hint"].is_string() && json["request_id"] == "R1");
        }
    }
}
