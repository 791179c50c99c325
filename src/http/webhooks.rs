//! Handlers of webhooks: those of the merchant API, and those of their log (webhooks 1 and 5.4).

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::error::{Answer, Failure};
use super::extract::{Authorized, Body, PathId, PathSerial, QueryParams};
#[cfg(test)]
use super::openapi::{
    self,
    operation::{Operation, delete, get, patch, post},
};
use crate::model::invalid_field::InvalidField;
use crate::model::webhook::{
    Delivery, DeliverySerial, DeliveryState, WebhookSettings, WebhookStatus,
};
use crate::till::{MAX_DELIVERIES, TestedWebhook, Till, USUAL_DELIVERIES};
use taler::ids::{OrderId, WebhookId};
use taler::time::Timestamp;

/// `GET /private/webhooks`.
pub(super) async fn list(till: Data<Till>, Authorized(principal): Authorized) -> Answer {
    let webhooks = till.webhooks(&principal).await?.into_iter();
    let webhooks = webhooks.map(|WebhookStatus { webhook, .. }| WebhookRow {
        webhook_id: webhook.id,
        event_type: webhook.settings.event_type.as_str(),
    });
    Ok(HttpResponse::Ok().json(WebhookList { webhooks: webhooks.collect() }))
}

/// An instance's webhooks.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct WebhookList {
    /// The webhooks, the oldest first.
    webhooks: Vec<WebhookRow>,
}

/// A webhook in the list.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct WebhookRow {
    /// Its name.
    webhook_id: WebhookId,
    /// Of what it is told.
    #[cfg_attr(test, schema(value_type = openapi::values::EventType))]
    event_type: &'static str,
}

/// A webhook to be added.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct NewWebhook {
    /// Its name.
    webhook_id: WebhookId,
    /// Of what it is told.
    #[cfg_attr(test, schema(value_type = openapi::values::EventType))]
    event_type: String,
    /// Where: an address with https, or http if the operator allows it. Tags of the template may stand behind
    /// the host.
    #[cfg_attr(test, schema(value_type = openapi::values::WebhookUrl))]
    url: String,
    /// How.
    #[cfg_attr(test, schema(value_type = openapi::values::WebhookMethod))]
    http_method: String,
    /// Headers, a line each, as a template: up to 32 lines.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::HeaderTemplate>))]
    header_template: Option<String>,
    /// The body, as a template. Without it, POST, PUT and PATCH send a short JSON object.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::BodyTemplate>))]
    body_template: Option<String>,
}

/// All that can be changed of a webhook. What is not said is cleared.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct WebhookChange {
    /// Of what it is told.
    #[cfg_attr(test, schema(value_type = openapi::values::EventType))]
    event_type: String,
    /// Where: an address with https, or http if the operator allows it. Tags of the template may stand behind
    /// the host.
    #[cfg_attr(test, schema(value_type = openapi::values::WebhookUrl))]
    url: String,
    /// How.
    #[cfg_attr(test, schema(value_type = openapi::values::WebhookMethod))]
    http_method: String,
    /// Headers, a line each, as a template: up to 32 lines.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::HeaderTemplate>))]
    header_template: Option<String>,
    /// The body, as a template. Without it, POST, PUT and PATCH send a short JSON object.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::BodyTemplate>))]
    body_template: Option<String>,
}

impl WebhookChange {
    /// # Errors
    /// [`Failure::Malformed`] names the member.
    fn settings(self) -> Result<WebhookSettings, Failure> {
        let malformed = |InvalidField(name)| Failure::Malformed(name.into());
        Ok(WebhookSettings {
            event_type: self.event_type.parse().map_err(malformed)?,
            url: self.url,
            http_method: self.http_method.parse().map_err(malformed)?,
            header_template: self.header_template,
            body_template: self.body_template,
        })
    }
}

/// `POST /private/webhooks`. The same again is no error.
pub(super) async fn add(till: Data<Till>, Authorized(principal): Authorized, body: Body) -> Answer {
    let NewWebhook { webhook_id, event_type, url, http_method, header_template, body_template } =
        body.read().await?;
    let said = WebhookChange { event_type, url, http_method, header_template, body_template };
    till.add_webhook(&principal, webhook_id, said.settings()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `PATCH /private/webhooks/$WEBHOOK_ID`: all of it anew, and it is in use.
pub(super) async fn change(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<WebhookId>,
    body: Body,
) -> Answer {
    let said: WebhookChange = body.read().await?;
    till.change_webhook(&principal, id, said.settings()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A webhook in full, but for its secret.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct WebhookShown {
    /// Of what it is told.
    #[cfg_attr(test, schema(value_type = openapi::values::EventType))]
    event_type: &'static str,
    /// Where.
    #[cfg_attr(test, schema(example = "https://shop.example/taler/7"))]
    url: String,
    /// How.
    #[cfg_attr(test, schema(example = "POST"))]
    http_method: &'static str,
    /// Its headers, a line each.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = "Content-Type: application/json"))]
    header_template: Option<String>,
    /// Its body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = "{\"order\":\"{{order_id}}\"}"))]
    body_template: Option<String>,
    /// Whether it is told. tilld takes a webhook out of use whose receiver wants no more or has failed for
    /// five days.
    x_active: bool,
    /// Why tilld has taken it out of use: `gone` (the receiver has answered 410) or `failing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = "gone"))]
    x_disabled_why: Option<&'static str>,
    /// When it was last told with success.
    #[serde(skip_serializing_if = "Option::is_none")]
    x_last_success: Option<Timestamp>,
    /// The first failure since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    x_failing_since: Option<Timestamp>,
    /// How many deliveries wait.
    #[cfg_attr(test, schema(example = 0))]
    x_waiting: u32,
}

/// `GET /private/webhooks/$WEBHOOK_ID`.
pub(super) async fn show(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<WebhookId>,
) -> Answer {
    let WebhookStatus { webhook, waiting } = till.webhook(&principal, id).await?;
    let WebhookSettings { event_type, url, http_method, header_template, body_template } =
        webhook.settings;
    Ok(HttpResponse::Ok().json(WebhookShown {
        event_type: event_type.as_str(),
        url,
        http_method: http_method.as_str(),
        header_template,
        body_template,
        x_active: webhook.active,
        x_disabled_why: webhook.disabled_why.map(|why| why.as_str()),
        x_last_success: webhook.last_success,
        x_failing_since: webhook.failing_since,
        x_waiting: waiting,
    }))
}

/// `DELETE /private/webhooks/$WEBHOOK_ID`: with its log.
pub(super) async fn remove(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<WebhookId>,
) -> Answer {
    till.delete_webhook(&principal, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Which deliveries are listed.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct DeliveriesQuery {
    /// How many deliveries. Without it, 20; at most 1,000.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Count>))]
    limit: Option<i64>,
    /// The `delivery_serial` from which to go on to older ones. It is not listed itself.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Serial>))]
    offset: Option<i64>,
    /// Only those in this state.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::DeliveryState>))]
    state: Option<String>,
}

/// Some of a webhook's deliveries.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct DeliveryList {
    /// The deliveries, the newest first.
    deliveries: Vec<DeliveryRow>,
}

/// An event on its way to a webhook.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct DeliveryRow {
    /// Its number.
    #[cfg_attr(test, schema(example = 17))]
    delivery_serial: i64,
    /// The event's name, which is the same in every attempt and for every webhook.
    #[cfg_attr(test, schema(example = "evt_4C1S8V3M5T9X0B2R"))]
    event_id: String,
    /// What has happened.
    #[cfg_attr(test, schema(value_type = openapi::values::EventType))]
    event_type: &'static str,
    /// The order that it happened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<OrderId>,
    /// How far it has come.
    #[cfg_attr(test, schema(value_type = openapi::values::DeliveryState))]
    state: &'static str,
    /// How many attempts were made.
    #[cfg_attr(test, schema(example = 1))]
    attempts: u32,
    /// HTTP status of the last attempt's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = 200))]
    last_http_status: Option<u16>,
    /// Why the last attempt failed, or what was left out of it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = "the connection was refused"))]
    last_error: Option<String>,
    /// When it was attempted last.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_attempt: Option<Timestamp>,
    /// When it is attempted next, at the earliest.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt: Option<Timestamp>,
    /// How long the last attempt took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = 120))]
    took_ms: Option<u32>,
    /// The beginning of the last answer's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = "ok"))]
    answer_head: Option<String>,
}

impl From<Delivery> for DeliveryRow {
    fn from(delivery: Delivery) -> Self {
        Self {
            delivery_serial: delivery.serial.0,
            event_id: delivery.event_id.to_string(),
            event_type: delivery.event_type.as_str(),
            order_id: delivery.order_id,
            state: delivery.state.as_str(),
            attempts: delivery.attempts,
            last_http_status: delivery.last_http_status,
            last_error: delivery.last_error,
            last_attempt: delivery.last_attempt,
            next_attempt: delivery.next_attempt,
            took_ms: delivery.took_ms,
            answer_head: delivery.answer_head,
        }
    }
}

/// `GET /private/webhooks/$WEBHOOK_ID/deliveries`.
pub(super) async fn deliveries(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<WebhookId>,
    params: QueryParams,
) -> Answer {
    let DeliveriesQuery { limit, offset, state } = params.read()?;
    let limit = match limit {
        None => USUAL_DELIVERIES,
        Some(limit) if limit >= 1 => u32::try_from(limit).unwrap_or(MAX_DELIVERIES),
        Some(_) => return Err(Failure::Malformed("limit".into())),
    };
    let state = state.map(|text| text.parse::<DeliveryState>()).transpose();
    let state = state.map_err(|InvalidField(name)| Failure::Malformed(name.into()))?;
    let found =
        till.webhook_deliveries(&principal, id, state, offset.map(DeliverySerial), limit).await?;
    let deliveries = found.into_iter().map(DeliveryRow::from).collect();
    Ok(HttpResponse::Ok().json(DeliveryList { deliveries }))
}

/// A delivery that is sent again.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct Redelivered {
    /// Its number, which is the same as before.
    #[cfg_attr(test, schema(example = 17))]
    delivery_serial: i64,
}

/// `POST /private/webhooks/$WEBHOOK_ID/deliveries/$SERIAL/redeliver`.
pub(super) async fn redeliver(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<WebhookId>,
    PathSerial(serial): PathSerial,
    body: Body,
) -> Answer {
    // Whatever it says.
    body.bytes().await?;
    till.redeliver(&principal, id, DeliverySerial(serial)).await?;
    Ok(HttpResponse::Accepted().json(Redelivered { delivery_serial: serial }))
}

/// Which deliveries are sent again.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct RedeliverRequest {
    /// Those that were given up or cancelled since then.
    since: Timestamp,
}

/// How many deliveries are sent again.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct RedeliveredSince {
    /// How many; at most 10,000 at a time.
    #[cfg_attr(test, schema(example = 3))]
    count: usize,
}

/// `POST /private/webhooks/$WEBHOOK_ID/redeliver`.
pub(super) async fn redeliver_since(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<WebhookId>,
    body: Body,
) -> Answer {
    let RedeliverRequest { since } = body.read().await?;
    let count = till.redeliver_since(&principal, id, since).await?;
    Ok(HttpResponse::Accepted().json(RedeliveredSince { count }))
}

/// What a test call has come to.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TestAnswer {
    /// HTTP status of the receiver's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = 200))]
    http_status: Option<u16>,
    /// How long it took, in milliseconds.
    #[cfg_attr(test, schema(example = 120))]
    took_ms: u64,
    /// Why it failed, or what was left out of it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = "the connection was refused"))]
    error: Option<String>,
    /// The beginning of the answer's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = "ok"))]
    answer_head: Option<String>,
    /// What was sent.
    request: TestRequest,
}

/// A request as the receiver sees it.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TestRequest {
    /// How.
    #[cfg_attr(test, schema(example = "POST"))]
    http_method: &'static str,
    /// Where.
    #[cfg_attr(test, schema(example = "https://shop.example/taler/7"))]
    url: String,
    /// The headers, `Name: value` each; those of the connection are not among them.
    #[cfg_attr(test, schema(value_type = Vec<openapi::values::HeaderLine>, example = json!(["Content-Type: application/json"])))]
    headers: Vec<String>,
    /// The body.
    #[cfg_attr(test, schema(example = "{\"order\":\"7\"}"))]
    body: String,
}

/// `POST /private/webhooks/$WEBHOOK_ID/test`.
pub(super) async fn test(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<WebhookId>,
    body: Body,
) -> Answer {
    // Whatever it says.
    body.bytes().await?;
    let TestedWebhook { http_status, took_ms, error, answer_head, request, .. } =
        till.test_webhook(&principal, id).await?;
    let headers = request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    Ok(HttpResponse::Ok().json(TestAnswer {
        http_status,
        took_ms,
        error,
        answer_head,
        request: TestRequest {
            http_method: request.method.as_str(),
            url: request.url,
            headers,
            body: request.body,
        },
    }))
}

/// How a webhook gets a new secret.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct SecretRequest {
    /// For how many seconds the old secret signs as well: a day without it, a month at most.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::KeepOld>))]
    keep_old_s: Option<u64>,
}

/// The new secret of a webhook.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct SecretAnswer {
    /// The secret, `whsec_` and base64. It is not shown again.
    #[cfg_attr(test, schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))]
    secret: String,
}

/// `POST /private/webhooks/$WEBHOOK_ID/secret`.
pub(super) async fn new_secret(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<WebhookId>,
    body: Body,
) -> Answer {
    let SecretRequest { keep_old_s } = body.read().await?;
    let secret = till.new_webhook_secret(&principal, id, keep_old_s).await?;
    Ok(HttpResponse::Ok().json(SecretAnswer { secret: secret.reveal().to_string() }))
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    const NAMED: &str = "The webhook's name.";
    // A body that is not looked at must come whole all the same.
    const ANY_BODY: &[&str] = &["BodyBroken", "BodyTooLong", "BodyTooSlow", "Compression"];
    vec![
        get("/private/webhooks", "The list of webhooks")
            .answers::<WebhookList>(200, "The webhooks."),
        post("/private/webhooks", "Adds a webhook, which gets a secret of its own")
            .reads::<NewWebhook>()
            .done(204, "It is there.")
            .fails(&[
                "BadWebhook",
                "InvalidField",
                "TooManyWebhooks",
                "WebhookExists",
                "WebhookRefused",
            ]),
        get("/private/webhooks/{id}", "A webhook")
            .at::<WebhookId>(NAMED)
            .answers::<WebhookShown>(200, "The webhook.")
            .fails(&["WebhookUnknown"]),
        patch("/private/webhooks/{id}", "Replaces what is said of a webhook; its secret stays")
            .at::<WebhookId>(NAMED)
            .reads::<WebhookChange>()
            .done(204, "It is replaced, and in use.")
            .fails(&["BadWebhook", "InvalidField", "WebhookRefused", "WebhookUnknown"]),
        delete("/private/webhooks/{id}", "Deletes a webhook with its log and what waits for it")
            .at::<WebhookId>(NAMED)
            .done(204, "It is gone.")
            .fails(&["WebhookUnknown"]),
        get("/private/webhooks/{id}/deliveries", "What the webhook was told, newest first")
            .at::<WebhookId>(NAMED)
            .asks::<DeliveriesQuery>()
            .answers::<DeliveryList>(200, "The deliveries.")
            .fails(&["WebhookUnknown"]),
        post(
            "/private/webhooks/{id}/deliveries/{serial}/redeliver",
            "Sends a delivery again, whatever came of it",
        )
        .at::<WebhookId>(NAMED)
        .numbered("The delivery's number.")
        .answers::<Redelivered>(202, "It is sent again.")
        .fails(&["WebhookUnknown", "DeliveryUnknown"])
        .fails(ANY_BODY),
        post("/private/webhooks/{id}/redeliver", "Sends again what was given up or cancelled")
            .at::<WebhookId>(NAMED)
            .reads::<RedeliverRequest>()
            .answers::<RedeliveredSince>(202, "They are sent again.")
            .fails(&["WebhookUnknown"]),
        post("/private/webhooks/{id}/test", "Sends a made-up event now and waits for the answer")
            .at::<WebhookId>(NAMED)
            .answers::<TestAnswer>(200, "What came of it, whether the receiver took it or not.")
            .fails(&["WebhookUnknown", "TooManyTests", "WebhookRefused", "BadWebhook"])
            .fails(ANY_BODY),
        post("/private/webhooks/{id}/secret", "Gives a webhook a new secret")
            .at::<WebhookId>(NAMED)
            .reads::<SecretRequest>()
            .answers::<SecretAnswer>(200, "The secret, which is told only now.")
            .fails(&["WebhookUnknown"]),
    ]
}
