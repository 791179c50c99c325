//! The customer's page of a template: a form that creates an order, a code for wallets, and a sheet
//! with that code for the counter (merchant-api 5.3, 5.4).
//!
//! The form works without script. It calls the same use case as a wallet's request,
//! and the browser is redirected to the order's page.

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, VARY};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

use super::super::error::{Answer, Failure};
use super::super::origin::{base_url_for_strangers, client};
use super::super::read;
use super::super::settings::Settings;
use super::items::shortened;
use super::page::{Link, PageContext, shown, with_uri};
use crate::till::{Error, Till};
use taler::amount::{Amount, Currency};
use taler::currency::CurrencySpecification;
use taler::ids::{InstanceId, TemplateId};
use taler::taler_uri::PayTemplate;
use taler::template::{self, TemplateInput, TemplateMismatch, TemplateType};
use taler::web::BaseUrl;
use ui::messages::filled;
use ui::once::{self, Submission};
use ui::{Messages, money};

/// Most characters of a name or summary that fit on a sheet.
const MAX_ON_SHEET: usize = 120;
/// Longest summary that can be typed, in characters: what the domain takes, if each is long.
const MAX_SUMMARY: usize = 1000;

/// A template with its form.
#[derive(Template)]
#[template(path = "http/pages/template.html")]
struct Form<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    title: String,
    shop: String,
    /// Fixed texts; nothing where there is an input.
    summary: Option<&'a str>,
    amount: Option<String>,
    currencies: Vec<Choice>,
    takes_tip: bool,
    /// Can an order be made here by a wallet? Those of paywalls are made from their own pages.
    link: Option<Link<'a>>,
    /// Can one be made without a wallet? Carts are filled in wallets.
    has_form: bool,
    max_summary: usize,
    /// By which the form is known when it is sent twice.
    once: String,
    typed: TemplateFormState,
    fault: Option<FieldError>,
}

/// A currency that can be typed in.
struct Choice {
    code: String,
    sign: String,
    is_chosen: bool,
}

/// Values of the inputs. An empty one is as none.
#[derive(Default, Deserialize)]
#[serde(default)]
struct TemplateFormState {
    amount: String,
    #[serde(deserialize_with = "currency_or_none")]
    currency: Option<Currency>,
    summary: String,
    tip: String,
    once: String,
}

fn currency_or_none<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Currency>, D::Error> {
    let text = Some(String::deserialize(reader)?).filter(|text| !text.is_empty());
    text.map(Currency::parse).transpose().map_err(de::Error::custom)
}

/// What is wrong with what was typed.
struct FieldError {
    status: StatusCode,
    /// Which input; empty if none of them.
    at: &'static str,
    text: String,
}

/// A sheet for the counter.
#[derive(Template)]
#[template(path = "http/pages/sheet.html")]
struct SheetPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    shop: String,
    /// The class of the style that makes it this large.
    size: &'a str,
    paper: &'a str,
    hint: String,
    summary: String,
    amount: Option<String>,
    link: Link<'a>,
    url: String,
    back: String,
}

/// A template, and what is needed to show it.
struct Maker<'a> {
    context: PageContext,
    till: &'a Till,
    template: template::Template,
    instance: &'a InstanceId,
    shop: String,
    base_url: BaseUrl,
}

/// `GET /templates/$TEMPLATE_ID`, for people: the form, or with `print` a sheet.
pub(in crate::http) async fn template(
    request: &HttpRequest,
    till: &Till,
    settings: &Settings,
    instance: &InstanceId,
    id: TemplateId,
    print: Option<&str>,
) -> Answer {
    let maker = Maker::of(request, till, settings, instance, id).await?;
    let size = match print {
        None => return maker.form(maker.suggested(), None),
        Some(text) if text.eq_ignore_ascii_case("a6") => ("a6", "A6"),
        Some(text) if text.eq_ignore_ascii_case("a4") => ("a4", "A4"),
        Some(_) => return Err(Failure::Malformed("print".into())),
    };
    maker.sheet(size)
}

/// `POST /templates/$TEMPLATE_ID` from the form: the browser goes on to the order, or back to the
/// form if it cannot be made.
pub(in crate::http) async fn filled_in(
    request: &HttpRequest,
    till: &Till,
    settings: &Settings,
    instance: &InstanceId,
    id: TemplateId,
    members: Map<String, Value>,
) -> Answer {
    let maker = Maker::of(request, till, settings, instance, id).await?;
    let typed = read::body::<TemplateFormState>(members)?;
    let filling = match maker.filling(&typed) {
        Ok(filling) => filling,
        Err(fault) => return maker.form(typed, Some(fault)),
    };
    let id = maker.template.id.clone();
    let client = client(request, settings);
    // A form that is sent twice makes one order.
    let ticket = match typed.once.is_empty() {
        true => None,
        false => match settings.forms.orders.begin(typed.key(request.path())).await {
            Submission::Again(order) => return Ok(sent_on(order)),
            Submission::First(ticket) => Some(ticket),
        },
    };
    // In a task of its own: a browser that is clicked twice hangs up on the first request.
    let (till, owner, base_url) = (till.clone(), instance.clone(), maker.base_url.clone());
    let work = actix_web::rt::spawn(async move {
        let made = till.order_by_template(&owner, id, filling, &base_url, client).await;
        made.map(|made| (made, ticket))
    });
    match work.await.map_err(|error| Failure::Bug(error.to_string()))? {
        Ok((made, ticket)) => {
            let token = made.token.map_or_else(String::new, |token| format!("?token={token}"));
            let base = maker.context.base_of(instance);
            let order = format!("{base}orders/{}{token}", made.order_id);
            if let Some(ticket) = ticket {
                ticket.led_to(order.clone());
            }
            Ok(sent_on(order))
        }
        Err(error) => match maker.fault(&error) {
            Some(fault) => maker.form(typed, Some(fault)),
            None => Err(error.into()),
        },
    }
}

/// Sends the browser on to `order`.
fn sent_on(order: String) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, order))
        .insert_header((VARY, "Accept, Accept-Language"))
        .finish()
}

impl TemplateFormState {
    /// By which the form is known again that was sent to `path`.
    fn key(&self, path: &str) -> once::Key {
        let Self { amount, currency, summary, tip, once } = self;
        once::key(path, format!("{once} {amount:?} {currency:?} {summary:?} {tip:?}").as_bytes())
    }
}

impl<'a> Maker<'a> {
    async fn of(
        request: &HttpRequest,
        till: &'a Till,
        settings: &Settings,
        instance: &'a InstanceId,
        id: TemplateId,
    ) -> Result<Self, Failure> {
        Ok(Self {
            context: PageContext::of(request, settings),
            till,
            template: till.public_template(instance, id).await?,
            shop: till.instance(instance).await?.settings.name,
            base_url: base_url_for_strangers(request, settings, till, instance)?,
            instance,
        })
    }

    /// Do wallets open it by its address? Those of a paywall's template need a session of its page.
    fn is_for_wallets(&self) -> bool {
        self.template.contract.kind() != TemplateType::Paivana
    }

    /// Are its orders made by the form, too?
    fn is_for_all(&self) -> bool {
        self.template.contract.kind() == TemplateType::FixedOrder
    }

    fn link(&self) -> Link<'a> {
        let uri = PayTemplate {
            base: self.base_url.clone(),
            template: self.template.id.clone(),
            params: Vec::new(),
        };
        Link::to(uri.to_string(), self.context.messages().qr_template)
    }

    fn known(&self) -> &[CurrencySpecification] {
        &self.till.policy().currencies
    }

    fn money(&self, amount: &Amount) -> String {
        money::show(amount, self.known(), self.context.locale)
    }

    /// What the shop suggests for `name`.
    fn default_of(&self, name: &str) -> Option<&str> {
        self.template.editable_defaults.as_ref()?.get(name)?.as_str()
    }

    /// Initial values of the inputs.
    fn suggested(&self) -> TemplateFormState {
        // An amount without a number suggests a currency only.
        let amount = self.default_of("amount").unwrap_or_default();
        let currency = amount.split_once(':').map(|(code, _)| code);
        let currency = currency.or_else(|| self.default_of("currency"));
        let typed = |amount| money::typed(&amount, self.known(), self.context.locale);
        TemplateFormState {
            amount: Amount::parse(amount).map(typed).unwrap_or_default(),
            currency: currency.and_then(|code| Currency::parse(code).ok()),
            summary: self.default_of("summary").unwrap_or_default().to_owned(),
            ..TemplateFormState::default()
        }
    }

    /// The currencies that can be paid in: that of the template if it has one, else those of the
    /// exchanges; without any exchange, all that are known.
    fn currencies(&self, typed: &TemplateFormState) -> Vec<CurrencySpecification> {
        let (offered, default) = (self.till.offered_currencies(), self.till.default_currency());
        let mut all: Vec<_> = match self.template.contract.currency() {
            Some(fixed) => {
                let known = self.till.known_currencies().into_iter();
                known.filter(|one| one.currency() == fixed).collect()
            }
            None if offered.is_empty() => self.known().to_vec(),
            None => offered.iter().map(|one| self.till.specification(one)).collect(),
        };
        // The first one is the default.
        let chosen = typed.currency.as_ref().unwrap_or(&default);
        all.sort_by_key(|one| one.currency() != chosen);
        all
    }

    fn form(&self, typed: TemplateFormState, fault: Option<FieldError>) -> Answer {
        let (messages, contract) = (self.context.messages(), &self.template.contract);
        let summary = contract.summary();
        let choices = self.currencies(&typed);
        let status = fault.as_ref().map_or(StatusCode::OK, |fault| fault.status);
        let page = Form {
            title: shortened(summary.unwrap_or(messages.order_this), MAX_ON_SHEET),
            shop: shortened(&self.shop, MAX_ON_SHEET),
            summary,
            amount: contract.amount().map(|amount| self.money(amount)),
            currencies: choices
                .iter()
                .enumerate()
                .map(|(at, one)| Choice {
                    code: one.currency().to_string(),
                    sign: one.sign().to_owned(),
                    is_chosen: at == 0,
                })
                .collect(),
            takes_tip: contract.takes_tip(),
            link: self.is_for_wallets().then(|| self.link()),
            has_form: self.is_for_all(),
            max_summary: MAX_SUMMARY,
            once: self.till.random_token()?,
            typed,
            fault,
            context: &self.context,
            messages,
        };
        // The Android wallet opens what was scanned or pasted when its answer has this header.
        let uri = page.link.as_ref().map(|link| link.uri.clone());
        let answer = shown(status, &self.context, &page)?;
        match uri {
            Some(uri) => with_uri(answer, uri),
            None => Ok(answer),
        }
    }

    fn sheet(&self, (size, paper): (&str, &str)) -> Answer {
        if !self.is_for_wallets() {
            return Err(Failure::Path);
        }
        let (messages, contract) = (self.context.messages(), &self.template.contract);
        let id = self.template.id.as_str();
        let summary = contract.summary().or_else(|| self.default_of("summary"));
        let page = SheetPage {
            shop: shortened(&self.shop, MAX_ON_SHEET),
            size,
            paper,
            hint: filled(messages.sheet_hint, &[paper]),
            summary: shortened(summary.unwrap_or_default(), MAX_ON_SHEET),
            amount: contract.amount().map(|amount| self.money(amount)),
            link: self.link(),
            url: self.base_url.join(&["templates", id]),
            back: format!("{}templates/{id}", self.context.base_of(self.instance)),
            context: &self.context,
            messages,
        };
        let uri = page.link.uri.clone();
        with_uri(shown(StatusCode::OK, &self.context, &page)?, uri)
    }

    /// What a wallet would have sent.
    fn filling(&self, typed: &TemplateFormState) -> Result<TemplateInput, FieldError> {
        let messages = self.context.messages();
        let contract = &self.template.contract;
        if !self.is_for_all() {
            return Err(FieldError::elsewhere(StatusCode::CONFLICT, messages.only_from_page));
        }
        let choices = self.currencies(typed);
        let fits = |one: &&CurrencySpecification| {
            typed.currency.as_ref().is_none_or(|code| code == one.currency())
        };
        let currency = choices.iter().find(fits).ok_or_else(|| FieldError {
            status: StatusCode::CONFLICT,
            at: "amount",
            text: messages.fault_currency.to_owned(),
        })?;
        let read = |text: &str, at| {
            let amount = money::read(text, currency, self.context.locale);
            amount.filter(|amount| !amount.is_zero()).ok_or_else(|| self.no_amount(at, currency))
        };
        let tip = match typed.tip.trim() {
            "" => None,
            text => Some(read(text, "tip")?),
        };
        // What a customer says is what is paid in all, the tip included.
        let amount = match (contract.amount(), tip) {
            (Some(_), _) => None,
            (None, None) => Some(read(&typed.amount, "amount")?),
            (None, Some(tip)) => {
                let sum = read(&typed.amount, "amount")?.checked_add(&tip);
                Some(sum.map_err(|_| self.no_amount("tip", currency))?)
            }
        };
        let summary = match contract.summary() {
            Some(_) => None,
            None => Some(typed.summary.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
        };
        Ok(TemplateInput { summary, amount, tip, ..TemplateInput::default() })
    }

    fn no_amount(&self, at: &'static str, currency: &CurrencySpecification) -> FieldError {
        let messages = self.context.messages();
        let example = Amount::parse(format!("{}:12", currency.currency()));
        let example = example.map(|one| money::typed(&one, self.known(), self.context.locale));
        let text = filled(messages.fault_amount, &[&example.unwrap_or_default()]);
        FieldError { status: StatusCode::BAD_REQUEST, at, text }
    }

    /// The message of `error` beside the form, if it is about an input.
    fn fault(&self, error: &Error) -> Option<FieldError> {
        let messages = self.context.messages();
        let (at, text) = match error {
            Error::TemplateInput(bad) => match bad {
                TemplateMismatch::NoSummary | TemplateMismatch::InvalidField("summary") => {
                    ("summary", messages.fault_summary)
                }
                TemplateMismatch::Currency => ("amount", messages.fault_currency),
                _ => ("", messages.fault_template),
            },
            Error::NoAccount(_) | Error::NoExchange | Error::NoneCanWire | Error::Order(_) => {
                ("", messages.fault_shop)
            }
            _ => return None,
        };
        let status = match at {
            "summary" => StatusCode::BAD_REQUEST,
            _ => StatusCode::CONFLICT,
        };
        Some(FieldError { status, at, text: text.to_owned() })
    }
}

impl FieldError {
    /// One that no input can mend.
    fn elsewhere(status: StatusCode, text: &str) -> Self {
        Self { status, at: "", text: text.to_owned() }
    }
}

impl Form<'_> {
    /// What is wrong with the input `name`.
    fn fault_of(&self, name: &str) -> Option<&str> {
        self.fault.as_ref().filter(|fault| fault.at == name).map(|fault| fault.text.as_str())
    }
}
