//! The API of 2019, for shops that still use it (legacy-2019 16). A thin layer over the same use cases: it
//! translates names, units and formats, and has no state of its own. All of it is in this folder,
//! which the feature `legacy` links; without it `no_legacy.rs` replaces it. Only `http/mod.rs` names it.
//!
//! Its paths came as `/X`, `/public/X`, `/instances/$ID/X` and `/public/instances/$ID/X`, X in any
//! case; what is private is never reached through `/public`.

mod calls;
mod codes;
mod order;

use actix_web::http::Method;
use actix_web::web::{Data, ServiceConfig, resource};
use actix_web::{HttpRequest, HttpResponse};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use self::calls::{CALLS, Call};
use super::error::{Answer, Failure};
use super::extract::{
    Body, Credentials, ExistingInstance, JsonBody, QueryParams, authorization, credentials,
    wait_limit,
};
use super::orders::shop::order_text;
use super::orders::wallet;
use super::orders::{insert_some, pay_uri, refund_uri, terms};
use super::routes::Access::{self, Private, Public};
use super::routes::RouteSpec;
use super::settings::Settings;
use super::{origin, shop};
use crate::model::access::Permission;
use crate::model::invalid_field::InvalidField;
use crate::model::order::{ClaimToken, Order};
use crate::till::{
    self, Admission, ApiToken, CollectedRefund, CreateOrder, Filter, GrantRefund, Paging,
    PaymentState, Poll2019, Principal, Repurchase, Smaller, Status, StatusQuery, Till, WaitLimit,
};
use taler::base32::HashCode;
use taler::ids::{InstanceId, OrderId, SessionId};
use taler::time::{RelativeTime, Timestamp};
use taler::web::{BaseUrl, query_value};

pub use self::calls::LEGACY;

/// Where a request of 2019 wants to go.
struct Target {
    /// Whether it came through `/public`.
    public: bool,
    /// The instance in its path, undecoded.
    instance: Option<String>,
    /// The rest, in lower case.
    path: String,
}

impl Target {
    fn of(request: &HttpRequest) -> Self {
        let path = request.path();
        let rest = path.strip_prefix("/public").filter(|rest| rest.starts_with('/'));
        let (public, rest) = (rest.is_some(), rest.unwrap_or(path));
        let named = rest.strip_prefix("/instances/").and_then(|rest| {
            let (instance, rest) = rest.split_at(rest.find('/')?);
            Some((Some(instance.to_owned()), rest))
        });
        let (instance, rest) = named.unwrap_or((None, rest));
        let path = rest.trim_end_matches('/').to_ascii_lowercase();
        Self { public, instance, path }
    }

    /// What can be asked for here.
    fn calls(&self) -> impl Iterator<Item = (Call, &'static RouteSpec)> + '_ {
        CALLS
            .iter()
            .copied()
            .zip(LEGACY)
            .filter(|(_, row)| row.path == self.path && (!self.public || row.access == Public))
    }

    fn call(&self, method: &Method) -> Option<(Call, &'static RouteSpec)> {
        let name = if *method == Method::HEAD { "GET" } else { method.as_str() };
        self.calls().find(|(_, row)| row.method == name)
    }
}

/// The row by which a request of 2019 came in.
pub(super) fn row_of(request: &HttpRequest) -> Option<&'static RouteSpec> {
    Target::of(request).call(request.method()).map(|(_, row)| row)
}

/// The most asked for calls, in their usual spelling, so that the router need not try all others
/// first.
pub(super) fn mount_polls(app: &mut ServiceConfig) {
    for path in ["/public/poll-payment", "/check-payment"] {
        app.service(resource(path).to(fallback));
    }
}

/// What everything below needs.
struct Visit {
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    params: QueryParams,
    target: Target,
}

/// Every request that no route of today takes.
pub(super) async fn fallback(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    params: QueryParams,
    body: Body,
) -> Answer {
    let target = Target::of(&request);
    let Some((any, _)) = target.calls().next().filter(|_| settings.legacy) else {
        return Err(Failure::Path);
    };
    let Some((call, row)) = target.call(request.method()) else {
        let methods = target.calls().filter_map(|(_, row)| row.method.parse().ok());
        let mut allowed: Vec<Method> = methods.collect();
        if allowed.contains(&Method::GET) {
            allowed.push(Method::HEAD);
        }
        allowed.push(Method::OPTIONS);
        return Err(codes::explain(any, Failure::Method(allowed)));
    };
    let visit = Visit { request, till, settings, params, target };
    visit.answer(call, row.access, body).await.map_err(|cause| codes::explain(call, cause))
}

impl Visit {
    async fn answer(self, call: Call, access: Access, body: Body) -> Answer {
        match call {
            Call::Order => self.order(access, body).await,
            Call::Refund => self.refund(access, body).await,
            Call::CheckPayment => self.check_payment(access).await,
            Call::History => self.history(access).await,
            Call::PollPayment => self.poll_payment().await,
            Call::Proposal => self.proposal().await,
            Call::PickUp => self.pick_up().await,
            Call::Config => {
                let there = ExistingInstance::find(&self.till, self.instance().await?).await?;
                shop::config(self.till, there).await
            }
            Call::Pay => Err(Failure::Removed("the wallet is too old to pay with coins of today")),
            Call::TipPickup
            | Call::TipPickupGet
            | Call::TipAuthorize
            | Call::TipQuery
            | Call::TipQueryPost => Err(Failure::Removed("tips were removed from Taler")),
        }
    }

    /// The instance in the path, if one is there.
    fn in_path(&self) -> Result<Option<InstanceId>, Failure> {
        let Some(raw) = &self.target.instance else { return Ok(None) };
        let text = percent_decode_str(raw).decode_utf8().map_err(|_| Failure::Segment)?;
        InstanceId::parse(text).map(Some).map_err(|_| Failure::Segment)
    }

    /// The instance that the request is about: in its path, or named elsewhere if there is such a
    /// one, or the special one.
    async fn named(&self, elsewhere: Option<&str>) -> Result<InstanceId, Failure> {
        let elsewhere = elsewhere.and_then(|text| InstanceId::parse(text).ok());
        let in_path = self.in_path()?;
        match (in_path, elsewhere) {
            (Some(here), Some(there)) if here != there => {
                Err(Failure::Malformed("instance".into()))
            }
            (Some(here), _) => Ok(here),
            (None, Some(there)) if self.till.instance(&there).await.is_ok() => Ok(there),
            (None, _) => Ok(InstanceId::admin()),
        }
    }

    async fn instance(&self) -> Result<InstanceId, Failure> {
        self.named(self.params.text("instance")).await
    }

    /// The token that the shop shows, in today's form or as `ApiKey`.
    fn key(&self) -> Option<ApiToken> {
        if let Some(Credentials::Bearer(key)) = credentials(&self.request) {
            return Some(key);
        }
        let (scheme, rest) = authorization(&self.request)?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("apikey") && !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let rest = rest.trim();
        ApiToken::shown(&format!("{}{rest}", till::access::PREFIX)).ok()
    }

    /// Admits a client with a token of `instance` with the permission `needs`, or with its password.
    async fn admitted(
        &self,
        instance: &InstanceId,
        needs: Permission,
    ) -> Result<Principal, Failure> {
        let key = self.key().ok_or(till::Error::NotAuthorized);
        let principal = match self.till.admit_by_token(instance, key.as_ref().ok(), Some(needs))? {
            Admission::Admitted(principal) => principal,
            Admission::Unknown(there) => {
                let client = origin::client(&self.request, &self.settings);
                self.till.admit_by_password(there, &key?, client).await?
            }
        };
        origin::note_address(&self.request, &self.settings, &self.till, &principal);
        Ok(principal)
    }

    /// A principal for a request that has no body.
    async fn principal(&self, access: Access) -> Result<Principal, Failure> {
        let Private(permission) = access else {
            return Err(Failure::Bug("a public call asks for a principal".into()));
        };
        let instance = self.instance().await?;
        self.admitted(&instance, permission).await
    }

    /// The principal for a request whose body may name the instance. It is only read for a client with
    /// a token that is good for this at all, or the password of the instance that the rest of the
    /// request means; what it says is checked by [`Visit::check_named`].
    async fn clerk_before_body(&self, access: Access) -> Result<Principal, Failure> {
        let Private(permission) = access else {
            return Err(Failure::Bug("a public call asks for a principal".into()));
        };
        if let Some(instance) = self.in_path()? {
            return self.admitted(&instance, permission).await;
        }
        match self.till.admit_holder(self.key().as_ref(), permission)? {
            Some(principal) => {
                origin::note_address(&self.request, &self.settings, &self.till, &principal);
                Ok(principal)
            }
            None => self.admitted(&self.instance().await?, permission).await,
        }
    }

    /// Whether the instance that the request names is the principal's.
    async fn check_named(
        &self,
        principal: &Principal,
        fields: &mut JsonBody,
    ) -> Result<(), Failure> {
        let said: Option<String> = fields.get("instance")?;
        let said = said.as_deref().or(self.params.text("instance"));
        if self.named(said).await? != principal.instance().id {
            return Err(till::Error::NotAuthorized.into());
        }
        Ok(())
    }

    /// How long the client would wait: `timeout` in seconds, or `timeout_ms`.
    fn wait_limit(&self) -> Result<WaitLimit, Failure> {
        let bad = |name: &str| Failure::Malformed(name.into());
        let timeout = match (self.params.text("timeout"), self.params.text("timeout_ms")) {
            (Some(text), _) => RelativeTime::parse_secs(text).map_err(|_| bad("timeout"))?,
            (None, Some(text)) => {
                RelativeTime::parse_millis(text).map_err(|_| bad("timeout_ms"))?
            }
            (None, None) => return Ok(WaitLimit::NONE),
        };
        wait_limit(&self.request, timeout)
    }

    /// `POST /order`.
    async fn order(self, access: Access, body: Body) -> Answer {
        let principal = self.clerk_before_body(access).await?;
        let (mut fields, order) = body.fields_and_text("order").await?;
        self.check_named(&principal, &mut fields).await?;
        let (order, refund_delay) = order::today(order_text(&order)?)?;
        let wish = CreateOrder {
            order,
            refund_delay,
            payment_target: self.params.text("payment_target").map(str::to_owned),
            session: None,
            with_token: true,
            otp_id: None,
        };
        let base_url = origin::base_url(&self.request, &self.settings, &principal.instance().id)?;
        let made = self.till.create_order(&principal, wish, &base_url).await?;
        Ok(HttpResponse::Ok().json(json!({ "order_id": made.order_id })))
    }

    /// Where the wallet of the time would fetch the contract: what the shop says, or our own address.
    fn contract_url(&self, instance: &InstanceId, order_id: &OrderId) -> Result<String, Failure> {
        if let Some(url) = self.params.text("contract_url") {
            return Ok(url.to_owned());
        }
        let root: BaseUrl = origin::base_url(&self.request, &self.settings, &InstanceId::admin())?;
        let path = match instance.is_admin() {
            true => root.join(&["public", "proposal"]),
            false => root.join(&["public", "instances", instance.as_str(), "proposal"]),
        };
        Ok(format!("{path}?order_id={}", query_value(order_id.as_str())))
    }

    /// The body for an order that is paid, or is not.
    fn status(
        &self,
        instance: &InstanceId,
        order: &Order,
        state: &PaymentState,
        session: Option<&SessionId>,
    ) -> Result<Value, Failure> {
        if *state == PaymentState::Paid {
            let refunded = !order.refund_granted.is_zero();
            let mut body = json!({ "paid": true, "refunded": refunded });
            insert_some(&mut body, "refund_amount", refunded.then_some(order.refund_granted));
            return Ok(body);
        }
        let mut body = json!({
            "paid": false,
            "taler_pay_uri": pay_uri(order, session),
            "contract_url": self.contract_url(instance, &order.order_id)?,
        });
        if let PaymentState::PaidBefore(before) = state {
            insert_some(&mut body, "already_paid_order_id", Some(before));
        }
        Ok(body)
    }

    /// `GET /check-payment`.
    async fn check_payment(self, access: Access) -> Answer {
        let principal = self.principal(access).await?;
        let session: Option<SessionId> = self.params.get("session_id")?;
        let ask = StatusQuery {
            order_id: self.params.need("order_id")?,
            session: session.clone(),
            repurchase: Repurchase::NotWhollyRefunded,
        };
        let wait_limit = self.wait_limit()?;
        let status = self
            .till
            .order_status(&principal, ask, wait_limit, None::<fn(&Status) -> bool>)
            .await?;
        let instance = &principal.instance().id;
        let mut body = self.status(instance, &status.order, &status.state, session.as_ref())?;
        if status.state == PaymentState::Paid {
            insert_some(&mut body, "contract_terms", Some(terms(&status.terms)?));
        }
        Ok(HttpResponse::Ok().json(body))
    }

    /// `GET /public/poll-payment`.
    async fn poll_payment(self) -> Answer {
        let instance = self.instance().await?;
        let session: Option<SessionId> = self.params.get("session_id")?;
        let ask = Poll2019 {
            order_id: self.params.need("order_id")?,
            h_contract: self.params.need("h_contract")?,
            session: session.clone(),
            refund: self.params.get("refund")?,
        };
        let wait_limit = self.wait_limit()?;
        let (order, state) = self.till.poll_2019(&instance, ask, wait_limit).await?;
        let body = self.status(&instance, &order, &state, session.as_ref())?;
        Ok(HttpResponse::Ok().json(body))
    }

    /// `GET /public/proposal`: a claim.
    async fn proposal(self) -> Answer {
        let instance = self.instance().await?;
        let order_id = self.params.need("order_id")?;
        let token: Option<ClaimToken> = self.params.get("token")?;
        let nonce = self.params.need::<taler::base32::Bytes<32>>("nonce")?;
        let nonce = taler::sign::PublicKey::new(*nonce.as_bytes());
        let client = origin::client(&self.request, &self.settings);
        let claimed = self.till.claim(&instance, order_id, nonce, token, client).await?;
        Ok(HttpResponse::Ok().json(wallet::ClaimedContract {
            contract_terms: terms(&claimed.contract)?,
            sig: claimed.sig,
        }))
    }

    /// `POST /refund`: a new total.
    async fn refund(self, access: Access, body: Body) -> Answer {
        let principal = self.clerk_before_body(access).await?;
        let mut fields = body.fields().await?;
        self.check_named(&principal, &mut fields).await?;
        let order_id = fields.need("order_id")?;
        let wish = GrantRefund {
            total: fields.need("refund")?,
            reason: fields.need("reason")?,
            smaller: Smaller::Ignore,
        };
        let order = self.till.grant_refund(&principal, order_id, wish).await?;
        let uri = refund_uri(&order);
        // Its name was different in the code, the reference and the tutorial of the time.
        Ok(HttpResponse::Ok().json(json!({
            "h_contract_terms": order.claim.as_ref().map(|claim| claim.h_contract),
            "taler_refund_uri": uri,
            "taler_refund_url": uri,
            "refund_redirect_url": uri,
        })))
    }

    /// `GET /public/refund`: coins that are refunded. Money from the counter goes back there. The
    /// contract's hash, which gives access to the order by today's API, is sent to a client that shows it.
    async fn pick_up(self) -> Answer {
        let instance = self.instance().await?;
        let order_id: OrderId = self.params.need("order_id")?;
        let h_contract: Option<HashCode> = self.params.get("h_contract")?;
        let (order, merchant_pub) = self.till.refunds_of(&instance, &order_id)?;
        if order.refund_granted.is_zero() {
            return Err(Failure::NoRefund);
        }
        let picked = self.till.collect_refunds(&instance, order_id, h_contract).await?;
        let picked = picked.map(|picked| picked.refunds).unwrap_or_default();
        let mut body = json!({
            "refunds": picked.iter().map(coin_refund).collect::<Vec<_>>(),
            "merchant_pub": merchant_pub,
        });
        insert_some(&mut body, "h_contract_terms", h_contract);
        Ok(HttpResponse::Ok().json(body))
    }

    /// `GET /history`: paid orders only.
    async fn history(self, access: Access) -> Answer {
        let principal = self.principal(access).await?;
        let date = self.params.text("date").map(date).transpose()?;
        let limit = self.params.get("delta")?.unwrap_or(-20_i64);
        if limit == 0 {
            return Err(Failure::Malformed("delta".into()));
        }
        let offset: Option<i64> = self.params.get("start")?;
        let wanted: Option<OrderId> = self.params.get("order_id")?;
        let filter = Filter {
            paid: Some(true),
            before: date.filter(|_| limit < 0),
            after: date.filter(|_| limit > 0),
            ..Filter::default()
        };
        let instance = &principal.instance().id;
        let row = |order: &Order| {
            let ms = order.created_at.secs().map(|secs| secs.saturating_mul(1000));
            json!({
                "row_id": order.serial.0,
                "order_id": order.order_id,
                "amount": order.amount,
                "timestamp": { "t_ms": ms, "t_s": order.created_at.secs() },
                "instance": if instance.is_admin() { "default" } else { instance.as_str() },
                "summary": order.summary,
            })
        };
        if let Some(order_id) = wanted {
            let found = self.till.paid_order(&principal, &order_id)?;
            return Ok(HttpResponse::Ok().json(found.iter().map(row).collect::<Vec<_>>()));
        }
        let page = Paging { filter, limit, offset };
        let mut orders = self.till.orders(&principal, page, WaitLimit::NONE).await?;
        orders.sort_by_key(|order| order.serial.0);
        if self.params.text("ordering") != Some("ascending") {
            orders.reverse();
        }
        let rows: Vec<_> = orders.iter().map(row).collect();
        Ok(HttpResponse::Ok().json(json!({ "history": rows })))
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

/// A coin's refund in the words of April 2020, when the backend redeemed it.
fn coin_refund(picked: &CollectedRefund) -> Value {
    let mut row = json!(wallet::coin_refund(picked));
    if let Value::Object(row) = &mut row {
        let status = row.remove("exchange_status").unwrap_or_default();
        row.insert("exchange_http_status".into(), status);
        row.insert("refund_fee".into(), json!(picked.fee));
        row.remove("type");
        row.remove("execution_time");
    }
    row
}
