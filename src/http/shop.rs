//! Handlers of the public information about the backend: `/`, `/config`, `/exchanges`, `/agpl`.

use std::collections::BTreeMap;

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::error::{Answer, Failure};
use super::extract::ExistingInstance;
#[cfg(test)]
use super::openapi::{
    operation::{Operation, get},
    values,
};
use super::origin::base_url;
use super::pages;
use super::pages::page::is_wanted;
use super::settings::Settings;
use crate::model::instance::RoundingInterval;
use crate::till::{Exchange, ExchangeState, Till};
use taler::amount::Currency;
use taler::currency::CurrencySpecification;
use taler::sign::PublicKey;
use taler::time::{RelativeTime, Timestamp};
use taler::web::BaseUrl;

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

/// What clients must know of the backend before they talk to it.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ConfigAnswer {
    /// What this is: `taler-merchant`.
    #[cfg_attr(test, schema(value_type = values::BackendName))]
    name: &'static str,
    /// The protocol: current version, revision, and how many versions before are spoken as well.
    #[cfg_attr(test, schema(value_type = values::ProtocolVersion))]
    version: &'static str,
    /// Names this implementation.
    #[cfg_attr(test, schema(example = "urn:net:taler:specs:taler-merchant:tilld:0.1.0"))]
    implementation: &'static str,
    /// The version of the program.
    #[cfg_attr(test, schema(example = "0.1.0"))]
    build_version: &'static str,
    /// The currency of orders that a shop does not say otherwise about.
    currency: Currency,
    /// How amounts of each currency are read and shown, by the currency's name.
    #[cfg_attr(test, schema(example = json!({ "KUDOS": {
        "name": "Kudos (Taler demonstrator)", "currency": "KUDOS", "num_fractional_input_digits": 2,
        "num_fractional_normal_digits": 2, "num_fractional_trailing_zero_digits": 2,
        "alt_unit_names": { "0": "KUDOS" }, "common_amounts": ["KUDOS:5", "KUDOS:10"],
    } })))]
    currencies: BTreeMap<String, CurrencySpecification>,
    /// The exchanges whose coins are taken.
    exchanges: Vec<OfferedExchange>,
    /// Whether people can make instances themselves. They cannot.
    have_self_provisioning: bool,
    /// Whether donation receipts are offered. They are not.
    have_donau: bool,
    /// Channels by which instances must prove changes. There are none.
    #[cfg_attr(test, schema(value_type = Vec<values::AnyText>))]
    mandatory_tan_channels: [&'static str; 0],
    /// The kinds of bank account that an instance can have; `*` stands for all.
    #[cfg_attr(test, schema(example = "*"))]
    payment_target_types: &'static str,
    /// For how long an order can be paid, unless the instance or the order says otherwise.
    default_pay_delay: RelativeTime,
    /// For how long an order can be refunded, unless the instance or the order says otherwise.
    default_refund_delay: RelativeTime,
    /// How long an exchange may take to wire the money, unless the instance or the order says otherwise.
    default_wire_transfer_delay: RelativeTime,
    /// To what the time of a transfer is rounded up, unless the instance says otherwise.
    default_wire_transfer_rounding_interval: RoundingInterval,
    /// How much a back office shows at first.
    #[cfg_attr(test, schema(example = "expert"))]
    default_persona: &'static str,
    /// Programs that make reports. There are none.
    #[cfg_attr(test, schema(value_type = values::AnyObject))]
    report_generators: BTreeMap<&'static str, &'static str>,
}

/// An exchange whose coins are taken.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct OfferedExchange {
    /// Its base URL.
    base_url: BaseUrl,
    /// The currency of its coins.
    currency: Currency,
    /// Its master key, which the shop has chosen to trust.
    master_pub: PublicKey,
}

/// `GET /config` (merchant-api 1.7). Below `/instances/$ID` only for instances that exist.
pub(super) async fn config(till: Data<Till>, _: ExistingInstance) -> Answer {
    let policy = till.policy();
    let by_name = |one: CurrencySpecification| (one.currency().to_string(), one);
    let exchange = |exchange: &Exchange| {
        let trusted = exchange.trusted();
        OfferedExchange {
            base_url: trusted.base_url.clone(),
            currency: trusted.currency,
            master_pub: trusted.master_public_key,
        }
    };
    let body = ConfigAnswer {
        name: "taler-merchant",
        version: VERSION,
        implementation: IMPLEMENTATION,
        build_version: env!("CARGO_PKG_VERSION"),
        currency: till.default_currency(),
        currencies: till.known_currencies().into_iter().map(by_name).collect(),
        exchanges: till.offered_exchanges().iter().map(exchange).collect(),
        have_self_provisioning: false,
        have_donau: false,
        mandatory_tan_channels: [],
        payment_target_types: "*",
        default_pay_delay: policy.default_pay_delay,
        default_refund_delay: policy.default_refund_delay,
        default_wire_transfer_delay: policy.default_wire_transfer_delay,
        default_wire_transfer_rounding_interval: RoundingInterval::None,
        default_persona: "expert",
        report_generators: BTreeMap::new(),
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "max-age=60")).json(body))
}

/// The trusted exchanges.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ExchangeList {
    /// Each trusted exchange, and how it was last seen.
    exchanges: Vec<ExchangeRow>,
}

/// How an exchange was last seen. The last two members are tilld's own.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ExchangeRow {
    /// Its base URL.
    exchange_url: BaseUrl,
    /// When its keys are fetched next.
    next_download: Timestamp,
    /// The HTTP status of its last answer; 0 if it gave none.
    #[cfg_attr(test, schema(value_type = values::HttpStatus))]
    keys_http_status: u16,
    /// The Taler code of its last answer; 0 if it gave none.
    #[cfg_attr(test, schema(value_type = values::ErrorCode))]
    keys_ec: u32,
    /// Until when its keys are good, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys_expiration: Option<Timestamp>,
    /// When its keys were fetched, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys_downloaded: Option<Timestamp>,
    /// Why its keys could not be fetched the last time, in English. It is missing if they could.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = "the exchange cannot be reached"))]
    problem: Option<String>,
}

/// `GET /exchanges` (merchant-api 1.8): the trusted exchanges and how they were last seen.
pub(super) async fn exchanges(till: Data<Till>, _: ExistingInstance) -> Answer {
    let exchanges = till.exchange_states().into_iter().map(exchange).collect();
    Ok(HttpResponse::Ok().json(ExchangeList { exchanges }))
}

/// State of an exchange.
fn exchange(state: ExchangeState) -> ExchangeRow {
    // 0 says that there was no reply.
    let (keys_http_status, keys_ec) = match &state.failure {
        Some(failure) => (failure.status.unwrap_or(0), failure.code.unwrap_or(0)),
        None => (state.fetched_at.map_or(0, |_| 200), 0),
    };
    ExchangeRow {
        exchange_url: state.base_url,
        next_download: state.next_download,
        keys_http_status,
        keys_ec,
        keys_expiration: state.expires,
        keys_downloaded: state.fetched_at,
        problem: state.failure.map(|failure| failure.reason),
    }
}

/// `GET /agpl`: where the source code is, else the licence itself.
pub(super) async fn agpl(settings: Data<Settings>) -> Result<HttpResponse, Failure> {
    Ok(match &settings.source_url {
        Some(url) => HttpResponse::Found().insert_header((LOCATION, url.as_str())).finish(),
        None => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(LICENCE),
    })
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/", "What this is; to browsers as a page")
            .shows(200, "What this is.", "text/plain")
            .shows(200, "", "text/html"),
        get("/agpl", "Where the source code is, or the licence")
            .shows(200, "The licence.", "text/plain")
            .done(302, "The source code is there.")
            .with(302, "Location", true),
        get("/config", "The protocol, the currencies, the exchanges")
            .answers::<ConfigAnswer>(200, "The settings that clients need."),
        get("/exchanges", "The trusted exchanges, and how they were last seen")
            .answers::<ExchangeList>(200, "The exchanges."),
    ]
}
