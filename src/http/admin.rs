//! The operator's own listener: is the daemon alive, can it work, what does it count?

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Data, ServiceConfig};

use super::error::{Answer, Failure};
use super::metrics::Metrics;
use super::resource;
use crate::till::Till;

pub(super) fn routes(app: &mut ServiceConfig) {
    app.service(resource("/livez", vec![(Method::GET, web::to(alive))]))
        .service(resource("/readyz", vec![(Method::GET, web::to(ready))]))
        .service(resource("/metrics", vec![(Method::GET, web::to(metrics))]));
}

/// `GET /livez`: the process answers.
async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("alive\n")
}

/// `GET /readyz`: the store can be read and written.
async fn ready(till: Data<Till>) -> Answer {
    till.ready().await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n"))
}

/// `GET /metrics`, for Prometheus.
async fn metrics(till: Data<Till>, metrics: Data<Metrics>) -> Answer {
    let text = metrics.text(&till).map_err(|error| Failure::Bug(error.to_string()))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, kind)).body(text))
}
