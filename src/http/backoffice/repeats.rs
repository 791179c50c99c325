//! Makes a form act once, even if it is sent again: by a double click, by "reload", by "back".
//!
//! The same bytes, sent to the same path, are the same form from the same page, for every page puts an
//! id of its own into its forms. A repeated form is redirected to the result of the first.
//! A form that was refused (an input was invalid) may be sent again.

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_ENCODING, HeaderValue, LOCATION, SET_COOKIE};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpResponse};

use super::super::error::Failure;
use super::super::extract::{Body, is_form};
use super::super::{Access, Settings, row_of};
use super::exchanges::Introductions;
use super::form::expected;
use super::webhooks;
use crate::till::IssuedToken;
use net::body::whole;
use ui::once::{self, ShownOnce, Submission, Submissions};

/// How many forms are remembered: a day's work of several desks, in about a megabyte.
const MOST_FORMS: usize = 4096;
/// How long: as long as a web session can last.
const FORM_LIFE: Duration = Duration::from_secs(12 * 3600);
/// How many sign-ins are remembered, and how long. What they led to holds a token, so it is for double
/// clicks only.
const MOST_SIGN_INS: usize = 64;
const SIGN_IN_LIFE: Duration = Duration::from_secs(60);
/// How many orders that customers made of templates are remembered, and how long: until they have
/// looked at them. Strangers can fill this; what is forgotten makes another order, which costs nothing.
const MOST_ORDERS: usize = 1024;
const ORDER_LIFE: Duration = Duration::from_secs(15 * 60);
/// How many tokens, secrets or test calls wait for their page, and how long: a browser fetches it at once.
const MOST_TOKENS: usize = 64;
const TOKEN_LIFE: Duration = Duration::from_secs(60);

/// Where a form led.
#[derive(Clone)]
struct Outcome {
    location: HeaderValue,
    cookies: Vec<HeaderValue>,
}

/// What forms led to that were sent before, and tokens that wait for the page that shows them.
#[derive(Debug)]
pub struct Forms {
    office: Submissions<Outcome>,
    sign_ins: Submissions<Outcome>,
    /// Of customers, by which templates became orders: the address of the order.
    pub(in crate::http) orders: Submissions<String>,
    /// Tokens just created, each with the web session that may see it.
    pub(in crate::http) tokens: ShownOnce<IssuedToken>,
    /// Secrets of webhooks just made, and test calls just made, likewise.
    pub(in crate::http) webhook_secrets: webhooks::Secrets,
    pub(in crate::http) webhook_tests: webhooks::Tests,
    /// Exchanges whose keys were fetched and are being compared by the operator.
    pub(in crate::http) introductions: Introductions,
}

impl Default for Forms {
    fn default() -> Self {
        Self {
            office: Submissions::new(MOST_FORMS, FORM_LIFE),
            sign_ins: Submissions::new(MOST_SIGN_INS, SIGN_IN_LIFE),
            orders: Submissions::new(MOST_ORDERS, ORDER_LIFE),
            tokens: ShownOnce::new(MOST_TOKENS, TOKEN_LIFE),
            webhook_secrets: ShownOnce::new(MOST_TOKENS, TOKEN_LIFE),
            webhook_tests: ShownOnce::new(MOST_TOKENS, TOKEN_LIFE),
            introductions: Introductions::default(),
        }
    }
}

impl Outcome {
    /// Where `response` leads; `None` if it is a page itself.
    fn by(response: &HttpResponse<impl MessageBody>) -> Option<Self> {
        let headers = response.headers();
        let location = headers.get(LOCATION).filter(|_| response.status() == StatusCode::SEE_OTHER);
        let cookies = headers.get_all(SET_COOKIE).cloned().collect();
        location.cloned().map(|location| Self { location, cookies })
    }

    fn answer(self) -> HttpResponse {
        let mut answer = HttpResponse::SeeOther().insert_header((LOCATION, self.location)).finish();
        for cookie in self.cookies {
            answer.headers_mut().append(SET_COOKIE, cookie);
        }
        answer
    }
}

/// Has `request` answered; a form that was sent before, by where it led then.
pub(super) async fn once(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let settings = request.app_data::<Data<Settings>>().cloned();
    // A body that no handler would accept is not read.
    let is_sent = *request.method() == Method::POST
        && expected(request.request()).is_some()
        && is_form(request.request())
        && !request.headers().contains_key(CONTENT_ENCODING);
    let row = row_of(request.request()).filter(|_| is_sent);
    let (Some(settings), Some(row)) = (settings, row) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let bytes = match read(&mut request).await {
        Ok(bytes) => bytes,
        Err(failure) => {
            let (request, _) = request.into_parts();
            return Ok(ServiceResponse::new(request, HttpResponse::from_error(failure)));
        }
    };
    let forms = &settings.forms;
    let known = if row.access == Access::Public { &forms.sign_ins } else { &forms.office };
    match known.begin(once::key(request.path(), &bytes)).await {
        Submission::Again(led) => Ok(request.into_response(led.answer())),
        Submission::First(ticket) => {
            request.set_payload(whole(bytes.into()));
            // In a task of its own: a browser that is clicked twice hangs up on the first request, whose
            // work must not end half way while the second one waits for it.
            let work = actix_web::rt::spawn(async move {
                let response = next.call(request).await?.map_into_boxed_body();
                if let Some(led) = Outcome::by(response.response()) {
                    ticket.led_to(led);
                }
                Ok(response)
            });
            work.await.unwrap_or_else(|error| Err(Failure::Bug(error.to_string()).into()))
        }
    }
}

/// The body of `request`, which is not there any more then.
async fn read(request: &mut ServiceRequest) -> Result<Vec<u8>, Failure> {
    let mut payload = request.take_payload();
    let body = Body::from_request(request.request(), &mut payload).into_inner()?;
    body.bytes().await
}
