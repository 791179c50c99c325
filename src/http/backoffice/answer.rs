//! What answers of the back office share: pages, redirects, and waiting for news.

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION, REFERRER_POLICY, RETRY_AFTER};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use askama::Template;

use super::super::error::{Answer, Failure};
use super::super::origin;
use super::super::pages::page::{self, PageContext};
use super::super::settings::Settings;

/// How long a page may wait for news.
pub(super) const PATIENCE: Duration = Duration::from_secs(25);

/// In how many seconds a page that says "too many" is worth sending again, where nothing says it exactly: no
/// limit of the back office lasts longer.
const USUAL_WAIT_S: u16 = 60;

/// As [`page::shown`]. Without a referrer browsers would not say where a form comes from.
pub(super) fn shown(status: StatusCode, context: &PageContext, content: &impl Template) -> Answer {
    let mut answer = page::shown(status, context, content)?;
    if status == StatusCode::TOO_MANY_REQUESTS {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(USUAL_WAIT_S));
    }
    answer.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    Ok(answer)
}

/// Sends the browser on to `place`, which begins with `webui`, to look at it.
pub(super) fn go(context: &PageContext, place: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, format!("{}{place}", context.root))).finish()
}

/// By whom a page that waits is counted.
pub(in crate::http) struct Client(pub(super) Option<IpAddr>);

impl FromRequest for Client {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let settings = request.app_data::<Data<Settings>>();
        let client = settings.map(|settings| Self(origin::poller(request, settings)));
        ready(client.ok_or_else(|| Failure::Bug("settings are missing".into())))
    }
}
