//! The visitor of a request, and the check that a form comes from our own pages.
//!
//! A visitor is a random name in a cookie; it is also the session to which payments are bound. A
//! form is accepted only from a page of ours for the same visitor: it carries a CSRF token
//! that no other site can forge, and the browser must not say that another site has sent it.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{HeaderMap, HeaderName, ORIGIN};

use super::Demo;
use super::failure::Failure;
use super::reader::Reader;
use net::header::cookie;
use taler::base32;
use taler::ids::SessionId;
use ui::csrf;

/// The cookie with the visitor's name.
const NAME: &str = "tilld-demo-visitor";
/// How long a visitor's name is: 16 bytes in base32.
const LENGTH: usize = 26;
/// How long a visit lasts, in days; each page begins it anew.
const AGE_DAYS: i64 = 30;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A visitor's browser.
pub(super) struct Visitor {
    /// The visitor's name, by which the till knows what is paid.
    pub(super) session: SessionId,
    /// What the visitor's forms must carry, and behind a dot an id of the page that they are on, by which
    /// one that is sent twice is known.
    pub(super) csrf_token: String,
    /// In which words and numbers we speak to them.
    pub(super) reader: Reader,
    is_new: bool,
}

impl Visitor {
    /// The visitor who sent `request`; a new one if there is no cookie, or none of ours.
    pub(super) fn of(request: &HttpRequest, demo: &Demo) -> Result<Self, Failure> {
        let (session, is_new) = match named(request.headers()) {
            Some(session) => (session, false),
            None => {
                let text = base32::encode(&system::random::<16>()?);
                (SessionId::parse(text).map_err(|bad| Failure::Till(bad.to_string()))?, true)
            }
        };
        let reader = Reader::of(request.headers());
        let page_id = base32::encode(&system::random::<8>()?);
        let csrf_token = csrf::on_page(&csrf_token(demo, &session), &page_id);
        Ok(Self { csrf_token, session, reader, is_new })
    }

    /// Whether a form was sent by a page that we made for this visitor.
    pub(super) fn check(
        &self,
        request: &HttpRequest,
        demo: &Demo,
        shown: &str,
    ) -> Result<(), Failure> {
        let header = |name: HeaderName| request.headers().get(name).map(|value| value.as_bytes());
        let own = demo.0.base_url.as_str().trim_end_matches('/').as_bytes();
        let from_here = header(FETCH_SITE).is_none_or(|site| site == b"same-origin")
            && header(ORIGIN).is_none_or(|origin| origin == own);
        let is_ours = csrf::fits(shown, &csrf_token(demo, &self.session));
        if from_here && is_ours && !self.is_new { Ok(()) } else { Err(Failure::Stranger) }
    }

    /// The value of `Set-Cookie`. Other ports of this machine see the cookie as well, and can do
    /// nothing with it but visit the shop.
    pub(super) fn cookie(&self) -> String {
        Cookie::build(NAME, self.session.as_str())
            .path("/shop")
            .max_age(Duration::days(AGE_DAYS))
            .http_only(true)
            .same_site(SameSite::Lax)
            .finish()
            .to_string()
    }
}

/// The visitor's name in the cookies, if it looks like one of ours.
fn named(headers: &HeaderMap) -> Option<SessionId> {
    let value = cookie(headers, NAME)?;
    let is_ours = value.len() == LENGTH && base32::decode(&value).is_ok();
    SessionId::parse(value).ok().filter(|_| is_ours)
}

/// The CSRF token of the forms of `session`.
fn csrf_token(demo: &Demo, session: &SessionId) -> String {
    csrf::token(demo.0.csrf_token.as_bytes(), session.as_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{COOKIE, HeaderValue};

    fn with(cookies: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        headers
    }

    #[test]
    fn a_visitor_is_known_by_the_cookie_among_others() {
        let name = base32::encode(&[7; 16]);
        assert_eq!(name.len(), LENGTH);
        let ours = format!("{NAME}={name}");
        for cookies in [
            vec![ours.as_str()],
            vec!["a=b", &ours],
            vec![&format!("a=b; {ours}; c=d")],
            vec![&format!("{NAME}x=1;{ours}")],
        ] {
            assert_eq!(named(&with(&cookies)).unwrap().as_str(), name, "{cookies:?}");
        }
    }

    #[test]
    fn what_is_no_name_of_ours_is_nobody() {
        let long = format!("{NAME}={}", "0".repeat(LENGTH + 1));
        let odd = format!("{NAME}={}", "!".repeat(LENGTH));
        let empty = format!("{NAME}=");
        for cookie in ["", "a=b", NAME, &long, &odd, &empty] {
            assert!(named(&with(&[cookie])).is_none(), "{cookie}");
        }
    }
}
