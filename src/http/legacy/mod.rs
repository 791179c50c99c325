//! The API of 2019, for shops that still use it (legacy-2019 16). A thin layer over the same use cases: it
//! translates names, units and formats, and has no state of its own. All of it is in this folder,
//! which the feature `legacy` links; without it `no_legacy.rs` replaces it. Only `http/mod.rs` names it.
//!
//! Its paths came as `/X`, `/public/X`, `/instances/$ID/X` and `/public/instances/$ID/X`, X in any
//! case; what is private is never reached through `/public`.

mod calls;
mod codes;
mod order;
mod shop;
mod wallet;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::web::{Data, ServiceConfig, resource};
use percent_encoding::percent_decode_str;
use serde::Serialize;

use self::calls::{CALLS, Call};
use super::error::{Answer, Failure};
use super::extract::{
    Body, Credentials, ExistingInstance, QueryParams, authorization, credentials, wait_limit,
};
#[cfg(test)]
use super::openapi::{
    operation::{Operation, get, post},
    values,
};
use super::orders::pay_uri;
use super::routes::Access::{self, Private, Public};
use super::routes::RouteSpec;
use super::settings::Settings;
use super::{origin, shop as backend};
use crate::model::access::Permission;
use crate::model::order::Order;
use crate::till::{self, Admission, ApiToken, PaymentState, Principal, Till, WaitLimit};
use taler::amount::Amount;
use taler::ids::{InstanceId, OrderId, SessionId};
use taler::time::RelativeTime;
use taler::web::{BaseUrl, query_value};

pub use self::calls::LEGACY;
#[cfg(test)]
pub(super) use self::codes::translated;

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
                backend::config(self.till, there).await
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

    /// Whether the instance that the request names is the principal's. `said` is what its body says.
    async fn check_named(&self, principal: &Principal, said: Option<&str>) -> Result<(), Failure> {
        let said = said.or(self.params.text("instance"));
        if self.named(said).await? != principal.instance().id {
            return Err(till::Error::NotAuthorized.into());
        }
        Ok(())
    }

    /// How long the client would wait: `timeout` in seconds, or `timeout_ms`.
    fn wait_limit(
        &self,
        timeout: Option<&str>,
        timeout_ms: Option<&str>,
    ) -> Result<WaitLimit, Failure> {
        let bad = |name: &str| Failure::Malformed(name.into());
        let timeout = match (timeout, timeout_ms) {
            (Some(text), _) => RelativeTime::parse_secs(text).map_err(|_| bad("timeout"))?,
            (None, Some(text)) => {
                RelativeTime::parse_millis(text).map_err(|_| bad("timeout_ms"))?
            }
            (None, None) => return Ok(WaitLimit::NONE),
        };
        wait_limit(&self.request, timeout)
    }

    /// Where the wallet of the time would fetch the contract: what the shop says, or our own address.
    fn contract_url(
        &self,
        instance: &InstanceId,
        order_id: &OrderId,
        said: Option<String>,
    ) -> Result<String, Failure> {
        if let Some(url) = said {
            return Ok(url);
        }
        let root: BaseUrl = origin::base_url(&self.request, &self.settings, &InstanceId::admin())?;
        let path = match instance.is_admin() {
            true => root.join(&["public", "proposal"]),
            false => root.join(&["public", "instances", instance.as_str(), "proposal"]),
        };
        Ok(format!("{path}?order_id={}", query_value(order_id.as_str())))
    }

    /// How an order that is not paid stands. `said` is where its contract is, if the client says so.
    fn unpaid(
        &self,
        instance: &InstanceId,
        order: &Order,
        state: &PaymentState,
        session: Option<&SessionId>,
        said: Option<String>,
    ) -> Result<UnpaidOrder, Failure> {
        Ok(UnpaidOrder {
            paid: false,
            taler_pay_uri: pay_uri(order, session),
            contract_url: self.contract_url(instance, &order.order_id, said)?,
            already_paid_order_id: match state {
                PaymentState::PaidBefore(before) => Some(before.clone()),
                PaymentState::Paid | PaymentState::Claimed | PaymentState::Unpaid => None,
            },
        })
    }
}

/// An order that is not paid.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
#[cfg_attr(test, schema(as = UnpaidOrder2019))]
struct UnpaidOrder {
    /// False.
    #[cfg_attr(test, schema(value_type = values::No))]
    paid: bool,
    /// The address by which a wallet pays it.
    #[cfg_attr(test, schema(value_type = values::PayUri))]
    taler_pay_uri: String,
    /// Where a wallet of the time fetches the contract: what the client has said, or an address of tilld.
    #[cfg_attr(test, schema(example = "https://shop.example/public/proposal?order_id=7"))]
    contract_url: String,
    /// The order by which this session has paid for the same page.
    #[serde(skip_serializing_if = "Option::is_none")]
    already_paid_order_id: Option<OrderId>,
}

/// What is refunded of `order`, if anything is.
fn refunded(order: &Order) -> Option<Amount> {
    Some(order.refund_granted).filter(|amount| !amount.is_zero())
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    const TIPS: &str = "Tips are no more";
    let gone = |operation: Operation| operation.fails(&["Removed"]);
    let mut all = shop::operations();
    all.extend(wallet::operations());
    all.extend(
        backend::operations()
            .into_iter()
            .filter(|one| one.path == "/config")
            .map(|one| one.asks::<InstanceQuery>()),
    );
    all.extend([
        gone(post("/pay", "Coins of 2019 are no more")),
        gone(post("/tip-pickup", TIPS)),
        gone(get("/tip-pickup", TIPS)),
        gone(post("/tip-authorize", TIPS)),
        gone(get("/tip-query", TIPS)),
        gone(post("/tip-query", TIPS)),
    ]);
    all
}

/// The instance that a request is about.
#[cfg(test)]
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it describes what `Visit::instance` reads")]
struct InstanceQuery {
    /// The instance, if the path names none. One that does not exist is ignored.
    #[schema(example = "shop")]
    instance: Option<String>,
}
