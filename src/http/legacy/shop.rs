//! What shops of 2019 ask: make an order, see how one stands, refund it, list what is paid (legacy-2019 5 to
//! 8).

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::Access;
use super::super::error::{Answer, Failure};
use super::super::extract::Body;
#[cfg(test)]
use super::super::openapi::{
    operation::{Operation, get, post},
    values,
};
use super::super::orders::shop::order_text;
#[cfg(test)]
use super::super::orders::{CREATION, REFUNDING};
use super::super::orders::{refund_uri, terms};
use super::super::origin;
#[cfg(test)]
use super::InstanceQuery;
use super::{UnpaidOrder, Visit, order, refunded};
use crate::model::invalid_field::InvalidField;
use crate::model::order::Order;
use crate::till::{
    self, Cart, CreateOrder, Filter, GrantRefund, Paging, PaymentState, Repurchase, Smaller,
    Status, StatusQuery, WaitLimit,
};
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::ids::{InstanceId, OrderId, SessionId};
use taler::time::Timestamp;

/// An order to be made.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = OrderCreation2019))]
struct OrderCreation {
    /// The order, of which the contract is made.
    #[cfg_attr(test, schema(value_type = values::Order2019))]
    order: String,
    /// The instance, if the path names none. It must be that of the token.
    #[cfg_attr(test, schema(example = json!(null)))]
    instance: Option<String>,
}

/// Which account an order is paid to.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = OrderCreationQuery2019))]
struct OrderCreationQuery {
    /// Which kind of bank account the money shall go to, such as `iban`. Without it, the first account counts
    /// that an exchange can pay.
    #[cfg_attr(test, schema(value_type = Option<values::WireMethod>))]
    payment_target: Option<String>,
}

/// An order that was made.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = OrderCreated2019))]
struct OrderCreated {
    /// The order's name, which the shop has chosen or tilld has made.
    order_id: OrderId,
}

/// Which order a shop asks about.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = CheckPaymentQuery2019))]
struct CheckPaymentQuery {
    /// The order's name.
    order_id: OrderId,
    /// The session that must have paid: another session's payment does not count.
    session_id: Option<SessionId>,
    /// How long to wait for the payment, in seconds. tilld waits for at most 50 seconds (the setting
    /// `polls.max_wait_s`).
    #[cfg_attr(test, schema(value_type = Option<values::WaitSeconds>))]
    timeout: Option<String>,
    /// The same in milliseconds. It counts without `timeout`.
    #[cfg_attr(test, schema(value_type = Option<values::Milliseconds>))]
    timeout_ms: Option<String>,
    /// Where the contract is, if the shop sends wallets to an address of its own.
    #[cfg_attr(test, schema(example = "https://shop.example/contract/7"))]
    contract_url: Option<String>,
}

/// How an order stands.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = OrderStatus2019))]
#[serde(untagged)]
enum OrderStatus {
    /// It is paid.
    Paid(Box<PaidOrder>),
    /// It is not paid.
    Unpaid(Box<UnpaidOrder>),
}

/// An order that is paid.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = PaidOrder2019))]
struct PaidOrder {
    /// True.
    #[cfg_attr(test, schema(value_type = values::Yes))]
    paid: bool,
    /// Whether the shop has refunded something of it.
    refunded: bool,
    /// What the shop has refunded, if it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_amount: Option<Amount>,
    /// The contract.
    #[cfg_attr(test, schema(value_type = values::ContractTerms))]
    contract_terms: Value,
}

/// A refund to be granted.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = RefundRequest2019))]
struct RefundRequest {
    /// The order's name.
    order_id: OrderId,
    /// What is refunded from now on, all refunds of the order together. If it is below what was granted
    /// before, nothing changes.
    refund: Amount,
    /// Why, in the shop's words, which the customer sees.
    #[cfg_attr(test, schema(value_type = values::Reason))]
    reason: String,
    /// The instance, if the path names none. It must be that of the token.
    #[cfg_attr(test, schema(example = json!(null)))]
    instance: Option<String>,
}

/// A refund that is granted. The address has three names: those of the code, the reference and the tutorial of
/// the time.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = RefundGranted2019))]
struct RefundGranted {
    /// The hash of the contract.
    #[cfg_attr(test, schema(required = true))]
    h_contract_terms: Option<HashCode>,
    /// The address by which a wallet fetches the refund.
    #[cfg_attr(test, schema(value_type = values::RefundUri))]
    taler_refund_uri: String,
    /// The same.
    #[cfg_attr(test, schema(value_type = values::RefundUri))]
    taler_refund_url: String,
    /// The same.
    #[cfg_attr(test, schema(value_type = values::RefundUri))]
    refund_redirect_url: String,
}

/// Which orders are listed.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = HistoryQuery2019))]
struct HistoryQuery {
    /// The time in seconds since 1970 at which the list begins: orders after it if `delta` is above zero, else
    /// orders before it.
    #[cfg_attr(test, schema(value_type = Option<values::Seconds>))]
    date: Option<String>,
    /// How many orders: above zero the oldest, below zero the newest. Without it, -20.
    #[cfg_attr(test, schema(value_type = Option<values::Rows>))]
    delta: Option<i64>,
    /// The `row_id` from which to go on. It is not listed itself.
    #[cfg_attr(test, schema(value_type = Option<values::Serial>))]
    start: Option<i64>,
    /// Only the order of this name. The answer is a bare list then.
    order_id: Option<OrderId>,
    /// `ascending` for the oldest first. Anything else is the newest first.
    #[cfg_attr(test, schema(example = "ascending"))]
    ordering: Option<String>,
}

/// Orders that are paid.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = History2019))]
#[serde(untagged)]
enum History {
    /// The orders of a list.
    Listed(HistoryList),
    /// The order that was asked for by name, or none.
    Named(Vec<HistoryRow>),
}

/// A list of orders that are paid.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = HistoryList2019))]
struct HistoryList {
    /// The orders, in the direction that `ordering` asks for.
    history: Vec<HistoryRow>,
}

/// An order that is paid.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = HistoryRow2019))]
struct HistoryRow {
    /// Its place in the list, for `start`. Later orders have higher numbers.
    #[cfg_attr(test, schema(value_type = values::Serial))]
    row_id: i64,
    /// The order's name.
    order_id: OrderId,
    /// Its price.
    amount: Amount,
    /// When it was made.
    timestamp: OldTime,
    /// The instance; `default` stands for the special one.
    #[cfg_attr(test, schema(example = "default"))]
    instance: String,
    /// What is bought, in one line.
    #[cfg_attr(test, schema(value_type = values::Summary))]
    summary: String,
}

/// A time as in 2019 and as today.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Timestamp2019))]
struct OldTime {
    /// Milliseconds since 1970 (UTC).
    #[cfg_attr(test, schema(required = true, value_type = u64, example = 1_781_337_600_000_u64))]
    t_ms: Option<u64>,
    /// Seconds since 1970 (UTC).
    #[cfg_attr(test, schema(required = true, value_type = u64, example = 1_781_337_600_u64))]
    t_s: Option<u64>,
}

impl Visit {
    /// `POST /order`.
    pub(super) async fn order(self, access: Access, body: Body) -> Answer {
        let principal = self.clerk_before_body(access).await?;
        let body: OrderCreation = body.read_with_text("order").await?;
        self.check_named(&principal, body.instance.as_deref()).await?;
        let OrderCreationQuery { payment_target } = self.params.read()?;
        let (order, refund_delay) = order::today(order_text(&body.order)?)?;
        let wish = CreateOrder {
            order,
            refund_delay,
            payment_target,
            session: None,
            with_token: true,
            cart: Cart::default(),
            otp_id: None,
        };
        let base_url = origin::base_url(&self.request, &self.settings, &principal.instance().id)?;
        let made = self.till.create_order(&principal, wish, &base_url).await?;
        Ok(HttpResponse::Ok().json(OrderCreated { order_id: made.order_id }))
    }

    /// `GET /check-payment`.
    pub(super) async fn check_payment(self, access: Access) -> Answer {
        let principal = self.principal(access).await?;
        let CheckPaymentQuery { order_id, session_id, timeout, timeout_ms, contract_url } =
            self.params.read()?;
        let ask = StatusQuery {
            order_id,
            session: session_id.clone(),
            repurchase: Repurchase::NotWhollyRefunded,
        };
        let wait_limit = self.wait_limit(timeout.as_deref(), timeout_ms.as_deref())?;
        let Status { order, state, terms: kept, .. } = self
            .till
            .order_status(&principal, ask, wait_limit, None::<fn(&Status) -> bool>)
            .await?;
        let instance = &principal.instance().id;
        let body = if state == PaymentState::Paid {
            OrderStatus::Paid(Box::new(PaidOrder {
                paid: true,
                refunded: refunded(&order).is_some(),
                refund_amount: refunded(&order),
                contract_terms: terms(&kept)?,
            }))
        } else {
            let session = session_id.as_ref();
            let unpaid = self.unpaid(instance, &order, &state, session, contract_url)?;
            OrderStatus::Unpaid(Box::new(unpaid))
        };
        Ok(HttpResponse::Ok().json(body))
    }

    /// `POST /refund`: a new total.
    pub(super) async fn refund(self, access: Access, body: Body) -> Answer {
        let principal = self.clerk_before_body(access).await?;
        let RefundRequest { order_id, refund, reason, instance } = body.read().await?;
        self.check_named(&principal, instance.as_deref()).await?;
        let wish = GrantRefund { total: refund, reason, smaller: Smaller::Ignore };
        let order = self.till.grant_refund(&principal, order_id, wish).await?;
        let uri = refund_uri(&order);
        Ok(HttpResponse::Ok().json(RefundGranted {
            h_contract_terms: order.claim.as_ref().map(|claim| claim.h_contract),
            taler_refund_uri: uri.clone(),
            taler_refund_url: uri.clone(),
            refund_redirect_url: uri,
        }))
    }

    /// `GET /history`: paid orders only.
    pub(super) async fn history(self, access: Access) -> Answer {
        let principal = self.principal(access).await?;
        let ask: HistoryQuery = self.params.read()?;
        let date = ask.date.as_deref().map(date).transpose()?;
        let limit = ask.delta.unwrap_or(-20);
        if limit == 0 {
            return Err(Failure::Malformed("delta".into()));
        }
        let instance = &principal.instance().id;
        if let Some(order_id) = ask.order_id {
            let found = self.till.paid_order(&principal, &order_id)?;
            let rows = found.iter().map(|order| row(order, instance)).collect();
            return Ok(HttpResponse::Ok().json(History::Named(rows)));
        }
        let filter = Filter {
            paid: Some(true),
            before: date.filter(|_| limit < 0),
            after: date.filter(|_| limit > 0),
            ..Filter::default()
        };
        let page = Paging { filter, limit, offset: ask.start };
        let mut orders = self.till.orders(&principal, page, WaitLimit::NONE).await?;
        orders.sort_by_key(|order| order.serial.0);
        if ask.ordering.as_deref() != Some("ascending") {
            orders.reverse();
        }
        let history = orders.iter().map(|order| row(order, instance)).collect();
        Ok(HttpResponse::Ok().json(History::Listed(HistoryList { history })))
    }
}

fn row(order: &Order, instance: &InstanceId) -> HistoryRow {
    let t_s = order.created_at.secs();
    HistoryRow {
        row_id: order.serial.0,
        order_id: order.order_id.clone(),
        amount: order.amount,
        timestamp: OldTime { t_ms: t_s.map(|secs| secs.saturating_mul(1000)), t_s },
        instance: match instance.is_admin() {
            true => "default".to_owned(),
            false => instance.to_string(),
        },
        summary: order.summary.clone(),
    }
}

/// The date from which a history shall be shown.
fn date(text: &str) -> Result<Timestamp, Failure> {
    let is_number = text.bytes().all(|b| b.is_ascii_digit());
    Timestamp::parse_secs(text).map_err(|_| match is_number {
        true => till::Error::from(InvalidField("date")).into(),
        false => Failure::Malformed("date".into()),
    })
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    vec![
        post("/order", "Makes an order")
            .asks::<OrderCreationQuery>()
            .reads::<OrderCreation>()
            .answers::<OrderCreated>(200, "The order is made.")
            .fails(CREATION),
        get("/check-payment", "How an order stands")
            .asks::<CheckPaymentQuery>()
            .asks::<InstanceQuery>()
            .answers::<OrderStatus>(200, "The order, paid or not.")
            .fails(&["OrderUnknown"]),
        post("/refund", "Grants refunds: all of them together, from now on")
            .reads::<RefundRequest>()
            .answers::<RefundGranted>(200, "It is granted.")
            .fails(REFUNDING),
        get("/history", "Orders that are paid")
            .asks::<HistoryQuery>()
            .asks::<InstanceQuery>()
            .answers::<History>(200, "The orders; as a bare list if one was asked for by name.")
            .fails(&["InvalidField"]),
    ]
}
