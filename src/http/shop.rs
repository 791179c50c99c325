//! Handlers of the public information about the backend: `/`, `/config`, `/exchanges`, `/agpl`.

use std::collections::BTreeMap;

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::error::{Answer, Failure};
use super::extract::ExistingInstance;
use super::origin::base_url;
use super::pages;
use super::pages::page::is_wanted;
use super::settings::Settings;
use crate::till::{ExchangeState, Till};

/// The protocol: current, revision, age. The range begins at 1 because of those that ask before they
/// talk: the `WooCommerce` plug-in of 2021, the `PoS` app of 2024 (decision 13).
const VERSION: &str = "27:0:26";
/// Names this very implementation.
const IMPLEMENTATION: &str =
    concat!("urn:net:taler:specs:taler-merchant:tilld:", env!("CARGO_PKG_VERSION"));
/// The licence, for those who were given no address for the source code.
const LICENCE: &str = include_str!("../../LICENSE");

/// `GET /`: says what this is and under which address wallets find it.
pub(super) async fn index(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    there: ExistingInstance,
) -> Answer {
    let url = base_url(&request, &settings, there.id())?;
    if is_wanted(&request) {
        return pages::home(&request, &till, &settings, there.id(), &url).await;
    }
    let text = format!(
        "This is tilld {}, a merchant backend for GNU Taler.\nIts address for shops: {url}\n",
        env!("CARGO_PKG_VERSION"),
    );
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text))
}

/// `GET /config` (merchant-api 1.7). Below `/instances/$ID` only for instances that exist.
pub(super) async fn config(till: Data<Till>, _: ExistingInstance) -> Answer {
    let terms = till.policy();
    let known = till.known_currencies();
    let currencies: BTreeMap<_, _> = known
        .iter()
        .map(|specification| (specification.currency().as_str(), specification))
        .collect();
    let exchanges: Vec<_> = till
        .offered_exchanges()
        .iter()
        .map(|exchange| {
            let exchange = exchange.trusted();
            json!({
                "base_url": exchange.base_url,
                "currency": exchange.currency,
                "master_pub": exchange.master_public_key,
            })
        })
        .collect();
    let body = json!({
        "name": "taler-merchant",
        "version": VERSION,
        "implementation": IMPLEMENTATION,
        "build_version": env!("CARGO_PKG_VERSION"),
        "currency": till.default_currency(),
        "currencies": currencies,
        "exchanges": exchanges,
        "have_self_provisioning": false,
        "have_donau": false,
        "mandatory_tan_channels": [],
        "payment_target_types": "*",
        "default_pay_delay": terms.default_pay_delay,
        "default_refund_delay": terms.default_refund_delay,
        "default_wire_transfer_delay": terms.default_wire_transfer_delay,
        "default_wire_transfer_rounding_interval": "NONE",
        "default_persona": "expert",
        "report_generators": {},
    });
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "max-age=60")).json(body))
}

/// `GET /exchanges` (merchant-api 1.8): the trusted exchanges and how they were last seen.
pub(super) async fn exchanges(till: Data<Till>, _: ExistingInstance) -> Answer {
    let exchanges: Vec<_> = till.exchange_states().iter().map(exchange).collect();
    Ok(HttpResponse::Ok().json(json!({ "exchanges": exchanges })))
}

/// State of an exchange. The last two members are tilld's own.
fn exchange(state: &ExchangeState) -> Value {
    // 0 says that there was no reply.
    let (status, code) = match &state.failure {
        Some(failure) => (failure.status.unwrap_or(0), failure.code.unwrap_or(0)),
        None => (state.fetched_at.map_or(0, |_| 200), 0),
    };
    let mut members = json!({
        "exchange_url": state.base_url,
        "next_download": state.next_download,
        "keys_http_status": status,
        "keys_ec": code,
    });
    if let Value::Object(members) = &mut members {
        if let Some(expires) = state.expires {
            members.insert("keys_expiration".into(), json!(expires));
        }
        if let Some(fetched_at) = state.fetched_at {
            members.insert("keys_downloaded".into(), json!(fetched_at));
        }
        if let Some(failure) = &state.failure {
            members.insert("problem".into(), json!(failure.reason));
        }
    }
    members
}

/// `GET /agpl`: where the source code is, else the licence itself.
pub(super) async fn agpl(settings: Data<Settings>) -> Result<HttpResponse, Failure> {
    Ok(match &settings.source_url {
        Some(url) => HttpResponse::Found().insert_header((LOCATION, url.as_str())).finish(),
        None => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(LICENCE),
    })
}
