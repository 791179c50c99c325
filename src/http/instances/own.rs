//! What an instance does with itself, under `/private` (merchant-api 6.1).

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

#[cfg(test)]
use super::auth::AuthSetting;
use super::auth::{AuthMethod, auth_in};

use super::super::error::{Answer, Failure};
use super::super::extract::{Authorized, Body, InstanceParam, QueryParams};
#[cfg(test)]
use super::super::openapi::{
    operation::{self, Operation, get, patch, post},
    values,
};
use crate::model::instance::{Instance, InstanceSettings, Location, RoundingInterval};
use crate::till::Till;
use taler::ids::InstanceId;
use taler::sign::PublicKey;
use taler::time::RelativeTime;

/// `GET /private`.
pub(in crate::http) async fn own(Authorized(principal): Authorized) -> Answer {
    Ok(HttpResponse::Ok().json(shown(principal.instance())))
}

/// `PATCH /private`.
pub(in crate::http) async fn change_own(
    till: Data<Till>,
    Authorized(principal): Authorized,
    body: Body,
) -> Answer {
    changed(&till, &principal.instance().id, body).await
}

/// `DELETE /private?purge=YES&force=YES`.
pub(in crate::http) async fn delete_own(
    till: Data<Till>,
    Authorized(principal): Authorized,
    params: QueryParams,
) -> Answer {
    deleted(&till, &principal.instance().id, &params).await
}

/// `POST /private/auth`.
pub(in crate::http) async fn auth_own(
    till: Data<Till>,
    Authorized(principal): Authorized,
    body: Body,
) -> Answer {
    let auth = auth_in(body.members().await?).map_err(|()| Failure::AuthOfOld)?;
    till.set_auth(&principal, auth).await?;
    let (id, means) = (&principal.instance().id, principal.means());
    log::info!("{id}: password or fixed token changed, {means}");
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /forgot-password`: that would need a second way to reach the owner.
pub(in crate::http) async fn forgot_password(
    till: Data<Till>,
    InstanceParam(instance): InstanceParam,
) -> Answer {
    till.instance(&instance).await?;
    Err(Failure::NotImplemented("passwords are reset on the server: tilld passwd INSTANCE"))
}

/// The settings as a client writes them. Delays and the rounding stay as they are if they are not said; other
/// members that are not said are cleared.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct InstanceChange {
    /// The shop's name as customers see it: up to 512 characters, and not only blanks.
    #[cfg_attr(test, schema(value_type = values::ShopName))]
    name: String,
    /// The shop's e-mail address: up to 512 characters.
    #[cfg_attr(test, schema(value_type = Option<values::EmailAddress>))]
    email: Option<String>,
    /// The shop's telephone number: up to 512 characters.
    #[cfg_attr(test, schema(value_type = Option<values::PhoneNumber>))]
    phone_number: Option<String>,
    /// The shop's web site, with http or https: up to 512 characters.
    #[cfg_attr(test, schema(value_type = Option<values::Website>))]
    website: Option<String>,
    /// The shop's logo: up to 600 KiB. An empty text is none.
    #[cfg_attr(test, schema(value_type = Option<values::Image>))]
    logo: Option<String>,
    /// The shop's address.
    address: Option<Location>,
    /// The place under whose law the shop sells.
    jurisdiction: Option<Location>,
    /// Whether the shop pays the fees that exchanges estimate as usual. Without it, it does.
    use_stefan: Option<bool>,
    /// For how long an order can be paid that says nothing of it: one second to a hundred years.
    #[cfg_attr(test, schema(value_type = Option<values::PayDelay>))]
    default_pay_delay: Option<RelativeTime>,
    /// For how long an order can be refunded that says nothing of it: at most a hundred years.
    #[cfg_attr(test, schema(value_type = Option<values::Delay>))]
    default_refund_delay: Option<RelativeTime>,
    /// How long the exchange may take to wire the money of an order that says nothing of it: at most a hundred
    /// years.
    #[cfg_attr(test, schema(value_type = Option<values::Delay>))]
    default_wire_transfer_delay: Option<RelativeTime>,
    /// To what the time of a transfer is rounded up, so that several orders share one transfer.
    default_wire_transfer_rounding_interval: Option<RoundingInterval>,
}

impl InstanceChange {
    /// The settings that these are, where `old` are the instance's.
    pub(super) fn over(self, old: &InstanceSettings) -> InstanceSettings {
        InstanceSettings {
            name: self.name,
            email: self.email,
            phone_number: self.phone_number,
            website: self.website,
            logo: self.logo,
            address: self.address.unwrap_or_default(),
            jurisdiction: self.jurisdiction.unwrap_or_default(),
            use_stefan: self.use_stefan.unwrap_or(true),
            default_pay_delay: self.default_pay_delay.unwrap_or(old.default_pay_delay),
            default_refund_delay: self.default_refund_delay.unwrap_or(old.default_refund_delay),
            default_wire_transfer_delay: self
                .default_wire_transfer_delay
                .unwrap_or(old.default_wire_transfer_delay),
            default_wire_transfer_rounding_interval: self
                .default_wire_transfer_rounding_interval
                .unwrap_or(old.default_wire_transfer_rounding_interval),
            // Only the back office asks for it.
            business_day: old.business_day.clone(),
        }
    }
}

pub(super) async fn changed(till: &Till, id: &InstanceId, body: Body) -> Answer {
    let change: InstanceChange = body.read().await?;
    till.change_instance(id, |old| change.over(old)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How an instance is deleted.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct DeletionQuery {
    /// Whether all that the instance ever had is deleted as well. Without it, its history stays.
    #[serde(default)]
    #[cfg_attr(test, schema(value_type = values::YesNo))]
    purge: bool,
    /// Whether the instance is deleted while coins or refunds of it are under way. They are given back, and its
    /// key is kept until the last refund is answered.
    #[serde(default)]
    #[cfg_attr(test, schema(value_type = values::YesNo))]
    force: bool,
}

pub(super) async fn deleted(till: &Till, id: &InstanceId, params: &QueryParams) -> Answer {
    let DeletionQuery { purge, force } = params.read()?;
    match purge {
        true => till.purge_instance(id, force).await?,
        false => till.delete_instance(id, force).await?,
    };
    Ok(HttpResponse::NoContent().finish())
}

/// An instance as its owner sees it.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct InstanceShown {
    /// The shop's name as customers see it.
    #[cfg_attr(test, schema(value_type = values::ShopName))]
    name: String,
    /// The shop's key.
    merchant_pub: PublicKey,
    /// The shop's address.
    address: Location,
    /// The place under whose law the shop sells.
    jurisdiction: Location,
    /// Whether the shop pays the fees that exchanges estimate as usual.
    use_stefan: bool,
    /// How long the exchange may take to wire the money of an order that says nothing of it.
    default_wire_transfer_delay: RelativeTime,
    /// For how long an order can be paid that says nothing of it.
    default_pay_delay: RelativeTime,
    /// For how long an order can be refunded that says nothing of it.
    default_refund_delay: RelativeTime,
    /// To what the time of a transfer is rounded up.
    default_wire_transfer_rounding_interval: RoundingInterval,
    /// How its owner gets in.
    auth: AuthShown,
    /// The shop's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<values::EmailAddress>))]
    email: Option<String>,
    /// The shop's telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<values::PhoneNumber>))]
    phone_number: Option<String>,
    /// The shop's web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<values::Website>))]
    website: Option<String>,
    /// The shop's logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<values::Image>))]
    logo: Option<String>,
}

/// How an instance's owner gets in. Password and token are never given out.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct AuthShown {
    /// By a token, for which the password can be traded.
    method: AuthMethod,
}

pub(super) fn shown(instance: &Instance) -> InstanceShown {
    let settings = instance.settings.clone();
    InstanceShown {
        name: settings.name,
        merchant_pub: instance.public_key,
        address: settings.address,
        jurisdiction: settings.jurisdiction,
        use_stefan: settings.use_stefan,
        default_wire_transfer_delay: settings.default_wire_transfer_delay,
        default_pay_delay: settings.default_pay_delay,
        default_refund_delay: settings.default_refund_delay,
        default_wire_transfer_rounding_interval: settings.default_wire_transfer_rounding_interval,
        auth: AuthShown { method: AuthMethod::Token },
        email: settings.email,
        phone_number: settings.phone_number,
        website: settings.website,
        logo: settings.logo,
    }
}

/// What the document says about a deletion, besides its subject.
#[cfg(test)]
pub(super) const DELETION: &str = "It is gone, or goes when the last refund is answered.";

/// How the API document describes what an instance does with itself.
#[cfg(test)]
pub(in crate::http) fn operations() -> Vec<Operation> {
    vec![
        get("/private", "The instance's settings").answers::<InstanceShown>(200, "The settings."),
        patch("/private", "Writes the instance's settings anew")
            .reads::<InstanceChange>()
            .done(204, "They are changed.")
            .fails(&["InvalidField", "PatchOfDeleted"]),
        operation::delete(
            "/private",
            "Deletes the instance. While coins or refunds of it are under way that is refused, and says how \
             many there are",
        )
        .asks::<DeletionQuery>()
        .done(204, DELETION)
        .fails(&["InstanceUnfinished"]),
        post("/private/auth", "A new password")
            .reads::<AuthSetting>()
            .done(204, "It counts from now on.")
            .fails(&["AuthOfOld"]),
        post("/forgot-password", "Passwords are reset on the server: tilld passwd INSTANCE")
            .fails(&["InstanceUnknown", "InstanceDeleted", "NotImplemented"]),
    ]
}
