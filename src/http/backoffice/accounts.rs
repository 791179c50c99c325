//! The page of bank accounts.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::error::{Answer, Failure};
use super::super::extract::PathId;
use super::super::pages::page::PageContext;
use super::answer::shown;
use super::form::{Form, FormState};
use super::web_session::WebSession;
use crate::model::account::{Account, AccountDetails};
use crate::till::{CreateAccount, Error, Till};
use taler::amount::Currency;
use taler::base32::HashCode;
use taler::payto::{BadPayto, Payto};
use ui::Messages;

/// An account as the page lists it.
struct AccountRow {
    /// The IBAN in groups of four, or the whole address of another account.
    number: String,
    holder: String,
    h_wire: HashCode,
    is_used: bool,
}

impl AccountRow {
    fn of(account: &Account) -> Self {
        Self {
            number: number(&account.payto_uri),
            holder: account.payto_uri.receiver_name().unwrap_or_default(),
            h_wire: account.h_wire,
            is_used: account.active,
        }
    }
}

/// The IBAN in groups of four, or the whole address of another account.
pub(super) fn number(payto: &Payto) -> String {
    let whole = payto.normalized();
    match whole.strip_prefix("payto://iban/") {
        Some(iban) => grouped(iban),
        None => whole,
    }
}

/// An IBAN as it is printed: in groups of four.
fn grouped(iban: &str) -> String {
    let mut text = String::new();
    for (at, c) in iban.chars().enumerate() {
        if at > 0 && at.is_multiple_of(4) {
            text.push('\u{a0}');
        }
        text.push(c);
    }
    text
}

#[derive(Template)]
#[template(path = "http/backoffice/accounts.html")]
struct AccountPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    typed: &'a FormState,
    rows: Vec<AccountRow>,
    /// What exchanges pay out, if there are any.
    currencies: String,
}

async fn ask(
    web_session: &WebSession,
    till: &Till,
    status: StatusCode,
    typed: &FormState,
) -> Answer {
    let rows = till.accounts(web_session.principal()).await?.iter().map(AccountRow::of).collect();
    let currencies: Vec<_> = till.offered_currencies().iter().map(Currency::to_string).collect();
    let currencies = currencies.join(", ");
    let page = AccountPage {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session,
        typed,
        rows,
        currencies,
    };
    shown(status, web_session.context(), &page)
}

/// `GET /webui/accounts`.
pub(in crate::http) async fn page(till: Data<Till>, web_session: WebSession) -> Answer {
    ask(&web_session, &till, StatusCode::OK, &FormState::default()).await
}

/// The payto address of the account with this IBAN, however it is written, and this holder.
fn by_iban(iban: &str, holder: &str) -> String {
    let plain = |c: &char| !c.is_whitespace() && !['-', '\u{feff}'].contains(c);
    let iban: String = iban.chars().filter(plain).collect::<String>().to_ascii_uppercase();
    // What cannot be in an address must not be taken for a part of it.
    let iban = utf8_percent_encode(&iban, NON_ALPHANUMERIC);
    let holder = utf8_percent_encode(holder, NON_ALPHANUMERIC);
    format!("payto://iban/{iban}?receiver-name={holder}")
}

/// What is wrong with an account, in the visitor's words. The domain says it in English; there is a
/// text for whatever can be wrong with an account that is typed in.
fn explained(bad: &BadPayto, messages: &Messages) -> &'static str {
    match bad.0 {
        "the IBAN begins with the code of no country that has IBANs" => messages.iban_no_country,
        "the IBAN has the wrong length for its country" => messages.iban_wrong_length,
        "the check digits of the IBAN are wrong" => messages.iban_wrong_digits,
        "the parameter receiver-name is missing" => messages.payto_no_name,
        "a payto address has a character that must be encoded" => messages.payto_bad_sign,
        "a payto address has at most 1024 bytes" => messages.too_long,
        "the account's name is missing"
        | "the port of the bank is no number up to 65535"
        | "the host of the bank is no domain name" => messages.payto_bad_bank,
        _ => messages.no_payto,
    }
}

/// `POST /webui/accounts`: by IBAN and holder, or any account by its payto address.
pub(in crate::http) async fn add(till: Data<Till>, web_session: WebSession, form: Form) -> Answer {
    let messages = web_session.messages();
    let by_payto = form.has("payto");
    let mut typed = FormState::of(form);
    let (main, text) = if by_payto {
        ("payto", typed.form().text("payto").to_owned())
    } else {
        let (iban, holder) = (typed.form().text("iban"), typed.form().text("holder"));
        let text = by_iban(iban, holder);
        if holder.is_empty() {
            typed.add_error("holder", messages.holder_needed);
        }
        ("iban", text)
    };
    let mut status = StatusCode::BAD_REQUEST;
    match Payto::parse(text) {
        Err(bad) if typed.is_good() || main == "payto" => {
            typed.add_error(main, explained(&bad, messages));
        }
        Err(_) => {}
        Ok(payto_uri) if typed.is_good() => {
            let wish = CreateAccount { payto_uri, details: AccountDetails::default() };
            match till.add_account(web_session.principal(), wish).await {
                Ok(_) => return Ok(web_session.go("accounts", Some("kept"))),
                Err(Error::AccountExists) => {
                    status = StatusCode::CONFLICT;
                    typed.add_error(main, messages.account_exists);
                }
                Err(Error::NoReceiverName) => typed.add_error(main, messages.payto_no_name),
                Err(other) => return Err(other.into()),
            }
        }
        Ok(_) => {}
    }
    ask(&web_session, &till, status, &typed).await
}

fn h_wire(text: &str) -> Result<HashCode, Failure> {
    HashCode::parse(text).map_err(|_| Error::AccountUnknown.into())
}

/// `POST /webui/accounts/$H_WIRE/retire`: out of use, not out of memory.
pub(in crate::http) async fn retire(
    till: Data<Till>,
    web_session: WebSession,
    PathId(id): PathId<String>,
    _form: Form,
) -> Answer {
    match till.remove_account(web_session.principal(), h_wire(&id)?).await {
        // A form that is sent twice has done what it should.
        Ok(()) | Err(Error::AccountNotActive) => Ok(web_session.go("accounts", Some("kept"))),
        Err(other) => Err(other.into()),
    }
}

/// `POST /webui/accounts/$H_WIRE/use`: in use again, with the details that it had.
pub(in crate::http) async fn resume(
    till: Data<Till>,
    web_session: WebSession,
    PathId(id): PathId<String>,
    _form: Form,
) -> Answer {
    let Account { payto_uri, details, .. } =
        till.account(web_session.principal(), h_wire(&id)?).await?;
    till.add_account(web_session.principal(), CreateAccount { payto_uri, details }).await?;
    Ok(web_session.go("accounts", Some("kept")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ui::messages::{ENGLISH, GERMAN};

    #[test]
    fn an_iban_is_taken_as_it_is_printed() {
        let payto = by_iban(" de75 5121-0800\u{a0}1245 1261 99 ", "Möwe & Söhne?");
        let payto = Payto::parse(payto).unwrap();
        assert_eq!(payto.normalized(), "payto://iban/DE75512108001245126199");
        assert_eq!(payto.receiver_name().as_deref(), Some("Möwe & Söhne?"));
        assert_eq!(grouped("DE7551210"), "DE75\u{a0}5121\u{a0}0");
        for trick in ["BIC/DE75512108001245126199", "DE75512108001245126199?x=", "", "é"] {
            assert!(Payto::parse(by_iban(trick, "x")).is_err(), "{trick}");
        }
    }

    #[test]
    fn every_mistake_in_an_account_is_explained() {
        for (text, why) in [
            (by_iban("XX75512108001245126199", "x"), ENGLISH.iban_no_country),
            (by_iban("DE7551210800124512619", "x"), ENGLISH.iban_wrong_length),
            (by_iban("DE75512108001245126198", "x"), ENGLISH.iban_wrong_digits),
            ("payto://iban/DE75512108001245126199".into(), ENGLISH.payto_no_name),
            ("payto://iban/DE755 12".into(), ENGLISH.payto_bad_sign),
            ("payto://x-taler-bank/bank.example?receiver-name=x".into(), ENGLISH.payto_bad_bank),
            ("payto://x-taler-bank/b:x/me?receiver-name=x".into(), ENGLISH.payto_bad_bank),
            ("payto://x-taler-bank/-b/me?receiver-name=x".into(), ENGLISH.payto_bad_bank),
            ("https://bank.example/".into(), ENGLISH.no_payto),
            ("x".repeat(2000), ENGLISH.too_long),
        ] {
            let bad = Payto::parse(text.clone()).unwrap_err();
            assert_eq!(explained(&bad, &ENGLISH), why, "{text}");
            assert_ne!(explained(&bad, &GERMAN), why, "{text}");
        }
    }
}
