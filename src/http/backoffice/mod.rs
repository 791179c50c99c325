//! The back office: the shopkeeper's pages, below `/webui`.
//!
//! Signing in with an instance's password sets a cookie with a token (`cookie`), which stays
//! valid while the user is active (the till's `web_session`). `guard` runs before every page: it admits
//! requests with such a cookie, redirects the others to the sign-in, and accepts forms only from pages of our
//! own. A handler reads the inputs (`form`), calls the same use case as the API, and shows a
//! page or redirects to another one. Everything works without script.
//!
//! To add a page: a row in the table `OFFICE` of `http/mod.rs`, a file here with its handler and its
//! template, texts at the end of `crates/ui/src/messages.rs`, and perhaps a tab in `web_session`.

pub(super) mod accounts;
pub(super) mod check_list;
mod cookie;
pub(super) mod details;
pub(super) mod exchanges;
pub(super) mod export;
mod flash;
mod form;
mod guard;
pub(super) mod instances;
mod messages;
pub(super) mod new_order;
mod ods;
pub(super) mod order;
mod order_badge;
pub(super) mod orders;
pub(super) mod password;
mod problem;
mod repeats;
pub(super) mod setup;
pub(super) mod sign_in;
pub(super) mod status;
pub(super) mod templates;
pub(super) mod till;
pub(super) mod tokens;
mod web_session;
pub(super) mod webhooks;
mod workbook;
mod xlsx;

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION, REFERRER_POLICY};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use askama::Template;
use percent_encoding::percent_decode_str;

use super::error::{Answer, Failure};
use super::pages::{self, PageContext};
use super::{Settings, origin};

pub(super) use self::guard::guard;
pub(super) use self::problem::problem;
pub use self::repeats::Forms;

/// How long a page may wait for news.
const PATIENCE: Duration = Duration::from_secs(25);

/// Is `path` one of the back office's?
pub(super) fn owns(path: &str) -> bool {
    // As the router sees it, which decodes and takes several slashes for one.
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    decoded.split('/').find(|segment| !segment.is_empty()) == Some("webui")
}

/// As [`pages::shown`]. Without a referrer browsers would not say where a form comes from.
fn shown(status: StatusCode, context: &PageContext, page: &impl Template) -> Answer {
    let mut answer = pages::shown(status, context, page)?;
    answer.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    Ok(answer)
}

/// Sends the browser on to `place`, which begins with `webui`, to look at it.
fn go(context: &PageContext, place: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, format!("{}{place}", context.root))).finish()
}

/// By whom a page that waits is counted.
pub(super) struct Client(Option<IpAddr>);

impl FromRequest for Client {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let settings = request.app_data::<Data<Settings>>();
        let client = settings.map(|settings| Self(origin::poller(request, settings)));
        ready(client.ok_or_else(|| Failure::Bug("settings are missing".into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_office_is_known_by_its_path_however_it_is_written() {
        for path in ["/webui", "/webui/", "/webui/orders", "//webui/x", "/%77ebui", "/webui%2Fx"] {
            assert!(owns(path), "{path}");
        }
        for path in ["/", "/webuix", "/orders/webui", "/instances/webui"] {
            assert!(!owns(path), "{path}");
        }
    }
}
