//! The shop's client of the merchant API, over HTTP and with its token, as of any shop (merchant-api 2, 4),
//! and its one request to the exchange: whether it is ready.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::catalog::Good;
use super::failure::{Error, Failure};
use net::client::{self, BadAnswer};
use taler::amount::Amount;
use taler::ids::{OrderId, SessionId};
use taler::web::{BaseUrl, query_value};
use ui::messages::{ENGLISH, GERMAN};

/// How long the till may take for an answer.
const TIME: Duration = Duration::from_secs(10);
/// Longest answer of the till, in bytes.
const MAX_ANSWER: usize = 256 * 1024;
/// How often an order is looked at that changes meanwhile.
const LOOKS: usize = 3;

/// Where the shop asks.
pub(super) struct MerchantClient {
    client: Client,
    till: BaseUrl,
    exchange: BaseUrl,
    token: HeaderValue,
}

/// How an order stands for one visitor.
pub(super) enum PurchaseState {
    /// To be paid.
    Open {
        /// What is bought.
        summary: String,
        /// What it costs.
        price: Amount,
        /// What the wallet opens, and where the browser hears of the payment; `None` when the time
        /// to pay is over.
        offer: Option<Offer>,
    },
    /// Paid by this visitor.
    Paid(Sale),
}

/// How an order can be paid.
pub(super) struct Offer {
    /// `taler://pay/…`
    pub(super) pay_uri: String,
    /// Path and query below the till's address that answer 200 when it is paid.
    pub(super) poll: String,
}

/// An order that is paid.
pub(super) struct Sale {
    pub(super) summary: String,
    pub(super) price: Amount,
    /// What was refunded.
    pub(super) refund: Amount,
    /// Whether some of it waits for the customer's wallet.
    pub(super) is_refund_pending: bool,
    /// Path and query below the till's address that say whether it still waits.
    pub(super) poll: String,
}

impl Sale {
    /// Whether nothing of the price is left.
    pub(super) fn is_undone(&self) -> bool {
        self.refund == self.price
    }
}

#[derive(Deserialize)]
struct CreatedOrder {
    order_id: OrderId,
}

#[derive(Deserialize)]
struct Terms {
    summary: String,
    amount: Amount,
}

#[derive(Deserialize)]
#[serde(tag = "order_status", rename_all = "lowercase")]
enum Status {
    Unpaid {
        proto_contract_terms: Terms,
        order_status_url: String,
    },
    Claimed {
        contract_terms: Terms,
        order_status_url: String,
    },
    Paid {
        contract_terms: Terms,
        order_status_url: String,
        refund_amount: Amount,
        refund_pending: bool,
    },
}

#[derive(Deserialize)]
struct Unpaid {
    taler_pay_uri: String,
}

#[derive(Deserialize)]
struct Granted {
    taler_refund_uri: String,
}

impl MerchantClient {
    /// Connects to nothing yet.
    pub(super) fn new(till: &BaseUrl, exchange: BaseUrl, token: &str) -> Result<Self, Error> {
        // Both answer in this very process: no proxy, no certificates, nowhere else to be sent.
        let client = client::builder(concat!("tilld-demo-shop/", env!("CARGO_PKG_VERSION")), false)
            .no_proxy()
            .timeout(TIME)
            .build()
            .map_err(|error| Error::Connections(error.to_string()))?;
        let mut token =
            HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| Error::Token)?;
        token.set_sensitive(true);
        Ok(Self { client, till: till.clone(), exchange, token })
    }

    /// Whether the exchange has its keys.
    pub(super) async fn has_exchange(&self) -> bool {
        let answer = self.client.get(self.exchange.join(&["keys"])).send().await;
        answer.is_ok_and(|answer| answer.status().as_u16() == 200)
    }

    /// Creates an order for a visitor. `fulfillment_url` may hold `${ORDER_ID}`.
    pub(super) async fn order(
        &self,
        good: &Good,
        fulfillment_url: &str,
        session: &SessionId,
    ) -> Result<OrderId, Failure> {
        let body = json!({
            "order": {
                "summary": good.name(&ENGLISH),
                "summary_i18n": { "de": good.name(&GERMAN) },
                "amount": good.price,
                "fulfillment_url": fulfillment_url,
            },
            "session_id": session,
        });
        let url = self.till.join(&["private", "orders"]);
        let made: CreatedOrder = self.private(Method::POST, &url, Some(&body)).await?.success()?;
        Ok(made.order_id)
    }

    /// How an order stands; `None` if there is none.
    pub(super) async fn order_state(
        &self,
        order: &OrderId,
        session: &SessionId,
    ) -> Result<Option<PurchaseState>, Failure> {
        let url = self.till.join(&["private", "orders", order.as_str()]);
        let url = format!("{url}?session_id={}", query_value(session.as_str()));
        for _ in 0..LOOKS {
            let answer = self.private(Method::GET, &url, None).await?;
            if answer.status == 404 {
                return Ok(None);
            }
            if let Some(standing) = self.understood(answer.success()?).await? {
                return Ok(Some(standing));
            }
        }
        Err(Failure::Till("an order changes whenever it is looked at".into()))
    }

    /// What a status means; `None` if it is out of date already.
    async fn understood(&self, status: Status) -> Result<Option<PurchaseState>, Failure> {
        let (terms, url) = match status {
            Status::Paid { contract_terms, order_status_url, refund_amount, refund_pending } => {
                return Ok(Some(PurchaseState::Paid(Sale {
                    summary: contract_terms.summary,
                    price: contract_terms.amount,
                    refund: refund_amount,
                    is_refund_pending: refund_pending,
                    poll: self.below(&order_status_url)?,
                })));
            }
            Status::Unpaid { proto_contract_terms: terms, order_status_url }
            | Status::Claimed { contract_terms: terms, order_status_url } => {
                (terms, order_status_url)
            }
        };
        // Asked as the customer's browser would: so it is also known how to pay when a wallet has
        // the order already.
        let poll = self.below(&url)?;
        let answer = self.ask(self.client.get(format!("{}{poll}", self.till))).await?;
        let offer = match answer.status {
            402 => {
                let Unpaid { taler_pay_uri: pay_uri } = answer.body()?;
                Some(Offer { pay_uri, poll })
            }
            410 => None,
            // Paid, or claimed by another wallet, in this moment.
            200 | 202 | 403 => return Ok(None),
            _ => return Err(answer.refused()),
        };
        Ok(Some(PurchaseState::Open { summary: terms.summary, price: terms.amount, offer }))
    }

    /// The part of an address that is below the till's own, so that browsers ask nobody else.
    fn below(&self, url: &str) -> Result<String, Failure> {
        let rest = url.strip_prefix(self.till.as_str()).map(str::to_owned);
        rest.ok_or_else(|| Failure::Till("the till names an address that is not its own".into()))
    }

    /// Raises what is refunded of an order to `total`; what the customer's wallet opens for it.
    pub(super) async fn refund(&self, order: &OrderId, total: &Amount) -> Result<String, Failure> {
        let url = self.till.join(&["private", "orders", order.as_str(), "refund"]);
        let body = json!({ "refund": total, "reason": "Half of it, to see how that goes" });
        let answer = self.private(Method::POST, &url, Some(&body)).await?;
        if matches!(answer.status, 403 | 404 | 409 | 410) {
            return Err(Failure::TooLate);
        }
        let granted: Granted = answer.success()?;
        Ok(granted.taler_refund_uri)
    }

    /// The order by which this visitor has paid for a page, if there is one.
    pub(super) async fn paid_for(
        &self,
        page: &str,
        session: &SessionId,
    ) -> Result<Option<OrderId>, Failure> {
        let url = format!("{}{}", self.till, Self::session_poll(page, session));
        let answer = self.ask(self.client.get(&url)).await?;
        match answer.status {
            200 => answer.body::<CreatedOrder>().map(|made| Some(made.order_id)),
            202 | 404 => Ok(None),
            _ => Err(answer.refused()),
        }
    }

    /// Path and query below the till's address that answer 200 when `session` has paid for `page`.
    pub(super) fn session_poll(page: &str, session: &SessionId) -> String {
        let (session, page) = (query_value(session.as_str()), query_value(page));
        format!("sessions/{session}?fulfillment_url={page}")
    }

    async fn private(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        let mut request =
            self.client.request(method, url).header(AUTHORIZATION, self.token.clone());
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        self.ask(request).await
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        // What is in the address may be a credential.
        let failed = |error: reqwest::Error| Failure::Till(error.without_url().to_string());
        let mut response =
            request.header(ACCEPT, "application/json").send().await.map_err(failed)?;
        let bytes = client::body(&mut response, MAX_ANSWER).await.map_err(|bad| match bad {
            BadAnswer::TooLong => Failure::Till("the till's answer is too long".into()),
            BadAnswer::Broken(error) => failed(error),
        })?;
        Ok(Answer { status: response.status().as_u16(), bytes })
    }
}

/// What the till said.
struct Answer {
    status: u16,
    bytes: Vec<u8>,
}

impl Answer {
    fn success<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        if self.status == 200 { self.body() } else { Err(self.refused()) }
    }

    fn body<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.bytes)
            .map_err(|error| Failure::Till(format!("the till's answer is not understood: {error}")))
    }

    fn refused(&self) -> Failure {
        let body = serde_json::from_slice::<Value>(&self.bytes).unwrap_or_default();
        let member = |name| body.get(name).cloned().unwrap_or_default();
        let (code, hint) = (member("code"), member("hint"));
        Failure::Till(format!("the till said no: {}, code {code}: {hint}", self.status))
    }
}
