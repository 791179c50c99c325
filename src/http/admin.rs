//! The operator's listener: liveness, readiness and metrics.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Data;

use super::error::{Answer, Failure};
use super::metrics::Metrics;
#[cfg(test)]
use super::openapi::{
    operation::{Operation, get},
    values::AnyObject,
};
use crate::till::{self, Finding, Till};

/// `GET /livez`: the process answers.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("alive\n")
}

/// `GET /readyz`: the store can be read and written.
pub(super) async fn ready(till: Data<Till>) -> Answer {
    if let Finding::Database(Some(error)) = till.readiness().await {
        return Err(till::Error::Store(error).into());
    }
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n"))
}

/// `GET /metrics`, for Prometheus.
pub(super) async fn metrics(till: Data<Till>, metrics: Data<Metrics>) -> Answer {
    let webhooks = till.webhook_health().await?;
    let transfers = till.transfer_counts().await?;
    let text = metrics.text(&till, webhooks, transfers);
    let text = text.map_err(|error| Failure::Bug(error.to_string()))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, kind)).body(text))
}

/// How the API document describes the routes of the operator's listener.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    let media = "application/openmetrics-text";
    vec![
        get("/livez", "The process answers").shows(200, "It does.", "text/plain"),
        get("/readyz", "The store can be read and written").shows(200, "It can.", "text/plain"),
        get("/metrics", "Numbers for Prometheus").shows(200, "The numbers.", media),
        get("/openapi.json", "This document").answers::<AnyObject>(200, "The document."),
    ]
}
