//! What forms led to that were sent before, in memory and bounded. `repeats` uses it.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use zeroize::Zeroizing;

use super::imports::Imports;
use super::introductions::Introductions;
use crate::till::{IssuedToken, TestedWebhook};
use taler::otp::OtpKey;
use ui::once::{ShownOnce, Submissions};

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
pub(super) struct Outcome {
    location: HeaderValue,
    cookies: Vec<HeaderValue>,
}

/// What forms led to that were sent before, and tokens that wait for the page that shows them.
#[derive(Debug)]
pub struct Forms {
    pub(super) office: Submissions<Outcome>,
    pub(super) sign_ins: Submissions<Outcome>,
    /// Of customers, by which templates became orders: the address of the order.
    pub(in crate::http) orders: Submissions<String>,
    /// Tokens just created, each with the web session that may see it.
    pub(in crate::http) tokens: ShownOnce<IssuedToken>,
    /// Secrets of webhooks just made, and test calls just made, likewise.
    pub(super) webhook_secrets: ShownOnce<Zeroizing<String>>,
    pub(super) webhook_tests: ShownOnce<TestedWebhook>,
    /// Keys of one-time-code devices just made, likewise.
    pub(super) otp_keys: ShownOnce<OtpKey>,
    /// Tables of products that are being looked at.
    pub(super) imports: Imports,
    /// Exchanges whose keys were fetched and are being compared by the operator.
    pub(super) introductions: Introductions,
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
            otp_keys: ShownOnce::new(MOST_TOKENS, TOKEN_LIFE),
            imports: Imports::default(),
            introductions: Introductions::default(),
        }
    }
}

impl Outcome {
    /// Where `response` leads; `None` if it is a page itself.
    pub(super) fn by(response: &HttpResponse<impl MessageBody>) -> Option<Self> {
        let headers = response.headers();
        let location = headers.get(LOCATION).filter(|_| response.status() == StatusCode::SEE_OTHER);
        let cookies = headers.get_all(SET_COOKIE).cloned().collect();
        location.cloned().map(|location| Self { location, cookies })
    }

    /// Redirects as the first form was redirected.
    pub(super) fn answer(self) -> HttpResponse {
        let mut answer = HttpResponse::SeeOther().insert_header((LOCATION, self.location)).finish();
        for cookie in self.cookies {
            answer.headers_mut().append(SET_COOKIE, cookie);
        }
        answer
    }
}
