//! The page of trusted exchanges, for the special instance only: adding one by its address,
//! after its master key was compared, and removing one.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::super::error::{Answer, Failure};
use super::super::extract::QueryParams;
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::{go, shown};
use super::form::{Form, FormState};
use super::instances::Operator;
use super::status::{ExchangeFigures as State, exchange as state};
use super::web_session::WebSession;
use crate::till::{ExchangeRefusal, ListedExchange, MAX_EXCHANGES, Till};
use taler::exchange::{KNOWN_EXCHANGES, KnownExchange, Trusted};
use taler::web::{BaseUrl, query_value};
use ui::Messages;
use ui::messages::filled;

/// An exchange as the page lists it.
struct Row {
    listed: ListedExchange,
    state: State,
}

/// An exchange that can be chosen.
struct Choice {
    base_url: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "http/backoffice/exchanges.html")]
struct Page<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    typed: &'a FormState,
    rows: Vec<Row>,
    choices: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "http/backoffice/new_exchange.html")]
struct Confirm<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    typed: &'a FormState,
    trusted: &'a Trusted,
    known: Option<&'static KnownExchange>,
}

fn list(web_session: &WebSession, till: &Till, status: StatusCode, typed: &FormState) -> Answer {
    let (messages, now) = (web_session.messages(), till.now());
    let row = |(listed, found)| Row { state: state(&found, web_session, now), listed };
    let choice = |known: &'static KnownExchange| Choice {
        base_url: known.base_url,
        text: match known.is_play_money {
            true => filled(messages.exchange_play_money, &[known.currency, known.base_url]),
            false => format!("{}: {}", known.currency, known.base_url),
        },
    };
    let page = Page {
        context: web_session.context(),
        messages,
        web_session,
        typed,
        rows: till.listed_exchanges().into_iter().map(row).collect(),
        choices: KNOWN_EXCHANGES.iter().map(choice).collect(),
    };
    shown(status, web_session.context(), &page)
}

fn confirm(
    web_session: &WebSession,
    status: StatusCode,
    typed: &FormState,
    trusted: &Trusted,
) -> Answer {
    let url = trusted.base_url.as_str();
    let known = KNOWN_EXCHANGES.iter().find(|known| known.base_url == url);
    let (context, messages) = (web_session.context(), web_session.messages());
    shown(status, context, &Confirm { context, messages, web_session, typed, trusted, known })
}

/// The address of the page where the operator compares the key of the exchange at `base_url`.
fn place(base_url: &BaseUrl) -> String {
    format!("webui/new-exchange?url={}", query_value(base_url.as_str()))
}

/// `GET /webui/exchanges`.
pub(in crate::http) async fn page(till: Data<Till>, Operator(web_session): Operator) -> Answer {
    list(&web_session, &till, StatusCode::OK, &FormState::default())
}

/// The address that was typed; a slash that is missing at its end is added.
fn typed_address(text: &str) -> Option<BaseUrl> {
    BaseUrl::parse(text).or_else(|_| BaseUrl::parse(format!("{text}/"))).ok()
}

/// Why it did not go, beside the input `name`.
fn explain(
    typed: &mut FormState,
    name: &'static str,
    refusal: ExchangeRefusal,
    messages: &Messages,
) -> Result<StatusCode, Failure> {
    let text = match refusal {
        ExchangeRefusal::Insecure => messages.exchange_insecure.to_owned(),
        ExchangeRefusal::Exchange(error) => {
            typed.add_error(name, filled(messages.exchange_unreached, &[&error.to_string()]));
            return Ok(StatusCode::BAD_GATEWAY);
        }
        ExchangeRefusal::InSettings => messages.exchange_in_settings.to_owned(),
        ExchangeRefusal::OtherKey(key) => filled(messages.exchange_other_key, &[&key.to_string()]),
        ExchangeRefusal::Unfinished(key) => {
            filled(messages.exchange_unfinished, &[&key.to_string()])
        }
        ExchangeRefusal::TooMany => {
            filled(messages.exchange_too_many, &[&MAX_EXCHANGES.to_string()])
        }
        ExchangeRefusal::Unknown => messages.exchange_unknown.to_owned(),
        ExchangeRefusal::Till(error) => return Err(error.into()),
    };
    typed.add_error(name, text);
    Ok(StatusCode::CONFLICT)
}

/// `POST /webui/exchanges`: an exchange is asked for its key, to be compared on the next page.
pub(in crate::http) async fn ask(
    till: Data<Till>,
    settings: Data<Settings>,
    Operator(web_session): Operator,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let mut typed = FormState::of(form);
    // A typed address takes precedence over the choice above it.
    let chosen = typed.form().some("url").unwrap_or(typed.form().text("known"));
    let address = typed_address(chosen);
    let mut status = StatusCode::BAD_REQUEST;
    match address {
        None => typed.add_error("url", messages.exchange_no_address),
        Some(base_url) => match till.introduce_exchange(&base_url).await {
            Ok(trusted) => {
                settings.forms.introductions.put(trusted);
                return Ok(go(web_session.context(), &place(&base_url)));
            }
            Err(refusal) => status = explain(&mut typed, "url", refusal, messages)?,
        },
    }
    list(&web_session, &till, status, &typed)
}

/// `GET /webui/new-exchange?url=…`: what was asked before is compared. Nobody is asked here, for a link
/// of another site could lead here.
pub(in crate::http) async fn compare(
    settings: Data<Settings>,
    Operator(web_session): Operator,
    params: QueryParams,
) -> Answer {
    let address = params.text("url").and_then(typed_address);
    match address.and_then(|base_url| settings.forms.introductions.get(&base_url)) {
        Some(trusted) => confirm(&web_session, StatusCode::OK, &FormState::default(), &trusted),
        None => Ok(web_session.go("exchanges", None)),
    }
}

/// `POST /webui/new-exchange`: the exchange is trusted whose key was compared. It is asked once more, so
/// that what is trusted is what it is now.
pub(in crate::http) async fn trust(
    till: Data<Till>,
    Operator(web_session): Operator,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let mut typed = FormState::of(form);
    let Some(base_url) = typed_address(typed.form().text("url")) else {
        typed.add_error("url", messages.exchange_no_address);
        return list(&web_session, &till, StatusCode::BAD_REQUEST, &typed);
    };
    let trusted = match till.introduce_exchange(&base_url).await {
        Ok(trusted) => trusted,
        Err(refusal) => {
            let status = explain(&mut typed, "url", refusal, messages)?;
            return list(&web_session, &till, status, &typed);
        }
    };
    if trusted.master_public_key.to_string() != typed.form().text("key") {
        typed.add_error("", messages.exchange_key_changed);
        return confirm(&web_session, StatusCode::CONFLICT, &typed, &trusted);
    }
    match till.trust_exchange(trusted.clone()).await {
        Ok(()) => Ok(web_session.go("exchanges", Some("exchange-added"))),
        Err(refusal) => {
            let status = explain(&mut typed, "", refusal, messages)?;
            confirm(&web_session, status, &typed, &trusted)
        }
    }
}

/// `POST /webui/exchanges/remove`: new orders offer the exchange no more.
pub(in crate::http) async fn remove(
    till: Data<Till>,
    Operator(web_session): Operator,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let mut typed = FormState::of(form);
    let removed: HttpResponse = web_session.go("exchanges", Some("exchange-removed"));
    let refusal = match typed_address(typed.form().text("base_url")) {
        None => ExchangeRefusal::Unknown,
        Some(base_url) => match till.remove_exchange(&base_url).await {
            Ok(()) => return Ok(removed),
            Err(refusal) => refusal,
        },
    };
    let status = explain(&mut typed, "", refusal, messages)?;
    list(&web_session, &till, status, &typed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use taler::amount::Currency;

    #[test]
    fn known_addresses_are_addresses_and_their_currencies_too() {
        for known in KNOWN_EXCHANGES {
            assert_eq!(BaseUrl::parse(known.base_url).unwrap().as_str(), known.base_url);
            assert!(known.base_url.starts_with("https://"));
            assert!(known.operator.starts_with("https://"));
            Currency::parse(known.currency).unwrap();
        }
    }

    #[test]
    fn the_slash_at_the_end_may_be_missing() {
        let read = |text| typed_address(text).map(|url| url.to_string());
        assert_eq!(read("https://e.example").as_deref(), Some("https://e.example/"));
        assert_eq!(read("https://e.example/x/").as_deref(), Some("https://e.example/x/"));
        assert_eq!(read("e.example"), None);
        assert_eq!(read(""), None);
    }
}
