//! The pages of templates, from which customers create orders themselves.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template as Html;
use serde_json::{Map, Value, json};

use super::super::error::{Answer, Failure};
use super::super::extract::PathId;
use super::super::origin::base_url;
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::shown;
use super::form::{Form, FormState};
use super::messages;
use super::web_session::WebSession;
use crate::till::{Error, Till};
use taler::amount::{Amount, Currency};
use taler::ids::{OtpDeviceId, TemplateId};
use taler::taler_uri::PayTemplate;
use taler::template::{BadTemplate, Template, TemplateContract, TemplateType};
use taler::time::RelativeTime;
use ui::qr::Link;
use ui::{Messages, money};

/// Longest text of a template that people type, in bytes.
const MAX_TEXT: usize = 500;
/// Longest time to pay that people type, in minutes: a year.
const MAX_MINUTES: u64 = 365 * 24 * 60;

/// Members of a template's contract that the form is about; others stay as they are.
const OURS: &[&str] = &[
    "template_type",
    "summary",
    "amount",
    "currency",
    "pay_duration",
    "minimum_age",
    "website_regex",
];

#[derive(Html)]
#[template(path = "http/backoffice/templates.html")]
struct TemplateList<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    /// Name and note of each.
    rows: Vec<(TemplateId, String)>,
}

/// What hangs at the counter.
struct PrintSheet {
    code: Link,
    /// The customers' page.
    page: String,
}

/// What a page behind a paywall needs.
struct Paywall {
    /// To be put into the page.
    snippet: String,
    /// How its server learns that a visitor has paid.
    check: String,
}

#[derive(Html)]
#[template(path = "http/backoffice/paywall_snippet.html", escape = "none")]
struct Snippet<'a> {
    base_url: &'a str,
    uri: &'a str,
    pay: &'a str,
}

#[derive(Html)]
#[template(path = "http/backoffice/template.html")]
struct TemplatePage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    title: &'a str,
    action: String,
    typed: &'a FormState,
    currencies: Vec<String>,
    /// Who says it: the shop or the customer.
    who: [(&'static str, &'static str); 2],
    kinds: [(&'static str, &'static str); 2],
    /// Machines whose codes customers can get who have paid; empty: the shop has none.
    devices: Vec<(String, String)>,
    has_more: bool,
    /// Of a template that is kept already, unless it is a paywall's.
    print_sheet: Option<PrintSheet>,
    /// Of a paywall's template that is kept already.
    paywall: Option<Paywall>,
    is_kept: bool,
}

/// `GET /webui/templates`.
pub(in crate::http) async fn page(till: Data<Till>, web_session: WebSession) -> Answer {
    let rows = till.templates(web_session.principal()).await?;
    let page = TemplateList {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session: &web_session,
        rows,
    };
    shown(StatusCode::OK, web_session.context(), &page)
}

/// Shows the form; of `old`, if there is a template already.
async fn ask(
    request: &HttpRequest,
    settings: &Settings,
    web_session: &WebSession,
    till: &Till,
    status: StatusCode,
    typed: &FormState,
    old: Option<&Template>,
) -> Answer {
    let messages = web_session.messages();
    let (title, action) = match old {
        Some(old) => (old.description.as_str(), web_session.path(&format!("templates/{}", old.id))),
        None => (messages.new_template, web_session.path("new-template")),
    };
    let (mut print_sheet, mut paywall) = (None, None);
    match old {
        Some(old) if old.contract.kind() != TemplateType::Paivana => {
            print_sheet = Some(self::print_sheet(request, settings, web_session, &old.id)?);
        }
        Some(old) => paywall = Some(self::paywall(request, settings, web_session, &old.id)?),
        None => {}
    }
    let more = ["pay_minutes", "minimum_age", "website", "otp_id"];
    let mut devices = Vec::new();
    let known = till.otp_devices(web_session.principal()).await?;
    if !known.is_empty() {
        devices.push((String::new(), messages.otp_no_device.to_owned()));
        devices.extend(known.into_iter().map(|one| (one.id.to_string(), one.description)));
    }
    let page = TemplatePage {
        context: web_session.context(),
        messages,
        web_session,
        title,
        action,
        typed,
        currencies: currencies(till, old).iter().map(Currency::to_string).collect(),
        who: [("shop", messages.says_shop), ("customer", messages.says_customer)],
        kinds: [("fixed-order", messages.kind_order), ("paivana", messages.kind_paywall)],
        devices,
        has_more: typed.chose("kind", "paivana")
            || more.iter().any(|name| !typed.value(name).is_empty()),
        print_sheet,
        paywall,
        is_kept: old.is_some(),
    };
    shown(status, web_session.context(), &page)
}

fn print_sheet(
    request: &HttpRequest,
    settings: &Settings,
    web_session: &WebSession,
    id: &TemplateId,
) -> Result<PrintSheet, Failure> {
    let instance = &web_session.principal().instance().id;
    let base = base_url(request, settings, instance)?;
    let root = &web_session.context().root;
    let page = match instance.is_admin() {
        true => format!("{root}templates/{id}"),
        false => format!("{root}instances/{instance}/templates/{id}"),
    };
    let uri = PayTemplate { base, template: id.clone(), params: Vec::new() };
    Ok(PrintSheet { code: Link::to(uri.to_string()), page })
}

/// What a page needs that is sold by the paywall's template `id`.
fn paywall(
    request: &HttpRequest,
    settings: &Settings,
    web_session: &WebSession,
    id: &TemplateId,
) -> Result<Paywall, Failure> {
    let base = base_url(request, settings, &web_session.principal().instance().id)?;
    let uri = PayTemplate { base: base.clone(), template: id.clone(), params: Vec::new() };
    // Neither has a character that means anything in a script's text: they are encoded as addresses.
    let (base_url, uri) = (base.as_str(), uri.to_string());
    let snippet = Snippet { base_url, uri: &uri, pay: web_session.messages().paywall_pay };
    let snippet = snippet.render().map_err(|error| Failure::Bug(error.to_string()))?;
    let check = format!(
        "curl -H 'Authorization: Bearer secret-token:…' \\\n  \
         '{base_url}private/orders?paid=yes&session_id=SESSION&fulfillment_url=PAGE'"
    );
    Ok(Paywall { snippet, check })
}

/// What a template can be priced in, that of the template `old` first.
fn currencies(till: &Till, old: Option<&Template>) -> Vec<Currency> {
    let price = old.and_then(|old| price(old).or_else(|| suggested_price(old)));
    let open = old.and_then(|old| old.contract.required_currency().copied());
    let mut all = messages::currencies(till);
    if let Some(own) = price.map(|price| *price.currency()).or(open) {
        all.retain(|one| *one != own);
        all.insert(0, own);
    }
    all
}

/// The price that is fixed, if one is.
fn price(template: &Template) -> Option<Amount> {
    let members = template.contract.members();
    let choice = || members.get("choices")?.get(0)?.get("amount");
    Amount::parse(members.get("amount").or_else(choice)?.as_str()?).ok()
}

fn suggested(template: &Template, name: &str) -> Option<String> {
    Some(template.editable_defaults.as_ref()?.get(name)?.as_str()?.to_owned())
}

fn suggested_price(template: &Template) -> Option<Amount> {
    Amount::parse(suggested(template, "amount")?).ok()
}

/// The time to pay in minutes, as the form shows it; what is beyond minutes is cut off.
fn minutes(template: &Template) -> Option<String> {
    let span = template.contract.members().get("pay_duration")?.get("d_us")?;
    Some((span.as_u64()? / 60_000_000).to_string())
}

/// The form as `old` fills it in.
fn filled_in(web_session: &WebSession, old: &Template) -> FormState {
    let members = old.contract.members();
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    let who = |is_fixed: bool| if is_fixed { "shop" } else { "customer" };
    let number = |amount: Amount| money::number(&amount, web_session.context().locale);
    let (fixed, summary) = (price(old), text("summary"));
    let amount = fixed.or_else(|| suggested_price(old)).map(number);
    let age = members.get("minimum_age").and_then(Value::as_u64).map(|age| age.to_string());
    let (summary_by, amount_by) = (who(summary.is_some()), who(fixed.is_some()));
    let pairs = [
        ("description", Some(old.description.clone())),
        ("summary", summary.or_else(|| suggested(old, "summary"))),
        ("summary_by", Some(summary_by.to_owned())),
        ("amount", amount),
        ("amount_by", Some(amount_by.to_owned())),
        ("pay_minutes", minutes(old)),
        ("minimum_age", age),
        ("kind", text("template_type")),
        ("website", text("website_regex")),
        ("otp_id", old.otp_id.as_ref().map(ToString::to_string)),
    ];
    let pairs: Vec<_> =
        pairs.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    FormState::suggesting(&pairs)
}

/// The whole number that was typed into `name`; `None` and no complaint if nothing was.
fn count(typed: &mut FormState, name: &'static str, most: u64, messages: &Messages) -> Option<u64> {
    let text = typed.form().some(name)?.to_owned();
    let count = text.parse().ok().filter(|count| *count <= most);
    if count.is_none() {
        typed.add_error(name, messages.no_count);
    }
    count
}

/// The device that was chosen; that of `old` where the form asked for none.
fn device(
    typed: &mut FormState,
    old: Option<&Template>,
    messages: &Messages,
) -> Option<OtpDeviceId> {
    if !typed.form().has("otp_id") {
        return old.and_then(|old| old.otp_id.clone());
    }
    let id = OtpDeviceId::parse(typed.form().some("otp_id")?.to_owned());
    id.map_err(|_| typed.add_error("otp_id", messages.choose_one)).ok()
}

/// The template that was typed, with what `old` says beyond the form; `None`, and `typed` says why.
fn read(
    typed: &mut FormState,
    till: &Till,
    old: Option<&Template>,
    messages: &Messages,
) -> Option<Template> {
    let id = match old {
        Some(old) => Ok(old.id.clone()),
        None => TemplateId::parse(typed.form().text("id")),
    };
    if id.is_err() {
        typed.add_error("id", messages.no_template_id);
    }
    let description = typed.form().text("description").to_owned();
    if description.is_empty() {
        typed.add_error("description", messages.note_needed);
    }
    for name in ["description", "summary"] {
        if typed.form().text(name).len() > MAX_TEXT {
            typed.add_error(name, messages.too_long);
        }
    }
    let mut members = old.map(|old| old.contract.members().clone()).unwrap_or_default();
    members.retain(|name, _| !OURS.contains(&name.as_str()));
    let mut defaults = Map::new();
    // What a cart is filled from is no matter of this form, and its products say what is paid.
    if let Some(old) = old.filter(|old| old.contract.kind() == TemplateType::InventoryCart) {
        return read_cart(typed, old, description, messages);
    }
    let is_paywall = typed.chose("kind", "paivana");
    members
        .insert("template_type".into(), json!(if is_paywall { "paivana" } else { "fixed-order" }));

    let summary = typed.form().text("summary").to_owned();
    if typed.chose("summary_by", "shop") {
        if summary.is_empty() {
            typed.add_error("summary", messages.text_needed);
        }
        members.insert("summary".into(), json!(summary));
    } else if !summary.is_empty() {
        defaults.insert("summary".into(), json!(summary));
    }

    let specification = messages::currency(typed, &currencies(till, old), till, messages);
    let currency = *specification.currency();
    let is_fixed = typed.chose("amount_by", "shop");
    let amount = match is_fixed || typed.form().some("amount").is_some() {
        true => messages::amount(typed, "amount", &specification, messages),
        false => None,
    };
    if is_paywall {
        if !is_fixed {
            typed.add_error("amount_by", messages.paywall_needs_price);
        }
        let mut choices = match members.remove("choices") {
            Some(Value::Array(choices)) => choices,
            _ => Vec::new(),
        };
        match choices.first_mut() {
            Some(choice) => {
                if let Some(choice) = choice.as_object_mut() {
                    choice.insert("amount".into(), json!(amount));
                }
            }
            None => choices.push(json!({ "amount": amount })),
        }
        members.insert("choices".into(), Value::Array(choices));
    } else {
        members.remove("choices");
        match (is_fixed, amount) {
            (true, amount) => drop(members.insert("amount".into(), json!(amount))),
            (false, amount) => {
                members.insert("currency".into(), json!(currency));
                if let Some(amount) = amount {
                    defaults.insert("amount".into(), json!(amount));
                }
            }
        }
    }

    // A time that is not of whole minutes, or endless, stays until another one is typed.
    let kept = old.and_then(|old| {
        let same = minutes(old).unwrap_or_default() == typed.form().text("pay_minutes");
        old.contract.members().get("pay_duration").filter(|_| same).cloned()
    });
    match (kept, count(typed, "pay_minutes", MAX_MINUTES, messages)) {
        (Some(kept), _) => drop(members.insert("pay_duration".into(), kept)),
        (None, Some(0)) => typed.add_error("pay_minutes", messages.no_count),
        (None, Some(minutes)) => {
            let span = RelativeTime::from_secs(minutes.saturating_mul(60)).ok();
            members.insert("pay_duration".into(), json!(span));
        }
        (None, None) => {}
    }
    if let Some(age) = count(typed, "minimum_age", u64::from(u8::MAX), messages) {
        members.insert("minimum_age".into(), json!(age));
    }
    if let Some(pattern) = typed.form().some("website").map(str::to_owned) {
        match is_paywall {
            true => drop(members.insert("website_regex".into(), json!(pattern))),
            false => typed.add_error("website", messages.pattern_of_paywall),
        }
    }
    let otp_id = device(typed, old, messages);
    if !typed.is_good() {
        return None;
    }
    let contract = match TemplateContract::parse(members) {
        Ok(contract) => contract,
        Err(bad) => {
            add_template_error(typed, &bad, messages);
            return None;
        }
    };
    let editable_defaults = Some(defaults).filter(|defaults| !defaults.is_empty());
    Some(Template { id: id.ok()?, description, contract, editable_defaults, otp_id })
}

/// The template for carts that was typed: `old`, with another note and summary.
fn read_cart(
    typed: &mut FormState,
    old: &Template,
    description: String,
    messages: &Messages,
) -> Option<Template> {
    let mut members = old.contract.members().clone();
    let mut defaults = old.editable_defaults.clone().unwrap_or_default();
    let summary = typed.form().text("summary").to_owned();
    let is_fixed = typed.chose("summary_by", "shop");
    if is_fixed && summary.is_empty() {
        typed.add_error("summary", messages.text_needed);
    }
    let otp_id = device(typed, Some(old), messages);
    members.remove("summary");
    defaults.remove("summary");
    match is_fixed {
        true => drop(members.insert("summary".into(), json!(summary))),
        false if summary.is_empty() => {}
        false => drop(defaults.insert("summary".into(), json!(summary))),
    }
    if !typed.is_good() {
        return None;
    }
    let contract = TemplateContract::parse(members);
    let contract = contract.map_err(|bad| add_template_error(typed, &bad, messages)).ok()?;
    let editable_defaults = Some(defaults).filter(|defaults| !defaults.is_empty());
    let id = old.id.clone();
    Some(Template { id, description, otp_id, contract, editable_defaults })
}

/// Says where a template is invalid.
fn add_template_error(typed: &mut FormState, bad: &BadTemplate, messages: &Messages) {
    match bad {
        BadTemplate::InvalidField("website_regex") => {
            typed.add_error("website", messages.no_pattern)
        }
        BadTemplate::InvalidField("minimum_age") => {
            typed.add_error("minimum_age", messages.no_count)
        }
        BadTemplate::InvalidField("summary") => typed.add_error("summary", messages.too_long),
        BadTemplate::Missing(_) | BadTemplate::InvalidField(_) | BadTemplate::Unsupported(_) => {
            typed.add_error("", messages.template_unfit);
        }
    }
}

/// `GET /webui/new-template`.
pub(in crate::http) async fn blank(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
) -> Answer {
    let typed = FormState::suggesting(&[("summary_by", "shop"), ("amount_by", "shop")]);
    ask(&request, &settings, &web_session, &till, StatusCode::OK, &typed, None).await
}

/// `POST /webui/new-template`.
pub(in crate::http) async fn add(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let mut typed = FormState::of(form);
    let mut status = StatusCode::BAD_REQUEST;
    if let Some(template) = read(&mut typed, &till, None, messages) {
        let id = template.id.clone();
        match till.add_template(web_session.principal(), template).await {
            Ok(()) => return Ok(web_session.go(&format!("templates/{id}"), Some("kept"))),
            Err(Error::TemplateExists(_)) => {
                status = StatusCode::CONFLICT;
                typed.add_error("id", messages.name_taken);
            }
            Err(Error::Template(bad)) => add_template_error(&mut typed, &bad, messages),
            Err(Error::OtpDeviceUnknown) => typed.add_error("otp_id", messages.choose_one),
            Err(other) => match messages::refusal(&other, messages) {
                Some(why) => typed.add_error("amount", why),
                None => return Err(other.into()),
            },
        }
    }
    ask(&request, &settings, &web_session, &till, status, &typed, None).await
}

/// `GET /webui/templates/$TEMPLATE_ID`.
pub(in crate::http) async fn show(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    PathId(id): PathId<TemplateId>,
) -> Answer {
    let old = till.template(web_session.principal(), id).await?;
    let typed = filled_in(&web_session, &old);
    ask(&request, &settings, &web_session, &till, StatusCode::OK, &typed, Some(&old)).await
}

/// `POST /webui/templates/$TEMPLATE_ID`: all of it anew.
pub(in crate::http) async fn change(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    PathId(id): PathId<TemplateId>,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let old = till.template(web_session.principal(), id).await?;
    let mut typed = FormState::of(form);
    if let Some(template) = read(&mut typed, &till, Some(&old), messages) {
        match till.change_template(web_session.principal(), template).await {
            Ok(()) => return Ok(web_session.go(&format!("templates/{}", old.id), Some("kept"))),
            Err(Error::Template(bad)) => add_template_error(&mut typed, &bad, messages),
            Err(Error::OtpDeviceUnknown) => typed.add_error("otp_id", messages.choose_one),
            Err(other) => match messages::refusal(&other, messages) {
                Some(why) => typed.add_error("amount", why),
                None => return Err(other.into()),
            },
        }
    }
    ask(&request, &settings, &web_session, &till, StatusCode::BAD_REQUEST, &typed, Some(&old)).await
}

/// `POST /webui/templates/$TEMPLATE_ID/delete`. Orders made of it stay.
pub(in crate::http) async fn delete(
    till: Data<Till>,
    web_session: WebSession,
    PathId(id): PathId<TemplateId>,
    _form: Form,
) -> Answer {
    till.delete_template(web_session.principal(), id).await?;
    Ok(web_session.go("templates", Some("gone")))
}
