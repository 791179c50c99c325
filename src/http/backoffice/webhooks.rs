//! The pages of webhooks: where the shop's programs are told what happens, and what became of it.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use zeroize::Zeroizing;

use super::super::error::Answer;
use super::super::extract::{PathId, QueryParams};
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::shown;
use super::form::{Form, FormState};
use super::web_session::WebSession;
use crate::model::webhook::{
    Delivery, DeliverySerial, DeliveryState, DisabledWhy, EventType, HttpMethod, WebhookSettings,
    WebhookStatus,
};
use crate::till::{BadWebhook, Error, TestedWebhook, Till};
use taler::ids::WebhookId;
use taler::time::Timestamp;
use ui::Messages;
use ui::formatted_time::FormattedTime;

/// How many calls are on a page of the log.
const PAGE: u32 = 20;

/// A webhook as pages show it.
struct WebhookRow {
    id: String,
    event: &'static str,
    url: String,
    state: &'static str,
    /// The style of the state.
    badge: &'static str,
    /// Why it is not told, if it is not.
    why: &'static str,
    is_out_of_use: bool,
    last_success: Option<FormattedTime>,
    failing_since: Option<FormattedTime>,
    waiting: u32,
}

impl WebhookRow {
    fn of(status: &WebhookStatus, web_session: &WebSession) -> Self {
        let (webhook, messages) = (&status.webhook, web_session.messages());
        let is_out_of_use = !webhook.active;
        let (state, badge) = match (is_out_of_use, webhook.failing_since, webhook.last_success) {
            (true, ..) => (messages.webhook_out_of_use, "over"),
            (false, Some(_), _) => (messages.webhook_fails, "bad"),
            (false, None, Some(_)) => (messages.webhook_works, "paid"),
            (false, None, None) => (messages.webhook_unused, "plain"),
        };
        let why = match webhook.disabled_why {
            Some(DisabledWhy::Gone) => messages.webhook_gone,
            Some(DisabledWhy::Failing) => messages.webhook_given_up,
            None => "",
        };
        Self {
            id: webhook.id.to_string(),
            event: event(webhook.settings.event_type, messages),
            url: webhook.settings.url.clone(),
            state,
            badge,
            why,
            is_out_of_use,
            last_success: webhook.last_success.map(|at| web_session.formatted_time(at)),
            failing_since: webhook.failing_since.map(|at| web_session.formatted_time(at)),
            waiting: status.waiting,
        }
    }
}

/// A call as the log shows it.
struct DeliveryRow {
    serial: i64,
    event: &'static str,
    order_id: String,
    /// The order's page; empty when there is no order.
    order_path: String,
    state: &'static str,
    badge: &'static str,
    attempts: u32,
    last_attempt: Option<FormattedTime>,
    next_attempt: Option<FormattedTime>,
    verdict: String,
    error: String,
    answer_head: String,
}

impl DeliveryRow {
    fn of(delivery: Delivery, web_session: &WebSession) -> Self {
        let messages = web_session.messages();
        let (state, badge) = match delivery.state {
            DeliveryState::Waiting => (messages.delivery_waiting, "plain"),
            DeliveryState::Delivered => (messages.delivery_delivered, "paid"),
            DeliveryState::GivenUp => (messages.delivery_given_up, "bad"),
            DeliveryState::Cancelled => (messages.delivery_cancelled, "over"),
        };
        let order_id = delivery.order_id.as_ref().map(ToString::to_string).unwrap_or_default();
        let order_path = match order_id.as_str() {
            "" => String::new(),
            id => web_session.path(&format!("orders/{id}")),
        };
        // What was never attempted has no answer to explain.
        let verdict = match delivery.last_attempt {
            Some(_) => verdict(delivery.last_http_status, delivery.last_error.as_deref(), messages),
            None => String::new(),
        };
        Self {
            serial: delivery.serial.0,
            event: event(delivery.event_type, messages),
            order_id,
            order_path,
            state,
            badge,
            attempts: delivery.attempts,
            last_attempt: delivery.last_attempt.map(|at| web_session.formatted_time(at)),
            next_attempt: delivery.next_attempt.map(|at| web_session.formatted_time(at)),
            verdict,
            error: detail(delivery.last_http_status, delivery.last_error),
            answer_head: delivery.answer_head.unwrap_or_default(),
        }
    }
}

/// A test call as its page shows it.
struct TestView {
    is_delivered: bool,
    verdict: String,
    took_ms: u64,
    error: String,
    answer_head: String,
    sent: String,
}

impl TestView {
    fn of(tested: TestedWebhook, messages: &Messages) -> Self {
        let request = tested.request;
        let mut sent = format!("{} {}\n", request.method, request.url);
        for (name, value) in request.headers {
            sent += &format!("{name}: {value}\n");
        }
        if !request.body.is_empty() {
            sent += &format!("\n{}", request.body);
        }
        Self {
            is_delivered: tested.is_delivered,
            verdict: verdict(tested.http_status, tested.error.as_deref(), messages),
            took_ms: tested.took_ms,
            error: detail(tested.http_status.filter(|_| !tested.is_delivered), tested.error),
            answer_head: tested.answer_head.unwrap_or_default(),
            sent,
        }
    }
}

/// What an answer means, in plain words.
fn verdict(status: Option<u16>, error: Option<&str>, messages: &Messages) -> String {
    let text = match status {
        None if error.is_some_and(|error| error.contains("not allowed")) => {
            messages.answer_not_allowed
        }
        None => messages.answer_none,
        Some(200..=299) => messages.answer_taken,
        Some(300..=399) => messages.answer_elsewhere,
        Some(401 | 403) => messages.answer_refused,
        Some(404 | 405) => messages.answer_not_found,
        Some(410) => messages.answer_gone,
        Some(429 | 503) => messages.answer_later,
        Some(500..=599) => messages.answer_broken,
        Some(_) => messages.answer_other,
    };
    match status {
        Some(status) => format!("{text} ({status})"),
        None => text.to_owned(),
    }
}

/// What the verdict does not say yet: why there was no answer, or what was left out of a call that was taken.
fn detail(status: Option<u16>, error: Option<String>) -> String {
    error.filter(|_| status.is_none()).unwrap_or_default()
}

/// What a webhook is told of, in plain words.
fn event(event: EventType, messages: &Messages) -> &'static str {
    match event {
        EventType::OrderCreated => messages.event_order_created,
        EventType::Pay => messages.event_pay,
        EventType::Refund => messages.event_refund,
        EventType::OrderSettled => messages.event_order_settled,
        EventType::CategoryAdded => messages.event_category_added,
        EventType::CategoryUpdated => messages.event_category_updated,
        EventType::CategoryDeleted => messages.event_category_deleted,
        EventType::InventoryAdded => messages.event_inventory_added,
        EventType::InventoryUpdated => messages.event_inventory_updated,
        EventType::InventoryDeleted => messages.event_inventory_deleted,
    }
}

/// The event types as a form offers them: payments first.
const EVENTS: &[EventType] = &[
    EventType::Pay,
    EventType::Refund,
    EventType::OrderCreated,
    EventType::OrderSettled,
    EventType::InventoryAdded,
    EventType::InventoryUpdated,
    EventType::InventoryDeleted,
    EventType::CategoryAdded,
    EventType::CategoryUpdated,
    EventType::CategoryDeleted,
];

#[derive(Template)]
#[template(path = "http/backoffice/webhooks.html")]
struct WebhookList<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    rows: Vec<WebhookRow>,
}

#[derive(Template)]
#[template(path = "http/backoffice/webhook.html")]
struct WebhookPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    title: &'a str,
    action: String,
    typed: &'a FormState,
    /// Of a webhook that is kept already.
    row: Option<WebhookRow>,
    events: Vec<(&'static str, &'static str)>,
    methods: Vec<(&'static str, &'static str)>,
    has_more: bool,
    /// One just made: all that is ever shown of it.
    secret: Option<Zeroizing<String>>,
    tested: Option<TestView>,
    /// Was the page asked for that shows a secret or a test, after it had shown it?
    is_shown_before: bool,
    deliveries: Vec<DeliveryRow>,
    older: Option<String>,
    /// Is there a call on this page that was given up or cancelled?
    has_failed: bool,
}

/// What a webhook's page shows beside its settings.
#[derive(Default)]
struct Beside {
    secret: Option<Zeroizing<String>>,
    tested: Option<TestedWebhook>,
    is_shown_before: bool,
    before: Option<i64>,
}

/// `GET /webui/webhooks`.
pub(in crate::http) async fn page(till: Data<Till>, web_session: WebSession) -> Answer {
    let all = till.webhooks(web_session.principal()).await?;
    let page = WebhookList {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session: &web_session,
        rows: all.iter().map(|status| WebhookRow::of(status, &web_session)).collect(),
    };
    shown(StatusCode::OK, web_session.context(), &page)
}

/// Shows the form; of `old` with its state and log, if there is a webhook already.
async fn ask(
    web_session: &WebSession,
    till: &Till,
    status: StatusCode,
    typed: &FormState,
    old: Option<&WebhookStatus>,
    beside: Beside,
) -> Answer {
    let messages = web_session.messages();
    let (title, place) = match old {
        Some(old) => (old.webhook.id.as_str(), format!("webhooks/{}", old.webhook.id)),
        None => (messages.new_webhook, "new-webhook".to_owned()),
    };
    let action = web_session.path(&place);
    // Both anew: a state that is older than the log would contradict it.
    let (row, mut log) = match old {
        Some(old) => {
            let (principal, id) = (web_session.principal(), old.webhook.id.clone());
            let before = beside.before.map(DeliverySerial);
            let (status, log) = till.webhook_with_log(principal, id, before, PAGE + 1).await?;
            (Some(WebhookRow::of(&status, web_session)), log)
        }
        None => (None, Vec::new()),
    };
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_older = log.len() > most;
    log.truncate(most);
    let last = log.last().filter(|_| has_older);
    let older = last.map(|last| format!("{action}?before={}#log", last.serial.0));
    let is_over = |delivery: &Delivery| {
        matches!(delivery.state, DeliveryState::GivenUp | DeliveryState::Cancelled)
    };
    let more = ["body_template", "header_template"];
    let page = WebhookPage {
        context: web_session.context(),
        messages,
        web_session,
        title,
        typed,
        row,
        events: EVENTS.iter().map(|one| (one.as_str(), event(*one, messages))).collect(),
        methods: HttpMethod::ALL.iter().map(|one| (one.as_str(), one.as_str())).collect(),
        has_more: more.iter().any(|name| !typed.value(name).is_empty())
            || !["", "POST"].contains(&typed.value("http_method")),
        secret: beside.secret,
        tested: beside.tested.map(|tested| TestView::of(tested, messages)),
        is_shown_before: beside.is_shown_before,
        has_failed: log.iter().any(is_over),
        deliveries: log.into_iter().map(|one| DeliveryRow::of(one, web_session)).collect(),
        older,
        action,
    };
    shown(status, web_session.context(), &page)
}

/// The form as `old` fills it in.
fn filled_in(old: &WebhookSettings) -> FormState {
    FormState::suggesting(&[
        ("event_type", old.event_type.as_str()),
        ("url", &old.url),
        ("http_method", old.http_method.as_str()),
        ("header_template", old.header_template.as_deref().unwrap_or_default()),
        ("body_template", old.body_template.as_deref().unwrap_or_default()),
    ])
}

/// The settings that were typed; `None`, and `typed` says why.
fn read(typed: &mut FormState, messages: &Messages) -> Option<WebhookSettings> {
    let event_type = typed.form().text("event_type").parse();
    let http_method = typed.form().text("http_method").parse();
    if event_type.is_err() {
        typed.add_error("event_type", messages.choose_one);
    }
    if http_method.is_err() {
        typed.add_error("http_method", messages.choose_one);
    }
    // Browsers end a line with CR LF, templates with LF.
    let text = |name: &str| Some(typed.value(name).replace("\r\n", "\n"));
    let template = |name| text(name).filter(|text| !text.trim().is_empty());
    Some(WebhookSettings {
        event_type: event_type.ok()?,
        url: typed.form().text("url").to_owned(),
        http_method: http_method.ok()?,
        header_template: template("header_template"),
        body_template: template("body_template"),
    })
}

/// Says beside which input why the webhook cannot be so, and the status for it.
fn refused(typed: &mut FormState, error: Error, messages: &Messages) -> Result<StatusCode, Error> {
    match error {
        Error::Webhook(BadWebhook::TooLarge { field }) => typed.add_error(field, messages.too_long),
        Error::Webhook(BadWebhook::Invalid { field, why }) => {
            let text = match field {
                "url" => messages.webhook_bad_url,
                "header_template" => messages.webhook_bad_headers,
                _ => messages.webhook_bad_template,
            };
            typed.add_error(field, format!("{text} ({why})"));
        }
        Error::WebhookRefused(_) => typed.add_error("url", messages.webhook_url_refused),
        Error::TooManyWebhooks => typed.add_error("", messages.webhook_too_many),
        Error::WebhookExists(_) => {
            typed.add_error("id", messages.name_taken);
            return Ok(StatusCode::CONFLICT);
        }
        other => return Err(other),
    }
    Ok(StatusCode::BAD_REQUEST)
}

/// `GET /webui/new-webhook`.
pub(in crate::http) async fn blank(till: Data<Till>, web_session: WebSession) -> Answer {
    let typed = FormState::suggesting(&[("event_type", "pay"), ("http_method", "POST")]);
    ask(&web_session, &till, StatusCode::OK, &typed, None, Beside::default()).await
}

/// `POST /webui/new-webhook`: leads to the page that shows the secret, once.
pub(in crate::http) async fn add(
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    form: Form,
) -> Answer {
    let (messages, principal) = (web_session.messages(), web_session.principal());
    let mut typed = FormState::of(form);
    let id = WebhookId::parse(typed.form().text("id"));
    if id.is_err() {
        typed.add_error("id", messages.webhook_bad_id);
    }
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(wish), Ok(id)) = (read(&mut typed, messages), id) {
        match till.webhook(principal, id.clone()).await {
            // The same one again would be no error, but its secret must not change unasked.
            Ok(_) => status = refused(&mut typed, Error::WebhookExists(id), messages)?,
            Err(Error::WebhookUnknown(_)) => {
                match till.add_webhook(principal, id.clone(), wish).await {
                    Ok(()) => {
                        return show_secret(&till, &settings, &web_session, id, Some(0)).await;
                    }
                    Err(error) => status = refused(&mut typed, error, messages)?,
                }
            }
            Err(other) => return Err(other.into()),
        }
    }
    ask(&web_session, &till, status, &typed, None, Beside::default()).await
}

/// Makes a new secret, and leads to the only page that ever shows it.
async fn show_secret(
    till: &Till,
    settings: &Settings,
    web_session: &WebSession,
    id: WebhookId,
    keep_old_s: Option<u64>,
) -> Answer {
    let secret = till.new_webhook_secret(web_session.principal(), id.clone(), keep_old_s).await?;
    let mark = till.random_token()?;
    settings.forms.webhook_secrets.put(mark.clone(), secret.reveal());
    Ok(web_session.go(&format!("webhooks/{id}?fresh={mark}"), None))
}

/// `GET /webui/webhooks/$WEBHOOK_ID`, with the calls before the one numbered `before`; with `fresh`, the secret just
/// made, and with `tested`, what came of a test, each of which is shown once.
pub(in crate::http) async fn show(
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    PathId(id): PathId<WebhookId>,
    params: QueryParams,
) -> Answer {
    let old = till.webhook(web_session.principal(), id).await?;
    let mut beside = Beside { before: params.get("before")?, ..Beside::default() };
    if let Some(mark) = params.text("fresh") {
        beside.secret = settings.forms.webhook_secrets.take(mark);
        beside.is_shown_before = beside.secret.is_none();
    } else if let Some(mark) = params.text("tested") {
        beside.tested = settings.forms.webhook_tests.take(mark);
        beside.is_shown_before = beside.tested.is_none();
    }
    let typed = filled_in(&old.webhook.settings);
    ask(&web_session, &till, StatusCode::OK, &typed, Some(&old), beside).await
}

/// `POST /webui/webhooks/$WEBHOOK_ID`: all of it anew. It is in use again then.
pub(in crate::http) async fn change(
    till: Data<Till>,
    web_session: WebSession,
    PathId(id): PathId<WebhookId>,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let old = till.webhook(web_session.principal(), id.clone()).await?;
    let mut typed = FormState::of(form);
    let mut status = StatusCode::BAD_REQUEST;
    if let Some(wish) = read(&mut typed, messages) {
        match till.change_webhook(web_session.principal(), id.clone(), wish).await {
            Ok(()) => return Ok(web_session.go(&format!("webhooks/{id}"), Some("kept"))),
            Err(error) => status = refused(&mut typed, error, messages)?,
        }
    }
    ask(&web_session, &till, status, &typed, Some(&old), Beside::default()).await
}

/// `POST /webui/webhooks/$WEBHOOK_ID/secret`: another secret; the old one signs as well for a day.
pub(in crate::http) async fn renew_secret(
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    PathId(id): PathId<WebhookId>,
    _form: Form,
) -> Answer {
    show_secret(&till, &settings, &web_session, id, None).await
}

/// `POST /webui/webhooks/$WEBHOOK_ID/test`: leads to the page that says what came of it.
pub(in crate::http) async fn test(
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    PathId(id): PathId<WebhookId>,
    _form: Form,
) -> Answer {
    match till.test_webhook(web_session.principal(), id.clone()).await {
        Ok(tested) => {
            let mark = till.random_token()?;
            settings.forms.webhook_tests.put(mark.clone(), tested);
            Ok(web_session.go(&format!("webhooks/{id}?tested={mark}"), None))
        }
        Err(Error::TooManyTests(_)) => {
            let messages = web_session.messages();
            let old = till.webhook(web_session.principal(), id).await?;
            let mut typed = filled_in(&old.webhook.settings);
            typed.add_error("", messages.webhook_too_many_tests);
            let status = StatusCode::TOO_MANY_REQUESTS;
            ask(&web_session, &till, status, &typed, Some(&old), Beside::default()).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /webui/webhooks/$WEBHOOK_ID/resume`: in use again.
pub(in crate::http) async fn resume(
    till: Data<Till>,
    web_session: WebSession,
    PathId(id): PathId<WebhookId>,
    _form: Form,
) -> Answer {
    till.resume_webhook(web_session.principal(), id.clone()).await?;
    Ok(web_session.go(&format!("webhooks/{id}"), Some("kept")))
}

/// `POST /webui/webhooks/$WEBHOOK_ID/resend`: the call `delivery`, else all that were given up or cancelled.
pub(in crate::http) async fn resend(
    till: Data<Till>,
    web_session: WebSession,
    PathId(id): PathId<WebhookId>,
    form: Form,
) -> Answer {
    let principal = web_session.principal();
    match form.some("delivery") {
        Some(text) => {
            let serial = DeliverySerial(text.parse().unwrap_or_default());
            till.redeliver(principal, id.clone(), serial).await?;
        }
        None => {
            till.redeliver_since(principal, id.clone(), Timestamp::ZERO).await?;
        }
    }
    Ok(web_session.go(&format!("webhooks/{id}"), Some("resent")))
}

/// `POST /webui/webhooks/$WEBHOOK_ID/delete`, with its log.
pub(in crate::http) async fn delete(
    till: Data<Till>,
    web_session: WebSession,
    PathId(id): PathId<WebhookId>,
    _form: Form,
) -> Answer {
    till.delete_webhook(web_session.principal(), id).await?;
    Ok(web_session.go("webhooks", Some("gone")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ui::messages::{ENGLISH, GERMAN};

    #[test]
    fn every_event_can_be_chosen_and_has_words() {
        assert_eq!(EVENTS.len(), EventType::ALL.len());
        for kind in EventType::ALL {
            assert!(EVENTS.contains(kind), "{kind}");
            assert_ne!(event(*kind, &ENGLISH), event(*kind, &GERMAN), "{kind}");
        }
    }

    #[test]
    fn an_answer_is_explained_and_its_number_kept() {
        let of = |status, error| verdict(status, error, &ENGLISH);
        assert_eq!(of(None, Some("address not allowed")), ENGLISH.answer_not_allowed);
        assert_eq!(of(None, Some("no answer in time")), ENGLISH.answer_none);
        for (status, text) in [
            (204, ENGLISH.answer_taken),
            (302, ENGLISH.answer_elsewhere),
            (401, ENGLISH.answer_refused),
            (404, ENGLISH.answer_not_found),
            (410, ENGLISH.answer_gone),
            (429, ENGLISH.answer_later),
            (500, ENGLISH.answer_broken),
            (400, ENGLISH.answer_other),
        ] {
            assert_eq!(of(Some(status), None), format!("{text} ({status})"));
        }
    }
}
