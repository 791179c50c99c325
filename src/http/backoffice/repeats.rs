//! Makes a form act once, even if it is sent again: by a double click, by "reload", by "back".
//!
//! The same bytes, sent to the same path, are the same form from the same page, for every page puts an
//! id of its own into its forms. A repeated form is redirected to the result of the first.
//! A form that was refused (an input was invalid) may be sent again.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpResponse};

use super::super::error::Failure;
use super::super::extract::Body;
use super::super::routes::{Access, row_of};
use super::super::settings::Settings;
use super::form::{expected, is_sent};
use super::submissions::Outcome;
use net::body::whole;
use ui::once::{self, Submission};

/// Has `request` answered; a form that was sent before, by where it led then.
pub(super) async fn once(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let settings = request.app_data::<Data<Settings>>().cloned();
    // A body that no handler would accept is not read.
    let is_sent = *request.method() == Method::POST
        && expected(request.request()).is_some()
        && is_sent(request.request())
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
