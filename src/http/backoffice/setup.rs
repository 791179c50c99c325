//! The page that creates the first shop, for the holder of the code in the link that the daemon printed.
//!
//! The code is in the fragment of the link (after `#`), which browsers do not send, so that it is in no log, of
//! ours or of a proxy. The page's script puts it into the form; without script it is typed.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER, SET_COOKIE};
use actix_web::web::Data;
use askama::Template;

use super::super::error::Answer;
use super::super::origin::client;
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::{go, shown};
use super::cookie::browser;
use super::form::{Form, FormState};
use super::password::chosen_twice;
use super::sign_in::{Doorway, entered};
use crate::till::{Auth, CreateInstance, Error, SetupRefusal, Till};
use taler::ids::InstanceId;
use ui::Messages;

/// Where one signs in once there is a shop; the page says that there is one.
const SIGN_IN: &str = "webui/sign-in?said=shop-exists";

#[derive(Template)]
#[template(path = "http/backoffice/setup.html")]
struct Page<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    typed: &'a FormState,
    csrf: String,
    is_plain: bool,
}

fn ask(
    request: &HttpRequest,
    till: &Till,
    settings: &Settings,
    context: &PageContext,
    status: StatusCode,
    typed: &FormState,
) -> Answer {
    let Doorway { csrf, is_plain, cookie } = Doorway::of(request, till, settings)?;
    let page = Page { context, messages: context.messages(), typed, csrf, is_plain };
    let mut answer = shown(status, context, &page)?;
    if let Some(cookie) = cookie {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// `GET /webui/setup`.
pub(in crate::http) async fn page(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
) -> Answer {
    let context = PageContext::of(&request, &settings);
    if !till.is_without_instance()? {
        return Ok(go(&context, SIGN_IN));
    }
    let typed = FormState::suggesting(&[]);
    ask(&request, &till, &settings, &context, StatusCode::OK, &typed)
}

/// `POST /webui/setup`: creates the first shop and signs in.
pub(in crate::http) async fn submit(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    form: Form,
) -> Answer {
    let context = PageContext::of(&request, &settings);
    let (messages, client) = (context.messages(), client(&request, &settings));
    if !till.is_without_instance()? {
        return Ok(go(&context, SIGN_IN));
    }
    let mut typed = FormState::of(form);
    let (code, name) = (typed.form().text("code").to_owned(), typed.form().text("name").to_owned());
    if code.is_empty() {
        typed.add_error("code", messages.setup_code_wrong);
    }
    if name.is_empty() {
        typed.add_error("name", messages.name_needed);
    }
    // Only this instance manages the till; a first shop of another name could add no exchange.
    let id = InstanceId::admin();
    let password = chosen_twice(&mut typed, messages);
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(password), true) = (password, typed.is_good()) {
        let settings_of_shop = till.plain_settings(&name);
        let auth = Some(Auth::Password(password.clone()));
        let wish = CreateInstance { id: id.clone(), settings: settings_of_shop, auth };
        match till.set_up(&code, wish, client).await {
            Ok(_) => {
                let issued = till.sign_in(&id, password, client, browser(&request)).await?;
                return entered(&request, &settings, &context, &issued, "webui");
            }
            Err(SetupRefusal::Over) => return Ok(go(&context, SIGN_IN)),
            Err(SetupRefusal::Code) => {
                status = StatusCode::FORBIDDEN;
                typed.add_error("code", messages.setup_code_wrong);
            }
            Err(SetupRefusal::Till(Error::TooManyAttempts(wait))) => {
                typed.add_error("", messages.too_many_attempts);
                let status = StatusCode::TOO_MANY_REQUESTS;
                let mut answer = ask(&request, &till, &settings, &context, status, &typed)?;
                let wait = HeaderValue::from(wait.as_secs().saturating_add(1));
                answer.headers_mut().insert(RETRY_AFTER, wait);
                return Ok(answer);
            }
            Err(SetupRefusal::Till(Error::InvalidField(_))) => {
                typed.add_error("name", messages.too_long)
            }
            Err(SetupRefusal::Till(other)) => return Err(other.into()),
        }
    }
    ask(&request, &till, &settings, &context, status, &typed)
}
