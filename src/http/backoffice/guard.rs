//! Middleware of the back office: checks web session, permission and CSRF token of every request.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{ORIGIN, SET_COOKIE};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};

use super::super::error::Failure;
use super::super::headers::header;
use super::super::origin::{SEC_FETCH_SITE, note_address};
use super::super::pages::page::PageContext;
use super::super::routes::{Access, row_of};
use super::super::settings::Settings;
use super::answer::go;
use super::cookie::{Cookie, Transport, is_own_origin};
use super::repeats;
use super::sign_in::{self, Why};
use super::web_session::WebSession;
use crate::model::access::Permission;
use crate::till::{self, Activity, ApiToken, Till};

/// What becomes of a request.
enum Verdict {
    /// It is admitted, with this web session.
    Pass(Option<WebSession>),
    /// Something else is answered.
    Answer(HttpResponse),
}

/// Admits web sessions with the permission, accepts forms only from our own pages, and redirects other
/// clients to the sign-in.
pub(in crate::http) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match judge(request.request()) {
        Ok(Verdict::Pass(web_session)) => {
            if let Some(web_session) = web_session {
                request.extensions_mut().insert(web_session);
            }
            repeats::once(request, next).await
        }
        Ok(Verdict::Answer(answer)) => Ok(request.into_response(answer)),
        Err(failure) => {
            // `into_response` would forget what went wrong.
            let (request, _) = request.into_parts();
            Ok(ServiceResponse::new(request, HttpResponse::from_error(failure)))
        }
    }
}

fn judge(request: &HttpRequest) -> Result<Verdict, Failure> {
    let (Some(till), Some(settings)) =
        (request.app_data::<Data<Till>>(), request.app_data::<Data<Settings>>())
    else {
        return Err(Failure::Bug("till or settings are missing".into()));
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) && is_foreign(request, settings) {
        return Err(Failure::Forged);
    }
    // What is in no table is not there, or not for this method.
    let Some(row) = row_of(request) else { return Ok(Verdict::Pass(None)) };
    let (needs, mut presence): (Option<Permission>, _) = match row.access {
        Access::Public => return Ok(Verdict::Pass(None)),
        Access::AnySession => (None, Activity::User),
        Access::Session(permission) => (Some(permission), Activity::User),
        Access::SessionBackground(permission) => (Some(permission), Activity::Background),
        Access::Till(permission) => (Some(permission), Activity::User),
        Access::TillBackground(permission) => (Some(permission), Activity::Background),
        Access::AnyToken | Access::Private(_) | Access::Management(_) => {
            return Err(Failure::Bug("an API route in the back office".into()));
        }
    };
    // What a page loads anew by itself.
    if request.query_string().split('&').any(|pair| pair == "again=yes") {
        presence = Activity::Background;
    }
    let way = Transport::of(request, settings);
    let cookie = Cookie::Session.read(request, &way);
    let key = cookie.as_deref().and_then(|text| ApiToken::parse(text).ok());
    let why = match key {
        None => Why::New,
        Some(key) => match till.admit_session(&key, needs, presence) {
            Ok(principal) => {
                if let (Access::Session(permission) | Access::SessionBackground(permission), true) =
                    (row.access, principal.cashier().is_some())
                {
                    return Err(till::Error::NotPermitted(permission).into());
                }
                note_address(request, settings, till, &principal);
                let page_id = till.random_token()?;
                // In a demonstration everything is done.
                let has_list = !settings.is_demo
                    && principal.cashier().is_none()
                    && till.shows_check_list(&principal)?;
                let web_session =
                    WebSession::new(request, settings, principal, &key, &page_id, has_list);
                return Ok(Verdict::Pass(Some(web_session)));
            }
            Err(till::Error::TokenExpired) => Why::Over,
            Err(till::Error::NotAuthorized | till::Error::InstanceDeleted(_)) => Why::New,
            Err(other) => return Err(other.into()),
        },
    };
    if matches!(row.access, Access::SessionBackground(_) | Access::TillBackground(_)) {
        // The page's script looks at the whole page again, and is sent to the sign-in then.
        return Err(till::Error::NotAuthorized.into());
    }
    let mut answer = go(&PageContext::of(request, settings), &sign_in::place(request, why));
    if cookie.is_some()
        && let Some(cleared) = Cookie::Session.clear(&way)
    {
        answer.headers_mut().append(SET_COOKIE, cleared);
    }
    Ok(Verdict::Answer(answer))
}

/// Whether a form was sent by a page that is not ours. Browsers name the page's origin; a client that names none
/// is no browser.
fn is_foreign(request: &HttpRequest, settings: &Settings) -> bool {
    let site = header(request, SEC_FETCH_SITE);
    if site.is_some_and(|site| !["same-origin", "none"].contains(&site)) {
        return true;
    }
    match request.headers().get(ORIGIN) {
        Some(origin) => {
            !origin.to_str().is_ok_and(|origin| is_own_origin(request, settings, origin))
        }
        None => site.is_none(),
    }
}
