//! The front page, at the daemon's base URL: says what the daemon is.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use askama::Template;

use super::super::error::Answer;
use super::super::settings::Settings;
use super::page::{PageContext, shown};
use crate::till::{Error, Till};
use taler::ids::InstanceId;
use taler::web::BaseUrl;
use ui::Messages;

#[derive(Template)]
#[template(path = "http/pages/home.html")]
struct Home<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    name: String,
    url: &'a BaseUrl,
}

/// `GET /` and `GET /instances/$INSTANCE`, for people.
pub(in crate::http) async fn home(
    request: &HttpRequest,
    till: &Till,
    settings: &Settings,
    instance: &InstanceId,
    url: &BaseUrl,
) -> Answer {
    let context = PageContext::of(request, settings);
    let name = match till.instance(instance).await {
        Ok(instance) => instance.settings.name,
        // The root answers before its own instance is made.
        Err(Error::InstanceUnknown(_) | Error::InstanceDeleted(_)) => String::new(),
        Err(error) => return Err(error.into()),
    };
    let name = if name.trim().is_empty() { "tilld".to_owned() } else { name };
    let page = Home { messages: context.messages(), context: &context, name, url };
    shown(StatusCode::OK, &context, &page)
}
